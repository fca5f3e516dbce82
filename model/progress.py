"""How far a long piece of work is: bytes done, speed, time left."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Stage = Literal["fetching", "converting", "loading"]


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the work stands.

    Args:
        stage: fetching, converting or loading.
        done_bytes: of `total_bytes`; both are 0 where the work has no measure.
        total_bytes: as above.
        bytes_per_second: over the last seconds; None before there is a measure.
    """

    stage: Stage
    done_bytes: int = 0
    total_bytes: int = 0
    bytes_per_second: float | None = None

    @property
    def seconds_left(self) -> float | None:
        """At the present speed, or None if that is not known."""
        if not self.bytes_per_second or not self.total_bytes:
            return None
        return max(self.total_bytes - self.done_bytes, 0) / self.bytes_per_second


Report = Callable[[Progress], None]


class Meter:
    """Turns counts of bytes into reports with a speed, a few times a second.

    Args:
        stage: of the reports.
        total_bytes: of the whole work.
        report: is told.
        clock: seconds that only grow.
    """

    SPAN = 30.0  # a wheel arrives as a whole: over a shorter time the speed would jump between nothing and all
    INTERVAL = 0.2

    def __init__(
        self, stage: Stage, total_bytes: int, report: Report, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stage: Stage = stage
        self._total = total_bytes
        self._report = report
        self._clock = clock
        self._seen: deque[tuple[float, int]] = deque()
        self._last = float("-inf")

    def at(self, done_bytes: int) -> None:
        """Tell that this many bytes are done in all."""
        now = self._clock()
        if not self._seen or done_bytes < self._seen[-1][1]:
            self._seen = deque([(now, done_bytes)])
        if now - self._last < self.INTERVAL and done_bytes < self._total:
            return
        self._last = now
        self._seen.append((now, done_bytes))
        while now - self._seen[0][0] > self.SPAN:
            self._seen.popleft()
        self._report(Progress(self._stage, done_bytes, self._total, self._speed()))

    def _speed(self) -> float | None:
        (start, before), (end, after) = self._seen[0], self._seen[-1]
        return (after - before) / (end - start) if end > start else None
