"""Packed matrices hold what they were made from, whatever the form; blocks of GGUF files are read as they are."""

import gguf
import numpy as np
import pytest
import torch
from gguf import GGMLQuantizationType as Kind

from model.blocks import read_blocks
from model.packing import pack, quantise, unpack

FORMS = [(4, 1, ""), (4, 1, "minima"), (5, 1, ""), (5, 1, "minima"), (6, 2, ""), (8, 1, "")]
# Where the float16 numbers of a block stand: random bytes there would be infinite now and then.
SCALES_AT = {"Q6_K": [208], "Q4_1": [0, 2], "Q5_1": [0, 2], "Q4_K": [0, 2], "Q5_K": [0, 2]}


@pytest.mark.parametrize(("bits", "parts", "minima"), FORMS)
def test_a_packed_matrix_is_the_one_that_was_packed(bits: int, parts: int, minima: str) -> None:
    torch.manual_seed(0)
    quanta = torch.randint(0, 1 << bits, (37, 96), dtype=torch.uint8)
    scales, least = (torch.rand(37, 3 * parts).half() for _ in range(2))
    packed = pack(quanta, bits, scales, least if minima else None)
    width = 32 // parts
    offset = least.repeat_interleave(width, 1).float() if minima else 0
    centred = quanta.float() - (0 if minima else 1 << (bits - 1))
    assert torch.equal(unpack(packed, 37), centred * scales.repeat_interleave(width, 1).float() + offset)
    assert (packed.bits, packed.parts, packed.inputs) == (bits, parts, 96)


def test_eight_bits_are_off_by_less_than_a_two_hundredth_of_the_largest() -> None:
    torch.manual_seed(0)
    weight = torch.randn(50, 64)
    weight[3] = 0
    off = (unpack(quantise(weight), 50) - weight).abs().view(50, 2, 32).amax(2)
    assert (off <= weight.view(50, 2, 32).abs().amax(2) / 200).all()


@pytest.mark.parametrize("kind", ["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q4_K", "Q5_K", "Q6_K"])
def test_blocks_hold_what_gguf_reads_from_them(kind: str) -> None:
    draw = np.random.default_rng(0)
    count, size = gguf.GGML_QUANT_SIZES[Kind[kind]]
    data = draw.integers(0, 256, (20, 512 // count * size), dtype=np.uint8)
    for place in SCALES_AT.get(kind, [0]):
        halfs = (draw.random((data.size // size, 1)) * 0.01 + 0.001).astype(np.float16)
        data.reshape(-1, size)[:, place : place + 2] = halfs.view(np.uint8)
    expected = torch.from_numpy(gguf.dequantize(data, Kind[kind]))
    blocks = read_blocks(data, Kind[kind])
    assert blocks is not None
    # The K kinds' scales are products, which are rounded to float16.
    assert (unpack(blocks.packed(), 20) - expected).abs().max() <= expected.abs().max() / 2000


def test_rows_change_places_with_their_scales() -> None:
    data = gguf.quantize(np.random.default_rng(0).normal(size=(20, 64)).astype(np.float32), Kind.Q5_0)
    order = torch.randperm(20)
    blocks = read_blocks(data, Kind.Q5_0)
    assert blocks is not None
    expected = torch.from_numpy(gguf.dequantize(data, Kind.Q5_0))[order]
    assert torch.equal(unpack(blocks.rows(order).packed(), 20), expected)


def test_other_kinds_are_left_to_gguf() -> None:
    assert read_blocks(np.zeros((1, 84), dtype=np.uint8), Kind.Q2_K) is None
