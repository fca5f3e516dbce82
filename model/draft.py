"""Guesses the next tokens of an answer from what stands in its prompt.

A refined function is mostly a copy of the version before it. The guess is what followed the last tokens where they
stood before: in the cell that is being changed if they stand there, behind the place reached so far rather than before
it, else anywhere in the prompt or the answer. The model verifies a guess in one step, whatever its length, and the
text is the same as without: guessing well only makes it come sooner (prompt lookup decoding, Saxena 2023;
speculative sampling, Leviathan et al. 2023, arXiv 2211.17192, with a draft that is certain of its token).
"""

from __future__ import annotations

from itertools import accumulate
from operator import mul
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST: Final = 48  # tokens of one guess
CONTEXT: Final = 16  # a match of so many tokens is as good as a longer one
# How often a guessed token is right at first sight, by the length of the match: rounded from the refinement set.
_PRIOR: Final = {0: 0.5, 1: 0.6, 2: 0.75, 4: 0.9, 8: 0.96, 16: 0.98}
_CLASSES: Final = [max(length for length in _PRIOR if length <= match) for match in range(CONTEXT + 1)]
_WEIGHT: Final = 8.0  # how many tokens the prior counts for


class Drafter:
    """Guesses for one answer.

    Args:
        tokens: the prompt; `add` appends to what is known.
        source: where in it the text stands that is likely to be copied, as (start, stop); empty if there is none.
    """

    def __init__(self, tokens: Sequence[int], source: tuple[int, int]) -> None:
        self._tokens = list(tokens)
        self._source = source
        self._follows: dict[tuple[int, int], list[int]] = {}
        for place in range(2, len(self._tokens)):
            self._note(place)
        self._place: int | None = source[0] if source[1] > source[0] else None
        self._match = 0
        self._right = {length: share * _WEIGHT for length, share in _PRIOR.items()}
        self._tried = dict.fromkeys(_PRIOR, _WEIGHT)
        if len(self._tokens) > 1 and (self._tokens[-2], self._tokens[-1]) in self._follows:
            self._find()

    def add(self, token: int) -> None:
        """Take a token that was chosen."""
        follows = self._place is not None and self._tokens[self._place] == token
        self._tokens.append(token)
        self._note(len(self._tokens) - 1)
        if self._place is not None and follows:
            self._place += 1
            self._match += 1
        else:
            self._find()

    def chances(self) -> list[float]:
        """For each length of a guess, from 1 on, the probability that all of it is right."""
        if self._place is None:
            return []
        length = min(LONGEST, len(self._tokens) - self._place)
        return list(accumulate((self._share(self._match + ahead) for ahead in range(length)), mul))

    def guess(self, length: int) -> list[int]:
        """The next tokens, as far as they are known."""
        return [] if self._place is None else self._tokens[self._place : self._place + length]

    def learn(self, guessed: int, right: int) -> None:
        """Take how much of the last guess was right; call it before its tokens are added."""
        for place in range(min(guessed, right + 1)):
            length = _class(self._match + place)
            self._tried[length] += 1
            self._right[length] += place < right

    def _share(self, match: int) -> float:
        length = _class(match)
        return self._right[length] / self._tried[length]

    def _note(self, place: int) -> None:
        """Remember what stands at `place` by the two tokens before it."""
        self._follows.setdefault((self._tokens[place - 2], self._tokens[place - 1]), []).append(place)

    def _find(self) -> None:
        """Find the place again after a token that was not expected."""
        before = self._place
        places = self._follows.get((self._tokens[-2], self._tokens[-1]), []) if len(self._tokens) > 1 else []
        if not places:
            # One token instead of another, so far: what followed the other one may follow this one too.
            self._place = before + 1 if before is not None and before + 1 < len(self._tokens) - 1 else None
            self._match = 0
            return
        self._place = max(places, key=lambda place: self._rank(place, before))
        self._match = self._matched(self._place)

    def _rank(self, place: int, before: int | None) -> tuple[bool, int, bool, int]:
        """Within the source, the longest match, ahead of the place reached, the nearest."""
        start, stop = self._source
        reached = start if before is None else before
        return start < place < stop, self._matched(place), place >= reached, -abs(place - reached)

    def _matched(self, place: int) -> int:
        """How many tokens before `place` are the last ones of the answer."""
        end, most = len(self._tokens), min(CONTEXT, place)
        return next(
            (size for size in range(most) if self._tokens[place - 1 - size] != self._tokens[end - 1 - size]), most
        )


def _class(match: int) -> int:
    return _CLASSES[min(match, CONTEXT)]
