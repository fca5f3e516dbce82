"""Asking again: branches of the thread, the versions that follow them, and answers that move."""

import pytest
from conftest import OWNER, Stage

from app.session import Missing, Refused, Snapshot
from model.engine import Sampling
from storage.records import Turn


def function(name: str, body: str) -> str:
    return f"```python\ndef {name}(xs):\n    return {body}\n```\nDone."


def source(name: str, body: str) -> str:
    return f"def {name}(xs):\n    return {body}"


def again(stage: Stage, session_id: str, turn: Turn, reply: str | Exception, request: str | None = None) -> Snapshot:
    stage.engine.enqueue(reply)
    stage.playground.turns.again(OWNER, session_id, turn.id, request)
    return stage.settled(session_id)


def sources(snapshot: Snapshot) -> list[str]:
    return [snapshot.versions[cell.id].source for cell in snapshot.cells]


def show(stage: Stage, session_id: str, turn: Turn) -> Snapshot:
    stage.playground.branches.show(OWNER, session_id, turn.id)
    return stage.playground.snapshot(OWNER, session_id)


def test_regenerating_keeps_the_old_answer_as_a_branch(stage: Stage) -> None:
    session = stage.session()
    first = stage.ask(session, "Write a function f", function("f", "1")).turns[0]
    snapshot = again(stage, session, first, function("f", "2"))
    second = snapshot.turns[0]
    assert (second.request, snapshot.siblings[second.id]) == (first.request, [first.id, second.id])
    assert sources(snapshot) == [source("f", "2")]
    assert sources(show(stage, session, first)) == [source("f", "1")]
    assert sources(show(stage, session, second)) == [source("f", "2")]
    assert [version.number for version in stage.playground.cells.versions(OWNER, session, snapshot.cells[0].id)[1]] == [
        1,
        2,
    ]


def test_regenerating_is_made_from_what_stood_before_and_livelier(stage: Stage) -> None:
    session = stage.session()
    stage.ask(session, "Write a function f", function("f", "1"))
    second = stage.ask(session, "Make it return 2", function("f", "2")).turns[1]
    again(stage, session, second, function("f", "3"))
    prompt, before, after = stage.engine.prompts[-1].text, *stage.engine.samplings[-2:]
    assert "return 1" in prompt
    assert source("f", "2") not in prompt
    assert isinstance(after, Sampling)
    assert after.temperature > before.temperature
    assert after.seed != before.seed


def test_an_edited_turn_is_a_branch_and_goes_to_the_same_cell(stage: Stage) -> None:
    session = stage.session()
    first = stage.ask(session, "Write a function f", function("f", "1")).turns[0]
    snapshot = again(stage, session, first, function("g", "9"), "Write a function g")
    assert (sources(snapshot), snapshot.turns[0].request) == ([source("g", "9")], "Write a function g")
    assert show(stage, session, first).turns[0].request == "Write a function f"


def test_a_branch_is_shown_down_to_its_newest_leaf(stage: Stage) -> None:
    session = stage.session()
    first = stage.ask(session, "Write a function f", function("f", "1")).turns[0]
    stage.ask(session, "Make it return 2", function("f", "2"))
    other = again(stage, session, first, function("f", "3")).turns[0]
    snapshot = show(stage, session, first)
    assert [turn.request for turn in snapshot.turns] == ["Write a function f", "Make it return 2"]
    assert sources(snapshot) == [source("f", "2")]
    assert [turn.id for turn in show(stage, session, other).turns] == [other.id]


def test_cells_follow_a_branch_that_did_not_write_them(stage: Stage) -> None:
    session = stage.session()
    stage.ask(session, "Write a function f", function("f", "1"))
    second = stage.ask(session, "Make it return 2", function("f", "2")).turns[1]
    silent = again(stage, session, second, RuntimeError("It broke."), "Make it return 3").turns[1]
    assert sources(show(stage, session, second)) == [source("f", "2")]
    assert sources(show(stage, session, silent)) == [source("f", "1")]


