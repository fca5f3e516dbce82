"""What can go wrong in storage.

StorageError
├── NotFound              no such record, or not one of this owner
├── StaleRevision         the write was based on an older state than the stored one
├── VersionClosed         the source of this version may not change any more
├── InvalidValue          the value cannot be stored
│   └── InvalidText       it holds NUL or a lone surrogate
├── Inconsistent          a rule of the schema refused the write
├── DatabaseFailed        the database could not do what it was asked
│   ├── DatabaseLocked    somebody else kept it for too long
│   ├── DatabaseFull      no room left
│   ├── DatabaseCorrupt   the file, or a value in it, is damaged
│   ├── DatabaseReadOnly  it may not be written
│   └── DatabaseUnreachable  it cannot be opened or connected to
└── SchemaMismatch        the database and the program are of different ages
    ├── SchemaTooNew      the database is newer: use a newer program
    └── SchemaTooOld      the program is newer: migrate the database

Errors of SQLAlchemy and of the drivers become these in `storage.faults`, as they leave a transaction.
"""

from typing import ClassVar


class StorageError(Exception):
    """Base of this package's errors."""


class NotFound(StorageError):
    """There is no such record; the same error whether it never was or belongs to somebody else.

    Attributes:
        kind: session, turn, cell, version, run or share.
        id: what was asked for.
    """

    def __init__(self, kind: str, id_: str) -> None:
        super().__init__(f"There is no {kind} {id_[:64]!r} here. It may have been deleted; reload the page.")
        self.kind = kind
        self.id = id_


class StaleRevision(StorageError):
    """A write named a revision other than the stored one.

    Attributes:
        kind: session or cell.
        id: the record's id.
        given: the revision that the write named.
        stored: the revision to name after reading the record again.
    """

    def __init__(self, kind: str, id_: str, given: int, stored: int) -> None:
        super().__init__(
            f"The {kind} was changed elsewhere: it is at revision {stored}, the write was based on {given}. "
            "Read it again and decide which of the two to keep."
        )
        self.kind = kind
        self.id = id_
        self.given = given
        self.stored = stored


class VersionClosed(StorageError):
    """The source of a version that is neither `open` nor `writing` never changes.

    Attributes:
        id: the version's id.
        status: its stored status.
    """

    def __init__(self, id_: str, status: str) -> None:
        super().__init__(f"Version {id_!r} is {status} and stays as it is. Create a new version instead.")
        self.id = id_
        self.status = status


class InvalidValue(StorageError):
    """A value cannot be stored as it is."""


class InvalidText(InvalidValue):
    """Text holds a character that a database cannot keep: NUL, or half of a surrogate pair.

    Attributes:
        position: index of the first such character.
    """

    def __init__(self, character: str, position: int) -> None:
        super().__init__(
            f"Text cannot be stored: character {position} is U+{ord(character):04X}. Remove or replace it."
        )
        self.position = position


class Inconsistent(StorageError):
    """A foreign key or a uniqueness rule refused a write; nothing of its transaction was kept."""


class DatabaseFailed(StorageError):
    """The database could not do what it was asked; nothing of the transaction was kept.

    Attributes:
        where: the database's URL without its password.
        detail: the driver's own words.
    """

    advice: ClassVar[str] = "failed. The server's log has the details."

    def __init__(self, where: str, detail: str) -> None:
        super().__init__(f"The database {where} {self.advice} ({detail})")
        self.where = where
        self.detail = detail


class DatabaseLocked(DatabaseFailed):
    """Somebody else kept the database for longer than the timeout."""

    advice = "is kept busy by another writer. Nothing was changed; try again, or end the program that holds it open."


class DatabaseFull(DatabaseFailed):
    """There is no room left for the write."""

    advice = "has no room left. Nothing was changed; free some disk space and try again."


class DatabaseCorrupt(DatabaseFailed):
    """The file is no database, or is damaged."""

    advice = (
        "is damaged or is no database. It was left as it is; move it away (together with its -wal and -shm files) "
        "and restore a backup."
    )


class DatabaseReadOnly(DatabaseFailed):
    """The database, or this transaction, may not be written."""

    advice = "cannot be written. Check the permissions of the file and of its folder."


class DatabaseUnreachable(DatabaseFailed):
    """The database cannot be opened or connected to."""

    advice = "cannot be opened. Check that DATABASE_URL is right and that what it names exists and may be used."


class SchemaMismatch(StorageError):
    """The database and the program are of different ages."""


class SchemaTooNew(SchemaMismatch):
    """The database was written by a newer program.

    Attributes:
        stored: the schema revision found in the database.
    """

    def __init__(self, where: str, stored: str) -> None:
        super().__init__(
            f"The database {where} has schema {stored!r}, which this program does not know. "
            "It was left as it is; start the newer program, or restore a backup of the older database."
        )
        self.stored = stored


class SchemaTooOld(SchemaMismatch):
    """The database lacks tables or columns that the program needs."""

    def __init__(self, where: str, detail: str) -> None:
        super().__init__(f"The database {where} lacks a part of the schema ({detail}). Migrate it: restart the server.")
