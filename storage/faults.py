"""The boundary where errors of SQLAlchemy and of the drivers become errors of this package.

SQLite's result codes: https://www.sqlite.org/rescode.html. PostgreSQL's SQLSTATE classes:
https://www.postgresql.org/docs/current/errcodes-appendix.html.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy import exc

from storage.errors import (
    DatabaseCorrupt,
    DatabaseFailed,
    DatabaseFull,
    DatabaseLocked,
    DatabaseReadOnly,
    DatabaseUnreachable,
    Inconsistent,
    InvalidValue,
    SchemaTooOld,
    StorageError,
)

SQLITE: Mapping[int, type[StorageError]] = {
    sqlite3.SQLITE_BUSY: DatabaseLocked,
    sqlite3.SQLITE_LOCKED: DatabaseLocked,
    sqlite3.SQLITE_PROTOCOL: DatabaseLocked,
    sqlite3.SQLITE_FULL: DatabaseFull,
    sqlite3.SQLITE_CORRUPT: DatabaseCorrupt,
    sqlite3.SQLITE_NOTADB: DatabaseCorrupt,
    sqlite3.SQLITE_READONLY: DatabaseReadOnly,
    sqlite3.SQLITE_PERM: DatabaseReadOnly,
    sqlite3.SQLITE_CANTOPEN: DatabaseUnreachable,
    sqlite3.SQLITE_AUTH: DatabaseUnreachable,
    sqlite3.SQLITE_CONSTRAINT: Inconsistent,
    sqlite3.SQLITE_TOOBIG: InvalidValue,
    sqlite3.SQLITE_MISMATCH: InvalidValue,
}
"""By primary result code; any other is a plain `DatabaseFailed`."""

POSTGRESQL: Mapping[str, type[StorageError]] = {
    "08": DatabaseUnreachable,  # connection exception
    "22": InvalidValue,  # data exception
    "23": Inconsistent,  # integrity constraint violation
    "25006": DatabaseReadOnly,  # read_only_sql_transaction
    "28": DatabaseUnreachable,  # invalid authorization specification
    "3D": DatabaseUnreachable,  # invalid catalog name
    "40": DatabaseLocked,  # transaction rollback: deadlock, serialization failure
    "42501": DatabaseReadOnly,  # insufficient_privilege
    "42703": SchemaTooOld,  # undefined_column
    "42P01": SchemaTooOld,  # undefined_table
    "53100": DatabaseFull,  # disk_full
    "53300": DatabaseUnreachable,  # too_many_connections
    "54": InvalidValue,  # program limit exceeded
    "55P03": DatabaseLocked,  # lock_not_available
    "57P": DatabaseUnreachable,  # shut down, or not yet up
    "XX001": DatabaseCorrupt,  # data_corrupted
    "XX002": DatabaseCorrupt,  # index_corrupted
}
"""By the beginning of the SQLSTATE; any other is a plain `DatabaseFailed`."""

_SQLITE_MISSING = ("no such table", "no such column", "has no column named")


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Turn foreign errors raised in the block into `StorageError`s that speak of the database at `where`."""
    try:
        yield
    except (exc.SQLAlchemyError, sqlite3.Error) as error:
        raise translate(error, where) from error
    except OverflowError as error:  # sqlite3 raises it for integers of more than 64 bits
        raise _made(InvalidValue, error, where) from error


def translate(error: exc.SQLAlchemyError | sqlite3.Error, where: str) -> StorageError:
    """The error of this package that says what `error` means."""
    cause = error.orig if isinstance(error, exc.StatementError) and error.orig else error
    return cause if isinstance(cause, StorageError) else _made(_kind(error, cause), cause, where)


def _kind(error: Exception, cause: BaseException) -> type[StorageError]:
    if isinstance(cause, sqlite3.Error):
        return _sqlite_kind(cause)
    if isinstance(error, exc.DBAPIError):
        return _postgresql_kind(cause)
    if isinstance(error, exc.TimeoutError):  # of the pool: every connection is in use
        return DatabaseLocked
    if isinstance(error, exc.ArgumentError):  # of the URL
        return DatabaseUnreachable
    return InvalidValue if isinstance(error, exc.StatementError) else DatabaseFailed


def _sqlite_kind(cause: sqlite3.Error) -> type[StorageError]:
    code = getattr(cause, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF  # the primary code of an extended one
    if code == sqlite3.SQLITE_ERROR and any(text in str(cause) for text in _SQLITE_MISSING):
        return SchemaTooOld
    return InvalidValue if isinstance(cause, sqlite3.DataError) else SQLITE.get(code, DatabaseFailed)


def _postgresql_kind(cause: BaseException) -> type[StorageError]:
    state = getattr(cause, "sqlstate", None)
    if state is None:  # no answer from the server
        return DatabaseUnreachable
    return next((kind for start, kind in POSTGRESQL.items() if state.startswith(start)), DatabaseFailed)


def _made(kind: type[StorageError], cause: BaseException, where: str) -> StorageError:
    detail = str(cause).strip() or type(cause).__name__
    if issubclass(kind, DatabaseFailed | SchemaTooOld):
        return kind(where, detail)
    verb = "The write breaks a rule of the database" if kind is Inconsistent else "A value cannot be stored"
    return kind(f"{verb}: {detail}. Nothing was changed.")
