"""How long a step of the model takes, by its rows, and how many guessed rows are therefore worth adding.

A step of eight rows reads every weight once, as a step of one row does, so it takes far less than eight times as long.
How much longer depends on the machine and the form of the weights, so it is measured as the steps go by. What was
measured changes no text: it only decides how much is guessed.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_SIZES: Final = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)
_ROW: Final = 0.12  # at first, each further row is taken to cost this share of a step
_SCALE_SHARE: Final = 0.3  # the machine's load changes quickly,
_SHAPE_SHARE: Final = 0.1  # what rows cost relative to each other does not


class StepTime:
    """Learns the time of steps as `scale · shape(rows)`, so that a busy moment makes no size look dear for ever."""

    def __init__(self) -> None:
        self._scale = 0.0
        self._shape = [1 + _ROW * (size - 1) for size in _SIZES]

    def learn(self, rows: int, seconds: float) -> None:
        """Take the time of a step."""
        place = _place(rows)
        if not self._scale:
            self._scale = seconds / self._shape[place]
        ratio = seconds / (self._scale * self._relative(rows))
        self._scale *= 1 + _SCALE_SHARE * (min(ratio, 4.0) - 1)
        self._shape[place] *= 1 + _SHAPE_SHARE * (min(ratio, 4.0) - 1)

    def more(self, rows: int, tokens: float, chances: Sequence[float]) -> int:
        """How many guessed rows bring the most tokens a second.

        Args:
            rows: of the step without them.
            tokens: that those will bring, on average.
            chances: for each number of guessed rows, from 1 on, the probability that all are right.
        """
        best, best_speed = 0, tokens / self._relative(rows)
        for extra, chance in enumerate(chances, 1):
            tokens += chance
            speed = tokens / self._relative(rows + extra)
            if speed > best_speed:
                best, best_speed = extra, speed
        return best

    def _relative(self, rows: int) -> float:
        """The shape between its known sizes, in a straight line."""
        place = _place(rows)
        high, upper = _SIZES[place], self._shape[place]
        if rows == high or place == 0:
            return upper * max(rows / high, 1)
        low, lower = _SIZES[place - 1], self._shape[place - 1]
        return lower + (upper - lower) * (rows - low) / (high - low)


def _place(rows: int) -> int:
    return min(bisect_left(_SIZES, rows), len(_SIZES) - 1)
