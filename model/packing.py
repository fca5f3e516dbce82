"""Weights of 4, 5, 6 or 8 bits in the order in which the kernels read them.

A matrix of shape (outputs, inputs) is cut into tiles of 16 outputs and groups of 32 inputs. A value is

    weight = scale * (quantum - centre)      or, with minima,      weight = scale * quantum + minimum

where the quantum is an unsigned number of `bits` bits, the centre half of its range, and scale and minimum belong to
one output and a group of inputs (or half of one: two parts). These are the forms of the quantised tensors of GGUF
files, so that those are kept as they are instead of being quantised twice.

    values   uint8   (tiles, groups, 64 * bits)           a group's quanta; below
    scales   float16 (tiles, groups * parts, 16)
    minima   float16 like scales, or absent

A tile's group has eight vectors of 64 quanta: vector `s` holds the inputs 4s to 4s+3 of output 0, then of output 1, and
so on. With 8 bits they follow each other. With fewer, four vectors of bytes hold the lowest 4 bits of vectors 0 to 3
in their lower halves and those of vectors 4 to 7 in their upper ones; for each further bit follow 64 bytes, a bit for
each quantum.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch

TILE: Final = 16
GROUP: Final = 32
# Rows that are packed at a time, so that a large matrix needs little memory besides its own.
_CHUNK: Final = 4096


@dataclass(frozen=True, slots=True)
class Packed:
    """A packed matrix; see the module for the shapes. Outputs are filled up to whole tiles with zeros."""

    values: torch.Tensor
    scales: torch.Tensor
    minima: torch.Tensor | None = None

    @property
    def bits(self) -> int:
        """Of a quantum."""
        return self.values.shape[2] // 64

    @property
    def parts(self) -> int:
        """Scales for each group of inputs: 1 or 2."""
        return self.scales.shape[1] // self.values.shape[1]

    @property
    def inputs(self) -> int:
        """Columns of the matrix."""
        return self.values.shape[1] * GROUP


def pack(quanta: torch.Tensor, bits: int, scales: torch.Tensor, minima: torch.Tensor | None = None) -> Packed:
    """Lay a matrix out for the kernels.

    Args:
        quanta: uint8, shape (outputs, inputs); inputs a multiple of 32.
        bits: 4, 5, 6 or 8.
        scales: shape (outputs, inputs / 32 * parts).
        minima: like scales, or None where quanta are centred.
    """
    tiles = -(-len(quanta) // TILE)
    values = torch.empty(tiles, quanta.shape[1] // GROUP, 64 * bits, dtype=torch.uint8)
    for first in range(0, len(quanta), _CHUNK):
        part = _filled(quanta[first : first + _CHUNK])
        values[first // TILE :][: len(part) // TILE] = _packed_values(part, bits)
    return Packed(values, _by_tiles(scales), None if minima is None else _by_tiles(minima))


def quantise(weight: torch.Tensor) -> Packed:
    """Round a matrix to 8 bits, with a scale for each group; off by at most 1/254 of the group's largest value."""
    groups = weight.shape[1] // GROUP
    quanta = torch.empty(weight.shape, dtype=torch.uint8)
    scales = torch.empty(len(weight), groups, dtype=torch.float16)
    for first in range(0, len(weight), _CHUNK):
        part = weight[first : first + _CHUNK].float().view(-1, groups, GROUP)
        # Rounded first, so that the quanta make up for it. The floor keeps groups of zeros from dividing by zero.
        scale = (part.abs().amax(dim=2) / 127).half().clamp(min=2.0**-24)
        rounded = (part / scale[..., None].float()).round_().clamp_(-128, 127) + 128
        quanta[first : first + _CHUNK] = rounded.view(len(part), -1).to(torch.uint8)
        scales[first : first + _CHUNK] = scale
    return pack(quanta, 8, scales)


def unpack(packed: Packed, outputs: int) -> torch.Tensor:
    """The matrix as float32, shape (outputs, inputs)."""
    quanta = _unpacked_values(packed.values, packed.bits)
    rows, inputs = quanta.shape
    width = GROUP // packed.parts
    scales = _by_rows(packed.scales)
    found = quanta.view(rows, -1, width).float()
    if packed.minima is None:
        found = (found - (1 << (packed.bits - 1))) * scales[..., None]
    else:
        found = found * scales[..., None] + _by_rows(packed.minima)[..., None]
    return found.view(rows, inputs)[:outputs]


def _filled(rows: torch.Tensor) -> torch.Tensor:
    """Rows of zeros added up to a whole tile."""
    missing = -len(rows) % TILE
    return torch.cat([rows, rows.new_zeros(missing, rows.shape[1])]) if missing else rows


def _packed_values(quanta: torch.Tensor, bits: int) -> torch.Tensor:
    tiles, groups = len(quanta) // TILE, quanta.shape[1] // GROUP
    vectors = quanta.view(tiles, TILE, groups, 8, 4).permute(0, 2, 3, 1, 4).reshape(tiles, groups, 8, 64)
    if bits == 8:  # noqa: PLR2004 - a whole byte
        return vectors.reshape(tiles, groups, 512)
    nibbles = (vectors[:, :, :4] & 15) | (vectors[:, :, 4:] << 4)
    planes = [_bits_to_bytes((vectors >> bit) & 1) for bit in range(4, bits)]
    return torch.cat([nibbles.reshape(tiles, groups, 256), *planes], dim=2)


def _unpacked_values(values: torch.Tensor, bits: int) -> torch.Tensor:
    tiles, groups, _ = values.shape
    if bits == 8:  # noqa: PLR2004 - a whole byte
        vectors = values.view(tiles, groups, 8, 64)
    else:
        nibbles = values[:, :, :256].reshape(tiles, groups, 4, 64)
        vectors = torch.cat([nibbles & 15, nibbles >> 4], dim=2)
        for bit in range(4, bits):
            plane = values[:, :, 256 + 64 * (bit - 4) :][:, :, :64]
            vectors |= _bytes_to_bits(plane) << bit
    return vectors.view(tiles, groups, 8, TILE, 4).permute(0, 3, 1, 2, 4).reshape(tiles * TILE, groups * GROUP)


def _bits_to_bytes(bits: torch.Tensor) -> torch.Tensor:
    """Eight bits a byte, the first one lowest: (tiles, groups, 8, 64) to (tiles, groups, 64)."""
    tiles, groups = bits.shape[:2]
    worth = torch.tensor([1 << bit for bit in range(8)], dtype=torch.uint8)
    return (bits.view(tiles, groups, 64, 8) * worth).sum(dim=3, dtype=torch.uint8)


def _bytes_to_bits(plane: torch.Tensor) -> torch.Tensor:
    tiles, groups, _ = plane.shape
    return ((plane[..., None] >> torch.arange(8, dtype=torch.uint8)) & 1).view(tiles, groups, 8, 64)


def _by_tiles(scales: torch.Tensor) -> torch.Tensor:
    """(outputs, count) to float16 of (tiles, count, 16)."""
    filled = _filled(scales)
    return filled.view(-1, TILE, filled.shape[1]).transpose(1, 2).to(torch.float16).contiguous()


def _by_rows(scales: torch.Tensor) -> torch.Tensor:
    """(tiles, count, 16) to float32 of (outputs, count)."""
    return scales.transpose(1, 2).reshape(-1, scales.shape[1]).float()
