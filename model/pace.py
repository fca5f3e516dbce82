"""Chooses on how many processor threads the model computes, by what was fastest lately.

Threads meet after every matrix. On a machine that is busy with other work one of them is often not running just then,
and all wait: with two busy cores, two threads wrote 5.6 tokens a second and one wrote 12.5 (0.5B, 8-bit weights). On an
idle machine it is the other way round. The result does not depend on the number of threads.
"""

from __future__ import annotations

import time
from collections import defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

PROBE_STEPS: Final = 32
NEW_SHARE: Final = 0.3


class Pace:
    """Measures the steps of one kind of work, such as writing a token.

    Args:
        threads: the most there are; half as many is the other choice.
        use: sets the number of threads.
        clock: seconds that only grow.
    """

    def __init__(
        self, threads: int, use: Callable[[int], None], clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._choices = tuple(dict.fromkeys((threads, max(threads // 2, 1))))
        self._use = use
        self._clock = clock
        self._seconds: dict[int, float] = {}
        self._steps = 0

    @contextmanager
    def step(self, size: int = 1) -> Iterator[None]:
        """Run one step on the threads of choice; `size` is its amount of work."""
        chosen = self._choice()
        self._use(chosen)
        start = self._clock()
        yield
        spent = (self._clock() - start) / size
        known = self._seconds.get(chosen, spent)
        self._seconds[chosen] = (1 - NEW_SHARE) * known + NEW_SHARE * spent

    def _choice(self) -> int:
        """What is fastest so far; now and then another one, since the machine's load changes."""
        self._steps += 1
        if unknown := [count for count in self._choices if count not in self._seconds]:
            return unknown[0]
        ranked = sorted(self._choices, key=self._seconds.__getitem__)
        return ranked[-1] if self._steps % PROBE_STEPS == 0 else ranked[0]


class Paces:
    """The paces of steps of one engine, by their size: how threads share the work depends on it."""

    def __init__(self) -> None:
        threads = torch.get_num_threads()
        self._by_size = defaultdict[int, Pace](lambda: Pace(threads, torch.set_num_threads))

    def step(self, rows: int) -> AbstractContextManager[None]:
        """One forward pass over so many new tokens."""
        return self._by_size[rows.bit_length()].step(rows)
