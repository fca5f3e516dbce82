"""The rows of a session's table of inputs, on which its dialogue is replayed."""

from typing import TypedDict, Unpack

from sqlalchemy import select

from storage.errors import NotFound
from storage.records import Json, SlotRow, new_id
from storage.store import Store, apply, to_records
from storage.tables import SlotRowRow


class SlotRowChanges(TypedDict, total=False):
    """What `SlotStore.update_slot_row` can change."""

    inputs: Json
    expected: str
    result: Json | None


class SlotStore(Store):
    """The part of a transaction that keeps rows of inputs."""

    def create_slot_row(self, session_id: str, inputs: Json, expected: str) -> SlotRow:
        """A new last row of a session's table; `NotFound` if there is no such session."""
        self._touch(session_id)
        row = SlotRowRow(id=new_id(), session_id=session_id, inputs=inputs, expected=expected)
        return self._saved(SlotRow, row)

    def slot_rows(self, session_id: str) -> list[SlotRow]:
        """The rows of a session's table, in order."""
        query = select(SlotRowRow).where(SlotRowRow.session_id == session_id).order_by(SlotRowRow.seq)
        return to_records(SlotRow, self._orm.scalars(query))

    def update_slot_row(self, row_id: str, session_id: str, **changes: Unpack[SlotRowChanges]) -> SlotRow:
        """Change some fields; `NotFound` if the session has no such row."""
        row = self._slot_row(row_id, session_id)
        apply(row, changes, SlotRowChanges)
        return self._saved(SlotRow, row)

    def delete_slot_row(self, row_id: str, session_id: str) -> None:
        """Remove a row; `NotFound` if the session has no such row."""
        self._orm.delete(self._slot_row(row_id, session_id))
        self._orm.flush()

    def _slot_row(self, row_id: str, session_id: str) -> SlotRowRow:
        row = self._row(SlotRowRow, row_id, lock=True)
        if row.session_id != session_id:
            raise NotFound("row", row_id)
        return row
