"""Turns: what is asked, how the answer arrives, where it goes, and how it ends."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event

import pytest
from conftest import OWNER, Stage, wait_for
from local_engines import modelled, watched

from app.runner import Kernels
from app.session import Busy, Missing, Refused, Snapshot
from app.session import desk as desk_module
from app.session.asking import expected
from model.engine import Sampling, TextStream
from model.errors import EngineNotReady
from model.host import EngineHost
from model.local import LocalEngine
from model.prompt import Prompt
from model.scripted import ScriptedEngine
from storage.records import Turn, Version

SORT = "```python\ndef sort_list(xs):\n    return sorted(xs)\n```\nIt returns a new list."
IN_PLACE = "```python\ndef sort_list(xs):\n    xs.sort()\n```\nIt sorts in place."
MEAN = "```python\ndef mean(xs):\n    return sum(xs) / len(xs)\n```\nIt averages."


def last(snapshot: Snapshot) -> Turn:
    return snapshot.turns[-1]


def sources(snapshot: Snapshot) -> list[str]:
    return [snapshot.versions[cell.id].source for cell in snapshot.cells]


def history(stage: Stage, session_id: str, cell_id: str) -> list[Version]:
    return stage.playground.cells.versions(OWNER, session_id, cell_id)[1]


class Gate:
    """An engine's brake: the stream goes on to the next token only while it is open."""

    def __init__(self, engine: ScriptedEngine) -> None:
        self.open = Event()
        self.reached = Event()
        self._stream = engine.stream
        engine.stream = self.stream  # type: ignore[method-assign]

    def stream(self, prompt: Prompt, sampling: Sampling, stop: Event) -> TextStream:
        inner = self._stream(prompt, sampling, stop)

        def pieces() -> Iterator[str]:
            for number, piece in enumerate(inner):
                yield piece
                if number == 7:
                    self.reached.set()
                    while not self.open.wait(0.01) and not stop.is_set():
                        pass
            return inner.outcome

        return TextStream(pieces())  # type: ignore[arg-type]


@pytest.fixture
def gate(stage: Stage) -> Gate:
    return Gate(stage.engine)


def test_code_goes_to_a_new_cell_and_prose_into_the_thread(stage: Stage) -> None:
    session = stage.session()
    snapshot = stage.ask(session, "Write a Python function to sort a list of integers", SORT)
    turn = last(snapshot)
    assert sources(snapshot) == ["def sort_list(xs):\n    return sorted(xs)"]
    assert (turn.prose, turn.status, turn.message) == ("It returns a new list.", "done", "")
    version = snapshot.versions[snapshot.cells[0].id]
    assert (version.status, version.origin, version.turn_id, version.number) == ("whole", "model", turn.id, 1)
    assert snapshot.cells[0].title == "sort_list"


def test_a_version_carries_its_provenance(stage: Stage) -> None:
    session = stage.session()
    stage.playground.sessions.keep_sampling(OWNER, session, {"temperature": 0.5, "seed": 7})
    snapshot = stage.ask(session, "Sort", SORT)
    version = snapshot.versions[snapshot.cells[0].id]
    assert (version.model, version.quantisation) == ("scripted", "none")
    assert (version.sampling["temperature"], version.sampling["seed"]) == (0.5, 7)
    assert stage.engine.samplings[-1].seed == 7


def test_a_turn_without_a_seed_gets_one_that_is_kept(stage: Stage) -> None:
    turn = last(stage.ask(stage.session(), "Sort", SORT))
    assert stage.engine.samplings[-1].seed == turn.sampling["seed"]
    assert turn.sampling["seed"] is not None


def test_a_change_makes_the_next_version_of_the_same_cell(stage: Stage) -> None:
    session = stage.session()
    stage.ask(session, "Write a function to sort a list", SORT)
    snapshot = stage.ask(session, "Make it in-place and return None", IN_PLACE)
    assert sources(snapshot) == ["def sort_list(xs):\n    xs.sort()"]
    first, second = history(stage, session, snapshot.cells[0].id)
    assert (second.number, second.parent_id, first.source) == (2, first.id, "def sort_list(xs):\n    return sorted(xs)")


