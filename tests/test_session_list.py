"""The list of sessions: titles, order, search, deletion, what a session remembers of its controls."""

import json

import nbformat
import pytest
from conftest import OWNER, STRANGER, Stage

from app.session import Refused
from app.session.sessions import UNTITLED
from model.errors import InvalidSampling
from model.placement import Machine
from storage.errors import NotFound

SORT = "```python\ndef sort_list(xs):\n    return sorted(xs)\n```\nIt sorts."


def titles(stage: Stage, query: str = "") -> list[str]:
    return [row.title for row in stage.playground.sessions.rows(OWNER, query)]


def asked(stage: Stage, request: str) -> str:
    session = stage.session()
    stage.ask(session, request, SORT)
    return session


def test_a_session_is_titled_after_its_first_request(stage: Stage) -> None:
    session = asked(stage, "  Sort a list\nof integers")
    stage.ask(session, "Make it in-place", SORT)
    assert titles(stage) == ["Sort a list"]


def test_a_long_request_gives_a_title_cut_at_a_word(stage: Stage) -> None:
    asked(stage, "Write a Python function that sorts a list of integers, in place, and returns None")
    assert titles(stage) == ["Write a Python function that sorts a list of integers, in…"]


def test_the_newest_session_stands_first(stage: Stage) -> None:
    first, _ = asked(stage, "One"), asked(stage, "Two")
    assert titles(stage) == ["Two", "One"]
    stage.ask(first, "Again", SORT)
    assert titles(stage) == ["One", "Two"]


def test_an_empty_session_is_used_again_and_not_listed(stage: Stage) -> None:
    assert stage.session() == stage.session()
    assert titles(stage) == []
    assert stage.session(STRANGER) != stage.session()


def test_a_session_with_anything_in_it_is_not_used_again(stage: Stage) -> None:
    first = stage.session()
    stage.add(first, "x = 1")
    second = stage.session()
    stage.playground.sessions.rename(OWNER, second, "Named")
    assert len({first, second, stage.session()}) == 3
    assert titles(stage) == ["Named", UNTITLED]


def test_search_looks_at_titles_requests_and_code(stage: Stage) -> None:
    asked(stage, "Sort a list")
    other = stage.session()
    stage.add(other, "übung = 100_000  # 50%")
    stage.playground.sessions.rename(OWNER, other, "Arithmetic")
    assert titles(stage, "ÜBUNG") == titles(stage, "arith") == titles(stage, "50%") == ["Arithmetic"]
    assert titles(stage, "sorted(") == titles(stage, "SORT A") == ["Sort a list"]
    assert titles(stage, "%a%") == titles(stage, "\0\ud800") == []


def test_a_new_title_stays(stage: Stage) -> None:
    session = stage.session()
    stage.playground.sessions.rename(OWNER, session, "  My\n\0 sorting  ")
    stage.ask(session, "Sort", SORT)
    assert titles(stage) == ["My \N{SYMBOL FOR NULL} sorting"]


@pytest.mark.parametrize("title", ["", " \n ", "x" * 201])
def test_no_title_and_an_endless_one_are_refused(stage: Stage, title: str) -> None:
    session = asked(stage, "Sort")
    with pytest.raises(Refused, match="title"):
        stage.playground.sessions.rename(OWNER, session, title)
    assert titles(stage) == ["Sort"]


def test_a_deleted_session_comes_back(stage: Stage) -> None:
    session = asked(stage, "Sort")
    stage.playground.sessions.delete(OWNER, session)
    assert titles(stage) == []
    with pytest.raises(NotFound):
        stage.playground.snapshot(OWNER, session)
    stage.playground.sessions.restore(OWNER, session)
    assert titles(stage) == ["Sort"]
    assert stage.playground.snapshot(OWNER, session).cells[0].title == "sort_list"


def test_a_deleted_session_stops_its_answers_and_keeps_them(stage: Stage) -> None:
    session = stage.session()
    stage.engine.pause = 0.02
    stage.engine.enqueue(SORT, SORT)
    turns = [stage.playground.turns.ask(OWNER, session, "Sort", "auto") for _ in range(2)]
    works = [stage.playground.snapshot(OWNER, session).writing[turn.id] for turn in turns]
    stage.playground.sessions.delete(OWNER, session)
    assert all(work.ended.wait(60) for work in works)
    stage.playground.sessions.restore(OWNER, session)
    snapshot = stage.settled(session)
    assert {turn.status for turn in snapshot.turns} <= {"stopped", "failed"}


def test_a_deleted_session_stops_what_is_done_about_its_tests(stage: Stage) -> None:
    session = stage.session()
    cell = stage.add(session, "def f():\n    return 1")
    stage.engine.pause = 0.02
    stage.engine.enqueue("```python\n" + "assert f() == 1\n" * 500 + "```")
    stage.playground.tests.propose(OWNER, session, cell)
    [work] = stage.playground.snapshot(OWNER, session).testing[cell]
    stage.playground.sessions.delete(OWNER, session)
    assert work.stop.is_set()
    assert work.ended.wait(60)


