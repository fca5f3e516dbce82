"""The database: opening, migrating, transactions, backups."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Lock

from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session as OrmSession

from storage import migrations
from storage.engine import open_engines
from storage.errors import DatabaseFailed, DatabaseLocked, DatabaseUnreachable, Inconsistent, SchemaTooNew
from storage.faults import translated
from storage.records import new_id
from storage.transaction import Transaction


class Database:
    """A SQLite or PostgreSQL database of sessions; used by any number of threads.

    Args:
        url: `sqlite:///relative/path`, `sqlite:////absolute/path`, or `postgresql://...` (which needs a driver).
        timeout: seconds to wait for another writer before `DatabaseLocked`.

    Raises:
        DatabaseUnreachable: the URL is none, or its driver is not installed. Nothing is opened before it is used.
    """

    def __init__(self, url: str, *, timeout: float = 5.0) -> None:
        with translated("(its URL)"):
            try:
                self._engines = open_engines(url, timeout)
            except ModuleNotFoundError as error:
                raise DatabaseUnreachable("(its URL)", f"install the driver {error.name}") from error
        self._timeout = timeout
        # SQLite's waiting writers poll, so a busy one can be overtaken again and again; a lock is passed on.
        self._writer = Lock()

    def migrate(self) -> None:
        """Bring the schema up to date, all or nothing; creates a SQLite file, for its owner alone, and its folder.

        Raises:
            SchemaTooNew: the database was written by a newer program; it is left as it is.
            DatabaseFailed: it cannot be opened, is damaged, locked or full.
        """
        if self._engines.file is not None:
            _make_folder(self._engines.file, self._engines.where)
            _make_private(self._engines.file, self._engines.where)
        stored = self._revision()
        if stored is not None and stored not in migrations.known():
            raise SchemaTooNew(self._engines.where, stored)
        if stored != migrations.head():
            with self._migrating() as connection:
                migrations.upgrade(connection)

    @contextmanager
    def begin(self) -> Iterator[Transaction]:
        """A transaction that may write: what the block did is kept if it ends, and undone if it raises.

        Keep the block short: other writers wait for it. A second one in the same thread would wait for itself.

        Raises:
            DatabaseLocked: another writer did not end within the timeout.
            StorageError: what the block raised, or what the database made of it.
        """
        with translated(self._engines.where), self._alone(), _session(self._engines.writing) as session:
            session.connection()  # locks now
            yield Transaction(session)

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A transaction that sees one state throughout and waits for no writer; a write raises `DatabaseReadOnly`."""
        with translated(self._engines.where), _session(self._engines.reading) as session:
            yield Transaction(session)

    def backup(self, path: Path) -> None:
        """Write a consistent copy to `path` while others work; `path` is replaced once the copy is complete.

        The copy is one file without -wal or -shm, for SQLite alone: copy it back into place to restore it.
        """
        if self._engines.file is None:
            raise DatabaseFailed(self._engines.where, "is not SQLite: use pg_dump")
        partial = path.with_name(f"{path.name}.{new_id()}.partial")
        try:
            _make_private(partial, self._engines.where)
            with translated(self._engines.where):
                self._copy_to(partial)
            partial.replace(path)
        except OSError as error:
            raise DatabaseFailed(self._engines.where, f"no backup was made: {error}") from error
        finally:
            partial.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the connections that are not in use."""
        self._engines.writing.dispose()

    def _revision(self) -> str | None:
        with translated(self._engines.where), self._engines.reading.connect() as connection:
            return migrations.revision_of(connection)

    def _copy_to(self, path: Path) -> None:
        connection = self._engines.reading.raw_connection()
        with closing(connection), closing(sqlite3.connect(path)) as copy:
            driver = connection.driver_connection
            assert isinstance(driver, sqlite3.Connection)
            driver.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if self._engines.file is None:
            yield
            return
        if not self._writer.acquire(timeout=self._timeout):
            raise DatabaseLocked(self._engines.where, "another thread is writing")
        try:
            yield
        finally:
            self._writer.release()

    @contextmanager
    def _migrating(self) -> Iterator[Connection]:
        """A writing transaction without foreign keys: SQLite changes a table by copying and dropping it."""
        with translated(self._engines.where), self._alone():
            if self._engines.file is None:
                with self._engines.writing.begin() as connection:
                    yield connection
                return
            with self._engines.writing.connect() as connection, _foreign_keys_off(connection), connection.begin():
                yield connection
                if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                    raise Inconsistent(f"The migration would break references: {tuple(broken)}. Nothing was changed.")


@contextmanager
def _session(engine: Engine) -> Iterator[OrmSession]:
    """Reads give what is stored, never an object whose dictionaries a caller may have changed meanwhile."""
    with OrmSession(engine, execution_options={"populate_existing": True}) as session, session.begin():
        yield session


@contextmanager
def _foreign_keys_off(connection: Connection) -> Iterator[None]:
    """SQLite takes this between transactions only, hence the driver's own connection."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys=ON")


def _make_folder(file: Path, where: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseUnreachable(where, str(error)) from error


def _make_private(file: Path, where: str) -> None:
    """Make an empty file, which is an empty database, that only its owner can read; an existing one is left alone."""
    try:
        os.close(os.open(file, os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise DatabaseUnreachable(where, str(error)) from error
