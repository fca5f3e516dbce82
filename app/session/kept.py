"""Folders in which the files of sessions outlive their kernels. That a session has one is what keeps its files."""

from collections.abc import Callable
from pathlib import Path

from app.runner.tree import remove_tree
from app.session.errors import Refused


class Kept:
    """The folders below one folder, named by their sessions' ids.

    Args:
        root: made when the first session needs it; None keeps nothing.
    """

    def __init__(self, root: Path | None) -> None:
        self._root = root

    @property
    def possible(self) -> bool:
        """Whether this server keeps files at all."""
        return self._root is not None

    def folder(self, session_id: str) -> Path | None:
        """The session's folder, if its files are kept."""
        if self._root is None:
            return None
        folder = self._root / session_id
        return folder if folder.is_dir() else None

    def begin(self, session_id: str) -> Path:
        """The session's folder, made if there is none.

        Raises:
            Refused: this server keeps nothing, or its disk takes no folder.
        """
        if self._root is None:
            raise Refused("This server keeps no files. Download what you need before the kernel ends.")
        folder = self._root / session_id
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise Refused(f"The files cannot be kept: {error.strerror}. Download what you need.") from error
        return folder

    def end(self, session_id: str) -> None:
        """Remove the session's folder with all files in it; nothing happens if there is none."""
        folder = self.folder(session_id)
        if folder is not None:
            remove_tree(folder)

    def sweep(self, known: Callable[[str], bool]) -> None:
        """Remove the folders of sessions that are not known any more: they were deleted for good."""
        if self._root is None or not self._root.is_dir():
            return
        for folder in list(self._root.iterdir()):
            if not known(folder.name):
                self.end(folder.name)
