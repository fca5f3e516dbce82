"""The stdout and stderr of cells: what was flushed has left the process, so that no crash can take it along."""

import itertools
import threading

import zmq
from ipykernel.iostream import OutStream

SECONDS = 1.0


class RoundTrip:
    """A message to ourselves through libzmq's one I/O thread: once it is back, what was sent before it is under way.

    A send of libzmq returns before a byte is written, and there is no call that waits for the rest. But its I/O thread
    does one thing after the other, so a message that has gone through it has seen everything earlier written.

    Args:
        context: the context of the socket that output is sent by.
        address: an ipc address that is free; connected before new sockets are forbidden.
    """

    def __init__(self, context: "zmq.Context[zmq.Socket[bytes]]", address: str) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._home = context.socket(zmq.PULL)
        self._out = context.socket(zmq.PUSH)
        self._home.linger = self._out.linger = 0
        self._home.bind(address)
        self._out.connect(address)

    def make(self, seconds: float = SECONDS) -> None:
        """Send a message and wait until it is back, but not for ever."""
        with self._lock:
            number = str(next(self._numbers)).encode()
            self._out.send(number, zmq.NOBLOCK)
            while self._home.poll(int(1000 * seconds)):
                if self._home.recv() == number:  # else one whose wait was interrupted
                    return


class CellStream(OutStream):
    """ipykernel's stream, whose `flush` also waits until the text has left the process."""

    trip: RoundTrip | None = None
    _unsent = False

    def write(self, string: str) -> int:
        """Take text; it is sent within 0.2 s or at the next `flush`."""
        self._unsent = True
        return super().write(string) or 0

    def flush(self) -> None:
        """Send what was written so far."""
        super().flush()  # type: ignore[no-untyped-call]  # ipykernel has no types here
        # Now the text has been handed to the thread that sends it, which has not sent it yet.
        if self._unsent and self.trip is not None and threading.current_thread() is not self.pub_thread.thread:
            self._unsent = False
            sent = threading.Event()
            self.pub_thread.schedule(sent.set)
            sent.wait(SECONDS)
            self.trip.make()
