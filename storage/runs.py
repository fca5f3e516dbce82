"""Runs: what happened when versions were executed."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypedDict, Unpack

from sqlalchemy import Select, func, select

from storage.records import Json, Run, RunStatus, new_id, utcnow
from storage.store import Store, apply, to_record, to_records
from storage.tables import CellRow, RunRow, VersionRow


class RunChanges(TypedDict, total=False):
    """What `RunStore.update_run` can change."""

    kernel_id: str
    upstream: dict[str, str]
    status: RunStatus
    limit: str
    message: str
    execution_count: int | None
    outputs: list[Json]
    failure: Json | None
    started_at: datetime | None
    milliseconds: float | None


class RunStore(Store):
    """The part of a transaction that keeps runs."""

    def create_run(
        self,
        version_id: str,
        *,
        status: RunStatus = "queued",
        kernel_id: str = "",
        upstream: dict[str, str] | None = None,
    ) -> Run:
        """A new run of a version, with the hash of its source; an open version becomes whole, for what ran stays.

        Raises:
            NotFound: no such version.
        """
        version = self._row(VersionRow, version_id, lock=True)
        if version.status == "open":
            version.status = "whole"
        session_id = self._row(CellRow, version.cell_id).session_id
        self._touch(session_id)
        row = RunRow(id=new_id(), session_id=session_id, cell_id=version.cell_id, version_id=version_id)
        row.sha256, row.kernel_id, row.upstream, row.status = version.sha256, kernel_id, upstream or {}, status
        row.limit, row.message, row.outputs = "", "", []
        row.started_at = utcnow() if status == "running" else None
        return self._saved(Run, row)

    def run(self, run_id: str, *, session_id: str | None = None) -> Run:
        """The run; `NotFound` if there is none, or none in `session_id` where that is given."""
        return to_record(Run, self._row_in(RunRow, run_id, session_id))

    def update_run(self, run_id: str, **changes: Unpack[RunChanges]) -> Run:
        """Change some fields; with the status `running`, `started_at` becomes now unless it is set.

        Raises:
            NotFound: no such run.
        """
        row = self._row(RunRow, run_id, lock=True)
        if changes.get("status") == "running" and row.started_at is None:
            changes.setdefault("started_at", utcnow())
        apply(row, changes, RunChanges)
        return self._saved(Run, row)

    def newest_run_of_cell(self, cell_id: str) -> Run | None:
        """The newest run of any version of the cell."""
        return self._newest(select(RunRow).where(RunRow.cell_id == cell_id))

    def newest_run_of_version(self, version_id: str) -> Run | None:
        """The newest run of the version."""
        return self._newest(select(RunRow).where(RunRow.version_id == version_id))

    def ran_before(self, session_id: str, sha256: str) -> bool:
        """Whether exactly this code has begun to run in the session before."""
        query = select(RunRow.seq).where(RunRow.session_id == session_id, RunRow.sha256 == sha256)
        return self._orm.scalar(query.where(RunRow.started_at.is_not(None)).limit(1)) is not None

    def newest_runs(self, session_id: str) -> dict[str, Run]:
        """The newest run of each cell of a session that has one, by cell id."""
        newest = select(func.max(RunRow.seq)).where(RunRow.session_id == session_id).group_by(RunRow.cell_id)
        rows = self._orm.scalars(select(RunRow).where(RunRow.seq.in_(newest)))
        return {row.cell_id: to_record(Run, row) for row in rows}

    def newest_begun(self, cell_ids: Sequence[str]) -> dict[str, Run]:
        """The newest run that began, of each of the cells that has one, by cell id."""
        begun = select(func.max(RunRow.seq)).where(RunRow.cell_id.in_(cell_ids), RunRow.started_at.is_not(None))
        rows = self._orm.scalars(select(RunRow).where(RunRow.seq.in_(begun.group_by(RunRow.cell_id))))
        return {row.cell_id: to_record(Run, row) for row in rows}

    def running_runs(self, session_id: str | None = None) -> list[Run]:
        """The runs that are queued or running, oldest first: of one session, or of all."""
        query = select(RunRow).where(RunRow.status.in_(("queued", "running"))).order_by(RunRow.seq)
        if session_id is not None:
            query = query.where(RunRow.session_id == session_id)
        return to_records(Run, self._orm.scalars(query))

    def _newest(self, query: Select[RunRow]) -> Run | None:
        row = self._orm.scalar(query.order_by(RunRow.seq.desc()).limit(1))
        return None if row is None else to_record(Run, row)
