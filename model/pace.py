"""Chooses on how many processor threads the model computes, by what was fastest lately.

Threads meet after every matrix. On a machine that is busy with other work one of them is often not running just then,
and all wait: with two busy cores, two threads wrote 5.6 tokens a second and one wrote 12.5 (0.5B, 8-bit weights). On an
idle machine all threads are faster, and trying fewer would only cost: one thread reads a prompt half as fast as two.
So fewer are tried only where the computing thread is often kept from running. The result does not depend on the number
of threads.
"""

from __future__ import annotations

import time
from collections import defaultdict, deque
from contextlib import contextmanager
from statistics import median
from typing import TYPE_CHECKING, Final

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

# Read once: a thread that begins later finds what another one has set for its own step. Whoever wants another number
# sets it before this module is imported.
THREADS: Final = torch.get_num_threads()
# Every so many steps the other number of threads is tried for a few: enough of them to outvote what was known of it.
PROBE_STEPS: Final = 64
PROBES: Final = 3
KEPT_STEPS: Final = 2 * PROBES - 1
NEW_SHARE: Final = 0.3
# Of a step's time, how much a thread runs that shares its core with nobody; the rest is for whatever wakes up shortly.
UNDISTURBED: Final = 0.9


class Calm:
    """Knows whether the steps on all threads went undisturbed lately: the computing thread ran nearly all the time.

    A thread that waits for another one at the end of a matrix runs for about a millisecond before it sleeps, so it
    sleeps only where the other one is kept from running.
    """

    def __init__(self) -> None:
        self._share = 1.0

    @property
    def lasts(self) -> bool:
        """Whether nobody else wanted the processor."""
        return self._share >= UNDISTURBED

    def learn(self, ran: float, passed: float) -> None:
        """Take a step: the seconds in which the thread ran, and those that passed."""
        self._share += NEW_SHARE * (min(ran / passed, 1.0) - self._share) if passed else 0.0


class Pace:
    """Measures the steps of one kind of work, such as writing a token.

    Of each number of threads the median of the last steps counts: a step that something held up for a moment, such as
    a process that begins, says nothing about the next ones.

    Args:
        threads: the most there are; half as many is the other choice.
        use: sets the number of threads.
        calm: of all kinds of work on this machine.
        clock: seconds that only grow.
        own: seconds in which the calling thread ran.
    """

    def __init__(
        self,
        threads: int,
        use: Callable[[int], None],
        calm: Calm,
        clock: Callable[[], float] = time.perf_counter,
        own: Callable[[], float] = time.thread_time,
    ) -> None:
        self._choices = tuple(dict.fromkeys((threads, max(threads // 2, 1))))
        self._use = use
        self._calm = calm
        self._clock = clock
        self._own = own
        self._seconds = defaultdict[int, deque[float]](lambda: deque(maxlen=KEPT_STEPS))
        self._steps = 0

    @contextmanager
    def step(self, size: int = 1) -> Iterator[None]:
        """Run one step on the threads of choice; `size` is its amount of work."""
        chosen = self._choice()
        self._use(chosen)
        start, ran = self._clock(), self._own()
        yield
        passed = self._clock() - start
        if chosen == self._choices[0]:
            self._calm.learn(self._own() - ran, passed)
        self._seconds[chosen].append(passed / size)

    def _choice(self) -> int:
        """All threads while that goes undisturbed, else what is fastest; now and then another, as the load changes."""
        self._steps += 1
        if self._calm.lasts:
            return self._choices[0]
        if unknown := [count for count in self._choices if count not in self._seconds]:
            return unknown[0]
        ranked = sorted(self._choices, key=lambda count: median(self._seconds[count]))
        return ranked[-1] if self._steps % PROBE_STEPS < PROBES else ranked[0]


class Paces:
    """The paces of steps of one engine, by their size: how threads share the work depends on it."""

    def __init__(self) -> None:
        calm = Calm()
        self._by_size = defaultdict[int, Pace](lambda: Pace(THREADS, torch.set_num_threads, calm))

    def step(self, rows: int) -> AbstractContextManager[None]:
        """One forward pass over so many new tokens."""
        return self._by_size[rows.bit_length()].step(rows)


@contextmanager
def on_one_thread() -> Iterator[None]:
    """Compute on the calling thread alone: for work so small that meeting another one takes longer than doing it.

    On two idle cores choosing one token among 152,000 took 0.5 ms either way, beside other work 0.5 to 1.0 ms on one
    thread and 48 to 68 ms on two.
    """
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(THREADS)
