"""The folders of one kernel, and the user they belong to."""

import os
import tempfile
from pathlib import Path

from .setting import unused_uid
from .tree import remove_tree

PREFIX = "playground-kernel-{}-"  # with the number of this process, see `tree.sweep`


class Home:
    """A new folder with `scratch` for the cells, `sockets` for the kernel, and `relay`, which only we can enter.

    Attributes:
        uid: the user of scratch and sockets: one of the kernel's own if we are root, else None for ourselves.

    Raises:
        KernelStartFailed: if no user is free.
    """

    def __init__(self) -> None:
        self.uid = unused_uid() if os.geteuid() == 0 else None
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX.format(os.getpid())))
        self.scratch, self.sockets, self.relay = (self.path / name for name in ("files", "run", "relay"))
        for folder in (self.scratch, self.sockets, self.relay):
            folder.mkdir(mode=0o700)
        if self.uid is not None:
            self.path.chmod(0o711)
            for folder in (self.scratch, self.sockets):
                os.chown(folder, self.uid, self.uid)

    def remove(self) -> None:
        """Remove it; the kernel must be gone."""
        remove_tree(self.path)
