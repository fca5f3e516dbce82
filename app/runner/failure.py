"""Reading the structured traceback a kernel sends. The kernel is hostile: everything is checked and cut."""

from collections.abc import Mapping
from typing import Any

FRAMES = 40
NAME_LENGTH = 200
MESSAGE_LENGTH = 4000
LINE_LENGTH = 500
LARGEST = 10**9
ARGUMENTS = 8
VALUE_LENGTH = 200


def read_failure(content: Mapping[str, Any]) -> dict[str, Any]:
    """Make `Finished.result.failure` from the content of a Jupyter `error` message.

    Args:
        content: `ename` and `evalue` as the Jupyter protocol has them, and `failure` as the sealed kernel adds it;
            any of them may be missing or of another type.

    Returns:
        `{name, message, frames: [{execution_count, line, function, text}], hidden, arguments: {name: text}}`,
        outermost frame first; the arguments are those of the innermost one.
    """
    details = content.get("failure")
    if not isinstance(details, Mapping):
        details = {}
    frames = details.get("frames")
    kept = [read_frame(frame) for frame in frames[:FRAMES]] if isinstance(frames, list) else []
    return {
        "name": _text(content.get("ename"), NAME_LENGTH),
        "message": _text(content.get("evalue"), MESSAGE_LENGTH),
        "frames": [frame for frame in kept if frame is not None],
        "hidden": bounded_int(details.get("hidden")),
        "arguments": _arguments(details.get("arguments")),
    }


def _arguments(found: object) -> dict[str, str]:
    if not isinstance(found, Mapping):
        return {}
    texts = {name: value for name, value in found.items() if isinstance(name, str) and isinstance(value, str)}
    return {name[:NAME_LENGTH]: value[:VALUE_LENGTH] for name, value in list(texts.items())[:ARGUMENTS]}


def read_frame(frame: object) -> dict[str, Any] | None:
    """One frame with its types and lengths checked, or None if it is not a frame at all."""
    if not isinstance(frame, Mapping):
        return None
    return {
        "execution_count": bounded_int(frame.get("execution_count")),
        "line": bounded_int(frame.get("line")),
        "function": _text(frame.get("function"), NAME_LENGTH),
        "text": _text(frame.get("text"), LINE_LENGTH),
    }


def bounded_int(value: object) -> int:
    """A whole number from 0 to one thousand million; 0 for anything else."""
    if isinstance(value, bool) or not isinstance(value, int):
        return 0
    return min(max(value, 0), LARGEST)


def _text(value: object, length: int) -> str:
    return value[:length] if isinstance(value, str) else ""
