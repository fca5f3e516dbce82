"""JSON objects over a stream socket: eight bytes that tell the length, then the text. Of any size, unlike datagrams."""

import json
import socket
from typing import Any

HEADER = 8


def packed(value: dict[str, Any]) -> bytes:
    """An object as it is sent."""
    text = json.dumps(value).encode()
    return len(text).to_bytes(HEADER) + text


def receive(connection: socket.socket) -> dict[str, Any] | None:
    """The next object; None once the other side has closed.

    Raises:
        OSError: if nothing comes in time.
    """
    header = _exactly(connection, HEADER)
    text = _exactly(connection, int.from_bytes(header)) if header else b""
    return dict(json.loads(text)) if text else None


def _exactly(connection: socket.socket, count: int) -> bytes:
    """So many bytes; none if the other side closes before."""
    pieces, missing = [], count
    while missing:
        piece = connection.recv(min(missing, 1 << 20))
        if not piece:
            return b""
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces)
