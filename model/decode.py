"""One answer being written: what of it goes into the next step, and what the step's logits make of it."""

from __future__ import annotations

from dataclasses import dataclass
from queue import SimpleQueue
from typing import TYPE_CHECKING

import torch

from model.batch import Rows
from model.draft import Drafter
from model.sampler import Sampler

if TYPE_CHECKING:
    from collections.abc import Sequence
    from threading import Event

    from model.cache import TextCache
    from model.engine import Sampling, StreamStatus


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be written.

    Args:
        tokens: the prompt, at least one.
        sampling: how to choose.
        limit: the most tokens of the answer.
        ends: tokens that end the answer.
        stop: ends it too.
        first: the tokens that may come first; empty for any.
        source: where in the prompt the text stands that is likely to be copied, as (start, stop).
    """

    tokens: Sequence[int]
    sampling: Sampling
    limit: int
    ends: frozenset[int]
    stop: Event
    first: Sequence[int] = ()
    source: tuple[int, int] = (0, 0)

    @property
    def asker(self) -> int:
        """Equal for equal prompts, such as those of candidates."""
        return hash(tuple(self.tokens))


@dataclass(frozen=True, slots=True)
class Waits:
    """The place in the queue: `ahead` counts the answer and those that are begun before it; 0 once it is begun."""

    ahead: int


@dataclass(frozen=True, slots=True)
class Wrote:
    """The next tokens of the answer."""

    tokens: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Ended:
    """Nothing more comes."""

    status: StreamStatus
    message: str = ""


class Decoding:
    """One answer, from its place in the queue to its end.

    All but `news` and `left` belong to the thread that makes the steps.

    Attributes:
        tokens: of the prompt and of the answer so far.
        cache: of the first of them; None before it is begun.
        known: tokens of the prompt that came out of the cache of another text.
        news: what happened, for whoever reads the answer; ends with an `Ended`.
        left: whether the reader has gone.
        status: how it ended; None while it goes on.
    """

    def __init__(self, task: Task) -> None:
        self.task = task
        self.tokens = list(task.tokens)
        self.cache: TextCache | None = None
        self.known = 0
        self.news: SimpleQueue[Waits | Wrote | Ended] = SimpleQueue()
        self.left = False
        self.status: StreamStatus | None = None
        self._sampler = Sampler(task.sampling)
        self._drafter: Drafter | None = None
        self._guessed: list[int] = []
        self._ahead = 0

    @property
    def gone(self) -> bool:
        """Whether nobody wants the rest."""
        return self.left or self.task.stop.is_set()

    @property
    def shareable(self) -> bool:
        """Whether another text can copy the beginning of this one."""
        return self.cache is None or self.cache.croppable

    @property
    def reading(self) -> bool:
        """Whether the prompt is still being read."""
        return len(self.tokens) == len(self.task.tokens)

    def wait(self, ahead: int) -> None:
        """Tell the place in the queue, if it changed."""
        if ahead != self._ahead:
            self._ahead = ahead
            self.news.put(Waits(ahead))

    def begin(self, cache: TextCache) -> None:
        """Take a cache, which may hold the beginning of the prompt."""
        self.cache, self.known = cache, cache.length

    def chances(self) -> list[float]:
        """Of a guess of each length, from 1 on, to be right; empty where nothing can be guessed."""
        assert self.cache is not None
        left = self.task.limit - (len(self.tokens) - len(self.task.tokens)) - 1
        if not self.cache.croppable or self.reading or left < 1:
            return []
        if self._drafter is None:
            self._drafter = Drafter(self.tokens, self.task.source)
        return self._drafter.chances()[:left]

    def next(self, rows: int, guessed: int = 0) -> Rows:
        """What goes into the next step.

        Args:
            rows: the most tokens to read.
            guessed: how many to guess behind those that are known.
        """
        assert self.cache is not None
        start = self.cache.length
        tokens = self.tokens[start : start + rows]
        if start + len(tokens) < len(self.tokens):
            return Rows(self.cache, tokens, 0)
        self._guessed = self._drafter.guess(guessed) if self._drafter and guessed else []
        return Rows(self.cache, tokens + self._guessed, 1 + len(self._guessed))

    def take(self, logits: torch.Tensor) -> None:
        """Choose tokens by the logits of the step, shape (wanted, vocabulary), as far as the guess holds.

        Each token is chosen as it would be without a guess, and a guessed row counts only if the token before it was
        chosen so. So a token is kept with just its probability, and the text is the one that comes without guessing.

        Raises:
            ValueError: the logits hold NaN; the tokens before it are written.
        """
        assert self.cache is not None
        chosen: list[int] = []
        try:
            for row, guess in zip(logits, [*self._guessed, None], strict=True):
                chosen.append(self._choose(row))
                if self.status or chosen[-1] != guess:
                    break
        finally:
            if chosen:
                self._note(chosen)
            self._guessed = []
            self.cache.crop(len(self.tokens) - 1)

    def end(self, status: StreamStatus, message: str = "") -> None:
        """Nothing more comes."""
        self.status = status
        self.news.put(Ended(status, message))

    def _choose(self, logits: torch.Tensor) -> int:
        token = self._sampler.choose(self._allowed(logits), self.tokens)
        self.tokens.append(token)
        if token in self.task.ends:
            self.status = "done"
        elif len(self.tokens) - len(self.task.tokens) >= self.task.limit:
            self.status = "length"
        return token

    def _allowed(self, logits: torch.Tensor) -> torch.Tensor:
        """The logits, with only certain tokens left for the first one."""
        if not self.task.first or not self.reading:
            return logits
        mask = torch.full_like(logits, float("-inf"))
        allowed = list(self.task.first)
        mask[allowed] = logits[allowed]
        return mask

    def _note(self, chosen: list[int]) -> None:
        if self._drafter is not None:
            held = [a == b for a, b in zip(self._guessed, chosen, strict=False)]
            self._drafter.learn(len(self._guessed), held.index(False) if False in held else len(held))
            for token in chosen:
                self._drafter.add(token)
        self.news.put(Wrote(tuple(chosen)))
