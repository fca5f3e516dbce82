"""Linear layers with 8-bit weights, for processors.

Writing one token reads every weight once, so its speed is that of the memory: half the bytes, twice the tokens. One
scale for each output row keeps the error (0.8 % of a matrix product) far below that of the 4 to 6 bit files that the
weights came from, so nothing is quantised twice to any effect.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import torch
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Callable

# From about this many rows on, unpacking to BF16 and multiplying there is faster (measured with AVX-512 and BF16).
PACKED_ROWS: Final = 4
_packed_product: Callable[..., torch.Tensor] = torch._weight_int8pack_mm  # noqa: SLF001 - PyTorch names it no other way


class Int8Linear(nn.Module):
    """Takes the place of a `Linear` in BF16; inputs and outputs stay BF16.

    Args:
        linear: the layer to replace; weight of shape (outputs, inputs).
    """

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        weight = linear.weight.detach()
        scale = (weight.abs().amax(dim=1).float() / 127).clamp(min=1e-10).to(torch.bfloat16)
        packed = torch.empty(weight.shape, dtype=torch.int8)
        for rows in range(0, len(weight), 8192):  # bounds the memory of the large output matrices
            part = weight[rows : rows + 8192].float() / scale[rows : rows + 8192, None].float()
            packed[rows : rows + 8192] = part.round_().clamp_(-127, 127).to(torch.int8)
        self.packed: torch.Tensor
        self.scale: torch.Tensor
        self.register_buffer("packed", packed)
        self.register_buffer("scale", scale)
        self.bias = linear.bias

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


def quantise(model: nn.Module) -> None:
    """Replace all `Linear` layers of a BF16 model in main memory, one after another, freeing the old weights."""
    for name, child in model.named_children():
        if isinstance(child, nn.Linear):
            setattr(model, name, Int8Linear(child))
        else:
            quantise(child)
