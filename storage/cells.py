"""Cells: their order in the notebook, their titles, and which version each shows."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from storage.errors import NotFound
from storage.records import Cell, new_id, utcnow
from storage.store import Store, check_revision, to_record, to_records
from storage.tables import CellRow, VersionRow

_GAP = 1024  # between neighbours, so that ten cells fit between two before any other has to be written


class CellStore(Store):
    """The part of a transaction that keeps cells."""

    def create_cell(self, session_id: str, *, index: int | None = None, title: str = "") -> Cell:
        """A new cell without versions, as the `index`-th live one (from 0; None or too large: at the end)."""
        self._touch(session_id)
        position = _position(self._all_cells(session_id), index)
        row = CellRow(id=new_id(), session_id=session_id, position=position, title=title, revision=1)
        row.created_at = utcnow()
        return self._saved(Cell, row)

    def cell(self, cell_id: str, *, session_id: str | None = None) -> Cell:
        """The cell, deleted or not; `NotFound` if there is none, or none in `session_id` where that is given."""
        return to_record(Cell, self._row_in(CellRow, cell_id, session_id))

    def cells(self, session_id: str, *, deleted: bool = False) -> list[Cell]:
        """The live cells in order; with `deleted` the deleted ones too, at their old places."""
        rows = self._all_cells(session_id)
        return to_records(Cell, (row for row in rows if deleted or row.deleted_at is None))

    def move_cell(self, cell_id: str, index: int) -> Cell:
        """Make it the `index`-th live cell (from 0; too large: the last)."""
        row = self._row(CellRow, cell_id)
        self._touch(row.session_id)
        row.position = _position([other for other in self._all_cells(row.session_id) if other is not row], index)
        return self._saved(Cell, row)

    def delete_cell(self, cell_id: str) -> Cell:
        """Take it out of the notebook; its versions and runs stay, and `restore_cell` brings it back."""
        return self._set_cell_deleted(cell_id, utcnow())

    def restore_cell(self, cell_id: str) -> Cell:
        """Undo `delete_cell`: the cell returns to its old place."""
        return self._set_cell_deleted(cell_id, None)

    def rename_cell(self, cell_id: str, title: str) -> Cell:
        """Give it another title; its revision stays, as that protects what the cell shows."""
        row = self._row(CellRow, cell_id, lock=True)
        row.title = title
        return self._saved(Cell, row)

    def show_version(self, cell_id: str, version_id: str, *, expected_revision: int | None = None) -> Cell:
        """Let the cell show one of its versions; the revision grows if it showed another.

        Raises:
            NotFound: no such cell, or the version is not one of its own.
            StaleRevision: `expected_revision` was given and is not the stored one.
        """
        row = self._row(CellRow, cell_id, lock=True)
        check_revision(row, expected_revision)
        if self._row(VersionRow, version_id).cell_id != cell_id:
            raise NotFound("version", version_id)
        if row.version_id != version_id:
            row.version_id = version_id
            row.revision += 1
        return self._saved(Cell, row)

    def _all_cells(self, session_id: str) -> Sequence[CellRow]:
        query = select(CellRow).where(CellRow.session_id == session_id)
        return self._orm.scalars(query.order_by(CellRow.position, CellRow.seq)).all()

    def _set_cell_deleted(self, cell_id: str, when: datetime | None) -> Cell:
        row = self._row(CellRow, cell_id, lock=True)
        self._touch(row.session_id)
        row.deleted_at = when
        return self._saved(Cell, row)


def _position(others: Sequence[CellRow], index: int | None) -> int:
    """A position before the `index`-th live one of `others` (in order, deleted ones among them), else behind all."""
    live = [place for place, row in enumerate(others) if row.deleted_at is None]
    if index is None or max(index, 0) >= len(live):
        return others[-1].position + _GAP if others else 0
    place = live[max(index, 0)]
    if _room(others, place) < 2:  # noqa: PLR2004  # two: one free place between neighbours
        for number, row in enumerate(others):
            row.position = number * _GAP
    return others[place].position - _room(others, place) // 2


def _room(others: Sequence[CellRow], place: int) -> int:
    return others[place].position - others[place - 1].position if place else 2 * _GAP
