"""Chooses the next token from the model's logits."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, cast

import torch
from transformers import (
    LogitsProcessorList,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from model.engine import Sampling


class Sampler:
    """Chooses by Transformers' own logits processors, in the order in which `generate` applies them.

    Each choice draws one number, whatever the logits are, so equal seeds give equal text however the text was cut into
    steps.

    Args:
        sampling: the settings; equal seeds give equal choices.
    """

    def __init__(self, sampling: Sampling) -> None:
        self._greedy = sampling.temperature == 0
        self._looks_back = sampling.repetition_penalty != 1
        self._top_p = sampling.top_p
        self._processors = _processors(sampling)
        self._generator = torch.Generator()
        if sampling.seed is None:
            self._generator.seed()
        else:
            self._generator.manual_seed(sampling.seed)

    def choose(self, logits: torch.Tensor, seen: Sequence[int]) -> int:
        """The next token.

        Args:
            logits: shape (vocabulary,).
            seen: all tokens so far.

        Raises:
            ValueError: the logits hold NaN.
        """
        if math.isnan(float(logits.max())):  # a maximum with NaN is NaN
            raise ValueError("the model computed values that are not numbers (NaN)")
        if self._greedy and not self._looks_back:
            return int(logits.argmax())
        before = torch.tensor([seen] if self._looks_back else [[]], dtype=torch.long, device=logits.device)
        scores = self._processors(cast("torch.LongTensor", before), cast("torch.FloatTensor", logits[None].float()))[0]
        return int(scores.argmax()) if self._greedy else self._draw(scores)

    def _draw(self, scores: torch.Tensor) -> int:
        """Draw by one random number: the first token at which the summed probability exceeds it."""
        shares = scores.softmax(dim=-1)
        tokens = None
        if self._top_p < 1:
            tokens, shares = self._nucleus(scores, shares)
        summed = shares.double().cumsum(dim=-1)
        drawn = torch.rand((), generator=self._generator, dtype=torch.float64).to(summed.device) * summed[-1]
        place = torch.searchsorted(summed, drawn, right=True).clamp(max=len(summed) - 1)
        return int(place if tokens is None else tokens[place])

    def _nucleus(self, scores: torch.Tensor, shares: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The tokens that may still come and their probabilities.

        The warper sorts all tokens, which takes longer than a step of a small model. Tokens below (1 - top_p) /
        vocabulary are beyond the nucleus however many they are; it gets the others, with its bound raised by as much as
        their shares grow without those.
        """
        tokens = (shares > (1 - self._top_p) / len(shares)).nonzero()[:, 0]
        kept = float(shares[tokens].double().sum())
        bound = self._top_p / kept
        chosen = cast("torch.FloatTensor", scores[tokens][None])
        if bound < 1:
            chosen = TopPLogitsWarper(bound)(cast("torch.LongTensor", tokens[None]), chosen)
        return tokens, chosen[0].softmax(dim=-1)


def _processors(sampling: Sampling) -> LogitsProcessorList:
    """All but top-p, which is last and works on what the others have left."""
    chosen = LogitsProcessorList()
    if sampling.repetition_penalty != 1:
        chosen.append(RepetitionPenaltyLogitsProcessor(sampling.repetition_penalty))
    if sampling.temperature == 0:
        return chosen
    if sampling.temperature != 1:
        chosen.append(TemperatureLogitsWarper(float(sampling.temperature)))
    if sampling.top_k:
        chosen.append(TopKLogitsWarper(sampling.top_k))
    return chosen