def test_an_answer_that_changes_nothing_says_so_and_makes_no_version(stage: Stage) -> None:
    session = stage.session()
    first = stage.ask(session, "Write a function to sort a list", SORT)
    cell = first.cells[0].id
    snapshot = stage.ask(session, "/simplify", SORT)
    turn = last(snapshot)
    assert turn.message == "The answer is the code as it was, so there is no new version."
    assert turn.version_id == first.versions[cell].id == snapshot.versions[cell].id
    assert [snapshot.unchanged(its) for its in snapshot.turns] == [False, True]
    assert [version.number for version in history(stage, session, cell)] == [1]
    assert stage.playground.prompts.saw(OWNER, session, turn.id)["parts"]
    with pytest.raises(Refused, match="changed nothing"):
        stage.playground.branches.move_answer(OWNER, session, turn.id, "new")
    after = stage.ask(session, "Make it in-place", IN_PLACE)
    assert not last(after).message
    assert after.versions[cell].parent_id == turn.version_id


def test_a_turn_that_changed_nothing_is_asked_again_of_the_same_version(stage: Stage) -> None:
    session = stage.session()
    cell = stage.ask(session, "Write a function to sort a list", SORT).cells[0].id
    first, turn = history(stage, session, cell)[0], last(stage.ask(session, "/simplify", SORT))
    stage.engine.enqueue(IN_PLACE)
    stage.playground.turns.again(OWNER, session, turn.id)
    assert stage.settled(session).versions[cell].parent_id == first.id
    stage.playground.branches.show(OWNER, session, turn.id)
    assert stage.playground.snapshot(OWNER, session).versions[cell].id == first.id


def test_of_a_turn_asked_again_what_stays_is_the_version_before_it(stage: Stage) -> None:
    session = stage.session()
    cell = stage.ask(session, "Write a function to sort a list", SORT).cells[0].id
    turn = last(stage.ask(session, "Make it in-place", IN_PLACE))
    stage.engine.enqueue(SORT)
    stage.playground.turns.again(OWNER, session, turn.id)
    snapshot = stage.settled(session)
    assert (snapshot.versions[cell].number, snapshot.unchanged(last(snapshot))) == (1, True)
    stage.playground.branches.show(OWNER, session, turn.id)
    assert stage.playground.snapshot(OWNER, session).versions[cell].number == 2


def test_the_model_is_shown_the_cell_with_its_hand_edits(stage: Stage) -> None:
    session = stage.session()
    snapshot = stage.ask(session, "Write a function to sort a list", SORT)
    cell = snapshot.cells[0]
    stage.playground.cells.edit(OWNER, session, cell.id, "def sort_list(xs):\n    return 42\n", cell.revision)
    stage.ask(session, "Make it in-place", IN_PLACE)
    assert "return 42" in stage.engine.prompts[-1].text


@pytest.mark.parametrize(
    "reply",
    [
        "```python\ndef sort_list(xs):\n    xs.sort()\n```",
        "def sort_list(xs):\n    xs.sort()\n```",
        "xs):\n    xs.sort()\n```",
    ],
    ids=["with the fence", "with the code", "the rest alone"],
)
def test_a_reply_that_repeats_what_was_begun_plays_the_rest(stage: Stage, reply: str) -> None:
    session = stage.session()
    stage.ask(session, "Write a function to sort a list", SORT)
    snapshot = stage.ask(session, "Make it in-place", reply)
    assert stage.engine.prompts[-1].begun == "```python\ndef sort_list("
    assert sources(snapshot) == ["def sort_list(xs):\n    xs.sort()"]


