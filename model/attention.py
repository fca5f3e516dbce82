"""Attention on processors, registered with Transformers under the name "decode".

`scaled_dot_product_attention` spends 0.4 ms a layer on a single query row, and rounds a row differently with other rows
beside it. The kernels take its place; where there are none, a single row is two small products.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import torch
from transformers import AttentionInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import AttentionMaskInterface, sdpa_mask

from model.kernels import VECTOR, WIDEST

if TYPE_CHECKING:
    from torch import nn

    from model.kernels import Kernels

NAME: Final = "decode"


def decode_attention(
    module: nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    *,
    kernels: Kernels | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    **others: Any,  # noqa: ANN401 - whatever the model's forward was given
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Attend from `query`, shape (batch, heads, rows, width), to `key` and `value`, (batch, kv heads, length, width).

    Args:
        module: whose attention it is.
        query: the last positions.
        key: of all positions.
        value: likewise.
        attention_mask: bool, shape (batch, 1, rows, length), or None: each row sees what is not after it.
        kernels: compute in float32; None if there are none.
        scaling: factor of the products; None for one over the root of the width.
        dropout: 0, as nothing is trained.
        others: passed on to `scaled_dot_product_attention`, which takes what the kernels do not.

    Returns:
        Shape (batch, rows, heads, width), and no weights.
    """
    scale = query.shape[3] ** -0.5 if scaling is None else scaling
    if kernels is not None and _taken(query, key, value, attention_mask):
        return kernels.attention(query, key, value, attention_mask, scale), None
    if query.shape[0] == query.shape[2] == 1 and attention_mask is None:
        return _single_row(query, key, value, scale), None
    found: tuple[torch.Tensor, torch.Tensor | None] = sdpa_attention_forward(
        module, query, key, value, attention_mask, scaling=scaling, dropout=dropout, **others
    )
    return found


def register(kernels: Kernels | None) -> None:
    """Make `attn_implementation="decode"` known to Transformers; doing it again changes nothing."""
    AttentionInterface.register(NAME, partial(decode_attention, kernels=kernels))
    AttentionMaskInterface.register(NAME, sdpa_mask)


def _taken(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor | None) -> bool:
    """Whether the kernels take these shapes; without a mask several rows must be all there is to see."""
    rows, width = query.shape[2:]
    return (
        (mask is not None or rows in (1, key.shape[2]))
        and (mask is None or (mask.dtype == torch.bool and mask.shape[1] == 1 and mask.stride(3) == 1))
        and query.dtype == key.dtype == value.dtype == torch.float32
        and query.device.type == "cpu"
        and width % VECTOR == 0
        and width <= WIDEST
        and key.shape[3] == value.shape[3] == width
        and query.stride(3) == key.stride(3) == value.stride(3) == 1
    )


def _single_row(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, scale: float) -> torch.Tensor:
    """Two small batched products, with the query heads of each key/value head as rows."""
    _, heads, _, width = query.shape
    groups = key.shape[1]
    scores = torch.bmm(query.reshape(groups, heads // groups, width), key[0].transpose(1, 2))
    shares = torch.softmax(scores.float() * scale, dim=-1).to(query.dtype)
    return torch.bmm(shares, value[0]).view(1, 1, heads, width)
