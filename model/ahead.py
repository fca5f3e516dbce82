"""Reads what will probably be asked, while nobody is being answered.

Between two turns the model has nothing to do, and most of the next prompt is known already: the other cells, the
requests so far, the code as it stands. What was read of it is kept like any earlier text, so the next answer begins
sooner; what is not asked after all has cost idle time and nothing else.
"""

from __future__ import annotations

import logging
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from model.batch import Rows
from model.prefixes import Known

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from model.batch import Forward
    from model.cache import TextCache
    from model.prefixes import Prefixes

log = logging.getLogger(__name__)
# Texts to be read: of several sessions, the newest first; older ones are likely to be out of date.
MOST: Final = 4
# Rows of one step: who asks meanwhile waits for one at most.
ROWS: Final = 32


class Ahead:
    """The texts to be read, the newest first: one that comes meanwhile is read before the rest of an older one.

    All but `expect` belong to the thread that makes the steps.

    Args:
        forward: computes a step.
        prefixes: keeps what was read.
        pace: wraps each step of so many rows.
    """

    def __init__(
        self, forward: Forward, prefixes: Prefixes, pace: Callable[[int], AbstractContextManager[None]]
    ) -> None:
        self._forward = forward
        self._prefixes = prefixes
        self._pace = pace
        self._texts: deque[tuple[int, ...]] = deque(maxlen=MOST)
        self._reading: tuple[tuple[int, ...], TextCache] | None = None

    def __bool__(self) -> bool:
        return bool(self._texts)

    @property
    def known(self) -> list[Known]:
        """What was read of the text that is being read."""
        if self._reading is None:
            return []
        tokens, cache = self._reading
        return [Known(tokens[: cache.length], cache)]

    def expect(self, tokens: Sequence[int]) -> None:
        """A text that will probably be asked for; the oldest of too many is given up."""
        self._texts.append(tuple(tokens))

    def step(self) -> None:
        """Read a little more; a text that cannot be read is given up."""
        tokens, cache = self._reading = self._newest()
        rows = tokens[cache.length : cache.length + ROWS]
        try:
            if rows:
                with self._pace(len(rows)):
                    self._forward([Rows(cache, rows, 0)])
        except Exception:
            # PyTorch raises whatever it likes, and nobody waits for this.
            log.exception("A text could not be read ahead")
            self._done(tokens)
            return
        if cache.length >= len(tokens):
            self._prefixes.keep(tokens, cache)
            self._done(tokens)

    def _newest(self) -> tuple[tuple[int, ...], TextCache]:
        """The text that was expected last; what was read of another one is kept until its turn comes again."""
        newest = self._texts[-1]
        if self._reading is None or self._reading[0] != newest:
            if self._reading is not None:
                self._prefixes.keep(*self._reading)
            self._reading = self._begin(newest)
        return self._reading

    def _done(self, tokens: tuple[int, ...]) -> None:
        self._reading = None
        with suppress(ValueError):  # newer ones may have pushed it out
            self._texts.remove(tokens)

    def _begin(self, tokens: tuple[int, ...]) -> tuple[tuple[int, ...], TextCache]:
        kept = self._prefixes.longest(tokens)
        return tokens, (kept and kept.lend(tokens, len(tokens))) or self._forward.new_cache()
