"""What the parts of a transaction share: finding rows, changing them, and turning them into records."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession

from storage.errors import InvalidText, NotFound, StaleRevision
from storage.records import utcnow
from storage.tables import CellRow, Identified, RunRow, SessionRow, Table, TurnRow, VersionRow
from storage.types import check_text

RowT = TypeVar("RowT", bound=Identified)
OfSessionT = TypeVar("OfSessionT", CellRow, TurnRow, RunRow)
RecordT = TypeVar("RecordT")


def to_record(kind: type[RecordT], row: object, **instead: object) -> RecordT:
    """The record made of the row's attributes of the same names, but for those given `instead`."""
    names = (field.name for field in fields(kind))  # type: ignore[arg-type]  # records are dataclasses
    return kind(**{name: instead[name] if name in instead else getattr(row, name) for name in names})


def to_records(kind: type[RecordT], rows: Iterable[object], **instead: object) -> list[RecordT]:
    """`to_record` of each row."""
    return [to_record(kind, row, **instead) for row in rows]


def apply(row: Table, changes: Mapping[str, Any], allowed: type) -> bool:
    """Set what differs, and tell whether anything did; a name that `allowed` lacks raises TypeError."""
    if unknown := changes.keys() - allowed.__annotations__.keys():
        raise TypeError(f"a {row.kind} has no changeable {', '.join(sorted(unknown))}")
    differing = {name: value for name, value in changes.items() if getattr(row, name) != value}
    for name, value in differing.items():
        setattr(row, name, value)
    return bool(differing)


def check_revision(row: SessionRow | CellRow, expected: int | None) -> None:
    """Raise `StaleRevision` unless the row is at the revision that the writer named, if any."""
    if expected is not None and expected != row.revision:
        raise StaleRevision(row.kind, row.id, expected, row.revision)


class Store:
    """Base of the parts of `storage.transaction.Transaction`."""

    def __init__(self, orm: OrmSession) -> None:
        self._orm = orm

    def _row(self, kind: type[RowT], id_: str, *, lock: bool = False) -> RowT:
        """The row with that id; `lock` keeps other writers from it (SQLite has locked them out altogether)."""
        query = select(kind).where(kind.id == searchable(kind, id_))
        if lock:
            query = query.with_for_update()
        row = self._orm.scalars(query).one_or_none()
        if row is None:
            raise NotFound(kind.kind, id_)
        return row

    def _row_in(self, kind: type[OfSessionT], id_: str, session_id: str | None, *, lock: bool = False) -> OfSessionT:
        """As `_row`; a row of another session than `session_id` (if given) is not found."""
        row = self._row(kind, id_, lock=lock)
        if session_id is not None and row.session_id != session_id:
            raise NotFound(kind.kind, id_)
        return row

    def _version_in(self, version_id: str, session_id: str) -> VersionRow:
        row = self._row(VersionRow, version_id)
        if self._row(CellRow, row.cell_id).session_id != session_id:
            raise NotFound("version", version_id)
        return row

    def _saved(self, kind: type[RecordT], row: Table) -> RecordT:
        """Write the row now, so that errors come from here, and give its record."""
        self._orm.add(row)
        self._orm.flush()
        return to_record(kind, row)

    def _touch(self, session_id: str) -> SessionRow:
        row = self._row(SessionRow, session_id, lock=True)
        row.updated_at = utcnow()
        return row


def searchable(kind: type[Identified], id_: str) -> str:
    """Ids come from browsers: one that cannot be stored was never stored."""
    try:
        return check_text(id_)
    except InvalidText as error:
        raise NotFound(kind.kind, ascii(id_)) from error
