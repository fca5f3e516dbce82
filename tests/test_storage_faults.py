import sqlite3
from collections.abc import Iterator
from typing import TypeVar

import pytest
from sqlalchemy import exc

from storage import errors, faults
from storage.errors import (
    DatabaseFailed,
    DatabaseLocked,
    DatabaseUnreachable,
    Inconsistent,
    InvalidValue,
    SchemaTooOld,
    StorageError,
)

ErrorT = TypeVar("ErrorT", bound=Exception)


def below(kind: type[ErrorT]) -> Iterator[type[ErrorT]]:
    for child in kind.__subclasses__():
        yield child
        yield from below(child)


class ServerError(Exception):
    """As a PostgreSQL driver raises it."""

    def __init__(self, sqlstate: str | None) -> None:
        super().__init__("from the server")
        self.sqlstate = sqlstate


def from_sqlite(code: int, message: str = "from the driver") -> exc.DBAPIError:
    cause = sqlite3.OperationalError(message)
    cause.sqlite_errorcode = code
    return exc.OperationalError("SELECT 1", {}, cause)


def test_the_drawn_tree_holds_every_error() -> None:
    assert errors.__doc__ is not None
    missing = [kind.__name__ for kind in below(StorageError) if f" {kind.__name__} " not in f"{errors.__doc__} "]
    assert missing == []


@pytest.mark.parametrize("name", sorted(name for name in dir(sqlite3) if name.startswith("SQLITE_")))
def test_every_result_of_sqlite_becomes_an_error_of_ours(name: str) -> None:
    code = getattr(sqlite3, name)
    error = faults.translate(from_sqlite(code), "sqlite:///x")
    assert isinstance(error, StorageError)
    assert "from the driver" in str(error)


def test_an_extended_result_means_what_its_primary_one_means() -> None:
    assert isinstance(faults.translate(from_sqlite(sqlite3.SQLITE_BUSY_SNAPSHOT), "x"), DatabaseLocked)


def every_sqlalchemy_error() -> list[type[exc.SQLAlchemyError]]:
    return [exc.SQLAlchemyError, *(kind for kind in below(exc.SQLAlchemyError) if kind.__module__ == exc.__name__)]


@pytest.mark.parametrize("kind", every_sqlalchemy_error())
def test_every_error_of_sqlalchemy_becomes_one_of_ours(kind: type[exc.SQLAlchemyError]) -> None:
    error = kind.__new__(kind)
    Exception.__init__(error, "what happened")
    if isinstance(error, exc.StatementError):
        error.orig = sqlite3.OperationalError("what happened")
    with pytest.raises(StorageError, match="what happened"), faults.translated("sqlite:///x"):
        raise error


@pytest.mark.parametrize(
    ("sqlstate", "kind"),
    [
        (None, DatabaseUnreachable),
        ("08006", DatabaseUnreachable),
        ("22021", InvalidValue),
        ("23505", Inconsistent),
        ("40P01", DatabaseLocked),
        ("42P01", SchemaTooOld),
        ("55P03", DatabaseLocked),
        ("57P01", DatabaseUnreachable),
        ("99999", DatabaseFailed),
    ],
)
def test_the_states_of_postgresql_become_errors_of_ours(sqlstate: str | None, kind: type[StorageError]) -> None:
    error = exc.OperationalError("SELECT 1", {}, ServerError(sqlstate))
    assert type(faults.translate(error, "postgresql://host/name")) is kind


def test_a_number_beyond_64_bits_is_refused_clearly() -> None:
    with pytest.raises(InvalidValue, match="too large"), faults.translated("x"):
        sqlite3.connect(":memory:").execute("SELECT ?", (2**64,))


def test_errors_that_are_not_of_the_database_pass() -> None:
    with pytest.raises(ZeroDivisionError), faults.translated("x"):
        _ = 1 / 0
