"""Linear layers with 8-bit weights on PyTorch's own operations, for processors that the kernels do not know.

One scale for each output row; the error is 0.8 % of a product of random matrices.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import torch
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Callable

# From about this many rows on, unpacking and multiplying there is faster.
PACKED_ROWS: Final = 4
_packed_product: Callable[..., torch.Tensor] = torch._weight_int8pack_mm  # noqa: SLF001 - PyTorch names it no other way


class Int8Linear(nn.Module):
    """Takes the place of a `Linear`.

    Args:
        weight: of shape (outputs, inputs).
        bias: of shape (outputs,), or None.
        dtype: of the scales, and of the rows that will be multiplied.
    """

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None, dtype: torch.dtype) -> None:
        super().__init__()
        scale = (weight.abs().amax(dim=1).float() / 127).clamp(min=1e-10).to(dtype)
        packed = torch.empty(weight.shape, dtype=torch.int8)
        for rows in range(0, len(weight), 8192):  # bounds the memory of the large output matrices
            part = weight[rows : rows + 8192].float() / scale[rows : rows + 8192, None].float()
            packed[rows : rows + 8192] = part.round_().clamp_(-127, 127).to(torch.int8)
        self.packed: torch.Tensor
        self.scale: torch.Tensor
        self.register_buffer("packed", packed, persistent=False)
        self.register_buffer("scale", scale, persistent=False)
        self.bias = bias

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Multiply: shape (..., inputs) to (..., outputs)."""
        flat = inputs.reshape(-1, inputs.shape[-1])
        if len(flat) <= PACKED_ROWS:
            product = _packed_product(flat, self.packed, self.scale)
        else:
            # Numbers of 8 bits are exact in BF16, so the scale can wait until after the product.
            product = nn.functional.linear(flat, self.packed.to(flat.dtype)) * self.scale
        product = product.view(*inputs.shape[:-1], -1)
        return product if self.bias is None else product + self.bias
