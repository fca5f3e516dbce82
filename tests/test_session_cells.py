"""Cells as a person changes them: nothing typed is lost, nothing that was relied upon is overwritten."""

import pytest
from conftest import OWNER, Stage

from app.session import Conflict, Refused, Snapshot
from storage.errors import NotFound
from storage.records import Cell, Version

SORT = "```python\ndef sort_list(xs):\n    return sorted(xs)\n```\nIt sorts."


def now(stage: Stage, session_id: str) -> Snapshot:
    return stage.playground.snapshot(OWNER, session_id)


def history(stage: Stage, session_id: str, cell_id: str) -> list[Version]:
    return stage.playground.cells.versions(OWNER, session_id, cell_id)[1]


def cell_of(stage: Stage, session_id: str, cell_id: str) -> Cell:
    return next(cell for cell in now(stage, session_id).cells if cell.id == cell_id)


def type_into(stage: Stage, session_id: str, cell_id: str, source: str) -> int:
    revision = cell_of(stage, session_id, cell_id).revision
    return stage.playground.cells.edit(OWNER, session_id, cell_id, source, revision)


def test_cells_stand_where_they_were_put(stage: Stage) -> None:
    session, add = stage.session(), stage.playground.cells.add
    second = add(OWNER, session, None, "b = 2").id
    third = add(OWNER, session, second, "c = 3").id
    first = add(OWNER, session, None, "a = 1").id
    last = add(OWNER, session, "f" * 32, "d = 4").id
    assert [cell.id for cell in now(stage, session).cells] == [first, second, third, last]
    stage.playground.cells.move(OWNER, session, last, 0)
    stage.playground.cells.move(OWNER, session, first, 99)
    assert [cell.id for cell in now(stage, session).cells] == [last, second, third, first]


def test_a_deleted_cell_comes_back_to_its_place_with_everything(stage: Stage) -> None:
    session = stage.session()
    cells = [stage.add(session, f"x_{n} = {n}") for n in range(3)]
    stage.playground.cells.delete(OWNER, session, cells[1])
    assert [cell.id for cell in now(stage, session).cells] == [cells[0], cells[2]]
    stage.playground.cells.undelete(OWNER, session, cells[1])
    snapshot = now(stage, session)
    assert [cell.id for cell in snapshot.cells] == cells
    assert snapshot.versions[cells[1]].source == "x_1 = 1"


def test_typing_opens_one_version_and_amends_it(stage: Stage) -> None:
    session = stage.session()
    cell = stage.ask(session, "Sort", SORT).cells[0].id
    for source in ("a", "ab", "abc"):
        type_into(stage, session, cell, source)
    written, typed = history(stage, session, cell)
    assert written.source == "def sort_list(xs):\n    return sorted(xs)"
    assert (typed.source, typed.status, typed.origin, typed.parent_id) == ("abc", "open", "hand", written.id)


def test_typing_what_stands_there_changes_nothing(stage: Stage) -> None:
    session = stage.session()
    cell = stage.ask(session, "Sort", SORT).cells[0]
    same = now(stage, session).versions[cell.id].source
    assert stage.playground.cells.edit(OWNER, session, cell.id, same, cell.revision) == cell.revision
    assert len(history(stage, session, cell.id)) == 1


def test_a_run_closes_what_was_typed(stage: Stage) -> None:
    session = stage.session()
    cell = stage.add(session, "x = 1")
    stage.run(session, cell, "x = 2")
    type_into(stage, session, cell, "x = 3")
    assert [(v.source, v.status) for v in history(stage, session, cell)] == [("x = 2", "whole"), ("x = 3", "open")]


def test_a_share_closes_what_was_typed(stage: Stage) -> None:
    session = stage.session()
    cell = stage.add(session, "x = 1")
    stage.playground.shares.share(OWNER, session)
    type_into(stage, session, cell, "x = 2")
    assert [v.source for v in history(stage, session, cell)] == ["x = 1", "x = 2"]


