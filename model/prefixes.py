"""Keeps what was computed of earlier texts, for those that begin alike.

The next turn of a session, another candidate of the same turn, or a turn after an edit begin with tokens that were read
before. Their keys and values are copied instead of computed.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from model.cache import TextCache

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Known:
    """A cache and the tokens that it holds."""

    tokens: Sequence[int]
    cache: TextCache

    def shared(self, tokens: Sequence[int]) -> int:
        """How many of `tokens`, from the first on, can be taken from here."""
        alike = common(self.tokens, tokens)
        return alike if self.cache.croppable or alike == self.cache.length else 0

    def lend(self, tokens: Sequence[int], most: int) -> TextCache | None:
        """A copy of what it knows of the first `most` of `tokens`; None if that is nothing, or too much to copy."""
        length = min(self.shared(tokens), most)
        if not length or not (self.cache.croppable or length == self.cache.length):
            return None
        try:
            return self.cache.fork(length)
        except Exception:
            # PyTorch raises whatever it likes where memory is short, and the text can be read again.
            log.exception("What is known of a text could not be copied")
            return None


class Prefixes:
    """Caches of ended texts, the least recently used forgotten first.

    Args:
        most_bytes: the memory for all of them.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._kept: list[Known] = []

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def size(self) -> int:
        """Bytes held."""
        return sum(known.cache.size for known in self._kept)

    def longest(self, tokens: Sequence[int]) -> Known | None:
        """The text that begins like `tokens` for longest, which counts as used now; None if none does."""
        best = max(self._kept, key=lambda known: known.shared(tokens), default=None)
        if best is None or not best.shared(tokens):
            return None
        self._kept.remove(best)
        self._kept.append(best)
        return best

    def keep(self, tokens: Sequence[int], cache: TextCache) -> None:
        """Take over the cache of a text that has ended; shorter texts that it contains are forgotten."""
        known = Known(tuple(tokens[: cache.length]), cache)
        if not known.tokens or any(other.shared(known.tokens) == cache.length for other in self._kept):
            return
        self._kept = [other for other in self._kept if known.shared(other.tokens) < other.cache.length]
        self._kept.append(known)
        while self.size > self._most_bytes:
            self._kept.pop(0)

    def clear(self) -> None:
        """Forget everything."""
        self._kept.clear()


def common(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens two texts share from the beginning."""
    shorter = min(len(one), len(other))
    return next((place for place in range(shorter) if one[place] != other[place]), shorter)
