from typing import Any

import pytest

from storage import Database
from storage.errors import InvalidValue, NotFound
from storage.records import Version

OWNER = "a" * 64


@pytest.fixture
def version(database: Database) -> Version:
    with database.begin() as t:
        return t.create_version(t.create_cell(t.create_session(OWNER).id).id, "1 + 1", origin="model")


def test_a_run_is_tied_to_the_code_that_ran(database: Database, version: Version) -> None:
    with database.begin() as t:
        run = t.create_run(version.id, upstream={"c" * 32: "d" * 64})
    assert (run.sha256, run.version_id, run.cell_id) == (version.sha256, version.id, version.cell_id)
    assert (run.status, run.started_at, run.outputs, run.failure) == ("queued", None, [], None)
    assert run.upstream == {"c" * 32: "d" * 64}


def test_running_an_open_version_closes_it(database: Database, version: Version) -> None:
    with database.begin() as t:
        opened = t.create_version(version.cell_id, "2", origin="hand", status="open")
        t.create_run(opened.id)
        assert t.version(opened.id).status == "whole"


@pytest.mark.parametrize("size", [10, 3_000_000])
def test_outputs_and_failures_return_as_they_were(database: Database, version: Version, size: int) -> None:
    outputs: list[dict[str, Any]] = [
        {"output_type": "stream", "name": "stdout", "text": "\0\ud800\u202e" + "x" * size},
        {"output_type": "display_data", "data": {"image/png": "iVBOR" * (size // 5)}, "metadata": {}},
    ]
    failure = {"name": "ValueError", "message": "\udfff", "frames": [{"line": 3, "text": "f()"}], "hidden": 2}
    with database.begin() as t:
        run = t.create_run(version.id)
        t.update_run(run.id, status="running", kernel_id="k", execution_count=4)
        t.update_run(run.id, status="error", outputs=outputs, failure=failure, milliseconds=12.5)
    with database.read() as t:
        read = t.run(run.id)
    assert (read.outputs, read.failure) == (outputs, failure)
    assert (read.kernel_id, read.execution_count, read.milliseconds) == ("k", 4, 12.5)


def test_large_outputs_are_compressed_and_small_ones_stay_readable(database: Database, version: Version) -> None:
    with database.begin() as t:
        for text in ("hello", "hello " * 100_000):
            t.update_run(t.create_run(version.id).id, outputs=[{"text": text}])
    with database._engines.reading.connect() as connection:
        small, large = connection.exec_driver_sql("SELECT outputs FROM runs ORDER BY seq").scalars()
    assert bytes(small) == b'[{"text":"hello"}]'
    assert len(large) < 20_000


def test_a_run_gets_its_start_when_it_runs(database: Database, version: Version) -> None:
    with database.begin() as t:
        run = t.create_run(version.id)
        running = t.update_run(run.id, status="running")
        done = t.update_run(run.id, status="ok")
    assert running.started_at is not None
    assert done.started_at == running.started_at


def test_the_newest_run_is_the_one_created_last(database: Database, version: Version) -> None:
    with database.begin() as t:
        assert t.newest_run_of_cell(version.cell_id) is None
        assert t.newest_run_of_version(version.id) is None
        other = t.create_version(version.cell_id, "2", origin="hand")
        of_first = [t.create_run(version.id) for _ in range(3)][-1]
        of_second = t.create_run(other.id)
        assert t.newest_run_of_version(version.id) == of_first
        assert t.newest_run_of_cell(version.cell_id) == of_second
        assert t.newest_runs(of_second.session_id) == {version.cell_id: of_second}


def test_running_runs_are_those_not_ended(database: Database, version: Version) -> None:
    with database.begin() as t:
        queued, running, ended = (t.create_run(version.id) for _ in range(3))
        t.update_run(running.id, status="running")
        t.update_run(ended.id, status="died")
        assert [run.id for run in t.running_runs()] == [queued.id, running.id]
        assert t.running_runs(t.create_session(OWNER).id) == []


def test_a_run_of_another_session_is_not_found(database: Database, version: Version) -> None:
    with database.begin() as t:
        run = t.create_run(version.id)
        with pytest.raises(NotFound, match="run"):
            t.run(run.id, session_id=t.create_session(OWNER).id)


def test_an_output_that_is_no_json_is_refused(database: Database, version: Version) -> None:
    with pytest.raises(InvalidValue, match="JSON"), database.begin() as t:
        t.update_run(t.create_run(version.id).id, outputs=[{"data": b"bytes"}])


def test_closing_what_was_interrupted_marks_it_cut_and_nothing_else(database: Database, version: Version) -> None:
    with database.begin() as t:
        session_id = t.create_run(version.id, status="running").session_id
        t.update_run(t.create_run(version.id).id, status="ok")
        t.update_turn(t.create_turn(session_id, "done").id, status="done")
        waiting = t.create_turn(session_id, "waiting")
        opened = t.create_version(version.cell_id, "2", origin="hand", status="open")
        written = t.create_version(version.cell_id, "def f", origin="model", status="writing")
    with database.begin() as t:
        cut = t.close_interrupted()
    with database.begin() as t:
        assert [turn.request for turn in cut.turns] == ["waiting"]
        assert [(v.id, v.status, v.source) for v in cut.versions] == [(written.id, "cut", "def f")]
        assert [run.status for run in cut.runs] == ["cut"]
        assert t.turn(waiting.id).status == "cut"
        assert t.version(opened.id).status == "open"
        assert t.close_interrupted().turns == ()


def test_a_share_shows_its_document_until_it_is_revoked(database: Database, version: Version) -> None:
    document = {"title": "\ud800", "cells": ["x" * 100_000]}
    with database.begin() as t:
        session_id = t.cell(version.cell_id).session_id
        made = t.create_share(session_id, document)
        assert len(made.token) >= 43
        assert t.share(made.token) == made
        replaced = t.replace_share(made.token, {"title": "newer"})
        assert replaced.updated_at > made.updated_at
        assert t.shares(session_id) == [replaced]
    with database.begin() as t:
        revoked = t.revoke_share(made.token)
        assert revoked.revoked_at is not None
        assert t.share(made.token).document == {}
        assert t.shares(session_id) == []
        assert t.shares(session_id, revoked=True) == [revoked]
        assert t.revoke_share(made.token) == revoked
        with pytest.raises(NotFound, match="share"):
            t.replace_share(made.token, document)


@pytest.mark.parametrize("token", ["", "x", "\ud800", "a\0"])
def test_an_unknown_token_is_not_found(database: Database, token: str) -> None:
    with database.read() as t, pytest.raises(NotFound, match="share"):
        t.share(token)


def test_the_link_of_a_deleted_session_is_dead_until_it_is_restored(database: Database, version: Version) -> None:
    with database.begin() as t:
        session_id = t.cell(version.cell_id).session_id
        made = t.create_share(session_id, {})
        t.delete_session(session_id)
        with pytest.raises(NotFound, match="share"):
            t.share(made.token)
        t.restore_session(session_id)
        assert t.share(made.token) == made
