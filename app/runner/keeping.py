"""Files that outlive their kernel: given to it when it starts, taken from it when it has ended."""

from pathlib import Path

from .files import Files
from .limits import Limits


class Keeping:
    """Where one kernel's files are kept, if they are.

    Attributes:
        folder: of the application; None lets the files go with the kernel.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._given: set[str] = set()
        self.folder: Path | None = None

    def give(self, folder: Path, scratch: Path) -> None:
        """Copy what is kept to the kernel's folder; from now on it is kept there."""
        self._given = self._files(folder).copy_to(self._files(scratch))
        self.folder = folder

    def take(self, scratch: Path) -> None:
        """Keep what the kernel leaves: a file that was given and is not there any more was removed, and is so here."""
        if self.folder is None or not self.folder.is_dir():
            return
        kept, left = self._files(self.folder), self._files(scratch)
        for name in self._given - {entry.name for entry in left.list()}:
            kept.discard(name)
        left.copy_to(kept)

    def _files(self, folder: Path) -> Files:
        return Files(folder, self._limits)
