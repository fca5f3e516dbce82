"""The sockets between us and one kernel: bounded, encrypted, and read as hostile data."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import zmq
from jupyter_client.manager import KernelManager

from .limits import Limits

RECEIVE_QUEUE = 200
MOST_READ_AT_ONCE = 100
NAMES = ("shell", "stdin", "iopub")


class Channels:
    """Client ends of a kernel's sockets. They belong to the one thread that made them."""

    def __init__(self, manager: KernelManager, limits: Limits) -> None:
        self._session = manager.session
        # The session remembers the signatures of what it read, to notice repeated messages; kept small.
        self._session.digest_history_size = 4096
        self._sockets = {name: self._connect(manager, name, limits) for name in NAMES}
        self._monitors = [self._sockets[name].get_monitor_socket(zmq.EVENT_DISCONNECTED) for name in ("shell", "iopub")]

    def _connect(self, manager: KernelManager, name: str, limits: Limits) -> "zmq.Socket[bytes]":
        kind = {"shell": zmq.DEALER, "stdin": zmq.DEALER, "iopub": zmq.SUB}[name]
        socket: zmq.Socket[bytes] = manager.context.socket(kind)
        socket.linger = 0
        socket.maxmsgsize = limits.message_size
        socket.rcvhwm = RECEIVE_QUEUE
        socket.reconnect_ivl = 20
        if manager.curve_publickey is not None:
            socket.curve_secretkey = manager.curve_secretkey
            socket.curve_publickey = manager.curve_publickey
            socket.curve_serverkey = manager.curve_publickey
        if kind == zmq.SUB:
            socket.subscribe(b"")
        else:
            socket.identity = self._session.bsession  # the kernel asks for input where the request came from
        socket.connect(f"ipc://{manager.ip}-{getattr(manager, f'{name}_port')}")
        return socket

    def register(self, poller: zmq.Poller) -> None:
        """Have the poller wake up for every socket."""
        for socket in (*self._sockets.values(), *self._monitors):
            poller.register(socket, zmq.POLLIN)

    def send(self, name: str, kind: str, content: Mapping[str, Any], parent: Mapping[str, Any] | None = None) -> str:
        """Send a request and give its message id."""
        message = self._session.send(self._sockets[name], kind, dict(content), parent=parent)
        return str(message["header"]["msg_id"])

    def read(self, name: str) -> Iterator[tuple[int, "Message | None"]]:
        """Everything that has arrived (up to a bound), each with its size in bytes; None for what is malformed."""
        for _ in range(MOST_READ_AT_ONCE):
            try:
                frames = self._sockets[name].recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            yield sum(map(len, frames)), self._parse(frames)

    def _parse(self, frames: list[bytes]) -> "Message | None":
        try:
            _, frames = self._session.feed_identities(frames)
            message = self._session.deserialize(frames)
            return Message(message)
        except (ValueError, TypeError, KeyError, IndexError, RecursionError, json.JSONDecodeError):
            return None

    def disconnected(self) -> bool:
        """Whether the kernel's end, or a message longer than allowed, has closed a connection."""
        found = False
        for monitor in self._monitors:
            while monitor.poll(0):
                monitor.recv_multipart()
                found = True
        return found

    def close(self) -> None:
        """Close all sockets; what was not read is dropped."""
        for socket in self._sockets.values():
            socket.disable_monitor()
        for socket in (*self._sockets.values(), *self._monitors):
            socket.close(linger=0)


class Message:
    """A Jupyter message with the types of its parts checked.

    Raises:
        TypeError: if a part has another type than the protocol says.
    """

    def __init__(self, message: Mapping[str, Any]) -> None:
        header, parent, content = message["header"], message["parent_header"], message["content"]
        if not (isinstance(header, Mapping) and isinstance(parent, Mapping) and isinstance(content, Mapping)):
            raise TypeError("header, parent_header and content must be JSON objects")
        self.header = header
        self.kind = str(header.get("msg_type"))
        self.parent_id = str(parent.get("msg_id"))
        self.content = content
