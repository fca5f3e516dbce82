"""A transaction: every operation on the records, all or nothing, and what the server does at its start."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select

from storage.candidates import CandidateStore
from storage.cells import CellStore
from storage.records import Interrupted, Run, Turn, Version
from storage.runs import RunStore
from storage.sessions import SessionStore
from storage.shares import ShareStore
from storage.slots import SlotStore
from storage.store import RowT, to_records
from storage.tables import RunRow, SessionRow, TurnRow, VersionRow
from storage.tests import CellTestStore
from storage.turns import TurnStore
from storage.versions import VersionStore


class Transaction(
    SessionStore, TurnStore, CellStore, VersionStore, RunStore, ShareStore, CellTestStore, CandidateStore, SlotStore
):
    """Made by `Database.begin` and `Database.read`; of use only inside their `with` block, in one thread."""

    def close_interrupted(self) -> Interrupted:
        """Mark as `cut` whatever was under way, and give it; for the start of the only server of a database."""
        turns = self._cut(TurnRow, ("queued", "writing"))
        versions = self._cut(VersionRow, ("writing",))
        runs = self._cut(RunRow, ("queued", "running"))
        return Interrupted(
            tuple(to_records(Turn, turns)), tuple(to_records(Version, versions)), tuple(to_records(Run, runs))
        )

    def purge_sessions(self, deleted_before: datetime) -> int:
        """Remove for good, with all they hold, the sessions deleted before that time; how many there were."""
        query = select(SessionRow.seq).where(SessionRow.deleted_at < deleted_before)
        doomed = self._orm.scalars(query).all()
        for seq in doomed:
            self._orm.execute(delete(SessionRow).where(SessionRow.seq == seq))
        return len(doomed)

    def _cut(self, kind: type[RowT], statuses: Sequence[str]) -> list[RowT]:
        column = kind.__table__.c.status
        rows = list(self._orm.scalars(select(kind).where(column.in_(statuses)).order_by(kind.seq).with_for_update()))
        for row in rows:
            setattr(row, "status", "cut")  # noqa: B010  # each of these tables has a status
        self._orm.flush()
        return rows
