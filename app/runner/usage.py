"""What a process and its folder use, read from outside it."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
BLOCK = 512  # st_blocks counts these, whatever the file system's own block size (stat(2))


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


@dataclass(frozen=True)
class DiskUse:
    """How many files and folders there are, and the bytes they take on disk."""

    files: int
    size: int


def folder_use(folder: Path, most: int) -> DiskUse:
    """Count what is below `folder`, following no link and stopping after `most` entries.

    The folder's owner may be changing it meanwhile; what vanishes is not counted.
    """
    files = size = 0
    pending = [os.fspath(folder)]
    while pending and files <= most:
        try:
            entries = os.scandir(pending.pop())
        except OSError:
            continue
        with entries:
            for entry in entries:
                files += 1
                if files > most:
                    break
                size += entry_size(entry)
                if is_folder(entry):
                    pending.append(entry.path)
    return DiskUse(files, size)


def entry_size(entry: "os.DirEntry[str]") -> int:
    """Bytes on disk of one entry; 0 if it vanished."""
    try:
        return entry.stat(follow_symlinks=False).st_blocks * BLOCK
    except OSError:
        return 0


def is_folder(entry: "os.DirEntry[str]") -> bool:
    """Whether the entry is a folder and no link to one."""
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def unlinked_size(pid: int) -> int:
    """Bytes on disk of files that the process holds open but that no longer have a name."""
    size = 0
    try:
        descriptors = list(Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return 0
    for descriptor in descriptors:
        try:
            found = descriptor.stat()
        except OSError:
            continue
        if found.st_nlink == 0 and stat.S_ISREG(found.st_mode):
            size += found.st_blocks * BLOCK
    return size
