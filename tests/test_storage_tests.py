"""Tests of cells, verdicts, candidates and rows of inputs, as they are stored."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage import Database
from storage.errors import NotFound
from storage.transaction import Transaction

OWNER = "a" * 64


@pytest.fixture
def t(tmp_path: Path) -> Iterator[Transaction]:
    database = Database(f"sqlite:///{tmp_path / 'playground.db'}")
    database.migrate()
    with database.begin() as transaction:
        yield transaction
    database.close()


def cell(t: Transaction, source: str = "f = 1") -> tuple[str, str, str]:
    """Ids of a session, a cell of it and the version shown."""
    session = t.create_session(OWNER)
    its = t.create_cell(session.id)
    version = t.create_version(its.id, source, origin="hand")
    t.show_version(its.id, version.id)
    return session.id, its.id, version.id


def test_tests_are_numbered_within_their_cell(t: Transaction) -> None:
    session, one, _ = cell(t)
    _, other, _ = cell(t)
    tests = [t.create_test(one, f"f({n})", "1", origin="hand") for n in range(2)]
    t.create_test(other, "f()", "1", origin="model")
    assert [its.number for its in tests] == [1, 2]
    assert t.tests_of_session(session) == t.tests(one) == tests
    assert (tests[0].standing, t.test(tests[1].id, session_id=session)) == ("unconfirmed", tests[1])


def test_a_test_of_another_session_is_not_found(t: Transaction) -> None:
    _, one, _ = cell(t)
    other, _, _ = cell(t)
    its = t.create_test(one, "f()", "1", origin="hand")
    with pytest.raises(NotFound):
        t.test(its.id, session_id=other)


def test_a_rejected_test_is_kept_but_no_longer_shown(t: Transaction) -> None:
    session, one, _ = cell(t)
    its = t.create_test(one, "f()", "1", origin="docstring")
    t.update_test(its.id, standing="rejected")
    assert t.tests_of_session(session) == []
    assert [test.standing for test in t.tests(one)] == ["rejected"]
    assert t.create_test(one, "f()", "2", origin="hand").number == 2


def test_a_test_of_a_deleted_cell_is_not_shown(t: Transaction) -> None:
    session, one, _ = cell(t)
    t.create_test(one, "f()", "1", origin="hand")
    t.delete_cell(one)
    assert t.tests_of_session(session) == []


def test_a_verdict_replaces_the_one_before_it(t: Transaction) -> None:
    _, one, version = cell(t)
    its = t.create_test(one, "f()", "1", origin="hand")
    t.record_verdict(its.id, version, "a", passed=True, actual="1", detail="")
    last = t.record_verdict(its.id, version, "b", passed=False, actual="2", detail="no")
    assert t.verdicts([its.id]) == [last]


def test_verdicts_of_all_versions_come_in_their_order(t: Transaction) -> None:
    _, one, version = cell(t)
    its = t.create_test(one, "f()", "1", origin="hand")
    second = t.create_version(one, "f = 2", origin="hand")
    t.record_verdict(its.id, second.id, "b", passed=False, actual="2", detail="")
    t.record_verdict(its.id, version, "a", passed=True, actual="1", detail="")
    assert [verdict.version_id for verdict in t.verdicts([its.id])] == [version, second.id]


def test_a_test_that_changes_forgets_its_verdicts(t: Transaction) -> None:
    _, one, version = cell(t)
    its = t.create_test(one, "f()", "1", origin="hand")
    t.record_verdict(its.id, version, "a", passed=True, actual="1", detail="")
    t.update_test(its.id, standing="pinned")
    assert len(t.verdicts([its.id])) == 1
    t.update_test(its.id, expected="2")
    assert t.verdicts([its.id]) == []


def test_a_verdict_needs_a_version_of_the_same_cell(t: Transaction) -> None:
    _, one, _ = cell(t)
    _, _, other = cell(t)
    its = t.create_test(one, "f()", "1", origin="hand")
    with pytest.raises(NotFound):
        t.record_verdict(its.id, other, "a", passed=True, actual="1", detail="")


def test_candidates_of_a_turn_are_kept_in_order(t: Transaction) -> None:
    session, _, version = cell(t)
    turn = t.create_turn(session, "try two")
    one, two = (t.create_candidate(turn.id, source, sampling={"seed": 1}) for source in ("f = 1", "f = 2"))
    two = t.update_candidate(two.id, rank=0, verdicts={"test": {"passed": True}}, version_id=version)
    assert [one.place, two.place] == [0, 1]
    assert t.candidates(session) == [one, two]
    with pytest.raises(NotFound):
        t.candidate(one.id, session_id="other")


def test_rows_of_inputs_are_kept_changed_and_removed(t: Transaction) -> None:
    session, _, _ = cell(t)
    other, _, _ = cell(t)
    one = t.create_slot_row(session, {"A": "abc"}, "3")
    two = t.create_slot_row(session, {"A": ""}, "0")
    one = t.update_slot_row(one.id, session, result={"passed": True})
    assert t.slot_rows(session) == [one, two]
    with pytest.raises(NotFound):
        t.delete_slot_row(one.id, other)
    t.delete_slot_row(one.id, session)
    assert t.slot_rows(session) == [two]
