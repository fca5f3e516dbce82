"""From a kernel's hostile messages to outputs that may be stored and shown: checked, allowed, bounded."""

from collections.abc import Mapping
from typing import Any

from .events import Cleared, Output
from .limits import Limits

ALLOWED_MIME = frozenset(
    {
        "text/plain",
        "text/html",
        "text/markdown",
        "text/latex",
        "image/png",
        "image/jpeg",
        "image/gif",
        "image/svg+xml",
        "application/json",
        "application/javascript",
    }
)
"""Mime types that are passed on; how each is shown safely is the page's part (docs/security.md, Output)."""

DISPLAY_ID_LENGTH = 100
TRACEBACK_LINES = 60
TRACEBACK_LINE_LENGTH = 2000
JSON_DEPTH = 40
TRUNCATED = "\n[output cut: more than {} was printed]\n"


class OutputReader:
    """Turns the outputs of one run into events and keeps at most `limits.kept_output` bytes of them."""

    def __init__(self, limits: Limits) -> None:
        self._left: float = limits.kept_output
        self._kept = limits.kept_output
        self._image_left: float = limits.message_size
        self.cut = False

    def read(self, kind: str, content: Mapping[str, Any]) -> Output | Cleared | None:
        """The event for one iopub message, or None where there is nothing to show (any more).

        Args:
            kind: the Jupyter message type.
            content: its content, of any shape.
        """
        if kind == "stream":
            return self._stream(content)
        if kind in ("display_data", "update_display_data", "execute_result"):
            return self._display(kind, content)
        if kind == "error":
            return self._error(content)
        if kind == "clear_output":
            return Cleared(wait=bool(content.get("wait")))
        return None

    def _stream(self, content: Mapping[str, Any]) -> Output | None:
        text = self._take(clean(content.get("text")))
        if not text:
            return None
        name = "stderr" if content.get("name") == "stderr" else "stdout"
        return Output({"output_type": "stream", "name": name, "text": text})

    def _display(self, kind: str, content: Mapping[str, Any]) -> Output | None:
        data = self._bundle(content.get("data"))
        if not data:
            return None
        output: dict[str, Any] = {"output_type": "display_data", "data": data, "metadata": {}}
        if kind == "execute_result":
            output |= {"output_type": "execute_result", "execution_count": None}
        transient = content.get("transient")
        display_id = transient.get("display_id") if isinstance(transient, Mapping) else None
        if not isinstance(display_id, str) or len(display_id) > DISPLAY_ID_LENGTH:
            display_id = None
        update = kind == "update_display_data"
        return None if update and display_id is None else Output(output, display_id, update)

    def _bundle(self, data: object) -> dict[str, Any]:
        if not isinstance(data, Mapping):
            return {}
        kept: dict[str, Any] = {}
        for mime, value in data.items():
            if mime in ALLOWED_MIME and self._afford(mime, value):
                kept[mime] = clean(value) if isinstance(value, str) else value
        return kept

    def _afford(self, mime: str, value: object) -> bool:
        """Take the value's size from what may still be kept; images count against one message's size."""
        if mime == "application/json":
            size: float = json_size(value, JSON_DEPTH)
        elif isinstance(value, str):
            size = len(value)
        else:
            return False
        if mime.startswith("image/") and size <= self._image_left:
            self._image_left -= size
            return True
        if size > self._left:
            self.cut = True
            return False
        self._left -= size
        return True

    def _error(self, content: Mapping[str, Any]) -> Output:
        lines = content.get("traceback")
        kept = lines[-TRACEBACK_LINES:] if isinstance(lines, list) else []
        return Output(
            {
                "output_type": "error",
                "ename": clean(content.get("ename"))[:200],
                "evalue": clean(content.get("evalue"))[:4000],
                "traceback": [clean(line)[:TRACEBACK_LINE_LENGTH] for line in kept],
            }
        )

    def _take(self, text: str) -> str:
        """As much of the text as may still be kept; what is cut is said once."""
        if len(text) <= self._left:
            self._left -= len(text)
            return text
        head, self._left = text[: int(self._left)], 0
        if self.cut:
            return head
        self.cut = True
        return head + TRUNCATED.format(f"{self._kept // 1024} KB")


def clean(value: object) -> str:
    """Text that can be stored as UTF-8: lone surrogates become replacement characters; other types become empty."""
    if not isinstance(value, str):
        return ""
    return value.encode("utf-8", "replace").decode("utf-8")


def json_size(value: object, depth: int) -> float:
    """About the length of the value as JSON; infinite for what is nested deeper than `depth` or is no JSON value."""
    if depth == 0:
        return float("inf")
    if isinstance(value, Mapping):
        return sum(len(str(key)) + 4 + json_size(item, depth - 1) for key, item in value.items())
    if isinstance(value, list):
        return sum(2 + json_size(item, depth - 1) for item in value)
    if value is None or isinstance(value, str | int | float):
        return len(str(value)) + 2
    return float("inf")
