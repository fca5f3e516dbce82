"""Reads server-sent events from bytes of any cut; source of the format: WHATWG HTML, "Server-sent events"."""

from __future__ import annotations

from typing import Final

from model.errors import Nonsense

LONGEST_EVENT: Final = 4_000_000  # bytes; no token is longer, so whatever sends more is no engine


class EventReader:
    """Gives the data of each event once it is complete; comments, names and ids of events are left out.

    Only line feeds and carriage returns end a line: JSON may hold every other separator that Python would split at.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []

    def feed(self, chunk: bytes) -> list[str]:
        """The data of the events that this chunk completes.

        Raises:
            Nonsense: an event has no end in sight.
        """
        *lines, self._rest = (self._rest + chunk).replace(b"\r\n", b"\n").split(b"\n")
        if len(self._rest) + sum(map(len, self._data)) > LONGEST_EVENT:
            raise Nonsense(f"sent an event of more than {LONGEST_EVENT:,} bytes")
        found = (self._line(line.rstrip(b"\r")) for line in lines)
        return [data.decode(errors="replace") for data in found if data is not None]

    def _line(self, line: bytes) -> bytes | None:
        if line.startswith(b"data:"):
            self._data.append(line.removeprefix(b"data:").removeprefix(b" "))
        elif not line and self._data:
            data, self._data = b"\n".join(self._data), []
            return data
        return None