def test_what_stands_in_the_composer_is_kept(stage: Stage) -> None:
    session = stage.session()
    stage.playground.sessions.keep_draft(OWNER, session, "Half a tho\ud800\0")
    draft = stage.playground.snapshot(OWNER, session).session.draft
    assert draft == "Half a tho\N{REPLACEMENT CHARACTER}\N{SYMBOL FOR NULL}"
    with pytest.raises(Refused, match="kept up to 100,000"):
        stage.playground.sessions.keep_draft(OWNER, session, "x" * 100_001)
    assert stage.ask(session, "Sort", SORT).session.draft == ""


def test_the_target_is_kept_and_checked(stage: Stage) -> None:
    session, other = stage.session(), stage.session(STRANGER)
    cell = stage.add(session, "x = 1")
    foreign = stage.playground.cells.add(STRANGER, other, None, "y = 1").id
    for target, kept in ((cell, cell), ("new", "new"), ("auto", None)):
        stage.playground.sessions.keep_target(OWNER, session, target)
        assert stage.playground.snapshot(OWNER, session).session.target_cell_id == kept
    with pytest.raises(NotFound):
        stage.playground.sessions.keep_target(OWNER, session, foreign)


def test_sampling_is_kept_and_used(stage: Stage) -> None:
    session = stage.session()
    stage.playground.sessions.keep_sampling(OWNER, session, {"temperature": 1, "seed": 3, "unknown": 9})
    stage.playground.sessions.keep_sampling(OWNER, session, {"top_p": 0.5})
    stage.ask(session, "Sort", SORT)
    used = stage.engine.samplings[0]
    assert (used.temperature, used.top_p, used.seed, used.max_tokens) == (1.0, 0.5, 3, 1024)


@pytest.mark.parametrize(
    "sampling",
    [
        {"temperature": -1},
        {"temperature": float("nan")},
        {"top_p": 0},
        {"max_tokens": 0},
        {"max_tokens": 10**9},
        {"max_tokens": float("inf")},
        {"seed": -1},
        {"seed": 2**63},
        {"top_k": None},
    ],
)
def test_sampling_out_of_its_range_is_refused(stage: Stage, sampling: dict[str, float | int | None]) -> None:
    session = stage.session()
    before = stage.playground.snapshot(OWNER, session).session.sampling
    with pytest.raises((InvalidSampling, Refused)):
        stage.playground.sessions.keep_sampling(OWNER, session, sampling)
    assert stage.playground.snapshot(OWNER, session).session.sampling == before


def test_the_export_is_a_notebook_with_its_provenance(stage: Stage) -> None:
    session = stage.session()
    stage.ask(session, "Sort <b>a</b> list/..\\", SORT)
    stage.add(session, "x = 1")
    name, text = stage.playground.sessions.export(OWNER, session)
    book = nbformat.reads(text, as_version=4)
    nbformat.validate(book)
    assert name == "sort-b-a-b-list.ipynb"
    assert [cell.cell_type for cell in book.cells] == ["markdown", "code", "markdown", "code", "markdown"]
    assert book.cells[0].source == "    Sort <b>a</b> list/..\\"
    assert json.loads(text)["cells"][1]["metadata"]["codegen_playground"]["model"] == "scripted"
    assert "    Version 1, written by scripted, turn 1." in book.cells[2].source


def test_models_are_listed_and_only_those_can_be_chosen(stage: Stage) -> None:
    session = stage.session()
    choices = stage.playground.models.choices()
    assert "qwen2.5-coder-1.5b-instruct" in {choice.entry.id for choice in choices}
    assert all(choice.fits or choice.note for choice in choices)
    with pytest.raises(Refused, match="no model"):
        stage.playground.models.use(OWNER, session, "/etc/passwd")
    stage.playground.models.use(OWNER, session, choices[0].entry.id)
    assert stage.playground.snapshot(OWNER, session).session.model_id == choices[0].entry.id


def test_a_model_that_does_not_fit_says_what_would_and_cannot_be_chosen(stage: Stage) -> None:
    models, session = stage.playground.models, stage.session()
    models._machine = lambda: Machine(cpu_bytes=3 * 10**9, disk_bytes=0)
    found = {choice.entry.id: choice for choice in models.choices()}
    assert found["qwen2.5-coder-0.5b-instruct"].fits
    assert not found["codellama-7b-instruct"].fits
    assert "It would run with" in found["codellama-7b-instruct"].note
    with pytest.raises(Refused, match="CodeLlama 7B Instruct needs"):
        models.use(OWNER, session, "codellama-7b-instruct")
    with pytest.raises(Refused, match="laid out for eight cores"):
        models.use(OWNER, session, "codegen2-1b")
    assert stage.playground.snapshot(OWNER, session).session.model_id != "codellama-7b-instruct"


def test_a_model_that_fits_only_beside_the_disk_says_that_it_will_be_slow(stage: Stage) -> None:
    models = stage.playground.models
    models._machine = lambda: Machine(cpu_bytes=4 * 10**9, disk_bytes=10**12)
    [choice] = [choice for choice in models.choices() if choice.entry.id == "codellama-7b-instruct"]
    assert choice.fits
    assert "slow" in choice.note
