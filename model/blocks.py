"""Reads the quantised tensors of GGUF files as what they are: small whole numbers with scales.

The layouts are those of llama.cpp (ggml/src/ggml-common.h; ggml-quants.c says how each is unpacked), of which
`gguf.dequantize` keeps only the products.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from gguf import GGMLQuantizationType as Kind

from model.packing import Packed, pack

if TYPE_CHECKING:
    import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Blocks:
    """A matrix as `pack` takes it; `quanta` of shape (outputs, inputs), unsigned."""

    quanta: torch.Tensor
    bits: int
    scales: torch.Tensor
    minima: torch.Tensor | None = None

    def rows(self, order: torch.Tensor) -> Blocks:
        """The same matrix with its rows in another order."""
        minima = None if self.minima is None else self.minima[order]
        return Blocks(self.quanta[order], self.bits, self.scales[order], minima)

    def packed(self) -> Packed:
        """Laid out for the kernels."""
        return pack(self.quanta, self.bits, self.scales, self.minima)


def read_blocks(data: npt.NDArray[np.uint8], kind: Kind) -> Blocks | None:
    """The tensor of a GGUF file, or None if its kind has no form that the kernels know.

    Args:
        data: as GGUFReader gives it, shape (outputs, bytes of a row).
        kind: of its blocks.
    """
    form = _FORMS.get(kind)
    if form is None:
        return None
    rows = len(data)
    quanta, scales, minima = form.read(data.reshape(-1, form.bytes))
    return Blocks(
        torch.from_numpy(quanta.reshape(rows, -1)),
        form.bits,
        torch.from_numpy(scales.reshape(rows, -1)),
        None if minima is None else torch.from_numpy(minima.reshape(rows, -1)),
    )


if TYPE_CHECKING:
    U8 = npt.NDArray[np.uint8]
    F32 = npt.NDArray[np.float32]
    Parts = tuple[U8, F32, F32 | None]


def _halfs(data: U8) -> F32:
    return np.ascontiguousarray(data).view(np.float16).astype(np.float32)


def _nibbles(data: U8) -> U8:
    """Lower halves of all bytes of a block, then the upper ones."""
    return np.concatenate([data & 15, data >> 4], axis=1)


def _fifth_bits(data: U8) -> U8:
    """Bit i of a block's 32-bit number, as 16 for quantum i."""
    return np.unpackbits(data, axis=1, bitorder="little") << np.uint8(4)


def _q4_0(blocks: U8) -> Parts:
    return _nibbles(blocks[:, 2:]), _halfs(blocks[:, :2]), None


def _q4_1(blocks: U8) -> Parts:
    return _nibbles(blocks[:, 4:]), _halfs(blocks[:, :2]), _halfs(blocks[:, 2:4])


def _q5_0(blocks: U8) -> Parts:
    return _nibbles(blocks[:, 6:]) | _fifth_bits(blocks[:, 2:6]), _halfs(blocks[:, :2]), None


def _q5_1(blocks: U8) -> Parts:
    quanta = _nibbles(blocks[:, 8:]) | _fifth_bits(blocks[:, 4:8])
    return quanta, _halfs(blocks[:, :2]), _halfs(blocks[:, 2:4])


def _q8_0(blocks: U8) -> Parts:
    return blocks[:, 2:] ^ np.uint8(128), _halfs(blocks[:, :2]), None  # adds 128 to a signed byte


def _k_scales(blocks: U8) -> tuple[F32, F32]:
    """Scales and minima of a super-block's eight groups: 6 bits each, the last four's upper two kept apart."""
    whole, least = _halfs(blocks[:, :2]), _halfs(blocks[:, 2:4])
    first, second, third = blocks[:, 4:8], blocks[:, 8:12], blocks[:, 12:16]
    scales = np.concatenate([first & 63, (third & 15) | ((first >> 6) << 4)], axis=1)
    minima = np.concatenate([second & 63, (third >> 4) | ((second >> 6) << 4)], axis=1)
    return whole * scales, -least * minima


def _k_nibbles(data: U8) -> U8:
    """Each 32 bytes hold a group in their lower halves and the next in their upper ones."""
    pairs = data.reshape(len(data), 4, 1, 32)
    return np.concatenate([pairs & 15, pairs >> 4], axis=2).reshape(len(data), 256)


def _q4_k(blocks: U8) -> Parts:
    return _k_nibbles(blocks[:, 16:]), *_k_scales(blocks)


def _q5_k(blocks: U8) -> Parts:
    groups = np.arange(8, dtype=np.uint8)[:, None]
    fifth = ((blocks[:, None, 16:48] >> groups) & np.uint8(1)).reshape(len(blocks), 256) << np.uint8(4)
    return _k_nibbles(blocks[:, 48:]) | fifth, *_k_scales(blocks)


def _q6_k(blocks: U8) -> Parts:
    count = len(blocks)
    low = blocks[:, :128].reshape(count, 2, 1, 64)
    lower = np.concatenate([low & 15, low >> 4], axis=2).reshape(count, 2, 4, 32)
    shifts = np.arange(0, 8, 2, dtype=np.uint8)[:, None]
    upper = (blocks[:, 128:192].reshape(count, 2, 1, 32) >> shifts) & 3
    scales = _halfs(blocks[:, 208:210]) * blocks[:, 192:208].view(np.int8)
    return (lower | (upper << 4)).reshape(count, 256), scales, None


@dataclass(frozen=True, slots=True)
class _Form:
    """How a kind's blocks are read: their bytes, the bits of a quantum, the reader."""

    bytes: int
    bits: int
    read: Callable[[U8], Parts]


_FORMS: Final[dict[Kind, _Form]] = {
    Kind.Q4_0: _Form(18, 4, _q4_0),
    Kind.Q4_1: _Form(20, 4, _q4_1),
    Kind.Q5_0: _Form(22, 5, _q5_0),
    Kind.Q5_1: _Form(24, 5, _q5_1),
    Kind.Q8_0: _Form(34, 8, _q8_0),
    Kind.Q4_K: _Form(144, 4, _q4_k),
    Kind.Q5_K: _Form(176, 5, _q5_k),
    Kind.Q6_K: _Form(210, 6, _q6_k),
}
