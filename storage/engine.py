"""Opening a database: everything that differs between SQLite and PostgreSQL stands here.

SQLite: WAL lets readers and one writer work at once; `synchronous=NORMAL` is safe with it against a killed process,
and after a power cut loses at most the last transactions, never the file (https://www.sqlite.org/wal.html).
Writers begin with IMMEDIATE: a transaction that reads first and locks later could not wait for another that does the
same, and would fail at once (https://www.sqlite.org/lang_transaction.html).
"""

from dataclasses import dataclass
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.pool import ConnectionPoolEntry

from storage.errors import DatabaseUnreachable

_CONNECTIONS = 32  # more threads than that wait for each other


@dataclass(frozen=True)
class Engines:
    """One pool of connections, as seen by those who write and by those who only read.

    Attributes:
        where: the URL without its password, for messages.
        file: the file of a SQLite database, None for another.
    """

    writing: Engine
    reading: Engine
    where: str
    file: Path | None


def open_engines(url: str, timeout: float) -> Engines:
    """Engines for `url`, not yet connected; raises SQLAlchemy's errors, or ModuleNotFoundError without its driver."""
    parsed = make_url(url.replace("postgres://", "postgresql://", 1) if url.startswith("postgres://") else url)
    where = parsed.render_as_string(hide_password=True)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed, where, timeout)
    if parsed.get_backend_name() == "postgresql":
        return _postgresql(parsed, where, timeout)
    raise DatabaseUnreachable(where, "only sqlite:/// and postgresql:// are known")


def _sqlite(url: URL, where: str, timeout: float) -> Engines:
    if url.database in (None, "", ":memory:"):
        raise DatabaseUnreachable(where, "a database in memory cannot be shared by threads; name a file")
    engine = create_engine(
        url, connect_args={"timeout": timeout}, pool_size=_CONNECTIONS, max_overflow=0, pool_timeout=timeout
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return Engines(engine, engine.execution_options(reading=True), where, Path(str(url.database).removeprefix("file:")))


def _prepare_sqlite(connection: SqliteConnection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # transactions begin and end where SQLAlchemy says, schema changes included
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA foreign_keys=ON")
    # SQLite's own knows ASCII only, so that a search for "übung" would not find "ÜBUNG".
    connection.create_function("lower", 1, _lower, deterministic=True)


def _lower(value: str | bytes | float | None) -> str | bytes | float | None:
    return value.lower() if isinstance(value, str) else value


def _begin_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql(f"PRAGMA query_only={'ON' if reading else 'OFF'}")
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _postgresql(url: URL, where: str, timeout: float) -> Engines:
    engine = create_engine(url, pool_size=_CONNECTIONS, max_overflow=0, pool_timeout=timeout, pool_pre_ping=True)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _: ConnectionPoolEntry) -> None:  # noqa: ANN401 - whichever driver is installed
        connection.cursor().execute(f"SET lock_timeout = {round(timeout * 1000)}")
        connection.commit()

    reading = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return Engines(engine, reading, where, None)
