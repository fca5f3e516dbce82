"""Links: a copy that does not change by itself, ends when it is told to, and can be forked."""

import base64
import json
from datetime import datetime
from typing import Any

import pytest
from conftest import OWNER, STRANGER, Stage, wait_for

from app.session import Missing
from app.ui import view
from storage.errors import NotFound

SORT = "```python\ndef sort_list(xs):\n    return sorted(xs)\n```\nIt sorts."


def shared(stage: Stage, session_id: str) -> str:
    return stage.playground.shares.share(OWNER, session_id)[1].token


def document(stage: Stage, token: str) -> dict[str, Any]:
    found = stage.playground.shares.find(token)
    assert isinstance(found, dict)
    return found


def current(stage: Stage, session_id: str) -> bool:
    snapshot = stage.playground.snapshot(OWNER, session_id)
    return bool(view.share(snapshot.shares[0], snapshot)["current"])


def test_a_token_holds_at_least_128_random_bits(stage: Stage) -> None:
    token = shared(stage, stage.session())
    assert len(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))) >= 16


def test_the_copy_holds_requests_prose_and_code(stage: Stage) -> None:
    session = stage.session()
    stage.ask(session, "Sort a list", SORT)
    copy = document(stage, shared(stage, session))
    assert (copy["title"], copy["models"]) == ("Sort a list", ["scripted"])
    assert [(turn["request"], turn["prose"]) for turn in copy["turns"]] == [("Sort a list", "It sorts.")]
    assert [cell["source"] for cell in copy["cells"]] == ["def sort_list(xs):\n    return sorted(xs)"]
    assert copy["cells"][0]["run"] is None


def test_the_copy_says_whether_an_output_came_from_the_code_shown(stage: Stage) -> None:
    session = stage.session()
    cell = stage.add(session, "print(1)")
    revision = stage.run(session, cell).cells[0].revision
    exact = document(stage, shared(stage, session))["cells"][0]["run"]
    stage.playground.cells.edit(OWNER, session, cell, "print(2)", revision)
    edited = document(stage, shared(stage, session))["cells"][0]
    assert (exact["exact"], exact["outputs"][0]["text"]) == (True, "1\n")
    assert (edited["run"]["exact"], edited["source"], edited["stale"]) == (False, "print(2)", "edited since it ran")
    stage.kernels.close(session)


def test_the_copy_does_not_follow_until_it_is_updated(stage: Stage) -> None:
    session = stage.session()
    cell = stage.add(session, "x = 1")
    token = shared(stage, session)
    assert current(stage, session)
    revision = stage.playground.snapshot(OWNER, session).cells[0].revision
    stage.playground.cells.edit(OWNER, session, cell, "x = 2", revision)
    assert document(stage, token)["cells"][0]["source"] == "x = 1"
    assert not current(stage, session)
    assert shared(stage, session) == token
    assert document(stage, token)["cells"][0]["source"] == "x = 2"
    assert current(stage, session)


def test_a_withdrawn_link_is_dead_at_once(stage: Stage) -> None:
    session = stage.session()
    token = shared(stage, session)
    stage.playground.shares.revoke(OWNER, session, token)
    assert isinstance(stage.playground.shares.find(token), datetime)
    with pytest.raises(Missing, match="nothing to fork"):
        stage.playground.shares.fork(STRANGER, token)
    assert shared(stage, session) != token


@pytest.mark.parametrize("token", ["", "x", "\0", "\ud800", "x" * 10_000, "' OR 1=1 --"])
def test_an_unknown_link_shows_nothing(stage: Stage, token: str) -> None:
    assert stage.playground.shares.find(token) is None


def test_a_deleted_session_takes_its_link_along(stage: Stage) -> None:
    session = stage.session()
    stage.add(session, "x = 1")
    token = shared(stage, session)
    stage.playground.sessions.delete(OWNER, session)
    assert stage.playground.shares.find(token) is None
    stage.playground.sessions.restore(OWNER, session)
    assert document(stage, token)["cells"][0]["source"] == "x = 1"


def test_a_stranger_can_neither_withdraw_nor_tell_whether_there_is_a_link(stage: Stage) -> None:
    session = stage.session()
    token = shared(stage, session)
    own = stage.session(STRANGER)
    errors = []
    for its_session, its_token in ((session, token), (session, "x" * 43), (own, token), (own, "x" * 43)):
        with pytest.raises(NotFound) as error:
            stage.playground.shares.revoke(STRANGER, its_session, its_token)
        errors.append(str(error.value).replace(its_token, "TOKEN"))
    assert errors[0] == errors[1]
    assert errors[2] == errors[3]
    assert isinstance(stage.playground.shares.find(token), dict)


def test_a_fork_has_the_code_and_no_outputs(stage: Stage) -> None:
    session = stage.session()
    stage.ask(session, "Sort a list", SORT)
    cell = stage.add(session, "print(1)")
    stage.run(session, cell)
    stage.kernels.close(session)
    fork = stage.playground.shares.fork(STRANGER, shared(stage, session)).id
    snapshot = stage.playground.snapshot(STRANGER, fork)
    assert snapshot.session.title == "Sort a list"
    assert [snapshot.versions[c.id].source for c in snapshot.cells] == [
        "def sort_list(xs):\n    return sorted(xs)",
        "print(1)",
    ]
    assert {version.origin for version in snapshot.versions.values()} == {"forked"}
    assert (snapshot.runs, snapshot.shares, len(snapshot.turns)) == ({}, [], 1)
    assert snapshot.turns[0].cell_id == snapshot.cells[0].id
    with pytest.raises(NotFound):
        stage.playground.snapshot(OWNER, fork)


def test_a_fork_goes_its_own_way(stage: Stage) -> None:
    session = stage.session()
    stage.ask(session, "Write a function to sort", SORT)
    fork = stage.playground.shares.fork(OWNER, shared(stage, session)).id
    stage.ask(fork, "Make it in-place", "xs):\n    xs.sort()\n```")
    sources = {v.source for v in stage.playground.snapshot(OWNER, fork).versions.values()}
    assert sources == {"def sort_list(xs):\n    xs.sort()"}
    assert "xs.sort()" not in str(stage.playground.snapshot(OWNER, session).versions)


def test_tests_go_along_with_the_copy_its_forks_and_the_notebook(stage: Stage) -> None:
    session = stage.session()
    cell = stage.add(session, "def f(n):\n    return n")
    stage.playground.tests.add(OWNER, session, cell, "f(1)", "2")
    wait_for(lambda: not stage.playground.snapshot(OWNER, session).tested[cell].waiting)
    token = shared(stage, session)
    told = {"number": 1, "call": "f(1)", "expected": "2", "standing": "pinned", "origin": "hand"}
    tests = document(stage, token)["cells"][0]["tests"]
    assert tests == [{**told, "passed": False, "actual": "1"}]
    fork = stage.playground.snapshot(STRANGER, stage.playground.shares.fork(STRANGER, token).id)
    [state] = fork.tested[fork.cells[0].id].states
    assert (state.test.call, state.test.standing, state.verdict) == ("f(1)", "pinned", None)
    _, notebook = stage.playground.sessions.export(OWNER, session)
    code, known = json.loads(notebook)["cells"]
    assert code["metadata"]["codegen_playground"]["tests"] == tests
    assert "    Test 1 (pinned): f(1) expects 2: fails: 1" in "".join(known["source"])
