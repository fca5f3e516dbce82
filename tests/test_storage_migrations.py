import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext

from storage import Database, migrations
from storage.errors import DatabaseLocked, Inconsistent, NotFound, SchemaTooNew
from storage.tables import Table

OWNER = "a" * 64
FIRST = Path(__file__).with_name("test_storage_first_schema.sql")
ADDED = {"tests", "verdicts", "candidates", "slot_rows"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "playground.db"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    """Not migrated, and empty where the test does not fill the file first."""
    database = Database(f"sqlite:///{path}", timeout=1)
    yield database
    database.close()


@pytest.fixture
def filled(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(FIRST.read_text())


def schema(path: Path) -> set[tuple[str, str]]:
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        return {(name, " ".join(sql.split())) for name, sql in rows}


def test_migrating_an_empty_database_makes_what_the_tables_say(database: Database) -> None:
    database.migrate()
    with database._engines.reading.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Table.metadata) == []
        names = set(sa.inspect(connection).get_table_names())
    assert names == {"alembic_version", "sessions", "turns", "cells", "versions", "runs", "shares", *ADDED}


@pytest.mark.parametrize("times", [1, 2])
def test_a_database_of_the_first_schema_keeps_everything(database: Database, filled: None, times: int) -> None:
    for _ in range(times):
        database.migrate()
    with database.read() as t:
        session = t.session_of(OWNER, "session")
        assert (session.title, session.draft, session.sampling) == (
            "Sorting",
            "make it ",
            {"temperature": 0.2, "seed": 7},
        )
        assert (session.target_cell_id, session.model_id) == ("cell", "qwen2.5-coder-0.5b")
        assert session.created_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
        assert [turn.id for turn in t.branch("turn_b")] == ["turn_a", "turn_b"]
        assert [turn.id for turn in t.siblings("turn_b")] == ["turn_b", "turn_c"]
        turn = t.turn("turn_a")
        assert (turn.prose, turn.status, turn.tokens_in, turn.seconds) == ("It sorts.", "done", 900, 1.25)
        assert (turn.first_token_seconds, turn.estimated, turn.price_per_hour) == (None, False, None)
        assert turn.carried == []
        assert turn.prompt_report == {"parts": [{"name": "system", "text": "x" * 5000, "tokens": 900}]}
        assert [cell.id for cell in t.cells("session", deleted=True)] == ["cell", "scratch"]
        assert [version.id for version in t.versions("cell")] == ["version_one", "version_two"]
        assert t.shown_versions("session")["cell"].source == "def sort_list(x):\n    x.sort()\n"
        run = t.run("run")
        assert (run.status, run.upstream, run.milliseconds) == ("error", {"scratch": "b" * 64}, 12.5)
        assert run.outputs == [{"output_type": "stream", "name": "stdout", "text": "hello " * 1000}]
        assert run.failure == {"name": "ValueError", "message": "no", "frames": [], "hidden": 1}
        assert t.share("share").document == {"title": "Sorting", "cells": []}
        with pytest.raises(NotFound):
            t.session_of(OWNER, "deleted")


def test_a_database_of_the_first_schema_can_be_worked_with(database: Database, filled: None) -> None:
    database.migrate()
    with database.begin() as t:
        assert t.create_version("cell", "3", origin="hand").number == 3
        t.create_turn("session", "next", parent_id="turn_b")
        t.restore_session("deleted")
        assert len(t.sessions_of(OWNER)) == 2


def test_the_first_revision_is_never_rewritten(database: Database, filled: None, path: Path, tmp_path: Path) -> None:
    again = Database(f"sqlite:///{tmp_path / 'again.db'}")
    with again._migrating() as connection:
        migrations.upgrade(connection, "0001")
    again.close()
    assert schema(tmp_path / "again.db") == schema(path)


def test_a_schema_newer_than_the_program_is_refused_and_left_alone(
    database: Database, filled: None, path: Path
) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    before = schema(path)
    with pytest.raises(SchemaTooNew, match="newer program") as caught:
        database.migrate()
    assert caught.value.stored == "9999"
    assert schema(path) == before
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]


def test_a_migration_that_fails_half_way_leaves_nothing(database: Database, path: Path) -> None:
    def fail_half_way() -> None:
        with database._migrating() as connection:
            migrations.upgrade(connection)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    assert schema(path) == set()
    database.migrate()
    assert schema(path)


def test_rebuilding_a_table_keeps_what_refers_to_it(database: Database, filled: None) -> None:
    database.migrate()
    with database._migrating() as connection:
        operations = Operations(MigrationContext.configure(connection))
        with operations.batch_alter_table("sessions", recreate="always") as batch:
            batch.add_column(sa.Column("colour", sa.Text))
    with database.read() as t:
        assert len(t.turns("session")) == 3
        assert t.session("session").head_turn_id == "turn_b"


def test_a_migration_that_breaks_references_is_undone(database: Database, filled: None) -> None:
    database.migrate()
    with pytest.raises(Inconsistent, match="references"), database._migrating() as connection:
        connection.exec_driver_sql("DELETE FROM cells")
    with database.read() as t:
        assert len(t.cells("session")) == 1


def test_foreign_keys_hold_again_after_a_migration(database: Database) -> None:
    database.migrate()
    with pytest.raises(Inconsistent, match="FOREIGN KEY"), database.begin() as t:
        t._orm.execute(sa.text("INSERT INTO shares VALUES (1, 't', 'no session', x'7B7D', '', '', NULL)"))


def test_two_servers_may_start_at_once(path: Path) -> None:
    servers = [Database(f"sqlite:///{path}") for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(Database.migrate, servers))
    with servers[0].begin() as t:
        t.create_session(OWNER)
    for server in servers:
        server.close()


def test_a_database_that_is_up_to_date_opens_while_another_writes(database: Database, path: Path) -> None:
    database.migrate()
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        database.migrate()
        holder.execute("ROLLBACK")


def test_a_locked_database_is_not_migrated(database: Database, filled: None, path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(DatabaseLocked):
            database.migrate()
        holder.execute("ROLLBACK")
    database.migrate()