def test_a_cell_that_was_named_gets_the_answer_whatever_it_defines(stage: Stage) -> None:
    session = stage.session()
    stage.ask(session, "Write a function to sort a list", SORT)
    other = stage.add(session, "x = 1")
    snapshot = stage.ask(session, "Sort in place", IN_PLACE, target=other)
    assert sources(snapshot) == ["def sort_list(xs):\n    return sorted(xs)", "def sort_list(xs):\n    xs.sort()"]
    stage.playground.sessions.keep_target(OWNER, session, "new")
    snapshot = stage.ask(session, "Sort once more", SORT, target="new")
    assert len(snapshot.cells) == 3
    assert snapshot.session.target_cell_id is None


def test_an_answer_to_another_function_goes_to_a_new_cell(stage: Stage) -> None:
    session = stage.session()
    stage.ask(session, "Write a function to sort a list", SORT)
    snapshot = stage.ask(session, "Write a function for the mean", MEAN)
    assert [cell.title for cell in snapshot.cells] == ["sort_list", "mean"]


def test_a_redefinition_finds_its_cell_although_another_was_meant(stage: Stage) -> None:
    session = stage.session()
    stage.ask(session, "Write a function to sort a list", SORT)
    stage.ask(session, "Write a function for the mean", MEAN)
    snapshot = stage.ask(session, "Write a function to sort in place", IN_PLACE)
    assert sources(snapshot)[0] == "def sort_list(xs):\n    xs.sort()"
    assert len(snapshot.cells) == 2


def test_a_cell_that_is_gone_cannot_be_named(stage: Stage) -> None:
    session = stage.session()
    cell = stage.add(session, "x = 1")
    stage.playground.cells.delete(OWNER, session, cell)
    with pytest.raises(Missing, match="Choose another target"):
        stage.playground.turns.ask(OWNER, session, "Double it", cell)
    assert stage.playground.snapshot(OWNER, session).turns == []


def test_examples_are_told_as_claims_and_not_run(stage: Stage) -> None:
    reply = "```python\ndef double(x):\n    return 2 * x\n\n\nprint(double(2))  # Output: 5\n```\nIt doubles."
    snapshot = stage.ask(stage.session(), "Write a function to double a number", reply)
    assert sources(snapshot) == ["def double(x):\n    return 2 * x"]
    assert "unchecked: `double(2)` giving `5`" in last(snapshot).prose


def test_an_answer_without_code_makes_no_cell(stage: Stage) -> None:
    reply = "I can only help with code.\nAsk for some."
    snapshot = stage.ask(stage.session(), "Hello", reply)
    assert (snapshot.cells, last(snapshot).prose, last(snapshot).status) == ([], reply, "done")


def test_an_empty_answer_is_an_answer(stage: Stage) -> None:
    snapshot = stage.ask(stage.session(), "Hello", "")
    assert (snapshot.cells, last(snapshot).prose, last(snapshot).status) == ([], "", "done")


def test_a_failing_engine_says_so_in_the_turn(stage: Stage) -> None:
    session = stage.session()
    stage.engine.enqueue(RuntimeError("The model broke down."))
    stage.playground.turns.ask(OWNER, session, "Sort", "auto")
    snapshot = stage.settled(session)
    assert (last(snapshot).status, last(snapshot).message, snapshot.cells) == ("failed", "The model broke down.", [])
    assert last(stage.ask(session, "Sort", SORT)).status == "done"


def test_an_engine_that_fails_at_once_leaves_the_cell_alone(stage: Stage) -> None:
    session = stage.session()
    stage.ask(session, "Write a function to sort a list", SORT)
    stage.engine.enqueue(RuntimeError("The model broke down."))
    stage.playground.turns.ask(OWNER, session, "Make it in-place", "auto")
    assert sources(stage.settled(session)) == ["def sort_list(xs):\n    return sorted(xs)"]


