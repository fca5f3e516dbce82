"""The runner's front: one kernel for each key, started from a pool, one run at a time for each key."""

import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import zmq

from .errors import FileRefused, NotAsking, RunnerClosed
from .events import Event, Finished, KernelStatus, Queued, RunResult
from .files import Files
from .gate import Gate
from .kernel import Kernel
from .limits import Limits
from .line import Line
from .pool import Pool
from .provisioner import PRELOAD
from .seat import Seat
from .setting import Setting, protect_memory
from .tree import sweep

if TYPE_CHECKING:
    from .probe import Probe

MOST_KERNELS = 8
IDLE_SECONDS = 1800.0
YIELD_SECONDS = 60.0
REAP_SECONDS = 1.0


class Kernels:
    """Runs cells, each key in a kernel of its own. Every method may be called from any thread.

    Args:
        limits: what every run is held to.
        most: kernels that live at once; who comes later waits in line.
        spare: kernels kept ready for new keys.
        idle_seconds: a kernel unused for longer is ended.
        yield_seconds: where somebody waits for a kernel, one unused for longer is ended for them.
        preload: modules a kernel has imported before its first run.
        setting: which of the machine's protections to use; all by default.
        check: run the self-test in the background, and no cell before it has been passed. Only the self-test itself,
            and tests, may go without.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        most: int = MOST_KERNELS,
        spare: int = 1,
        idle_seconds: float = IDLE_SECONDS,
        yield_seconds: float = YIELD_SECONDS,
        preload: Sequence[str] = PRELOAD,
        setting: Setting | None = None,
        check: bool = True,
    ) -> None:
        self._limits = limits or Limits()
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._line = Line(most)
        self._seats: dict[str, Seat] = {}
        self._lock = threading.Lock()
        self._listeners: list[Callable[[str], None]] = []
        self._preload = tuple(preload)
        self._setting = setting or Setting()
        self._idle_seconds = idle_seconds
        self._yield_seconds = yield_seconds
        self._closed = threading.Event()
        protect_memory()
        sweep("playground-*-*-*")
        self._gate = Gate(self._setting, check=check, done=self._tell_all)
        self._pool = Pool(self._new_kernel, spare)
        self._reaper = threading.Thread(target=self._reap, name="kernel-reaper", daemon=True)
        self._reaper.start()

    def execute(
        self, key: str, source: str, *, store_history: bool = True, allow_input: bool = True
    ) -> Iterator[Event]:
        """Run `source` in the key's kernel, after the runs of that key that came first.

        The run takes its place at the first `next`. The last event is `Finished`; user code that fails is told there.
        Closing the iterator early interrupts the run.

        Args:
            key: names the kernel; made at the first run.
            source: the cell.
            store_history: count the run and keep its `Out`; false for runs the user does not see.
            allow_input: whether `input()` asks; otherwise it raises in the cell.

        Raises:
            KernelStartFailed: no kernel came up.
            Refused: the self-test failed; the message says why and what would help.
            RunnerClosed: the runner has been shut down.
        """
        self._gate.enter()
        seat = self._seat(key)
        turn = seat.line.join()
        try:
            for place in turn.wait():
                yield Queued(place)
            kernel = yield from self._kernel(key, seat)
            if kernel is None:
                yield Finished(RunResult("interrupted", None, "Interrupted before it began.", None, 0, None))
                return
            yield from kernel.execute(source, store_history=store_history, allow_input=allow_input)
            self._settle(key, seat, kernel)
        finally:
            turn.leave()

    def interrupt(self, key: str) -> None:
        """Interrupt what the key runs, or take it out of the line for a kernel; nothing happens if it is idle."""
        seat = self._seats.get(key)
        if seat is not None:
            seat.interrupt()

    def answer_input(self, key: str, text: str) -> None:
        """Answer the key's `InputRequested`; the character EOT (4) alone is the end of input.

        Raises:
            NotAsking: if no cell of that key waits for input.
        """
        seat = self._seats.get(key)
        if seat is None or seat.kernel is None or seat.kernel.state != "asking":
            raise NotAsking(f"No cell of {key!r} is waiting for input; it may have been stopped.")
        seat.kernel.answer(text)

    def restart(self, key: str) -> None:
        """End the key's kernel; the next run gets a fresh one. A running cell is told that it was interrupted."""
        self._drop(key, "Stopped: the kernel was restarted.")

    def close(self, key: str) -> None:
        """End the key's kernel and forget the key."""
        with self._lock:
            seat = self._seats.get(key)
        if seat is not None:
            seat.close()
        self._drop(key, "Stopped: the session was closed.")
        with self._lock:
            if self._seats.get(key) is seat:
                self._seats.pop(key, None)

    @property
    def keys(self) -> list[str]:
        """The keys that have run something and were not closed."""
        with self._lock:
            return list(self._seats)

    @property
    def spare_ready(self) -> int:
        """How many new sessions would find a kernel that is ready."""
        return self._pool.ready

    def kernel(self, key: str) -> Kernel | None:
        """The key's live kernel, for those who look at it from outside (files, suite)."""
        seat = self._seats.get(key)
        return None if seat is None else seat.live

    def files(self, key: str) -> Files:
        """The files of the key's kernel; one is started if there is none.

        Raises:
            KernelStartFailed, Refused, RunnerClosed: as `execute`.
        """
        kernel = self.kernel(key)
        if kernel is None:
            for _ in self.execute(key, "", store_history=False):
                kernel = self.kernel(key)
        if kernel is None:
            raise FileRefused("The session has no kernel, and so no files; run a cell first.")
        return Files(kernel.scratch, self._limits)

    def keep_files(self, key: str, folder: Path | None) -> None:
        """Keep the key's files in `folder` when its kernel ends, and give them to the next one; None ends that.

        Args:
            key: as for `execute`.
            folder: of the application; must exist. It holds at most what a session may.
        """
        self._seat(key).keep_files(folder)

    def status(self, key: str) -> KernelStatus:
        """How the key's kernel is now."""
        if self.tier == "refused":
            return KernelStatus("refused", None, 0, 0, "refused", self.probe().message)
        seat = self._seats.get(key)
        return KernelStatus("none", None, 0, 0, self.tier, "") if seat is None else seat.status(self.tier)

    @property
    def tier(self) -> str:
        """How well cells are sealed on this machine: strong, standard or refused; checking until that is known."""
        return self._gate.tier

    def admit(self) -> None:
        """Wait for the self-test, before code is run in another way than by a kernel.

        Raises:
            Refused: where code is not to be run.
        """
        self._gate.enter()

    def probe(self) -> "Probe":
        """What the self-test found; waits for it."""
        return self._gate.probe()

    def listen(self, callback: Callable[[str], None]) -> Callable[[], None]:
        """Have `callback(key)` called after every change of a key's status, from any thread.

        Returns:
            A function that ends it.
        """
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback)

    def shutdown(self) -> None:
        """End every kernel and refuse further runs."""
        self._closed.set()
        self._reaper.join()
        for key in list(self._seats):
            self.close(key)
        self._pool.close()
        self._gate.close()
        self._context.term()

    def _seat(self, key: str) -> Seat:
        with self._lock:
            if self._closed.is_set():
                raise RunnerClosed("The runner has been shut down; start the server again.")
            return self._seats.setdefault(key, Seat())

    def _new_kernel(self) -> Kernel:
        return Kernel(self._limits, self._preload, self._context, self._kernel_changed, self._setting)

    def _tell_all(self) -> None:
        for key in self.keys:
            self._tell(key)

    def _kernel_changed(self) -> None:
        for key, _, _ in self._occupied():
            self._tell(key)

    def _tell(self, key: str) -> None:
        for callback in tuple(self._listeners):
            callback(key)

    def _kernel(self, key: str, seat: Seat) -> Generator[Event, None, Kernel | None]:
        """The key's live kernel; else wait in line for one. Gives None if interrupted while waiting."""
        if (live := seat.live) is not None:
            return live
        if (gone := seat.kernel) is not None:
            seat.leave(gone)
        seat.ticket = ticket = self._line.join()
        try:
            for place in ticket.wait():
                self._tell(key)
                yield Queued(place)
            self._tell(key)
            if not ticket.cancelled and not seat.closed:
                kernel = self._pool.take()
                seat.furnish(kernel)
                seat.sit(kernel)
        finally:
            if seat.kernel is None:  # cancelled, failed, or nobody listens any more: somebody else's turn
                seat.ticket = None
                ticket.leave()
            self._tell(key)
        return seat.kernel

    def _settle(self, key: str, seat: Seat, kernel: Kernel) -> None:
        """After a run: a kernel that died makes room for others."""
        seat.message = kernel.message
        if not kernel.alive:
            seat.leave(kernel)
        self._tell(key)

    def _drop(self, key: str, message: str) -> None:
        seat = self._seats.get(key)
        if seat is not None:
            seat.drop(message)
            self._tell(key)

    def _reap(self) -> None:
        while not self._closed.wait(REAP_SECONDS):
            for key, seat, kernel in self._occupied():
                if not kernel.alive:
                    self._settle(key, seat, kernel)
            self._end_idle(self._idle_seconds, "The kernel was ended after a long time without use.")
            if self._line.waiting:
                self._end_idle(self._yield_seconds, "The kernel was unused and went to somebody else.", most=1)

    def _end_idle(self, seconds: float, message: str, most: int | None = None) -> None:
        """End kernels unused for longer than `seconds`, the longest unused first."""
        before = time.monotonic() - seconds
        found = [
            (kernel.used_at, key, seat)
            for key, seat, kernel in self._occupied()
            if kernel.state == "idle" and kernel.used_at < before
        ]
        for _, key, seat in sorted(found, key=lambda each: each[0])[:most]:
            turn = seat.line.enter()
            if turn is not None:  # else a run has just come
                self._drop(key, message)
                seat.message = message
                turn.leave()

    def _occupied(self) -> list[tuple[str, Seat, Kernel]]:
        with self._lock:
            seats = list(self._seats.items())
        return [(key, seat, kernel) for key, seat in seats if (kernel := seat.kernel) is not None]
