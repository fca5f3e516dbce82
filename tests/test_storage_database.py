import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event

from storage import Database
from storage.errors import (
    DatabaseCorrupt,
    DatabaseFailed,
    DatabaseFull,
    DatabaseLocked,
    DatabaseReadOnly,
    DatabaseUnreachable,
    SchemaTooOld,
)

OWNER = "a" * 64
HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "playground.db"


def titles(database: Database) -> list[str]:
    with database.read() as t:
        return [session.title for session in t.sessions_of(OWNER)]


@contextmanager
def held_by_another_process(path: Path) -> Iterator[None]:
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "locked\n"
        yield
        holder.communicate("")


def test_sqlite_is_set_up_to_be_safe_and_shared(database: Database) -> None:
    database.close()  # so that the next connection is a new one
    with database._engines.writing.connect() as connection:
        pragmas = ("journal_mode", "foreign_keys", "synchronous", "busy_timeout")
        values = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in pragmas]
    assert values == ["wal", 1, 1, 5000]


def test_the_file_and_its_folder_are_made_for_the_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "playground.db"
    database = Database(f"sqlite:///{path}")
    database.migrate()
    database.close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_transaction_is_kept_whole_or_not_at_all(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.begin() as t:
        t.create_turn(t.create_session(OWNER, title="lost").id, str(1 / 0))
    assert titles(database) == []


def test_a_reader_sees_one_state_while_others_write(database: Database) -> None:
    with database.begin() as t:
        t.create_session(OWNER, title="before")
    with database.read() as reader:
        assert len(reader.sessions_of(OWNER)) == 1
        with ThreadPoolExecutor(1) as pool:
            pool.submit(write, database, "meanwhile").result()
        assert len(reader.sessions_of(OWNER)) == 1
    assert titles(database) == ["meanwhile", "before"]


def write(database: Database, title: str) -> None:
    with database.begin() as t:
        t.create_session(OWNER, title=title)


def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(DatabaseReadOnly), database.read() as t:
        t.create_session(OWNER)
    write(database, "the next one can")
    assert titles(database) == ["the next one can"]


def test_many_threads_share_one_database(database: Database) -> None:
    with database.begin() as t:
        cell = t.create_cell(t.create_session(OWNER).id)
        version = t.create_version(cell.id, "", origin="hand", status="open")
        t.show_version(cell.id, version.id)

    def work(number: int) -> int:
        with database.begin() as t:
            t.update_source(version.id, t.version(version.id).source + f"{number}\n")
        with database.read() as t:
            return len(t.shown_versions(cell.session_id))

    with ThreadPoolExecutor(40) as pool:
        assert list(pool.map(work, range(200))) == [1] * 200
    with database.read() as t:
        assert sorted(map(int, t.version(version.id).source.split())) == list(range(200))
        assert t.cell(cell.id).revision == 202


def test_a_lock_held_elsewhere_is_named_and_nothing_is_lost(database: Database, path: Path) -> None:
    write(database, "before")
    hasty = Database(f"sqlite:///{path}", timeout=0.1)
    with held_by_another_process(path):
        with pytest.raises(DatabaseLocked, match="another writer"), hasty.begin():
            pytest.fail("the block must not start")
        assert titles(hasty) == ["before"]
    write(hasty, "after")
    assert titles(hasty) == ["after", "before"]
    hasty.close()


def test_a_writer_waits_for_another_thread_no_longer_than_the_timeout(database: Database, path: Path) -> None:
    hasty = Database(f"sqlite:///{path}", timeout=0.1)
    begun, done = threading.Event(), threading.Event()

    def hold() -> None:
        with hasty.begin():
            begun.set()
            done.wait()

    with ThreadPoolExecutor(1) as pool:
        holding = pool.submit(hold)
        begun.wait()
        with pytest.raises(DatabaseLocked):
            write(hasty, "refused")
        done.set()
        holding.result()
    write(hasty, "after")
    assert titles(hasty) == ["after"]
    hasty.close()


def test_a_full_disk_is_named_and_what_was_there_stays(database: Database) -> None:
    write(database, "before")
    database.close()

    @event.listens_for(database._engines.writing, "connect")
    def _limit(connection: sqlite3.Connection, _: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 5}")

    with pytest.raises(DatabaseFull, match="free some disk space"):
        write(database, "x" * 1_000_000)
    write(database, "a short one still fits")
    assert titles(database) == ["a short one still fits", "before"]


@pytest.mark.parametrize("content", [b"this is no database" * 1000, b"SQLite format 3\0" + b"\xff" * 8000])
def test_a_file_that_is_no_database_is_named_and_left_alone(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    database = Database(f"sqlite:///{path}")
    with pytest.raises(DatabaseCorrupt, match="restore a backup") as caught:
        database.migrate()
    assert str(path) in str(caught.value)
    with pytest.raises(DatabaseCorrupt):
        titles(database)
    database.close()
    assert path.read_bytes() == content


def test_a_damaged_page_is_named(database: Database, path: Path) -> None:
    for _ in range(50):
        write(database, "x" * 3000)
    database.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    with pytest.raises(DatabaseCorrupt):
        titles(database)
    database.close()


def test_a_damaged_value_is_named(database: Database) -> None:
    with database.begin() as t:
        share = t.create_share(t.create_session(OWNER).id, {"text": "x" * 100_000})
    for damage in (b"znonsense", b"{nonsense"):
        with database._engines.writing.begin() as connection:
            connection.exec_driver_sql("UPDATE shares SET document = ?", (damage,))
        with pytest.raises(DatabaseCorrupt), database.read() as t:
            t.share(share.token)


def test_a_file_that_may_not_be_written_is_named(database: Database, path: Path, tmp_path: Path) -> None:
    write(database, "before")
    database.close()
    fixed = Database(f"sqlite:///file:{path}?mode=ro&uri=true")
    with pytest.raises(DatabaseReadOnly):
        write(fixed, "refused")
    assert titles(fixed) == ["before"]
    fixed.close()


@pytest.mark.parametrize("url", ["nonsense", "mysql://host/name", "sqlite://", "sqlite:///:memory:", ""])
def test_a_url_that_names_no_database_is_refused(url: str) -> None:
    with pytest.raises(DatabaseUnreachable, match="DATABASE_URL"):
        Database(url)


def test_a_password_never_stands_in_a_message() -> None:
    with pytest.raises(DatabaseUnreachable) as caught:
        Database("mysql://user:hunter2@host/name")
    assert "hunter2" not in str(caught.value)


def test_a_folder_in_the_files_place_is_named(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}")
    with pytest.raises(DatabaseUnreachable):
        database.migrate()
    blocked = tmp_path / "file"
    blocked.touch()
    with pytest.raises(DatabaseUnreachable):
        Database(f"sqlite:///{blocked / 'below'}").migrate()


def test_an_unmigrated_database_says_so(path: Path) -> None:
    database = Database(f"sqlite:///{path}")
    with pytest.raises(SchemaTooOld, match="Migrate"):
        titles(database)
    database.close()


def test_a_backup_taken_while_others_write_is_whole(database: Database, path: Path, tmp_path: Path) -> None:
    stop = threading.Event()

    def keep_writing() -> None:
        while not stop.is_set():
            with database.begin() as t:
                t.create_turn(t.create_session(OWNER, title="pair").id, "pair")

    target = tmp_path / "backup.db"
    target.write_bytes(b"an older backup")
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(keep_writing)
        while len(titles(database)) < 20:
            pass
        database.backup(target)
        stop.set()
        writing.result()
    assert sorted(file.name for file in tmp_path.glob("backup*")) == ["backup.db"]
    with closing(sqlite3.connect(target)) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert copy.execute("PRAGMA journal_mode").fetchall() == [("delete",)]
        counts = [copy.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("sessions", "turns")]
    assert counts[0] == counts[1] >= 20


def test_a_backup_put_into_place_is_the_database(database: Database, path: Path, tmp_path: Path) -> None:
    write(database, "kept")
    database.backup(tmp_path / "backup.db")
    write(database, "written later")
    database.close()
    shutil.copy(tmp_path / "backup.db", tmp_path / "restored.db")
    restored = Database(f"sqlite:///{tmp_path / 'restored.db'}")
    restored.migrate()
    assert titles(restored) == ["kept"]
    write(restored, "goes on")
    restored.close()


def test_a_backup_that_cannot_be_written_leaves_nothing_behind(database: Database, tmp_path: Path) -> None:
    with pytest.raises(DatabaseFailed):
        database.backup(tmp_path / "missing" / "backup.db")
    assert not (tmp_path / "missing").exists()
    (tmp_path / "folder" / "inside").mkdir(parents=True)
    with pytest.raises(DatabaseFailed, match="no backup was made"):
        database.backup(tmp_path / "folder")
    assert not list(tmp_path.glob("*.partial"))


def test_a_backup_is_for_the_owner_alone(database: Database, tmp_path: Path) -> None:
    database.backup(tmp_path / "backup.db")
    assert stat.S_IMODE((tmp_path / "backup.db").stat().st_mode) == 0o600