def test_an_answer_cut_at_its_maximum_length_says_so(stage: Stage) -> None:
    session = stage.session()
    stage.playground.sessions.keep_sampling(OWNER, session, {"max_tokens": 12})
    snapshot = stage.ask(session, "Sort", SORT)
    assert last(snapshot).status == "done"
    assert "maximum length of 12 tokens" in last(snapshot).message
    assert sources(snapshot)[0].startswith("def sort_list(xs)")


def test_a_request_that_exceeds_the_window_fails_with_the_numbers(stage: Stage) -> None:
    snapshot = stage.ask(stage.session(), "word " * 20_000, SORT)
    assert last(snapshot).status == "failed"
    assert "window has room for" in last(snapshot).message


def test_text_that_no_database_holds_is_made_visible(stage: Stage) -> None:
    reply = "```python\nx = 'a\0b\ud800c'\n```\nIt holds \0 and \udfff."
    snapshot = stage.ask(stage.session(), "Make\0 a string \ud800", reply)
    assert sources(snapshot) == ["x = 'a\N{SYMBOL FOR NULL}b\N{REPLACEMENT CHARACTER}c'"]
    assert last(snapshot).request == "Make\N{SYMBOL FOR NULL} a string \N{REPLACEMENT CHARACTER}"
    assert last(snapshot).prose == "It holds \N{SYMBOL FOR NULL} and \N{REPLACEMENT CHARACTER}."


def test_right_to_left_text_stays_as_it_is(stage: Stage) -> None:
    words = "\u202e\u0627\u0643\u062a\u0628\u202c <b>**x**</b>"
    snapshot = stage.ask(stage.session(), words, SORT)
    assert (last(snapshot).request, snapshot.session.title) == (words, words)


@pytest.mark.parametrize("request_", ["", " \n\t", "x" * 100_001])
def test_no_request_and_an_endless_one_are_refused(stage: Stage, request_: str) -> None:
    session = stage.session()
    with pytest.raises(Refused, match=r"Say what|Shorten it"):
        stage.playground.turns.ask(OWNER, session, request_, "auto")
    assert stage.playground.snapshot(OWNER, session).turns == []


def test_a_hundred_thousand_characters_are_a_request(stage: Stage) -> None:
    request = "x" * 100_000
    assert last(stage.ask(stage.session(), request, SORT)).request == request


def test_without_a_model_nothing_is_asked(stage: Stage) -> None:
    session = stage.session()
    unready = EngineHost(lambda *_: stage.engine)
    stage.playground._desk.engines = unready
    with pytest.raises(EngineNotReady):
        stage.playground.turns.ask(OWNER, session, "Sort", "auto")
    unready.close()
    assert stage.playground.snapshot(OWNER, session).turns == []


def test_an_answer_can_be_watched_while_it_is_written(stage: Stage, gate: Gate) -> None:
    session = stage.session()
    stage.engine.enqueue(SORT)
    turn = stage.playground.turns.ask(OWNER, session, "Sort", "auto")
    assert gate.reached.wait(60)
    wait_for(lambda: bool(stage.playground.snapshot(OWNER, session).cells))
    snapshot = stage.playground.snapshot(OWNER, session)
    assert snapshot.writing[turn.id].code.startswith("def sort_list(")
    assert snapshot.versions[snapshot.cells[0].id].status == "writing"
    gate.open.set()
    assert last(stage.settled(session)).status == "done"


def test_stop_keeps_what_came_and_marks_it(stage: Stage, gate: Gate) -> None:
    session = stage.session()
    stage.engine.enqueue(SORT)
    turn = stage.playground.turns.ask(OWNER, session, "Sort", "auto")
    assert gate.reached.wait(60)
    stage.playground.turns.stop(OWNER, session, turn.id)
    stage.playground.turns.stop(OWNER, session, turn.id)
    snapshot = stage.settled(session)
    version = snapshot.versions[snapshot.cells[0].id]
    assert (last(snapshot).status, version.status) == ("stopped", "stopped")
    assert "def sort_list(xs)".startswith(version.source.split(":")[0])
    assert len(version.source) < len("def sort_list(xs):\n    return sorted(xs)")
    stage.playground.turns.stop(OWNER, session, turn.id)