def test_text_typed_before_a_branch_is_changed_stays_a_version(stage: Stage) -> None:
    session = stage.session()
    first = stage.ask(session, "Write a function f", function("f", "1")).turns[0]
    cell = again(stage, session, first, function("f", "2")).cells[0]
    stage.playground.cells.edit(OWNER, session, cell.id, "typed", cell.revision)
    show(stage, session, first)
    typed = stage.playground.cells.versions(OWNER, session, cell.id)[1][-1]
    assert (typed.source, typed.status) == ("typed", "whole")


def test_asking_again_after_the_cell_was_deleted_makes_a_new_one(stage: Stage) -> None:
    session = stage.session()
    snapshot = stage.ask(session, "Write a function f", function("f", "1"))
    stage.playground.cells.delete(OWNER, session, snapshot.cells[0].id)
    assert sources(again(stage, session, snapshot.turns[0], function("f", "2"))) == [source("f", "2")]


def test_an_empty_request_cannot_take_a_turns_place(stage: Stage) -> None:
    session = stage.session()
    turn = stage.ask(session, "Write a function f", function("f", "1")).turns[0]
    with pytest.raises(Refused, match="empty"):
        stage.playground.turns.again(OWNER, session, turn.id, "  ")
    assert stage.playground.snapshot(OWNER, session).siblings[turn.id] == [turn.id]


def test_an_answer_moves_to_another_cell(stage: Stage) -> None:
    session = stage.session()
    stage.ask(session, "Write a function f", function("f", "1"))
    other = stage.add(session, "y = 1")
    turn = stage.ask(session, "Change it", function("f", "2"), target=other).turns[1]
    first = stage.playground.snapshot(OWNER, session).cells[0].id
    stage.playground.branches.move_answer(OWNER, session, turn.id, first)
    snapshot = stage.playground.snapshot(OWNER, session)
    assert sources(snapshot) == [source("f", "2"), "y = 1"]
    assert (snapshot.turns[1].cell_id, snapshot.turns[1].version_id) == (first, snapshot.versions[first].id)


def test_an_answer_moves_to_a_new_cell_and_its_old_one_shows_what_it_had(stage: Stage) -> None:
    session = stage.session()
    stage.ask(session, "Write a function f", function("f", "1"))
    turn = stage.ask(session, "Make it return 2", function("f", "2")).turns[1]
    stage.playground.branches.move_answer(OWNER, session, turn.id, "new")
    assert sources(stage.playground.snapshot(OWNER, session)) == [source("f", "1"), source("f", "2")]


def test_a_cell_that_an_answer_leaves_empty_goes(stage: Stage) -> None:
    session = stage.session()
    other = stage.add(session, "y = 1")
    turn = stage.ask(session, "Write a function f", function("f", "1"), target="new").turns[0]
    stage.playground.branches.move_answer(OWNER, session, turn.id, other)
    assert sources(stage.playground.snapshot(OWNER, session)) == [source("f", "1")]


def test_an_answer_cannot_move_to_where_it_stands_or_to_a_cell_that_is_gone(stage: Stage) -> None:
    session = stage.session()
    gone = stage.add(session, "y = 1")
    snapshot = stage.ask(session, "Write a function f", function("f", "1"), target="new")
    stage.playground.cells.delete(OWNER, session, gone)
    move = stage.playground.branches.move_answer
    with pytest.raises(Refused, match="already"):
        move(OWNER, session, snapshot.turns[0].id, str(snapshot.turns[0].cell_id))
    with pytest.raises(Missing, match="deleted"):
        move(OWNER, session, snapshot.turns[0].id, gone)
    assert sources(stage.playground.snapshot(OWNER, session)) == [source("f", "1")]


def test_prose_cannot_move(stage: Stage) -> None:
    session = stage.session()
    turn = stage.ask(session, "Hello", "I can only help with code.").turns[0]
    with pytest.raises(Refused, match="no code"):
        stage.playground.branches.move_answer(OWNER, session, turn.id, "new")
