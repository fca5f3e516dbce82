"""Kernels started ahead of need, each handed out once."""

import threading
from collections import deque
from collections.abc import Callable

from .errors import RunnerClosed
from .kernel import Kernel


class Pool:
    """Keeps `spare` kernels starting or ready; `take` gives the oldest and starts another."""

    def __init__(self, start: Callable[[], Kernel], spare: int) -> None:
        self._start = start
        self._spare = spare
        self._kernels: deque[Kernel] = deque()
        self._lock = threading.Lock()
        self._closed = False
        self.fill()

    def fill(self) -> None:
        """Start as many as are missing."""
        with self._lock:
            while not self._closed and len(self._kernels) < self._spare:
                self._kernels.append(self._start())

    def take(self) -> Kernel:
        """A kernel that is ready, and that nobody else gets.

        Raises:
            KernelStartFailed: if it did not come up.
            RunnerClosed: if the pool is closed.
        """
        kernel = self._next()
        kernel.wait_ready()
        self.fill()
        return kernel

    def _next(self) -> Kernel:
        with self._lock:
            if self._closed:
                raise RunnerClosed("The runner has been shut down; start the server again.")
            while self._kernels:
                kernel = self._kernels.popleft()
                if kernel.alive:
                    return kernel
            return self._start()

    @property
    def ready(self) -> int:
        """How many could be handed out at once."""
        with self._lock:
            return sum(kernel.state == "idle" for kernel in self._kernels)

    def close(self) -> None:
        """End the kernels nobody took."""
        with self._lock:
            self._closed = True
            kernels, self._kernels = list(self._kernels), deque()
        for kernel in kernels:
            kernel.end("Stopped: the server is shutting down.")