def test_requests_wait_for_each_other_in_order(stage: Stage, gate: Gate) -> None:
    session = stage.session()
    stage.engine.enqueue(SORT, IN_PLACE, MEAN)
    for words in ("Write a function to sort a list", "Make it in-place", "Write a function for the mean"):
        stage.playground.turns.ask(OWNER, session, words, "auto")
    assert gate.reached.wait(60)
    wait_for(lambda: [w.message for w in stage.playground.snapshot(OWNER, session).writing.values()][1:] != ["", ""])
    gate.open.set()
    snapshot = stage.settled(session)
    assert [turn.status for turn in snapshot.turns] == ["done"] * 3
    assert [version.number for version in history(stage, session, snapshot.cells[0].id)] == [1, 2]
    assert sources(snapshot) == ["def sort_list(xs):\n    xs.sort()", "def mean(xs):\n    return sum(xs) / len(xs)"]


def test_a_request_that_waited_sees_what_the_one_before_it_wrote(stage: Stage, gate: Gate) -> None:
    session = stage.session()
    stage.engine.enqueue(SORT, "xs):\n    xs.sort()\n```")
    stage.playground.turns.ask(OWNER, session, "Write a function to sort a list", "auto")
    stage.playground.turns.ask(OWNER, session, "Make it in-place", "auto")
    gate.open.set()
    snapshot = stage.settled(session)
    assert "return sorted(xs)" in stage.engine.prompts[-1].text
    assert last(snapshot).target_cell_id == snapshot.cells[0].id
    assert sources(snapshot) == ["def sort_list(xs):\n    xs.sort()"]


def test_a_waiting_request_can_be_stopped(stage: Stage, gate: Gate) -> None:
    session = stage.session()
    stage.engine.enqueue(SORT)
    stage.playground.turns.ask(OWNER, session, "Write a function to sort a list", "auto")
    waiting = stage.playground.turns.ask(OWNER, session, "Make it in-place", "auto")
    stage.playground.turns.stop(OWNER, session, waiting.id)
    wait_for(lambda: waiting.id not in stage.playground.snapshot(OWNER, session).writing)
    gate.open.set()
    snapshot = stage.settled(session)
    assert [turn.status for turn in snapshot.turns] == ["done", "stopped"]
    assert len(stage.engine.prompts) == 1


def test_a_crowd_of_requests_is_refused(stage: Stage, gate: Gate) -> None:
    session = stage.session()
    stage.engine.enqueue(*[SORT] * 8)
    turns = [stage.playground.turns.ask(OWNER, session, f"Sort {n}", "auto") for n in range(8)]
    with pytest.raises(Busy, match="8 requests wait"):
        stage.playground.turns.ask(OWNER, session, "Sort", "auto")
    for turn in turns[1:]:
        stage.playground.turns.stop(OWNER, session, turn.id)
    gate.open.set()
    stage.settled(session)


def test_a_waiting_request_whose_cell_was_deleted_says_so(stage: Stage, gate: Gate) -> None:
    session = stage.session()
    cell = stage.add(session, "x = 1")
    stage.engine.enqueue(SORT)
    stage.playground.turns.ask(OWNER, session, "Write a function to sort a list", "new")
    stage.playground.turns.ask(OWNER, session, "Double it", cell)
    stage.playground.cells.delete(OWNER, session, cell)
    gate.open.set()
    snapshot = stage.settled(session)
    assert last(snapshot).status == "failed"
    assert "Choose another target" in last(snapshot).message


