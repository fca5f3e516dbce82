"""Folders that hostile code has filled: measuring and removing them without following links or recursing."""

import itertools
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

BLOCK = 512  # st_blocks counts these, whatever the file system's own block size (stat(2))
DEEPEST = 32
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True)
class DiskUse:
    """How many files and folders there are, and the bytes they take on disk."""

    files: int
    size: int


class TooMany(Exception):
    """There is more than was to be counted, or it is nested too deeply to be looked at."""


def folder_use(folder: Path, most: int) -> DiskUse:
    """Count what is below `folder`; more than `most` files where there are more, or where it is nested too deeply.

    It is walked by descriptors: a path has at most 4096 bytes, what a cell builds can be longer. The cell may be
    changing it meanwhile; what vanishes is not counted.
    """
    count = Count(most)
    try:
        with opened(os.fspath(folder)) as top:
            count.walk(top, DEEPEST)
    except TooMany:
        return DiskUse(most + 1, count.size)
    except OSError:
        pass
    return DiskUse(count.files, count.size)


class Count:
    """A count in progress."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.files = 0
        self.size = 0

    def walk(self, folder: int, depth: int) -> None:
        """Add what is in the open folder, and below it."""
        if depth == 0:
            raise TooMany
        for name in entries(folder):
            self.files += 1
            if self.files > self._most:
                raise TooMany
            self._add(folder, name, depth)

    def _add(self, folder: int, name: str, depth: int) -> None:
        try:
            found = os.stat(name, dir_fd=folder, follow_symlinks=False)
            self.size += found.st_blocks * BLOCK
            if stat.S_ISDIR(found.st_mode):
                with opened(name, folder) as inner:
                    self.walk(inner, depth - 1)
        except OSError:
            return


def sweep(pattern: str) -> None:
    """Remove our folders for temporary files whose process is gone: it was killed and could not.

    Args:
        pattern: of their names, with the number of the process between the second and the third hyphen.
    """
    for folder in Path(tempfile.gettempdir()).glob(pattern):
        number = folder.name.split("-")[2]
        if not number.isdigit() or Path("/proc", number).exists():
            continue
        with suppress(OSError):  # somebody else is sweeping, too
            if folder.lstat().st_uid == os.geteuid():
                remove_tree(folder)


def entries(folder: int) -> Iterator[str]:
    """The names in an open folder."""
    with os.scandir(folder) as found:
        for entry in found:
            yield entry.name


@contextmanager
def opened(name: str, folder: int | None = None) -> Iterator[int]:
    """A descriptor of a folder, which may not be a link to one."""
    descriptor = os.open(name, FOLDER, dir_fd=folder)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def remove_tree(top: Path) -> None:
    """Remove a folder and all below it, however deep it is. Nothing may be changing it any more.

    Inner folders are moved to the top one by one and removed there, so that no path gets long and nothing recurses.
    """
    numbers = itertools.count()
    with opened(os.fspath(top)) as descriptor:
        pending = empty(descriptor, descriptor, numbers)
        while pending:
            name = pending.pop()
            os.chmod(name, 0o700, dir_fd=descriptor)  # it may have been made without any permission
            with opened(name, descriptor) as inner:
                pending += empty(inner, descriptor, numbers)
            os.rmdir(name, dir_fd=descriptor)
    top.rmdir()


def empty(folder: int, top: int, numbers: Iterator[int]) -> list[str]:
    """Remove the files of an open folder and move its folders to `top`; their new names are returned."""
    moved = []
    for name in list(entries(folder)):
        if stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            moved.append(f"\x01{next(numbers)}-{os.getpid()}")
            os.rename(name, moved[-1], src_dir_fd=folder, dst_dir_fd=top)
        else:
            os.unlink(name, dir_fd=folder)
    return moved
