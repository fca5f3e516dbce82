"""What was read before is not read again."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import local_engines
import pytest
import tiny_models
import torch
from local_engines import GREEDY, WARM, refinement, write

from model.cache import Buffers
from model.engine import Sampling
from model.local import LocalEngine
from model.prefixes import Prefixes


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    base = tmp_path_factory.mktemp("tiny")
    return {"llama": tiny_models.llama(base / "llama"), "codegen": tiny_models.codegen(base / "codegen")}


@pytest.fixture(params=["llama", "codegen"])
def engine(request: pytest.FixtureRequest, folders: dict[str, Path]) -> Iterator[LocalEngine]:
    engine = local_engines.engine(folders[request.param])
    yield engine
    engine.close()


def filled(tokens: int) -> Buffers:
    cache = Buffers()
    cache.write(0, torch.arange(tokens).float()[None, :, None], torch.zeros(1, tokens, 1))
    cache.advance(tokens)
    return cache


@pytest.mark.parametrize("sampling", [GREEDY, WARM])
def test_the_same_request_reads_one_token_and_gets_the_same_text(engine: LocalEngine, sampling: Sampling) -> None:
    first, second = write(engine, "Sort it", sampling), write(engine, "Sort it", sampling)
    assert first[0] == second[0]
    assert (first[1].tokens_known, second[1].tokens_known) == (0, first[1].tokens_in - 1)


def test_a_turn_after_another_reads_only_what_is_new(folders: dict[str, Path]) -> None:
    engine = local_engines.engine(folders["llama"])
    before, after = refinement("First"), replace(refinement("Other"), constraints=())
    write(engine, before)
    fresh = local_engines.engine(folders["llama"])
    text, outcome = write(engine, after)
    assert outcome.tokens_known > outcome.tokens_in / 2
    assert text == write(fresh, after)[0]
    # An earlier turn is edited: what it shares with the first request is known all the same.
    assert write(engine, refinement("First of all"))[1].tokens_known > outcome.tokens_known
    for it in (engine, fresh):
        it.close()


def test_the_least_recently_used_text_goes_first() -> None:
    one = filled(4).size
    prefixes = Prefixes(2 * one)
    prefixes.keep([1, 2, 3, 4], filled(4))
    prefixes.keep([5, 6, 7, 8], filled(4))
    assert prefixes.longest([1, 2, 9]) is not None
    prefixes.keep([9, 9, 9, 9], filled(4))
    assert prefixes.size == 2 * one
    assert prefixes.longest([5, 6]) is None
    assert prefixes.longest([1, 2]) is not None


def test_a_text_that_contains_another_takes_its_place() -> None:
    prefixes = Prefixes(10**9)
    prefixes.keep([1, 2, 3], filled(3))
    prefixes.keep([1, 2, 3, 4], filled(4))
    prefixes.keep([1, 2], filled(2))
    assert len(prefixes) == 1
    known = prefixes.longest([1, 2, 3, 4, 5])
    assert known is not None
    assert known.shared([1, 2, 3, 7]) == 3


def test_a_copy_goes_its_own_way() -> None:
    cache = filled(300)
    copied = cache.fork(200)
    copied.write(0, torch.full((1, 1, 1), -1.0), torch.zeros(1, 1, 1))
    copied.advance(1)
    assert (copied.length, cache.length) == (201, 300)
    assert cache.read(0, 300)[0].flatten().tolist() == list(range(300))
    assert copied.read(0, 201)[0].flatten().tolist() == [*range(200), -1]