def test_another_cell_can_be_edited_while_an_answer_streams(stage: Stage, gate: Gate) -> None:
    session = stage.session()
    mine = stage.add(session, "a = 1")
    stage.engine.enqueue(SORT)
    stage.playground.turns.ask(OWNER, session, "Write a function to sort a list", "new")
    assert gate.reached.wait(60)
    wait_for(lambda: len(stage.playground.snapshot(OWNER, session).cells) == 2)
    written = stage.playground.snapshot(OWNER, session).cells[1]
    revision = stage.playground.cells.edit(OWNER, session, mine, "a = 2", 2)
    with pytest.raises(Busy, match="being written"):
        stage.playground.cells.edit(OWNER, session, written.id, "mine", written.revision)
    gate.open.set()
    snapshot = stage.settled(session)
    assert sources(snapshot) == ["a = 2", "def sort_list(xs):\n    return sorted(xs)"]
    assert snapshot.cells[0].revision == revision


def test_text_typed_into_the_target_is_a_version_of_its_own(stage: Stage) -> None:
    session = stage.session()
    cell = stage.add(session, "def sort_list(xs):\n    pass\n")
    snapshot = stage.ask(session, "Make it in-place", IN_PLACE)
    typed, written = history(stage, session, cell)
    assert (typed.source, typed.status) == ("def sort_list(xs):\n    pass\n", "whole")
    assert (written.parent_id, snapshot.cells[0].version_id) == (typed.id, written.id)


def test_what_the_model_sees_and_saw_is_told(stage: Stage) -> None:
    session = stage.session()
    turn = last(stage.ask(session, "Write a function to sort a list", SORT))
    saw = stage.playground.prompts.saw(OWNER, session, turn.id)
    assert sum(part["tokens"] for part in saw["parts"] if part["kept"]) == saw["tokens"]
    assert any("Write a function to sort a list" in part["text"] for part in saw["parts"])
    sees = stage.playground.prompts.sees(OWNER, session, "Make it in-place", "auto")
    assert any("return sorted(xs)" in part["text"] for part in sees["parts"])
    assert stage.playground.prompts.sees(OWNER, session, "", "auto")["tokens"] > 0


def test_what_a_failed_turn_saw_was_not_kept(stage: Stage) -> None:
    session = stage.session()
    turn = last(stage.ask(session, "word " * 20_000, SORT))
    with pytest.raises(Missing, match="was not kept"):
        stage.playground.prompts.saw(OWNER, session, turn.id)