def test_a_title_follows_the_typed_function(stage: Stage) -> None:
    session = stage.session()
    cell = stage.add(session, "def f(): pass")
    type_into(stage, session, cell, "def g(): pass")
    assert cell_of(stage, session, cell).title == "g"


def test_an_old_version_returns_as_a_new_one(stage: Stage) -> None:
    session = stage.session()
    cell = stage.ask(session, "Sort", SORT).cells[0].id
    type_into(stage, session, cell, "typed")
    first = history(stage, session, cell)[0]
    revision = cell_of(stage, session, cell).revision
    after = stage.playground.cells.restore(OWNER, session, cell, first.id, revision)
    old, typed, restored = history(stage, session, cell)
    assert (typed.source, typed.status) == ("typed", "whole")
    assert (restored.source, restored.origin, restored.parent_id) == (old.source, "restored", old.id)
    assert (restored.model, restored.sampling) == (old.model, old.sampling)
    assert (now(stage, session).versions[cell].id, after) == (restored.id, cell_of(stage, session, cell).revision)


def test_a_stale_edit_is_refused_and_both_texts_are_there(stage: Stage) -> None:
    session = stage.session()
    cell = stage.add(session, "x = 1")
    revision = cell_of(stage, session, cell).revision
    stage.playground.cells.edit(OWNER, session, cell, "first tab", revision)
    with pytest.raises(Conflict) as conflict:
        stage.playground.cells.edit(OWNER, session, cell, "second tab", revision)
    assert conflict.value.source == "first tab"
    assert now(stage, session).versions[cell].source == "first tab"
    stage.playground.cells.edit(OWNER, session, cell, "second tab", conflict.value.revision)
    assert now(stage, session).versions[cell].source == "second tab"


def test_a_stale_edit_cannot_undo_an_answer(stage: Stage) -> None:
    session = stage.session()
    cell = stage.add(session, "def sort_list(xs):\n    pass\n")
    revision = cell_of(stage, session, cell).revision
    stage.ask(session, "Make it work", SORT)
    with pytest.raises(Conflict) as conflict:
        stage.playground.cells.edit(OWNER, session, cell, "mine", revision)
    assert conflict.value.source == "def sort_list(xs):\n    return sorted(xs)"


def test_a_stale_restore_changes_nothing(stage: Stage) -> None:
    session = stage.session()
    cell = stage.add(session, "x = 1")
    with pytest.raises(Conflict):
        stage.playground.cells.restore(OWNER, session, cell, history(stage, session, cell)[0].id, 99)
    assert [(v.source, v.status) for v in history(stage, session, cell)] == [("x = 1", "open")]


def test_versions_of_another_cell_cannot_be_restored(stage: Stage) -> None:
    session = stage.session()
    cell, other = stage.add(session, "x = 1"), stage.add(session, "y = 1")
    with pytest.raises(NotFound):
        stage.playground.cells.restore(OWNER, session, cell, history(stage, session, other)[0].id, 2)


def test_half_a_surrogate_pair_and_nul_are_made_visible(stage: Stage) -> None:
    session = stage.session()
    cell = stage.add(session, "x = '\0\ud800'")
    assert now(stage, session).versions[cell].source == "x = '\N{SYMBOL FOR NULL}\N{REPLACEMENT CHARACTER}'"


def test_an_endless_cell_is_refused(stage: Stage) -> None:
    session = stage.session()
    with pytest.raises(Refused, match="1,000,000 is the most"):
        stage.add(session, "x" * 1_000_001)
    assert now(stage, session).cells == []


def test_a_cell_nested_too_deeply_for_python_is_kept(stage: Stage) -> None:
    session = stage.session()
    cell = stage.add(session, "-" * 100_000 + "1")
    assert now(stage, session).versions[cell].source == "-" * 100_000 + "1"
    assert now(stage, session).stale(cell) is None
