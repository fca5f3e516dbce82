import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage import Database
from storage.errors import NotFound, StaleRevision

OWNER = "a" * 64


@pytest.fixture
def session_id(database: Database) -> str:
    with database.begin() as t:
        return t.create_session(OWNER).id


def order(database: Database, session_id: str) -> str:
    with database.read() as t:
        return "".join(cell.title for cell in t.cells(session_id))


def fill(database: Database, session_id: str, names: str) -> dict[str, str]:
    with database.begin() as t:
        return {name: t.create_cell(session_id, title=name).id for name in names}


def test_cells_are_put_where_they_were_asked_to_be(database: Database, session_id: str) -> None:
    fill(database, session_id, "abc")
    with database.begin() as t:
        t.create_cell(session_id, title="x", index=1)
        t.create_cell(session_id, title="y", index=0)
        t.create_cell(session_id, title="z", index=99)
    assert order(database, session_id) == "yaxbcz"


def test_a_moved_cell_gets_the_place_named(database: Database, session_id: str) -> None:
    ids = fill(database, session_id, "abcd")
    for name, index, expected in (("a", 2, "bcad"), ("d", 0, "dbca"), ("d", 99, "bcad"), ("c", 1, "bcad")):
        with database.begin() as t:
            t.move_cell(ids[name], index)
        assert order(database, session_id) == expected


def test_a_restored_cell_returns_to_its_place(database: Database, session_id: str) -> None:
    ids = fill(database, session_id, "abc")
    with database.begin() as t:
        t.delete_cell(ids["b"])
    assert order(database, session_id) == "ac"
    with database.begin() as t:
        t.create_cell(session_id, title="x", index=1)
        assert [cell.title for cell in t.cells(session_id, deleted=True)].count("b") == 1
        t.restore_cell(ids["b"])
    assert order(database, session_id) in ("axbc", "abxc")


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(["create", "move"]), st.integers(-2, 12), st.integers(0, 30)), max_size=60))
def test_any_sequence_of_insertions_and_moves_acts_like_a_list(
    database: Database, steps: list[tuple[str, int, int]]
) -> None:
    expected: list[str] = []
    with database.begin() as t:
        session_id = t.create_session(OWNER).id
        for action, index, which in steps:
            if action == "create" or not expected:
                id_ = t.create_cell(session_id, index=index).id
            else:
                id_ = expected.pop(which % len(expected))
                t.move_cell(id_, index)
            expected.insert(max(index, 0), id_)
        assert [cell.id for cell in t.cells(session_id)] == expected


def test_a_hundred_cells_fit_into_one_gap(database: Database, session_id: str) -> None:
    fill(database, session_id, "az")
    with database.begin() as t:
        for number in range(100):
            t.create_cell(session_id, index=1, title=chr(0x4E00 + number))
    assert order(database, session_id) == "a" + "".join(chr(0x4E00 + n) for n in reversed(range(100))) + "z"


def test_showing_a_version_names_the_revision_it_is_based_on(database: Database, session_id: str) -> None:
    with database.begin() as t:
        cell = t.create_cell(session_id)
        one, two = (t.create_version(cell.id, source, origin="model") for source in ("1", "2"))
        shown = t.show_version(cell.id, one.id, expected_revision=cell.revision)
        assert (shown.version_id, shown.revision) == (one.id, cell.revision + 1)
    with pytest.raises(StaleRevision) as caught, database.begin() as t:
        t.show_version(cell.id, two.id, expected_revision=cell.revision)
    assert (caught.value.kind, caught.value.stored) == ("cell", shown.revision)
    with database.read() as t:
        assert t.cell(cell.id) == shown


def test_a_cell_shows_only_its_own_versions(database: Database, session_id: str) -> None:
    with database.begin() as t:
        cell, other = t.create_cell(session_id), t.create_cell(session_id)
        version = t.create_version(other.id, "1", origin="model")
        with pytest.raises(NotFound, match="version"):
            t.show_version(cell.id, version.id)


def test_title_and_place_leave_the_revision_alone(database: Database, session_id: str) -> None:
    ids = fill(database, session_id, "ab")
    with database.begin() as t:
        t.rename_cell(ids["a"], "sort")
        t.move_cell(ids["a"], 1)
        cell = t.cell(ids["a"], session_id=session_id)
    assert (cell.title, cell.revision) == ("sort", 1)


def test_a_cell_of_another_session_is_not_found(database: Database, session_id: str) -> None:
    ids = fill(database, session_id, "a")
    with database.begin() as t, pytest.raises(NotFound, match="cell"):
        t.cell(ids["a"], session_id=t.create_session(OWNER).id)
