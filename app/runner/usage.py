"""What a process and its folder use, read from outside it."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .sealed.libc import LIBC
from .tree import BLOCK

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class ProcessUse:
    """One reading of /proc/<pid>/stat: bytes resident, threads, seconds of processor time."""

    memory: int
    threads: int
    cpu: float


def process_use(pid: int) -> ProcessUse | None:
    """Read what process `pid` uses; None if it is gone. Fields as in proc_pid_stat(5)."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text.rsplit(")", 1)[1].split()  # the name before it may hold spaces and brackets
    return ProcessUse(
        memory=int(fields[21]) * PAGE,
        threads=int(fields[17]),
        cpu=(int(fields[11]) + int(fields[12])) / TICKS,
    )


@contextmanager
def acting_as(uid: int | None) -> Iterator[None]:
    """Have this thread reach files as the user `uid` (setfsuid(2)); None for no change.

    Root in a container may lack the capability to look into other users' processes; the user itself can.
    """
    if uid is not None:
        LIBC.setfsgid(uid)
        LIBC.setfsuid(uid)
    try:
        yield
    finally:
        if uid is not None:
            LIBC.setfsuid(os.geteuid())
            LIBC.setfsgid(os.getegid())


def unlinked_size(pid: int, uid: int | None) -> int:
    """Bytes on disk of files that the process holds open but that no longer have a name; it runs as user `uid`."""
    with acting_as(uid):
        return sum(sizes_of_unlinked(pid))


def sizes_of_unlinked(pid: int) -> Iterator[int]:
    """Bytes on disk of each such file."""
    try:
        descriptors = list(Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return
    for descriptor in descriptors:
        try:
            found = descriptor.stat()
        except OSError:
            continue
        if found.st_nlink == 0 and stat.S_ISREG(found.st_mode):
            yield found.st_blocks * BLOCK
