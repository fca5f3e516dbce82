"""Holds one kernel to the limits that only an observer can see."""

import time

from .limits import Limits
from .process import KernelProcess
from .run import Run
from .tree import folder_use
from .usage import ProcessUse, unlinked_size

DISK_EVERY = 4  # ticks
BACKGROUND_SECONDS = 60.0
OVERFLOW = 2  # times the limit on bytes on disk


class Watch:
    """Counts what a kernel receives and uses; `check` names the limit that was passed.

    Attributes:
        overflowing: when files were last looked at, they took so much that there is no time to ask the cell to stop.
    """

    def __init__(self, process: KernelProcess, limits: Limits) -> None:
        self._process = process
        self._limits = limits
        self._ticks = 0
        self._most_memory = limits.memory * 3 // 2  # RLIMIT_DATA caps the heap; shared memory comes on top
        self._bytes = 0
        self._messages = 0
        self._cpu = 0.0
        self._cpu_since = time.monotonic()
        self.overflowing = False

    def begin(self) -> None:
        """A run begins: count from zero."""
        self._reset()

    def idle(self) -> None:
        """A run has ended: from now on what is burnt or sent is background work."""
        self._reset()

    def _reset(self) -> None:
        self._bytes = self._messages = 0
        use = self._process.use()
        self._cpu = use.cpu if use else 0.0
        self._cpu_since = time.monotonic()

    def received(self, size: int) -> None:
        """A message of `size` bytes came."""
        self._bytes += size
        self._messages += 1

    def check(self, run: Run | None) -> str | None:
        """The name of the limit that is passed now, or None."""
        self._ticks += 1
        stored = self._stored() if self._ticks % DISK_EVERY == 0 else None
        return self._sent() or self._time(run) or self._used(run) or stored

    def beyond(self, *, stored: bool) -> str | None:
        """The name of a limit on what is held, not done, that is passed now; files are looked at if `stored`."""
        use = self._process.use()
        held = self._held(use) if use is not None else None
        return held or (self._stored() if stored else None)

    def _sent(self) -> str | None:
        if self._bytes > self._limits.output:
            return "output"
        return "messages" if self._messages > self._limits.messages else None

    def _time(self, run: Run | None) -> str | None:
        return "wall" if run is not None and run.seconds > self._limits.wall else None

    def _used(self, run: Run | None) -> str | None:
        use = self._process.use()
        if use is None:
            return None
        if (held := self._held(use)) is not None:
            return held
        burnt = use.cpu - self._cpu
        if run is not None:
            return "cpu" if burnt > self._limits.cpu else None
        return self._background(burnt, use.cpu)

    def _held(self, use: ProcessUse) -> str | None:
        if use.memory > self._most_memory:
            return "memory"
        return "threads" if use.threads > self._limits.threads else None

    def _background(self, burnt: float, cpu: float) -> str | None:
        if burnt > self._limits.background:
            return "background"
        if time.monotonic() - self._cpu_since > BACKGROUND_SECONDS:
            self._cpu, self._cpu_since = cpu, time.monotonic()
        return None

    def _stored(self) -> str | None:
        use = folder_use(self._process.scratch, self._limits.files)
        if use.files > self._limits.files:
            return "files"
        size = use.size + unlinked_size(self._process.pid, self._process.uid)
        self.overflowing = size > OVERFLOW * self._limits.disk
        return "disk" if size > self._limits.disk else None
