"""The files of a session: those in its kernel's scratch folder, or, while it has no kernel, those that were kept."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from app.runner import FileEntry, FileRefused, Limits
from app.runner import Files as Folder
from app.runner.tree import folder_use
from app.session.desk import Desk
from app.session.errors import Busy, Missing
from app.session.words import storable


@dataclass(frozen=True)
class Listing:
    """What a session holds in files.

    Attributes:
        entries: the files, newest change first.
        used: bytes on disk, hidden files and folders included: what counts against the limit.
        limits: of bytes on disk, of the count of files, and of one file.
        kept: the files outlive the kernel.
        keepable: this server can keep them.
    """

    entries: list[FileEntry]
    used: int
    limits: Limits
    kept: bool
    keepable: bool


class Files:
    """The service for files.

    Args:
        desk: the leaves.
        limits: what the kernels hold a session's files to.
    """

    def __init__(self, desk: Desk, limits: Limits) -> None:
        self._desk = desk
        self._limits = limits

    def list(self, owner: str, session_id: str) -> Listing:
        """The session's files. Names that are no text (not UTF-8) are left out: no browser could ask for them."""
        self._desk.check_owner(owner, session_id)
        path = self._path(session_id)
        entries: list[FileEntry] = []
        used = 0
        if path is not None:
            with _standing():
                entries = [it for it in Folder(path, self._limits).list() if storable(it.name) == it.name]
            used = folder_use(path, self._limits.files).size
        entries.sort(key=lambda it: it.modified, reverse=True)
        kept = self._desk.kept.folder(session_id) is not None
        return Listing(entries, used, self._limits, kept, self._desk.kept.possible)

    def largest(self, owner: str, session_id: str) -> int:
        """The most bytes that one file of the owner's session may have."""
        self._desk.check_owner(owner, session_id)
        return self._limits.file_size

    def read(self, owner: str, session_id: str, name: str) -> bytes:
        """The contents of a file.

        Raises:
            Missing: the session has no files.
            FileRefused: there is no such file, or it is a link, too large, or no regular file.
        """
        self._desk.check_owner(owner, session_id)
        with _standing():
            return self._folder(session_id, name).read(storable(name))

    def write(self, owner: str, session_id: str, name: str, data: bytes) -> None:
        """Write a file, replacing one of that name. A session without a folder gets its kernel now: may take seconds.

        Raises:
            FileRefused: the name cannot be, or a limit would be passed.
            RunnerError: no kernel came up.
        """
        self._desk.check_owner(owner, session_id)
        if self._path(session_id) is None:
            self._desk.kernels.files(session_id)
        with _standing():
            self._folder(session_id, name).write(storable(name), data)

    def remove(self, owner: str, session_id: str, name: str) -> None:
        """Remove a file, and the copy of it that was kept.

        Raises:
            Missing: the session has no files.
            FileRefused: there is no such file.
        """
        self._desk.check_owner(owner, session_id)
        with _standing():
            self._folder(session_id, name).remove(storable(name))
        kept = self._desk.kept.folder(session_id)
        if kept is not None:
            with suppress(FileRefused, FileNotFoundError):  # it was the one removed, or never came to be kept
                Folder(kept, self._limits).remove(storable(name))

    def keep(self, owner: str, session_id: str, *, kept: bool) -> None:
        """Let the files outlive the kernel, or no longer; what was kept without a kernel is then gone.

        They are copied when a kernel ends and given to the next one.

        Raises:
            Refused: this server cannot keep files.
        """
        self._desk.check_owner(owner, session_id)
        if kept:
            self._desk.kernels.keep_files(session_id, self._desk.kept.begin(session_id))
        else:
            self._desk.kernels.keep_files(session_id, None)
            self._desk.kept.end(session_id)

    def _path(self, session_id: str) -> Path | None:
        kernel = self._desk.kernels.kernel(session_id)
        return kernel.scratch if kernel is not None else self._desk.kept.folder(session_id)

    def _folder(self, session_id: str, name: str) -> Folder:
        path = self._path(session_id)
        if path is None:
            raise Missing(f"There is no file {name[:100]!r}: files go with the kernel unless they are kept.")
        return Folder(path, self._limits)


@contextmanager
def _standing() -> Iterator[None]:
    """The folder may go with its kernel at any moment; `Busy` then."""
    try:
        yield
    except FileNotFoundError as error:
        raise Busy("The kernel ended just now, and its files went with it or are being kept. Try again.") from error
