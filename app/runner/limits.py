"""The limits a run is held to, each with the name that is shown when it is hit."""

import errno
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Self

from .errors import LimitUnknown

MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class Limits:
    """Limits of one kernel or one-shot run; the field names are the names users see.

    Attributes:
        wall: seconds a cell may run.
        cpu: seconds of processor time a cell may burn, over all its threads.
        background: seconds of processor time threads may burn in one minute while no cell runs.
        memory: bytes of resident memory; also the size of the heap (RLIMIT_DATA).
        address_space: bytes of address space (RLIMIT_AS); large, as libraries reserve much and touch little.
        threads: threads of the process.
        files: files and folders in the scratch folder.
        disk: bytes on disk, files that are unlinked but still open included.
        file_size: bytes of one file (RLIMIT_FSIZE).
        open_files: file descriptors (RLIMIT_NOFILE).
        output: bytes a run may send before it is stopped.
        messages: messages a run may send before it is stopped.
        message_size: bytes of one message; a longer one ends the connection and the kernel.
        kept_output: bytes of output that are kept and shown; what comes after them is counted and dropped.
        interrupt: seconds between an interrupt and the kill of a cell that does not answer it.
    """

    wall: float = 60.0
    cpu: float = 120.0
    background: float = 5.0
    memory: int = 1024 * MEBIBYTE
    address_space: int = 6144 * MEBIBYTE
    threads: int = 64
    files: int = 2000
    disk: int = 128 * MEBIBYTE
    file_size: int = 32 * MEBIBYTE
    open_files: int = 128
    output: int = 8 * MEBIBYTE
    messages: int = 3000
    message_size: int = 4 * MEBIBYTE
    kept_output: int = 256 * 1024
    interrupt: float = 2.0

    def with_changes(self, changes: Iterable[str]) -> Self:
        """Apply `name=value` strings, as a command line gives them.

        Raises:
            LimitUnknown: for a name that is no limit, or a value that is not a positive number.
        """
        types = {field.name: type(field.default) for field in fields(self)}
        values: dict[str, Any] = {}
        for change in changes:
            name, _, text = change.partition("=")
            if name not in types:
                raise LimitUnknown(f"There is no limit {name!r}; the limits are {', '.join(types)}.")
            values[name] = _positive(name, text, types[name])
        return replace(self, **values)


def _positive(name: str, text: str, kind: type) -> float:
    try:
        value: float = kind(text)
    except ValueError:
        value = 0
    if not value > 0:
        raise LimitUnknown(f"The limit {name} must be a positive number, not {text!r}.")
    return value


SENTENCES = {
    "wall": "Stopped after {0:g} s: the limit on running time.",
    "cpu": "Stopped after {0:g} s of processor time: the limit on computing.",
    "background": "Stopped: threads of this cell burnt more than {0:g} s of processor time after it had ended.",
    "memory": "Stopped at {1}: the limit on memory.",
    "threads": "Stopped at {0:g} threads: the limit on threads.",
    "files": "Stopped at {0:g} files: the limit on files in the session's folder.",
    "disk": "Stopped at {1}: the limit on bytes on disk.",
    "file_size": "Stopped at {1}: the limit on the size of one file.",
    "output": "Stopped at {1} of output: the limit on what one run may print.",
    "messages": "Stopped at {0:g} messages: the limit on outputs of one run.",
    "message_size": "Stopped: one output was larger than {1}, the limit on a single output.",
}


def sentence(name: str, limits: Limits) -> str:
    """What is shown when the limit `name` was hit, with its value."""
    value = getattr(limits, name)
    return SENTENCES[name].format(value, readable_bytes(value))


def limit_of(failure: Mapping[str, Any]) -> str | None:
    """The limit behind an exception that the kernel of the operating system caused by enforcing one, if it is that."""
    if failure["name"] in ("MemoryError", "_ArrayMemoryError"):
        return "memory"
    if failure["name"] == "OSError" and failure["message"].startswith(f"[Errno {errno.EFBIG}]"):
        return "file_size"
    return None


def readable_bytes(count: float) -> str:
    """A byte count for readers: `readable_bytes(1536)` is "1.5 KB"; units are powers of 1024."""
    for unit in ("bytes", "KB", "MB"):
        if count < 1024:  # noqa: PLR2004 - the step between units
            return f"{count:.4g} {unit}"
        count /= 1024
    return f"{count:.4g} GB"
