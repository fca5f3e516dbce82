"""Waiting in order."""

import threading
from collections import deque
from collections.abc import Iterator


class Line:
    """A first-come, first-served line that many threads may stand in; `capacity` of them are served at once."""

    def __init__(self, capacity: int = 1) -> None:
        self._capacity = capacity
        self._waiting: deque[Ticket] = deque()
        self._served: set[Ticket] = set()
        self._changed = threading.Condition()

    def join(self) -> "Ticket":
        """A place at the end of the line; leave it with `Ticket.leave`, in whatever state it is."""
        ticket = Ticket(self)
        with self._changed:
            self._waiting.append(ticket)
        return ticket

    def enter(self) -> "Ticket | None":
        """A place that is served at once; None if that would overtake somebody or there is no room."""
        with self._changed:
            self._serve()
            if self._waiting or len(self._served) >= self._capacity:
                return None
            ticket = Ticket(self)
            self._served.add(ticket)
            return ticket

    def wait(self, ticket: "Ticket") -> Iterator[int]:
        """Yield the ticket's place (1 is next) whenever it changes; end when it is served or was cancelled."""
        last = 0
        while True:
            with self._changed:
                self._changed.wait_for(lambda last=last: self._news(ticket, last))  # type: ignore[misc]  # a lambda with a default has no type
                if ticket in self._served or ticket.cancelled:
                    return
                last = self._waiting.index(ticket) + 1
            yield last

    def _news(self, ticket: "Ticket", last: int) -> bool:
        self._serve()
        if ticket in self._served or ticket.cancelled:
            return True
        return self._waiting.index(ticket) + 1 != last

    def _serve(self) -> None:
        while self._waiting and len(self._served) < self._capacity:
            self._served.add(self._waiting.popleft())

    def cancel(self, ticket: "Ticket") -> None:
        """Let the ticket's waiter go, unserved."""
        with self._changed:
            if ticket not in self._served:
                ticket.cancelled = True
                self._remove(ticket)
            self._changed.notify_all()

    def leave(self, ticket: "Ticket") -> None:
        """Give the place up, whether it was served or not; harmless if done twice."""
        with self._changed:
            self._served.discard(ticket)
            self._remove(ticket)
            self._changed.notify_all()

    def _remove(self, ticket: "Ticket") -> None:
        if ticket in self._waiting:
            self._waiting.remove(ticket)

    def place(self, ticket: "Ticket") -> int:
        """1 for the next to be served, 0 for one who is served or gone."""
        with self._changed:
            return self._waiting.index(ticket) + 1 if ticket in self._waiting else 0

    @property
    def waiting(self) -> int:
        """How many are waiting to be served."""
        with self._changed:
            return len(self._waiting)


class Ticket:
    """A place in a `Line`."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.cancelled = False

    def wait(self) -> Iterator[int]:
        """See `Line.wait`."""
        return self.line.wait(self)

    def leave(self) -> None:
        """See `Line.leave`."""
        self.line.leave(self)

    def cancel(self) -> None:
        """See `Line.cancel`."""
        self.line.cancel(self)
