"""The sockets between us and one kernel: bounded, encrypted, and read as hostile data."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import zmq
from jupyter_client.manager import KernelManager

from .limits import Limits
from .relay import Relay

RECEIVE_QUEUE = 200
MOST_READ_AT_ONCE = 100
NAMES = ("shell", "stdin", "iopub")


class Channels:
    """Client ends of a kernel's sockets. They belong to the one thread that made them."""

    def __init__(self, manager: KernelManager, folder: Path, limits: Limits, poller: zmq.Poller) -> None:
        ports = {name: int(getattr(manager, f"{name}_port")) for name in NAMES}
        self._iopub = ports["iopub"]
        self._relay = Relay(folder, str(manager.ip), ports.values(), poller)
        # Room for what the limit allows, for a message on top that is not yet whole, and for encryption.
        self._most = 2 * limits.output + 2 * limits.message_size
        self.renew()
        self._session = manager.session
        # The session remembers the signatures of what it read, to notice repeated messages; kept small.
        self._session.digest_history_size = 4096
        self._sockets = {name: self._connect(manager, name, ports[name], limits) for name in NAMES}
        for socket in self._sockets.values():
            poller.register(socket, zmq.POLLIN)

    def _connect(self, manager: KernelManager, name: str, port: int, limits: Limits) -> "zmq.Socket[bytes]":
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
        socket.connect(f"ipc://{self._relay.address}-{port}")
        return socket

    def renew(self) -> None:
        """Count from zero what the kernel sends."""
        self._relay.allow(self._most)

    def turn(self, events: Iterable[tuple[Any, int]]) -> None:
        """Pass on the bytes that the poller reports."""
        for source, event in events:
            if isinstance(source, int):
                self._relay.turn(source, event)

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

    @property
    def spent(self) -> bool:
        """Whether the kernel has sent all it may since `renew`."""
        return self._relay.left < 0

    @property
    def exhausted(self) -> bool:
        """Whether a kernel that has ended has no output left that could still be read from here on but at once."""
        return self._relay.exhausted(self._iopub)

    def disconnected(self) -> bool:
        """Whether a connection was lost: the kernel closed it, or sent a longer message or more than it may."""
        return self._relay.broken

    def close(self) -> None:
        """Close all sockets; what was not read is dropped."""
        for socket in self._sockets.values():
            socket.close(linger=0)
        self._relay.close()


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
