"""A model that fails in the middle: the turns that it touches end with a message and their text, the next one works."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import local_engines
import pytest
import tiny_models
import torch
from local_engines import WARM, write, write_all

from model.local import LocalEngine

LONG = replace(WARM, max_tokens=100)
BAD = "~"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_models.llama(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def engine(folder: Path) -> Iterator[LocalEngine]:
    engine = local_engines.engine(folder)
    yield engine
    engine.close()


def bad_token(engine: LocalEngine) -> int:
    return engine._codec.tokens(BAD)[0]


def test_numbers_that_are_none_end_only_the_answer_that_has_them(engine: LocalEngine) -> None:
    bad, expected = bad_token(engine), write(engine, "Fine", LONG)[0]
    local_engines.watched(engine, lambda ids, made: made.masked_fill((ids == bad)[..., None], float("nan")))
    (_, broken), (text, fine) = write_all(engine, [(f"Bad {BAD}", LONG), ("Fine", LONG)])
    assert (broken.status, fine.status != "failed") == ("failed", True)
    assert "NaN" in broken.message
    assert text == expected


def test_a_step_that_raises_ends_only_the_answer_that_raises(engine: LocalEngine) -> None:
    bad, expected = bad_token(engine), write(engine, "Fine", LONG)[0]

    def refuse(ids: torch.Tensor, made: torch.Tensor) -> torch.Tensor:
        if (ids == bad).any():
            raise RuntimeError("DefaultCPUAllocator: not enough memory")
        return made

    local_engines.watched(engine, refuse)
    (_, broken), (text, _) = write_all(engine, [(f"Bad {BAD}", LONG), ("Fine", LONG)])
    assert broken.status == "failed"
    assert "ran out of memory" in broken.message
    assert text == expected


def test_texts_that_are_computed_one_by_one_are_not_fed_twice_if_others_fail(tmp_path: Path) -> None:
    engine = local_engines.engine(tiny_models.codegen(tmp_path))
    bad, expected = bad_token(engine), write(engine, "Fine", LONG)[0]

    def refuse(ids: torch.Tensor, made: torch.Tensor) -> torch.Tensor:
        if (ids == bad).any():
            raise RuntimeError("DefaultCPUAllocator: not enough memory")
        return made

    def ask(request: str) -> None:
        written[request], _ = write(engine, request, LONG)

    gate, written, threads = local_engines.Gate(engine), dict[str, str](), []
    for number, request in enumerate(["Fine", *(f"{place} {BAD}" for place in range(4))], 1):
        threads.append(threading.Thread(target=ask, args=(request,)))
        threads[-1].start()
        local_engines.in_line(engine, number)
        gate.reached.wait()
    gate.forwards.damage = refuse
    gate.open.set()
    for thread in threads:
        thread.join()
    assert written.pop("Fine") == expected
    assert set(written.values()) == {""}
    engine.close()


def test_the_text_before_a_failure_is_kept_and_the_next_turn_works(engine: LocalEngine) -> None:
    expected = write(engine, "Hi", LONG)[0]
    fails = threading.Event()
    steps = 0

    def fail(_: torch.Tensor, made: torch.Tensor) -> torch.Tensor:
        nonlocal steps
        steps += 1
        return made * float("nan") if steps > 5 and not fails.is_set() else made

    local_engines.watched(engine, fail)
    text, outcome = write(engine, "Hi", LONG)
    assert outcome.status == "failed"
    assert text
    assert expected.startswith(text.rstrip("\ufffd"))
    fails.set()
    assert write(engine, "Hi", LONG)[0] == expected


def test_a_scheduler_that_breaks_leaves_no_reader_waiting(engine: LocalEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(engine._scheduler, "_reader", lambda: 1 / 0)
        assert {outcome.status for _, outcome in write_all(engine, [("Hi", LONG)] * 3)} == {"failed"}
    assert write(engine)[1].status != "failed"
