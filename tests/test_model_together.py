"""Several answers at once: each as if it were alone, in fair order, and none left waiting."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import local_engines
import pytest
import tiny_models
from conftest import wait_for
from local_engines import GREEDY, WARM, Gate, in_line, plainly, refinement, seeded, write, write_all

from model import prompt as prompts
from model.catalogue import entry
from model.decode import Decoding, Task
from model.engine import Sampling, TextStream
from model.loader import LocalLoader
from model.local import LocalEngine
from model.placement import PACKED
from model.prompt import PromptState
from model.scheduler import order

LONG = replace(WARM, max_tokens=300)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    base = tmp_path_factory.mktemp("tiny")
    return {"llama": tiny_models.llama(base / "llama"), "codegen": tiny_models.codegen(base / "codegen")}


@pytest.fixture
def llama(folders: dict[str, Path]) -> Iterator[LocalEngine]:
    engine = local_engines.engine(folders["llama"], most_live=3, most_waiting=20)
    yield engine
    engine.close()


def start(engine: LocalEngine, request: str = "Hi", sampling: Sampling = LONG) -> tuple[TextStream, threading.Event]:
    stop = threading.Event()
    return engine.stream(prompts.build(PromptState(request), engine, sampling), sampling, stop), stop


@pytest.mark.parametrize("kind", ["llama", "codegen"])
def test_each_answer_in_company_is_what_a_plain_loop_writes(folders: dict[str, Path], kind: str) -> None:
    asked: list[tuple[str | PromptState, Sampling]] = [
        ("Sort it", GREEDY),
        ("Sort it", WARM),
        ("x" * 70, replace(WARM, temperature=0.7, top_p=0.9)),
        ("Hi", replace(WARM, top_k=20, max_tokens=25)),
        ("ab " * 9, replace(GREEDY, repetition_penalty=1.3)),
        (refinement(), WARM),
        ("Sort it", replace(WARM, seed=8)),
    ]
    engine = local_engines.engine(folders[kind])
    written = write_all(engine, asked)
    assert [text for text, _ in written] == [plainly(folders[kind], request, sampling) for request, sampling in asked]
    engine.close()


def test_with_packed_weights_company_and_kept_beginnings_change_no_letter(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    def fresh() -> LocalEngine:
        made = LocalLoader(tmp_path, (), (PACKED,))(entry(str(folders["llama"])), lambda _: None, threading.Event())
        assert isinstance(made, LocalEngine)
        return made

    asked: list[tuple[str | PromptState, Sampling]] = [
        ("Sort it " * 40, replace(WARM, temperature=1.5)),
        ("Sort it " * 40, replace(WARM, temperature=1.5, seed=8)),
        ("Hi", WARM),
        (refinement(lines=["x = 1"] * 30), WARM),
    ]
    alone = []
    for question in asked:
        with closing(fresh()) as engine:
            alone.append(write(engine, *question)[0])
    with closing(fresh()) as engine:
        together = [text for text, _ in write_all(engine, asked)]
        again = [write(engine, *question) for question in asked]
    assert together == alone
    assert [text for text, _ in again] == alone
    assert all(outcome.tokens_known for _, outcome in again)


def test_candidates_of_one_turn_read_their_prompt_once(folders: dict[str, Path]) -> None:
    engine = local_engines.engine(folders["llama"])
    forwards = local_engines.watched(engine)
    written = write_all(engine, [("Sort it", sampling) for sampling in seeded(1, 2, 3, 4)])
    assert len({text for text, _ in written}) == 4
    tokens = written[0][1].tokens_in
    assert sorted(outcome.tokens_known for _, outcome in written) == [0, *[tokens - 1] * 3]
    assert sum(forwards.rows) < 2 * tokens + 4 * 40
    engine.close()


def test_one_step_serves_all(llama: LocalEngine) -> None:
    forwards = local_engines.watched(llama)
    gate = Gate(llama)
    results: list[str] = []
    threads = [threading.Thread(target=lambda: results.append(write(llama, "Hi", LONG)[0])) for _ in range(3)]
    for thread in threads:
        thread.start()
    gate.reached.wait()
    in_line(llama, 3)
    gate.open.set()
    for thread in threads:
        thread.join()
    tokens = [len(llama._codec.tokens(text)) for text in results]
    assert len(forwards.rows) < sum(tokens)


def test_twenty_threads_are_all_answered(llama: LocalEngine) -> None:
    asked = [(f"Request {number % 5}", replace(WARM, seed=number % 4)) for number in range(20)]
    written = write_all(llama, asked)
    assert {outcome.status for _, outcome in written} <= {"done", "length"}
    alone = {question: write(llama, *question)[0] for question in set(asked)}
    assert [text for text, _ in written] == [alone[question] for question in asked]


@contextmanager
def three_others(llama: LocalEngine) -> Iterator[Gate]:
    """Three answers, held before their next step until the gate is opened, and awaited in the end."""
    gate = Gate(llama)
    others = [threading.Thread(target=write, args=(llama, f"Request {number}", LONG)) for number in range(3)]
    for thread in others:
        thread.start()
    gate.reached.wait()
    in_line(llama, 3)
    yield gate
    gate.open.set()
    for thread in others:
        thread.join()


def test_a_place_in_the_queue_is_told_and_left(llama: LocalEngine) -> None:
    told = []
    with three_others(llama) as gate:
        stream, stop = start(llama, "Late")

        def read() -> None:
            for _ in stream:
                told.append(stream.ahead)
                stop.set()

        reader = threading.Thread(target=read)
        reader.start()
        gate.open.set()
        reader.join()
    assert told[0] == 1
    assert stream.outcome.status == "stopped"
    assert stream.outcome.tokens_out == 0


def test_an_answer_that_leaves_the_queue_is_told_before_its_text_comes(llama: LocalEngine) -> None:
    with three_others(llama) as gate, start(llama, "Late")[0] as stream:
        assert (next(stream), stream.ahead) == ("", 1)
        gate.open.set()
        assert (next(stream), stream.ahead) == ("", 0)
        assert next(stream)


def test_one_more_than_may_wait_is_refused_with_the_numbers(folders: dict[str, Path]) -> None:
    engine = local_engines.engine(folders["llama"], most_live=1, most_waiting=1)
    gate = Gate(engine)
    threads = []
    for number in range(2):
        threads.append(threading.Thread(target=write, args=(engine, f"Request {number}", LONG)))
        threads[-1].start()
        in_line(engine, number + 1)
        gate.reached.wait()
    text, outcome = write(engine)
    assert (text, outcome.status) == ("", "failed")
    assert "1 answers are being written and 1 wait" in outcome.message
    gate.open.set()
    for thread in threads:
        thread.join()
    assert write(engine)[1].status in ("done", "length")
    engine.close()


def test_a_single_answer_does_not_wait_behind_many_candidates() -> None:
    def asked(prompt: int) -> Decoding:
        return Decoding(Task([prompt], WARM, 9, frozenset(), threading.Event()))

    many, one = [asked(1) for _ in range(4)], asked(2)
    assert order(many[:1], [*many[1:], one]) == [one, *many[1:]]
    other = [asked(2) for _ in range(2)]
    assert order([], [*many, *other]) == [many[0], other[0], many[1], other[1], many[2], many[3]]


def test_whoever_leaves_makes_place(folders: dict[str, Path]) -> None:
    engine = local_engines.engine(folders["llama"], most_live=1)
    stream, _ = start(engine)
    next(stream)
    stream.close()
    assert write(engine)[1].status in ("done", "length")
    wait_for(lambda: not engine._scheduler._live)
    engine.close()


def test_closing_lets_the_running_answer_end_and_refuses_the_waiting_one(folders: dict[str, Path]) -> None:
    engine = local_engines.engine(folders["llama"], most_live=1)
    expected = write(engine, "Hi", LONG)[0]
    gate = Gate(engine)
    written: list[tuple[str, str]] = []

    def ask(name: str) -> None:
        text, outcome = write(engine, name, LONG)
        written.append((text, outcome.status + outcome.message))

    running = threading.Thread(target=ask, args=("Hi",))
    running.start()
    gate.reached.wait()
    waiting = threading.Thread(target=ask, args=("Late",))
    waiting.start()
    wait_for(lambda: len(engine._scheduler._waiting) == 1)
    closing = threading.Thread(target=engine.close)
    closing.start()
    waiting.join()
    gate.open.set()
    for thread in (running, closing):
        thread.join()
    assert "unloaded" in written[0][1]
    assert written[1][0] == expected
