"""How likely a model finds a text that somebody else wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from model.batch import Rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from model.batch import Forward


def log_likelihood(forward: Forward, before: Sequence[int], tokens: Sequence[int]) -> float:
    """The natural logarithm of the probability of `tokens`, one after another, behind `before`.

    Args:
        forward: computes.
        before: at least one token.
        tokens: at least one.
    """
    with torch.inference_mode():
        (logits,) = forward([Rows(forward.new_cache(), [*before, *tokens[:-1]], len(tokens))])
        chosen = torch.tensor(tokens, device=logits.device)[:, None]
        return float(logits.float().log_softmax(dim=-1).gather(1, chosen).sum())
