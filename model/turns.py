"""A lock that serves those who wait in the order in which they came."""

from __future__ import annotations

import threading
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Turns:
    """Lets one at a time through, first come first served."""

    POLL_SECONDS = 0.05

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._waiting: deque[object] = deque()

    def waiting(self) -> int:
        """How many wait behind the one who is served."""
        with self._condition:
            return max(len(self._waiting) - 1, 0)

    @contextmanager
    def turn(self, stop: threading.Event | None = None) -> Iterator[bool]:
        """Wait for the turn; gives whether it came before `stop` was set."""
        ticket = object()
        with self._condition:
            self._waiting.append(ticket)
        try:
            yield self._wait(ticket, stop)
        finally:
            with self._condition:
                self._waiting.remove(ticket)
                self._condition.notify_all()

    def _wait(self, ticket: object, stop: threading.Event | None) -> bool:
        with self._condition:
            while self._waiting[0] is not ticket:
                if stop is not None and stop.is_set():
                    return False
                self._condition.wait(self.POLL_SECONDS if stop else None)
        return True
