"""The decode loop: read the prompt, then one token after another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import torch
from transformers import DynamicCache

from model.pace import Pace
from model.sampler import Sampler

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager
    from threading import Event

    from transformers import PreTrainedModel

    from model.engine import Sampling

# Small enough that a stop is obeyed within about a second while a long prompt is read on two cores.
PREFILL_ROWS: Final = 256


class Paces:
    """The paces of reading prompts and of writing tokens, kept over all answers of one engine."""

    def __init__(self) -> None:
        threads = torch.get_num_threads()
        self._reading = Pace(threads, torch.set_num_threads)
        self._writing = Pace(threads, torch.set_num_threads)

    def step(self, rows: int) -> AbstractContextManager[None]:
        """One forward pass over so many new tokens."""
        return self._writing.step() if rows == 1 else self._reading.step(rows)


class Decoding:
    """One answer being written.

    Args:
        model: in evaluation mode.
        ids: the prompt.
        sampling: how to choose.
        paces: of the engine.
        first: the tokens that may come first; empty for any.
    """

    def __init__(
        self, model: PreTrainedModel, ids: list[int], sampling: Sampling, paces: Paces, first: Sequence[int] = ()
    ) -> None:
        self._model = model
        self._device = _input_device(model)
        self._seen = torch.tensor([ids], device=self._device)
        self._cache = DynamicCache(config=model.config)
        self._sampler = Sampler(sampling, self._device)
        self._allowed = first
        self._paces = paces

    def tokens(self, stop: Event, limit: int) -> Iterator[int]:
        """The tokens of the answer, at most `limit`, until `stop` is set."""
        logits = self._prefill(stop)
        for number in range(1, limit + 1):
            if stop.is_set() or logits is None:
                return
            yield self._choose(logits)
            if number < limit and not stop.is_set():
                logits = self._forward(self._seen[:, -1:])

    def _prefill(self, stop: Event) -> torch.Tensor | None:
        """Logits after the prompt, shape (1, vocabulary), or None if it was stopped before its end."""
        logits = None
        for rows in torch.split(self._seen, PREFILL_ROWS, dim=1):
            if stop.is_set():
                return None
            logits = self._forward(rows)
        return logits

    @torch.inference_mode()
    def _forward(self, ids: torch.Tensor) -> torch.Tensor:
        with self._paces.step(ids.shape[1]):
            output = self._model(input_ids=ids, past_key_values=self._cache, use_cache=True, logits_to_keep=1)
        logits: torch.Tensor = output.logits[:, -1]
        return logits

    @torch.inference_mode()
    def _choose(self, logits: torch.Tensor) -> int:
        if self._allowed:
            allowed, self._allowed = list(self._allowed), ()
            mask = torch.full_like(logits, float("-inf"))
            mask[:, allowed] = logits[:, allowed]
            logits = mask
        token = self._sampler.choose(logits, self._seen)
        self._seen = torch.cat([self._seen, torch.tensor([[token]], device=self._device)], dim=1)
        return token


def _input_device(model: PreTrainedModel) -> torch.device:
    """Where the model's inputs go: the device of its first weights, unless those wait on disk."""
    weights: torch.Tensor = model.get_input_embeddings().weight  # type: ignore[assignment]
    return torch.device("cpu") if weights.device.type == "meta" else weights.device
