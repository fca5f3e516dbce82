"""Passes bytes between our sockets and a kernel's, and counts them.

libzmq hands a message over when its last part has come, and has no bound on how many parts there may be: a kernel could
make this process hold gigabytes of a message that never ends. So nothing of a kernel reaches libzmq uncounted.
"""

import socket
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import zmq

PIECE = 1 << 16
PENDING = 1 << 18
WAITING_CONNECTIONS = 4


@dataclass
class End:
    """One end of a connection, and the bytes that wait to be sent to it; `other` is None once it says no more."""

    connection: socket.socket
    from_kernel: bool
    other: "End | None" = None
    pending: bytearray = field(default_factory=bytearray)


class Relay:
    """Listens in `folder` under the names that libzmq connects to; used by one thread.

    Args:
        folder: of this process; sealed processes cannot enter it.
        kernel: the path that the names of the kernel's sockets begin with.
        channels: the numbers that they end with.
        poller: gets to know every descriptor.
    """

    def __init__(self, folder: Path, kernel: str, channels: Iterable[int], poller: zmq.Poller) -> None:
        self.address = str(folder / "r")
        self._kernel = kernel
        self._poller = poller
        self._listeners = {}
        self._ends: dict[int, End] = {}
        self._in_vain: set[int] = set()
        self.left = 0
        self.broken = False
        for channel in channels:
            listener = socket.socket(socket.AF_UNIX)
            listener.setblocking(False)
            listener.bind(f"{self.address}-{channel}")
            listener.listen(WAITING_CONNECTIONS)
            poller.register(listener.fileno(), zmq.POLLIN)
            self._listeners[listener.fileno()] = (listener, channel)

    def allow(self, count: int) -> None:
        """Let at most so many more bytes come from the kernel; then its connections are cut."""
        self.left = count

    def turn(self, descriptor: int, event: int) -> None:
        """Do what can be done now that the poller reports `event` for `descriptor`; others' are passed over."""
        if descriptor in self._listeners:
            self._accept(*self._listeners[descriptor])
        end = self._ends.get(descriptor)
        if end is not None and event & zmq.POLLOUT:
            self._flush(end)
        if end is not None and event & (zmq.POLLIN | zmq.POLLERR):
            self._pass_on(end)

    def exhausted(self, channel: int) -> bool:
        """Whether libzmq has read all that a kernel sent before it ended.

        It reads a connection to its end before it asks for the next one, which is then asked for in vain.
        """
        return channel in self._in_vain

    def _accept(self, listener: socket.socket, channel: int) -> None:
        try:
            ours, _ = listener.accept()
        except OSError:
            return
        theirs = socket.socket(socket.AF_UNIX)
        theirs.setblocking(False)  # a kernel that does not accept must not make us wait
        try:
            theirs.connect(f"{self._kernel}-{channel}")
        except OSError:  # not there yet, or gone; libzmq tries again
            ours.close()
            theirs.close()
            self._in_vain.add(channel)
            return
        self._in_vain.discard(channel)
        near, far = End(ours, from_kernel=False), End(theirs, from_kernel=True)
        near.other, far.other = far, near
        for end in (near, far):
            end.connection.setblocking(False)
            self._ends[end.connection.fileno()] = end
            self._poller.register(end.connection.fileno(), zmq.POLLIN)

    def _pass_on(self, end: End) -> None:
        try:
            piece = end.connection.recv(PIECE)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        if end.from_kernel:
            self.left -= len(piece)
        if not piece and end.other is not None and end.other.pending:
            self._part(end, end.other)
        elif not piece or self.left < 0 or end.other is None:
            self._cut(end)
        else:
            end.other.pending += piece
            self._flush(end.other)

    def _part(self, end: End, other: End) -> None:
        """One end is over; the other stays until it has got the rest."""
        other.other = end.other = None
        self._cut(end)
        self._watch(other)

    def _flush(self, end: End) -> None:
        """Send what is pending; while that is much, the other end is not read."""
        try:
            sent = end.connection.send(end.pending) if end.pending else 0
        except BlockingIOError:
            sent = 0
        except OSError:
            self._cut(end)
            return
        del end.pending[:sent]
        if end.other is not None:
            self._watch(end.other)
        elif not end.pending:
            self._cut(end)
            return
        self._watch(end)

    def _watch(self, end: End) -> None:
        """Wait for what makes sense: room if bytes are pending, bytes if the other end can take them."""
        full = end.other is None or len(end.other.pending) >= PENDING
        flags = (0 if full else zmq.POLLIN) | (zmq.POLLOUT if end.pending else 0)
        self._poller.register(end.connection.fileno(), flags or zmq.POLLERR)  # pyzmq takes no flags for "forget it"

    def _cut(self, end: End) -> None:
        self.broken = True
        for each in (end, end.other):
            if each is not None and each.connection.fileno() in self._ends:
                del self._ends[each.connection.fileno()]
                self._poller.unregister(each.connection.fileno())
                each.connection.close()

    def close(self) -> None:
        """Close everything."""
        for end in list(self._ends.values()):
            self._cut(end)
        for listener, _ in self._listeners.values():
            self._poller.unregister(listener.fileno())
            listener.close()
