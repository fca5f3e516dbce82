"""Each build of the kernels computes what plain PyTorch computes, for one row and many, on one thread and two.

conftest.py leaves this file out on processors that the kernels are not made for.
"""

import resource
from collections.abc import Iterator
from itertools import pairwise

import psutil
import pytest
import torch
from torch.nn import functional
from transformers.models.llama.modeling_llama import apply_rotary_pos_emb

from model.kernels import Kernels, Matrices, find
from model.kernels.builds import BUILDS, Build
from model.packing import Packed, pack, unpack

# Bits, parts of a group, and how far below zero the minima reach, in halves of the range; 0: centred values.
FORMS = [(4, 1, 0), (4, 1, 1), (5, 1, 0), (5, 1, 1), (6, 2, 0), (8, 1, 0)]
ROWS = (*range(1, 10), 16, 21)
HERE = [build for build in BUILDS if build.runs()]


@pytest.fixture(scope="module", params=HERE, ids=[build.name for build in HERE])
def kernels(request: pytest.FixtureRequest) -> Kernels:
    build: Build = request.param
    assert build.library.is_file(), "run `make install`, which compiles them"
    return Kernels(build.library)


@pytest.fixture(autouse=True)
def _seed() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.manual_seed(0)
    yield
    torch.set_num_threads(threads)


