from datetime import UTC

import pytest

from storage import Database
from storage.errors import InvalidText, NotFound, StaleRevision
from storage.records import NEW_CELL, RunStatus, Session, new_id, utcnow

ME, OTHER = "a" * 64, "b" * 64


def titles(database: Database, search: str = "", owner: str = ME) -> list[str]:
    with database.read() as t:
        return [summary.title for summary in t.sessions_of(owner, search=search)]


def create(database: Database, title: str, owner: str = ME) -> Session:
    with database.begin() as t:
        return t.create_session(owner, title=title)


def test_a_session_is_read_back_as_it_was_created(database: Database) -> None:
    sampling = {"temperature": 0.2, "seed": None, "stop": ["\0", "\ud800"]}
    with database.begin() as t:
        made = t.create_session(ME, title="Sorting שלום", draft="x" * 1_000_000, sampling=sampling, model_id="qwen")
    with database.read() as t:
        read = t.session_of(ME, made.id)
    assert read == made
    assert (read.title, len(read.draft), read.sampling, read.model_id) == ("Sorting שלום", 1_000_000, sampling, "qwen")
    assert read.created_at.tzinfo is UTC
    assert read.revision == 1


def test_ids_carry_128_random_bits_and_are_safe_in_urls(database: Database) -> None:
    ids = {new_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(len(id_) == 32 and set(id_) <= set("0123456789abcdef") for id_ in ids)


def test_another_owner_and_a_guessed_id_get_the_same_answer(database: Database) -> None:
    made = create(database, "mine")
    missing = new_id()
    with database.read() as t:
        with pytest.raises(NotFound) as stolen:
            t.session_of(OTHER, made.id)
        with pytest.raises(NotFound) as guessed:
            t.session_of(OTHER, missing)
    assert str(stolen.value).replace(made.id, "?") == str(guessed.value).replace(missing, "?")
    assert titles(database, owner=OTHER) == []


@pytest.mark.parametrize("id_", ["", "\ud800", "a\0b", "' OR 1=1 --", "%", "x" * 100_000])
def test_a_hostile_id_is_simply_not_found(database: Database, id_: str) -> None:
    create(database, "mine")
    with database.read() as t, pytest.raises(NotFound) as caught:
        t.session_of(ME, id_)
    assert len(str(caught.value)) < 300
    str(caught.value).encode()


def test_the_session_changed_last_stands_first(database: Database) -> None:
    first, _ = create(database, "first"), create(database, "second")
    assert titles(database) == ["second", "first"]
    with database.begin() as t:
        t.create_turn(first.id, "more")
    assert titles(database) == ["first", "second"]


def test_the_list_counts_live_cells_failures_and_links(database: Database) -> None:
    made = create(database, "mine")
    with database.begin() as t:
        cells = [t.create_cell(made.id) for _ in range(3)]
        t.delete_cell(cells[2].id)
        statuses: tuple[RunStatus, ...] = ("ok", "error", "error")
        for cell, status in zip(cells, statuses, strict=True):
            run = t.create_run(t.create_version(cell.id, "1", origin="hand").id)
            t.update_run(run.id, status=status)
        share = t.create_share(made.id, {})
    with database.read() as t:
        (summary,) = t.sessions_of(ME)
    assert (summary.cells, summary.failing, summary.shared) == (2, 1, True)
    with database.begin() as t:
        t.revoke_share(share.token)
        assert not t.sessions_of(ME)[0].shared


def test_the_list_can_be_cut_short(database: Database) -> None:
    for number in range(5):
        create(database, str(number))
    with database.read() as t:
        assert [summary.title for summary in t.sessions_of(ME, limit=2)] == ["4", "3"]


def test_search_finds_titles_requests_and_sources_in_any_case(database: Database) -> None:
    by_title, by_request, by_source = (create(database, title) for title in ("ÜBUNG one", "two", "three"))
    with database.begin() as t:
        t.create_turn(by_request.id, "sortiere nach Übung")
        t.create_version(t.create_cell(by_source.id).id, "def übung(): ...", origin="model")
    assert set(titles(database, "übung")) == {"ÜBUNG one", "three", "two"}
    assert titles(database, "nach üB") == ["two"]
    assert by_title.id not in titles(database, "nach")


@pytest.mark.parametrize("text", ["100%", "a_b", "c/d", "back\\slash", "it's"])
def test_search_takes_wildcards_literally(database: Database, text: str) -> None:
    create(database, f"before {text} after")
    create(database, "100 axb cd backslash its")
    assert titles(database, text) == [f"before {text} after"]


def test_search_for_what_cannot_be_stored_is_refused_clearly(database: Database) -> None:
    with pytest.raises(InvalidText, match=r"character 1 is U\+0000"):
        titles(database, "a\0")


def test_search_stays_with_the_owner(database: Database) -> None:
    create(database, "secret", owner=OTHER)
    assert titles(database, "secret") == []


def test_a_stale_write_is_refused_and_names_the_stored_revision(database: Database) -> None:
    made = create(database, "mine")
    with database.begin() as t:
        newer = t.update_session(made.id, expected_revision=made.revision, draft="from one tab")
    with pytest.raises(StaleRevision) as caught, database.begin() as t:
        t.update_session(made.id, expected_revision=made.revision, draft="from the other tab")
    assert (caught.value.kind, caught.value.id) == ("session", made.id)
    assert (caught.value.given, caught.value.stored) == (made.revision, newer.revision)
    with database.read() as t:
        assert t.session(made.id).draft == "from one tab"


def test_a_write_that_changes_nothing_keeps_revision_and_time(database: Database) -> None:
    made = create(database, "mine")
    with database.begin() as t:
        assert t.rename_session(made.id, "mine") == made


def test_a_dictionary_changed_in_place_is_stored_when_it_is_written_and_only_then(database: Database) -> None:
    made = create(database, "mine")
    sampling = {"seed": 1}
    with database.begin() as t:
        t.update_session(made.id, sampling=sampling)
        sampling["seed"] = 2
        assert t.session(made.id).sampling == {"seed": 1}
        t.update_session(made.id, sampling=sampling)
        read = t.session(made.id).sampling
        read["seed"] = 3
        assert t.update_session(made.id, sampling=read).revision == 4
    with database.read() as t:
        assert t.session(made.id).sampling == {"seed": 3}


def test_what_a_session_points_at_must_be_its_own(database: Database) -> None:
    mine, foreign = create(database, "mine"), create(database, "foreign", owner=OTHER)
    with database.begin() as t:
        turn, cell = t.create_turn(foreign.id, "x"), t.create_cell(foreign.id)
        with pytest.raises(NotFound):
            t.update_session(mine.id, head_turn_id=turn.id)
        with pytest.raises(NotFound):
            t.update_session(mine.id, target_cell_id=cell.id)
        changed = t.update_session(mine.id, target_cell_id=NEW_CELL, head_turn_id=t.create_turn(mine.id, "y").id)
        assert changed.target_cell_id == NEW_CELL
        assert t.update_session(mine.id, target_cell_id=t.create_cell(mine.id).id).revision == 3


def test_an_unknown_field_is_a_type_error(database: Database) -> None:
    made = create(database, "mine")
    with pytest.raises(TypeError, match="owner"), database.begin() as t:
        t.update_session(made.id, owner=OTHER)  # type: ignore[call-arg]


def test_a_deleted_session_is_gone_until_restored(database: Database) -> None:
    made = create(database, "mine")
    with database.begin() as t:
        t.delete_session(made.id)
    assert titles(database) == []
    with database.read() as t:
        with pytest.raises(NotFound):
            t.session_of(ME, made.id)
        assert [summary.id for summary in t.sessions_of(ME, deleted=True)] == [made.id]
        assert t.session_of(ME, made.id, deleted=True).deleted_at is not None
    with database.begin() as t:
        t.restore_session(made.id)
    assert titles(database) == ["mine"]


def test_purging_removes_what_was_deleted_long_ago_and_all_it_held(database: Database) -> None:
    doomed, fresh = create(database, "doomed"), create(database, "fresh")
    with database.begin() as t:
        turn_id = None
        for number in range(1500):  # deeper than SQLite lets triggers recurse
            turn_id = t.create_turn(doomed.id, str(number), parent_id=turn_id).id
        cell = t.create_cell(doomed.id)
        version = t.create_version(cell.id, "1", origin="model", turn_id=turn_id)
        t.show_version(cell.id, version.id)
        run = t.create_run(version.id)
        share = t.create_share(doomed.id, {"cells": []})
        t.update_session(doomed.id, head_turn_id=turn_id)
        t.delete_session(doomed.id)
    between = utcnow()
    with database.begin() as t:
        t.delete_session(fresh.id)
    with database.begin() as t:
        assert t.purge_sessions(between) == 1
    with database.read() as t:
        assert t.session(fresh.id).title == "fresh"
        for find, id_ in (
            (t.session, doomed.id), (t.turn, str(turn_id)), (t.cell, cell.id), (t.version, version.id), (t.run, run.id),
            (t.share, share.token),
        ):  # fmt: skip
            with pytest.raises(NotFound):
                find(id_)
