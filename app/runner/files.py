"""The files of a session, read and written from outside while its cells may be doing anything to them.

Every step goes by the descriptor of the folder it is in and follows no link, so that no name can lead out of the
scratch folder, whatever the cells rename meanwhile.
"""

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from .errors import FileRefused
from .limits import Limits, readable_bytes
from .tree import DEEPEST, entries, folder_use, opened

PERMISSIONS = 0o600
FOLDER_PERMISSIONS = 0o700
LONGEST_NAME = 255
HIDDEN = "."


@dataclass(frozen=True)
class FileEntry:
    """A file of a session: its path below the scratch folder, bytes, and seconds since the epoch of its last change."""

    name: str
    size: int
    modified: float


class Files:
    """The files below one folder.

    Args:
        folder: the scratch folder, or one in which files are kept.
        limits: of its size, of its count of files, and of the size of one file.
    """

    def __init__(self, folder: Path, limits: Limits) -> None:
        self._folder = folder
        self._limits = limits

    def list(self) -> list[FileEntry]:
        """The files, sorted by name; hidden ones (of programs) and links are left out."""
        with opened(os.fspath(self._folder)) as top:
            found = list(walk(top, "", DEEPEST))
        return sorted(found[: self._limits.files], key=lambda entry: entry.name)

    def read(self, name: str) -> bytes:
        """The contents of a file.

        Raises:
            FileRefused: if there is no such file, or it is a link, too large, or no regular file.
        """
        with self._parent(name) as (folder, last):
            try:
                descriptor = os.open(last, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
            except OSError as error:
                raise FileRefused(f"The file {name!r} cannot be read: {error.strerror}.") from None
            with os.fdopen(descriptor, "rb") as file:
                found = os.fstat(file.fileno())
                if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
                    raise FileRefused(f"{name!r} is not a regular file.")
                data = file.read(self._limits.file_size + 1)
        if len(data) > self._limits.file_size:
            raise FileRefused(f"The file {name!r} is larger than {readable_bytes(self._limits.file_size)}.")
        return data

    def write(self, name: str, data: bytes) -> None:
        """Write a file, replacing one of that name; folders on the way are made. It belongs to the folder's owner.

        Raises:
            FileRefused: if the name cannot be, a limit would be passed, or something is in the way.
        """
        self._check_room(name, len(data))
        with self._parent(name, make=True) as (folder, last):
            temporary = f"{HIDDEN}upload-{secrets.token_hex(8)}"
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            try:
                with os.fdopen(os.open(temporary, flags, PERMISSIONS, dir_fd=folder), "wb") as file:
                    give(file.fileno(), folder)
                    file.write(data)
                os.rename(temporary, last, src_dir_fd=folder, dst_dir_fd=folder)
            except OSError as error:
                raise FileRefused(f"The file {name!r} cannot be written: {error.strerror}.") from None

    def remove(self, name: str) -> None:
        """Remove a file.

        Raises:
            FileRefused: if there is none.
        """
        with self._parent(name) as (folder, last):
            try:
                os.unlink(last, dir_fd=folder)
            except OSError as error:
                raise FileRefused(f"The file {name!r} cannot be removed: {error.strerror}.") from None

    def discard(self, name: str) -> None:
        """Remove a file, if there is one."""
        with suppress(FileRefused):
            self.remove(name)

    def copy_to(self, other: "Files") -> set[str]:
        """Copy the files and give the names of those copied; what cannot be read, or does not fit, stays behind."""
        copied = set()
        for entry in self.list():
            with suppress(FileRefused):
                other.write(entry.name, self.read(entry.name))
                copied.add(entry.name)
        return copied

    def _check_room(self, name: str, size: int) -> None:
        if size > self._limits.file_size:
            raise FileRefused(f"{name!r} is larger than {readable_bytes(self._limits.file_size)}, the most for a file.")
        use = folder_use(self._folder, self._limits.files)
        if use.files >= self._limits.files or use.size + size > self._limits.disk:
            most = f"{readable_bytes(self._limits.disk)} and {self._limits.files} files"
            raise FileRefused(f"There is no room for {name!r}: a session has {most}. Remove some files first.")

    @contextmanager
    def _parent(self, name: str, *, make: bool = False) -> Iterator[tuple[int, str]]:
        """A descriptor of the folder that the name's last part is in, and that part."""
        *folders, last = parts(name)
        with ExitStack() as stack:
            descriptor = stack.enter_context(opened(os.fspath(self._folder)))
            for folder in folders:
                if make:
                    make_folder(folder, descriptor)
                try:
                    descriptor = stack.enter_context(opened(folder, descriptor))
                except OSError as error:
                    raise FileRefused(f"{name!r} cannot be reached: {folder!r}: {error.strerror}.") from None
            yield descriptor, last


def parts(name: str) -> list[str]:
    """The parts of a name below the scratch folder.

    Raises:
        FileRefused: if it leads elsewhere or cannot be a name.
    """
    found = name.split("/")
    wrong = any(part in ("", ".", "..") or len(os.fsencode(part)) > LONGEST_NAME for part in found)
    if wrong or "\0" in name or len(found) > DEEPEST:
        raise FileRefused(f"{name[:100]!r} is not the name of a file in a session's folder.")
    return found


def make_folder(name: str, folder: int) -> None:
    """Make a folder for the owner of the one it is in, unless there is something of that name."""
    try:
        os.mkdir(name, FOLDER_PERMISSIONS, dir_fd=folder)
    except OSError:
        return
    with opened(name, folder) as made:
        give(made, folder)


def give(descriptor: int, folder: int) -> None:
    """Make what was written belong to the owner of its folder."""
    owner = os.fstat(folder)
    if owner.st_uid != os.geteuid():
        os.fchown(descriptor, owner.st_uid, owner.st_gid)


def walk(folder: int, prefix: str, depth: int) -> Iterator[FileEntry]:
    """The regular files below an open folder, with their paths."""
    for name in entries(folder):
        if name.startswith(HIDDEN):
            continue
        try:
            found = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if stat.S_ISREG(found.st_mode):
                yield FileEntry(prefix + name, found.st_size, found.st_mtime)
            elif stat.S_ISDIR(found.st_mode) and depth > 1:
                with opened(name, folder) as inner:
                    yield from walk(inner, f"{prefix}{name}/", depth - 1)
        except OSError:
            continue