def matrix(outputs: int, inputs: int, bits: int = 5, parts: int = 1, minima: int = 0) -> Packed:
    quanta = torch.randint(0, 1 << bits, (outputs, inputs), dtype=torch.uint8)
    scales, least = (torch.rand(outputs, inputs // 32 * parts) * 0.01 for _ in range(2))
    return pack(quanta, bits, scales, -least * (1 << bits) / 2 if minima else None)


def rounded(rows: torch.Tensor) -> torch.Tensor:
    """Rows as the kernels round them: 8 bits, a scale for each 32 numbers."""
    groups = rows.reshape(*rows.shape[:-1], -1, 32)
    scale = groups.abs().amax(-1, keepdim=True) / 127
    return ((groups / scale).round() * scale).reshape(rows.shape)


def near(found: torch.Tensor, expected: torch.Tensor, share: float = 1e-5) -> bool:
    return bool((found - expected).norm() <= share * expected.norm())


@pytest.mark.parametrize(("bits", "parts", "minima"), FORMS)
def test_products_are_exact_up_to_the_rounding_of_the_rows(
    kernels: Kernels, bits: int, parts: int, minima: int
) -> None:
    packed = matrix(200, 96, bits, parts, minima)
    bias = torch.randn(200)
    matrices = Matrices([(packed, 200, bias)])
    for count in ROWS:
        rows = torch.randn(count, 96)
        found = kernels.linear(matrices, rows)
        assert near(found, functional.linear(rounded(rows), unpack(packed, 200), bias)), count
        assert near(found, functional.linear(rows, unpack(packed, 200), bias), 0.02), count


@pytest.mark.parametrize(("bits", "parts", "minima"), FORMS)
def test_the_largest_values_and_inputs_overflow_nowhere(kernels: Kernels, bits: int, parts: int, minima: int) -> None:
    quanta = torch.tensor([[0], [(1 << bits) - 1]], dtype=torch.uint8).repeat(24, 96)
    packed = pack(quanta, bits, torch.full((48, 3 * parts), 0.01), torch.full((48, 3), -0.3) if minima else None)
    for count in (1, 8):
        for sign in (1, -1):
            rows = torch.full((count, 96), 2.0 * sign)
            rows[:, 1] = -rows[:, 1]
            found = kernels.linear(Matrices([(packed, 48, None)]), rows)
            assert near(found, functional.linear(rows, unpack(packed, 48)), 1e-6), (count, sign)


def test_all_builds_round_alike(kernels: Kernels) -> None:
    fastest = find()
    assert fastest is not None
    rows = torch.randn(1, 13, 64) * 3
    angles = torch.rand(1, 13, 8).repeat(1, 1, 2) * 6
    query, keys = torch.randn(1, 4, 13, 64), torch.randn(2, 1, 2, 40, 64)
    parts = [(matrix(160, 64, *form), 160, torch.randn(160)) for form in FORMS]
    down = matrix(64, 160, 6, 2), 64, None
    for made, expected in zip(
        *(
            [
                *(each.linear(Matrices([part]), rows) for part in parts),
                *(each.mlp(Matrices([gate, up, down]), rows) for gate, up in pairwise(parts)),
                each.heads(Matrices(parts[:3]), rows, angles.cos(), angles.sin()),
                each.attention(query, *keys, None, 0.3),
                each.norm(rows, torch.ones(64), 1e-6),
            ]
            for each in (kernels, fastest)
        ),
        strict=True,
    ):
        assert torch.equal(made, expected)


def test_outputs_that_fill_no_tile_and_rows_of_zeros(kernels: Kernels) -> None:
    packed = matrix(5, 32)
    rows = torch.stack([torch.zeros(32), torch.randn(32)])
    found = kernels.linear(Matrices([(packed, 5, None)]), rows)
    assert found.shape == (2, 5)
    assert torch.equal(found[0], torch.zeros(5))
    assert near(found[1], rounded(rows)[1] @ unpack(packed, 5).T)


def test_threads_do_not_change_a_bit(kernels: Kernels) -> None:
    matrices = Matrices([(matrix(4000, 64), 4000, None)])
    rows = torch.randn(19, 64)
    found = []
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        found.append(kernels.linear(matrices, rows))
    assert torch.equal(found[0], found[1])
    assert torch.equal(found[0], found[2])


def test_a_row_comes_out_the_same_alone_and_among_others(kernels: Kernels) -> None:
    matrices = Matrices([(matrix(100, 64, 4, minima=1), 100, None)])
    rows = torch.randn(13, 64)
    together = kernels.linear(matrices, rows)
    for number in range(13):
        assert torch.equal(kernels.linear(matrices, rows[number : number + 1])[0], together[number])


@pytest.mark.parametrize("count", [1, 3, 20])
def test_gate_up_and_down_in_one_call(kernels: Kernels, count: int) -> None:
    gate, up, down = matrix(160, 64), matrix(160, 64, 4, minima=1), matrix(64, 160, 6, 2)
    rows = torch.randn(1, count, 64) * 3
    found = kernels.mlp(Matrices([(gate, 160, None), (up, 160, None), (down, 64, None)]), rows)
    seen = rounded(rows)
    inner = functional.silu(seen @ unpack(gate, 160).T) * (seen @ unpack(up, 160).T)
    # A number that lies between two steps may be rounded either way.
    assert near(found, rounded(inner) @ unpack(down, 64).T, 1e-3)


@pytest.mark.parametrize(("batch", "positions"), [(1, 1), (3, 3), (3, 1)])
def test_queries_and_keys_are_turned_as_transformers_turns_them(kernels: Kernels, batch: int, positions: int) -> None:
    parts = [(matrix(64, 32), 64, torch.randn(64)), (matrix(32, 32), 32, None), (matrix(32, 32, 8), 32, None)]
    rows = torch.randn(batch, 5, 32)
    angles = torch.rand(positions, 5, 8).repeat(1, 1, 2) * 6
    made = kernels.heads(Matrices(parts), rows, angles.cos(), angles.sin())
    query, key, value = (
        functional.linear(rounded(rows), unpack(packed, outputs), bias).view(batch, 5, -1, 16).transpose(1, 2)
        for packed, outputs, bias in parts
    )
    expected = torch.cat([*apply_rotary_pos_emb(query, key, angles.cos(), angles.sin()), value], dim=1)
    assert near(made.transpose(1, 2), expected)


def test_norms_are_those_of_torch(kernels: Kernels) -> None:
    rows, weight = torch.randn(2, 20, 48) * 7, torch.randn(48)
    assert near(kernels.norm(rows, weight, 1e-6), functional.rms_norm(rows, (48,), weight, 1e-6))


@pytest.mark.parametrize("width", [16, 64, 80, 128])
@pytest.mark.parametrize(("batch", "rows", "length"), [(1, 1, 1), (1, 1, 70), (3, 1, 33), (1, 5, 40), (2, 8, 8)])
def test_attention_is_that_of_torch(kernels: Kernels, width: int, batch: int, rows: int, length: int) -> None:
    query = torch.randn(batch, rows, 6, width).transpose(1, 2)
    key, value = torch.randn(2, batch, 2, length + 3, width)[:, :, :, :length]
    causal = torch.ones(rows, length, dtype=torch.bool).tril(length - rows)
    mask = causal.expand(batch, 1, rows, length).clone()
    mask[0, :, :, : length // 3] = False  # as if the first sequence were filled up on its left
    for given, seen in ((mask, mask), (None, causal)):
        found = kernels.attention(query, key, value, given, 0.3)
        expected = functional.scaled_dot_product_attention(query, key, value, seen, scale=0.3, enable_gqa=True)
        kept = seen.expand(batch, 1, rows, length).any(3)[:, 0, :, None, None]
        assert near(found * kept, expected.transpose(1, 2).nan_to_num() * kept)


@pytest.mark.parametrize("width", [16, 64])
def test_texts_of_any_length_attend_in_one_call(kernels: Kernels, width: int) -> None:
    shapes = [(1, 1), (1, 300), (5, 21), (40, 75), (2, 2), (1, 16)]  # rows and length
    query = torch.randn(1, sum(rows for rows, _ in shapes) + 1, 8, width).transpose(1, 2)  # the first row is of no text
    outputs = torch.full((1, query.shape[2], 6, width), 7.0)
    texts, start = [], 1
    for rows, length in shapes:
        texts.append((*torch.randn(2, 2, length + 3, width), start, rows, length))
        start += rows
    kernels.attend(texts, query[:, :6], 0.3, outputs)
    for keys, values, at, rows, length in texts:
        mine = query[:, :6, at : at + rows]
        seen = torch.ones(1, 1, rows, length, dtype=torch.bool).tril(length - rows)
        alone = kernels.attention(mine, keys[None, :, :length], values[None, :, :length], seen, 0.3)
        assert torch.equal(outputs[:, at : at + rows], alone)
    assert torch.all(outputs[:, 0] == 7)


def test_a_row_attends_alike_alone_and_in_a_prompt_of_any_length(kernels: Kernels) -> None:
    keys, values = torch.randn(2, 2, 90, 48)
    query = torch.randn(1, 83, 6, 48).transpose(1, 2)
    together, alone = torch.empty(2, 1, 83, 6, 48)
    kernels.attend([(keys, values, 0, 83, 90)], query, 0.3, together)
    kernels.attend([(keys, values, row, 1, row + 8) for row in range(83)], query, 0.3, alone)
    assert torch.equal(alone, together)


def test_a_row_that_sees_nothing_gets_zeros(kernels: Kernels) -> None:
    query, key = torch.randn(1, 2, 1, 16), torch.randn(1, 1, 4, 16)
    mask = torch.zeros(1, 1, 1, 4, dtype=torch.bool)
    assert torch.equal(kernels.attention(query, key, key, mask, 1.0), torch.zeros(1, 1, 2, 16))


def test_where_memory_is_missing_the_call_says_so_and_the_next_one_works(kernels: Kernels) -> None:
    wide = 16_000  # 4096 rows of it twice are 524 MB, while inputs and outputs are small
    matrices = Matrices([(matrix(wide, 32), wide, None), (matrix(wide, 32), wide, None), (matrix(32, wide), 32, None)])
    rows = torch.randn(4096, 32)
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (psutil.Process().memory_info().vms + 2**24, hard))
    try:
        with pytest.raises(MemoryError, match="packed_mlp"):
            kernels.mlp(matrices, rows)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    assert near(kernels.mlp(matrices, rows[:5])[:1], kernels.mlp(matrices, rows[:1]))