@contextmanager
def locked(stage: Stage) -> Iterator[None]:
    """Somebody else keeps the database."""
    with closing(sqlite3.connect(stage.folder / "playground.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def test_an_answer_that_cannot_be_stored_says_so_and_is_stored_later(
    stage: Stage, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_module, "TRY_AGAIN", 0.05)
    pragma(stage, "busy_timeout=50")
    session = stage.session()
    stage.engine.enqueue(SORT, MEAN)
    turn = stage.playground.turns.ask(OWNER, session, "Write a function to sort a list", "auto")
    assert gate.reached.wait(60)
    wait_for(lambda: bool(stage.playground.snapshot(OWNER, session).cells))
    with locked(stage):
        gate.open.set()
        wait_for(lambda: "Not stored yet" in stage.playground.snapshot(OWNER, session).writing[turn.id].message)
        work = stage.playground.snapshot(OWNER, session).writing[turn.id]
        assert work.code == "def sort_list(xs):\n    return sorted(xs)"
    snapshot = stage.settled(session)
    assert sources(snapshot) == ["def sort_list(xs):\n    return sorted(xs)"]
    assert last(snapshot).status in {"done", "failed"}
    assert last(stage.ask(session, "Write a function for the mean", "")).status == "done"


def test_a_full_disk_ends_the_answer_and_loses_nothing(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_module, "TRY_AGAIN", 0.05)
    session = stage.session()
    stage.playground.sessions.keep_sampling(OWNER, session, {"max_tokens": 20_000})
    long = "```python\n" + "".join(f"x_{n} = '{'y' * 40}'\n" for n in range(400)) + "```"
    with closing(sqlite3.connect(stage.folder / "playground.db", isolation_level=None)) as other:
        pages = other.execute("PRAGMA page_count").fetchone()[0]
    pragma(stage, f"max_page_count={pages + 3}")
    stage.engine.enqueue(long)
    turn = stage.playground.turns.ask(OWNER, session, "Write many names", "auto")
    wait_for(lambda: "no room left" in stage.playground.snapshot(OWNER, session).writing[turn.id].message)
    code = stage.playground.snapshot(OWNER, session).writing[turn.id].code
    pragma(stage, f"max_page_count={2**30}")
    snapshot = stage.settled(session)
    assert code.startswith("x_0 = ")
    assert sources(snapshot) == [code]
    assert last(stage.ask(session, "Write a function for the mean", MEAN, "new")).status == "done"


def pragma(stage: Stage, setting: str) -> None:
    """Set up the database's connections, more of them than the test uses: SQLite keeps such settings by connection."""
    connections = [stage.database._engines.writing.raw_connection() for _ in range(8)]
    for connection in connections:
        connection.cursor().execute(f"PRAGMA {setting}")
        connection.close()


def test_a_script_is_called_what_was_asked_for_until_it_has_a_function(stage: Stage) -> None:
    session = stage.session()
    snapshot = stage.ask(session, "Which jobs are over budget?", "```python\nprint(1)\n```")
    [cell] = snapshot.cells
    assert cell.title == "Which jobs are over budget?"
    revision = stage.playground.cells.edit(OWNER, session, cell.id, "print(2)", cell.revision)
    assert stage.playground.snapshot(OWNER, session).cells[0].title == "Which jobs are over budget?"
    revision = stage.playground.cells.edit(OWNER, session, cell.id, "def jobs(): pass", revision)
    assert stage.playground.snapshot(OWNER, session).cells[0].title == "jobs"
    stage.playground.cells.edit(OWNER, session, cell.id, "print(3)", revision)
    assert stage.playground.snapshot(OWNER, session).cells[0].title == ""


def test_sixty_turns_of_one_session_fit_a_window_of_2048_tokens(stage: Stage) -> None:
    stage.engine.context_length = 2048
    session = stage.session()
    cell = stage.add(session, "def total(x):\n    return x\n\nprint(total(5))  # typed by hand")
    with stage.database.begin() as tx:
        head = None
        for number in range(59):
            request = f"Request {number}: add {number} to the total as well, and say so in a comment behind it"
            head = tx.create_turn(session, request, parent_id=head, status="done", target_cell_id=cell).id
            tx.update_turn(head, cell_id=cell)
        tx.update_session(session, head_turn_id=head)
    stage.ask(session, "Now return it as text", "```python\ndef total(x):\n    return str(x)\n```", cell)
    [prompt] = stage.engine.prompts
    assert prompt.tokens + prompt.reserved <= 2048
    assert "print(total(5))  # typed by hand" in prompt.text
    assert "Request 58:" in prompt.text
    assert "Request 0:" not in prompt.text
    assert [part.title for part in prompt.parts if not part.kept]
    assert [turn.status for turn in stage.playground.snapshot(OWNER, session).turns] == ["done"] * 60


def test_between_two_turns_the_model_reads_what_the_next_one_will_begin_with(tmp_path: Path, kernels: Kernels) -> None:
    with modelled(tmp_path, kernels) as (stage, session, cell):
        engine = stage.playground.turns._desk.engines.engine()
        assert isinstance(engine, LocalEngine)
        stage.playground.turns.ask(OWNER, session, "Sort", cell)
        snapshot = stage.settled(session)
        coming = engine._codec.encode(expected(snapshot, cell, engine, Sampling(max_tokens=60)).before_request)
        kept = engine._scheduler._prefixes
        wait_for(lambda: any(known.shared(coming) == len(coming) for known in [*kept._kept]))
        forwards = watched(engine)
        stage.playground.turns.ask(OWNER, session, "Turn", cell)
        turn = stage.settled(session).turns[-1]
        assert 0 < forwards.rows[0] <= (turn.tokens_in or 0) - len(coming)
