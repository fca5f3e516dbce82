import hashlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from storage import Database
from storage.errors import InvalidText, NotFound, StaleRevision, VersionClosed
from storage.records import Cell, VersionStatus

OWNER = "a" * 64


@pytest.fixture
def cell(database: Database) -> Cell:
    with database.begin() as t:
        return t.create_cell(t.create_session(OWNER).id)


def test_a_version_keeps_source_hash_and_provenance(database: Database, cell: Cell) -> None:
    source = "def f():\r\n\treturn 'é\u202eא'\n" * 20_000
    with database.begin() as t:
        turn = t.create_turn(cell.session_id, "sort")
        one = t.create_version(cell.id, "1", origin="model")
        made = t.create_version(
            cell.id, source, origin="model", parent_id=one.id, turn_id=turn.id, model="qwen", quantisation="int4",
            sampling={"seed": 7},
        )  # fmt: skip
    with database.read() as t:
        read = t.version(made.id, cell_id=cell.id)
        assert [version.number for version in t.versions(cell.id)] == [1, 2]
    assert read == made
    assert (read.source, read.sha256) == (source, hashlib.sha256(source.encode()).hexdigest())
    assert (read.parent_id, read.turn_id, read.model, read.quantisation) == (one.id, turn.id, "qwen", "int4")
    assert (read.sampling, read.status, read.origin) == ({"seed": 7}, "whole", "model")


@pytest.mark.parametrize("status", ["open", "writing"])
def test_a_version_in_the_making_can_grow(database: Database, cell: Cell, status: VersionStatus) -> None:
    with database.begin() as t:
        made = t.create_version(cell.id, "def", origin="model", status=status)
        t.update_source(made.id, "def f(): ...")
        closed = t.set_version_status(made.id, "whole")
    assert closed.source == "def f(): ..."
    assert closed.sha256 == hashlib.sha256(b"def f(): ...").hexdigest()


@pytest.mark.parametrize("status", ["whole", "stopped", "cut"])
def test_a_closed_version_is_never_overwritten_nor_reopened(
    database: Database, cell: Cell, status: VersionStatus
) -> None:
    with database.begin() as t:
        made = t.create_version(cell.id, "1", origin="model", status=status)
        with pytest.raises(VersionClosed, match=status):
            t.update_source(made.id, "2")
        for other in ("open", "writing"):
            with pytest.raises(VersionClosed):
                t.set_version_status(made.id, other)
        assert t.set_version_status(made.id, status) == made
        assert t.version(made.id).source == "1"


def test_typing_into_a_shown_version_moves_the_cells_revision(database: Database, cell: Cell) -> None:
    with database.begin() as t:
        made = t.create_version(cell.id, "1", origin="hand", status="open")
        shown = t.show_version(cell.id, made.id)
        t.update_source(made.id, "one tab", expected_revision=shown.revision)
    with pytest.raises(StaleRevision) as caught, database.begin() as t:
        t.update_source(made.id, "the other tab", expected_revision=shown.revision)
    with database.read() as t:
        assert t.version(made.id).source == "one tab"
        assert t.cell(cell.id).revision == caught.value.stored == shown.revision + 1


def test_a_streaming_version_leaves_the_cells_revision_alone(database: Database, cell: Cell) -> None:
    with database.begin() as t:
        made = t.create_version(cell.id, "", origin="model", status="writing")
        shown = t.show_version(cell.id, made.id)
        t.update_source(made.id, "def f")
        assert t.cell(cell.id).revision == shown.revision


@pytest.mark.parametrize("text", ["a\0b", "a\ud800b"])
def test_a_source_that_cannot_be_stored_is_refused(database: Database, cell: Cell, text: str) -> None:
    with database.begin() as t:
        made = t.create_version(cell.id, "1", origin="hand", status="open")
    with database.begin() as t:
        with pytest.raises(InvalidText, match="character 1 is U"):
            t.update_source(made.id, text)
        with pytest.raises(InvalidText):
            t.create_version(cell.id, text, origin="hand")
        assert t.version(made.id) == made


def test_two_writers_never_get_the_same_number(database: Database, cell: Cell) -> None:
    second = Database(database._engines.where)  # another server on the same file

    def write(number: int) -> int:
        with (database, second)[number % 2].begin() as t:
            return t.create_version(cell.id, str(number), origin="hand").number

    with ThreadPoolExecutor(8) as pool:
        numbers = sorted(pool.map(write, range(80)))
    second.close()
    assert numbers == list(range(1, 81))


def test_heads_tell_everything_but_the_source(database: Database, cell: Cell) -> None:
    sources = ["", "1", "1\n", "1\n2", "1\n2\n", "\n"]
    with database.begin() as t:
        made = [t.create_version(cell.id, source, origin="hand") for source in sources]
        heads = t.version_heads(cell.session_id)
    assert [head.lines for head in heads] == [len(source.splitlines()) for source in sources]
    assert [(head.id, head.number, head.sha256) for head in heads] == [(v.id, v.number, v.sha256) for v in made]


def test_shown_versions_leave_out_empty_and_deleted_cells(database: Database, cell: Cell) -> None:
    with database.begin() as t:
        empty, deleted = t.create_cell(cell.session_id), t.create_cell(cell.session_id)
        for place in (cell, deleted):
            t.show_version(place.id, t.create_version(place.id, "1", origin="hand").id)
        t.create_version(cell.id, "2", origin="hand")
        t.delete_cell(deleted.id)
        shown = t.shown_versions(cell.session_id)
    assert empty.id not in shown
    assert {cell_id: version.source for cell_id, version in shown.items()} == {cell.id: "1"}


def test_a_version_of_another_cell_or_session_is_not_found(database: Database, cell: Cell) -> None:
    with database.begin() as t:
        foreign = t.create_cell(t.create_session(OWNER).id)
        version = t.create_version(foreign.id, "1", origin="hand")
        with pytest.raises(NotFound, match="version"):
            t.version(version.id, cell_id=cell.id)
        with pytest.raises(NotFound, match="version"):
            t.create_version(cell.id, "1", origin="hand", parent_id=version.id)
        with pytest.raises(NotFound, match="turn"):
            t.create_version(cell.id, "1", origin="hand", turn_id=t.create_turn(foreign.session_id, "x").id)
