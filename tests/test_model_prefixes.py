"""What was read before is not read again."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

import local_engines
import pytest
import tiny_models
import torch
from conftest import wait_for
from local_engines import GREEDY, WARM, refinement, write

from model import prompt as prompts
from model.ahead import ROWS, Ahead
from model.batch import forward_of
from model.cache import Buffers, OwnCache, TextCache
from model.engine import Outcome, Sampling
from model.loading import load_model
from model.local import LocalEngine
from model.placement import Placement
from model.prefixes import Prefixes
from model.prompt import PromptState

IN_MEMORY = Placement("cpu", "float32", "none", "")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    base = tmp_path_factory.mktemp("tiny")
    makes = (tiny_models.llama, tiny_models.codegen, tiny_models.starcoder)
    return {make.__name__: make(base / make.__name__) for make in makes}


@pytest.fixture(params=["llama", "codegen", "starcoder"])
def engine(request: pytest.FixtureRequest, folders: dict[str, Path]) -> Iterator[LocalEngine]:
    engine = local_engines.engine(folders[request.param])
    yield engine
    engine.close()


def filled(tokens: int, *, croppable: bool = True) -> Buffers:
    cache = Buffers()
    cache.write(0, torch.arange(tokens).float()[None, :, None], torch.zeros(1, tokens, 1))
    cache.advance(tokens)
    cache.croppable = croppable
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


def test_what_cannot_be_copied_is_read_again(engine: LocalEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(cache: TextCache, length: int) -> TextCache:
        raise MemoryError(f"no room for {length} of {cache.size}")

    first = write(engine, "Sort it")
    for kind in (Buffers, OwnCache):
        monkeypatch.setattr(kind, "fork", refuse)
    text, outcome = write(engine, "Sort it")
    assert (text, outcome.status) == (first[0], first[1].status)
    assert outcome.tokens_known == 0


def expect(engine: LocalEngine, state: PromptState) -> None:
    """Tell the engine what will probably be asked, and wait until it has read that."""
    engine.expect(prompts.build(state, engine, WARM))
    wait_for(lambda: not engine._scheduler._ahead)


def test_what_will_probably_be_asked_is_read_while_nobody_is_answered(engine: LocalEngine) -> None:
    coming = refinement("Sort it, and give it a docstring", ["x = 1"] * 9)
    expect(engine, refinement("...", ["x = 1"] * 9))
    forwards = local_engines.watched(engine)
    text, outcome = write(engine, coming)
    known = engine._codec.encode(prompts.build(coming, engine, WARM).before_request)
    assert outcome.tokens_known == len(known) > outcome.tokens_in / 2
    assert forwards.rows[0] <= outcome.tokens_in - len(known)
    assert text == write(engine, coming)[0]


def test_what_is_asked_comes_before_what_is_read_ahead_and_takes_what_was_read(folders: dict[str, Path]) -> None:
    engine = local_engines.engine(folders["llama"])
    gate = local_engines.Gate(engine)
    state = refinement("...", ["x = 1"] * 20)
    engine.expect(prompts.build(state, engine, WARM))
    gate.reached.wait()
    engine.expect(prompts.build(replace(state, request="Hi", target=None), engine, WARM))
    found: list[tuple[str, Outcome]] = []
    asking = threading.Thread(target=lambda: found.append(write(engine, replace(state, request="Sort it"))))
    asking.start()
    local_engines.in_line(engine, 1)
    gate.open.set()
    asking.join()
    wait_for(lambda: not engine._scheduler._ahead)
    fresh = local_engines.engine(folders["llama"])
    assert found[0][0] == write(fresh, replace(state, request="Sort it"))[0]
    assert 0 < found[0][1].tokens_known <= ROWS
    for it in (engine, fresh):
        it.close()


def test_a_text_that_cannot_be_read_ahead_is_given_up_and_the_next_answer_comes(folders: dict[str, Path]) -> None:
    engine = local_engines.engine(folders["llama"])

    def fail(_: torch.Tensor, made: torch.Tensor) -> torch.Tensor:
        raise MemoryError

    forwards = local_engines.watched(engine, fail)
    expect(engine, refinement("..."))
    forwards.damage = lambda _, made: made
    assert write(engine, "Sort it")[1].status in {"done", "length"}
    engine.close()


def test_a_newer_text_is_read_before_the_rest_of_an_older_one(folders: dict[str, Path]) -> None:
    forward, prefixes, read = forward_of(load_model(folders["llama"], IN_MEMORY, folders["llama"])), Prefixes(10**9), []

    def pace(rows: int) -> AbstractContextManager[None]:
        read.append(rows)
        return nullcontext()

    ahead = Ahead(forward, prefixes, pace)
    old, new = [5] * 2 * ROWS, [6] * 2 * ROWS
    ahead.expect(old)
    ahead.step()
    ahead.expect(new)
    ahead.step()
    assert [list(known.tokens) for known in ahead.known] == [new[:ROWS]]
    ahead.step()
    assert ahead
    ahead.step()
    assert not ahead
    # Each was read once, whatever came between.
    assert read == [ROWS] * 4
    assert [known and known.cache.length for known in map(prefixes.longest, (old, new))] == [2 * ROWS] * 2


def test_an_engine_that_reads_ahead_closes_at_once(folders: dict[str, Path]) -> None:
    engine = local_engines.engine(folders["llama"])
    forwards = local_engines.watched(engine)
    for number in range(4):
        engine.expect(prompts.build(refinement("...", [f"x = {number}"] * 20), engine, WARM))
    engine.close()
    assert len(forwards.rows) <= 2


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


def test_what_cannot_go_back_takes_no_shorter_texts_place_and_keeps_none_out() -> None:
    prefixes = Prefixes(10**9)
    prefixes.keep([1, 2], filled(2, croppable=False))
    prefixes.keep([1, 2, 3, 4], filled(4, croppable=False))
    prefixes.keep([1, 2, 3], filled(3, croppable=False))
    prefixes.keep([1, 2, 3], filled(3, croppable=False))
    assert len(prefixes) == 3
    known = [prefixes.longest([*[1, 2, 3, 4][:length], 9]) for length in (2, 3, 4)]
    assert [its and its.cache.length for its in known] == [2, 3, 4]


def test_a_copy_goes_its_own_way() -> None:
    cache = filled(300)
    copied = cache.fork(200)
    copied.write(0, torch.full((1, 1, 1), -1.0), torch.zeros(1, 1, 1))
    copied.advance(1)
    assert (copied.length, cache.length) == (201, 300)
    assert cache.read(0, 300)[0].flatten().tolist() == list(range(300))
    assert copied.read(0, 201)[0].flatten().tolist() == [*range(200), -1]
