"""Chooses the next token from the model's logits."""

from __future__ import annotations

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
    from model.engine import Sampling


class Sampler:
    """Chooses by Transformers' own logits processors, in the order in which `generate` applies them.

    Args:
        sampling: the settings; equal seeds give equal choices.
        device: where the logits will be.
    """

    def __init__(self, sampling: Sampling, device: torch.device) -> None:
        self._greedy = sampling.temperature == 0
        self._processors = _processors(sampling)
        self._generator = torch.Generator(device=device)
        if sampling.seed is None:
            self._generator.seed()
        else:
            self._generator.manual_seed(sampling.seed)

    def choose(self, logits: torch.Tensor, seen: torch.Tensor) -> int:
        """The next token.

        Args:
            logits: shape (1, vocabulary).
            seen: all tokens so far, shape (1, length).

        Raises:
            ValueError: the logits hold NaN.
        """
        if torch.isnan(logits).any():
            raise ValueError("the model computed values that are not numbers (NaN)")
        scores = self._processors(cast("torch.LongTensor", seen), cast("torch.FloatTensor", logits.float()))
        if self._greedy:
            return int(scores.argmax(dim=-1))
        return int(torch.multinomial(scores.softmax(dim=-1), 1, generator=self._generator))


def _processors(sampling: Sampling) -> LogitsProcessorList:
    chosen = LogitsProcessorList()
    if sampling.repetition_penalty != 1:
        chosen.append(RepetitionPenaltyLogitsProcessor(sampling.repetition_penalty))
    if sampling.temperature == 0:
        return chosen
    if sampling.temperature != 1:
        chosen.append(TemperatureLogitsWarper(float(sampling.temperature)))
    if sampling.top_k:
        chosen.append(TopKLogitsWarper(sampling.top_k))
    if sampling.top_p < 1:
        chosen.append(TopPLogitsWarper(sampling.top_p))
    return chosen
