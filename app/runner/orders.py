"""Orders to a thread that waits in a poll: put from any thread, carried out by that one."""

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue

Order = Callable[[], None]


class Orders:
    """A queue of orders with a descriptor that wakes the thread up; after `close`, who gives one carries it out."""

    def __init__(self) -> None:
        self._waiting: SimpleQueue[Order] = SimpleQueue()
        self._lock = threading.Lock()
        self._closed = False
        self.descriptor = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

    def give(self, order: Order) -> None:
        """Have the order carried out soon."""
        self._waiting.put(order)
        with self._lock:
            closed = self._closed
            if not closed:
                os.eventfd_write(self.descriptor, 1)
        if closed:
            self._carry_out()

    def take(self) -> None:
        """Carry out what has been ordered; to be called by the thread that polls the descriptor."""
        with suppress(BlockingIOError):
            os.eventfd_read(self.descriptor)
        self._carry_out()

    def _carry_out(self) -> None:
        while True:
            try:
                order = self._waiting.get_nowait()
            except Empty:
                return
            order()

    def close(self) -> None:
        """The thread ends; what was ordered too late is carried out now."""
        with self._lock:
            self._closed = True
            os.close(self.descriptor)
        self._carry_out()
