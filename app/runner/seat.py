"""What is kept for one key of the runner: its runs, its kernel or its place in the line for one, its files."""

import threading
from pathlib import Path

from .errors import KernelStartFailed
from .events import KernelStatus
from .kernel import Kernel
from .line import Line, Ticket


class Seat:
    """One key's place. Any thread may use it.

    Attributes:
        line: the key's runs, one at a time.
        kernel: the key's, until its process and its folders are gone.
        ticket: its place in the line for a kernel, held for as long as it has one.
        message: one sentence on how its last kernel ended, or was held to a limit.
        keep: where its files are kept for the next kernel, if they are.
        closed: the key is being forgotten: it gets no kernel any more.
    """

    def __init__(self) -> None:
        self.line = Line()
        self.kernel: Kernel | None = None
        self.ticket: Ticket | None = None
        self.message = ""
        self.keep: Path | None = None
        self.closed = False
        self._lock = threading.Lock()

    @property
    def live(self) -> Kernel | None:
        """Its kernel, if that can still take a run."""
        kernel = self.kernel
        return kernel if kernel is not None and kernel.alive else None

    def status(self, tier: str) -> KernelStatus:
        """How its kernel is now, on a machine that seals cells so well."""
        kernel, ticket = self.kernel, self.ticket
        if kernel is not None and kernel.alive:
            return KernelStatus(kernel.state, kernel.id, kernel.memory, 0, tier, self.message)
        if ticket is not None and kernel is None:
            place = ticket.line.place(ticket)
            message = f"Waiting for a free kernel: place {place} in the queue." if place else ""
            return KernelStatus("queued" if place else "starting", None, 0, place, tier, message)
        return KernelStatus("none", None, 0, 0, tier, kernel.message if kernel else self.message)

    def furnish(self, kernel: Kernel) -> None:
        """Give a kernel the files that were kept.

        Raises:
            KernelStartFailed: they cannot be given; the kernel has been ended.
        """
        try:
            if self.keep is not None:
                kernel.keeping.give(self.keep, kernel.scratch)
        except OSError as error:
            kernel.end("Stopped: its files could not be given to it.")
            raise KernelStartFailed(f"The files that were kept could not be given to the kernel: {error}") from error

    def keep_files(self, folder: Path | None) -> None:
        """Keep its files in `folder` from now on, or let them go with their kernel."""
        self.keep = folder
        if (kernel := self.live) is not None:
            kernel.keeping.folder = folder

    def sit(self, kernel: Kernel) -> None:
        """Take a kernel, unless the seat was closed while that was being prepared."""
        with self._lock:
            if not self.closed:
                self.kernel = kernel
                kernel.keeping.folder = self.keep  # which may have been asked for meanwhile
                return
        kernel.end("Stopped: the session was closed.")

    def close(self) -> None:
        """Take no kernel any more: a run that is still waiting for one must not keep it."""
        with self._lock:
            self.closed = True

    def interrupt(self) -> None:
        """Interrupt what runs, or leave the line for a kernel; nothing happens if it is idle."""
        kernel, ticket = self.kernel, self.ticket
        if kernel is not None:
            kernel.interrupt()
        elif ticket is not None:
            ticket.cancel()

    def drop(self, message: str) -> None:
        """End its kernel, or leave the line for one; a run is told `message`."""
        ticket = self.ticket
        if ticket is not None and self.kernel is None:
            ticket.cancel()
        kernel = self.kernel
        if kernel is not None:
            self.message = message
            kernel.end(message)
            self.leave(kernel)

    def leave(self, kernel: Kernel) -> None:
        """Give up the place of a kernel that has ended, once its process and its folders are gone."""
        kernel.wait_end()
        with self._lock:
            if self.kernel is not kernel:
                return
            self.kernel = None
            ticket, self.ticket = self.ticket, None
        if ticket is not None:
            ticket.leave()
