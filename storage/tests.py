"""Tests of cells, and what came of them on each version."""

from collections.abc import Sequence
from typing import TypedDict, Unpack

from sqlalchemy import func, select

from storage.errors import NotFound
from storage.records import CellTest, KeptVerdict, Standing, TestOrigin, new_id, utcnow
from storage.store import Store, apply, to_record, to_records
from storage.tables import CellRow, CellTestRow, TurnRow, VerdictRow, VersionRow


class TestChanges(TypedDict, total=False):
    """What `CellTestStore.update_test` can change."""

    call: str
    expected: str
    standing: Standing
    origin: TestOrigin
    turn_id: str | None


class CellTestStore(Store):
    """The part of a transaction that keeps tests and verdicts."""

    def create_test(
        self,
        cell_id: str,
        call: str,
        expected: str,
        *,
        origin: TestOrigin,
        standing: Standing = "unconfirmed",
        turn_id: str | None = None,
    ) -> CellTest:
        """The next test of a cell.

        Raises:
            NotFound: no such cell, or the turn is not of its session.
            InvalidText: the call or the expected value holds NUL or a lone surrogate.
        """
        session_id = self._row(CellRow, cell_id, lock=True).session_id
        self._touch(session_id)
        if turn_id is not None:
            self._row_in(TurnRow, turn_id, session_id)
        last = self._orm.scalar(select(func.max(CellTestRow.number)).where(CellTestRow.cell_id == cell_id))
        row = CellTestRow(id=new_id(), cell_id=cell_id, number=(last or 0) + 1, call=call, expected=expected)
        row.standing, row.origin, row.turn_id, row.created_at = standing, origin, turn_id, utcnow()
        return self._saved(CellTest, row)

    def test(self, test_id: str, *, session_id: str | None = None) -> CellTest:
        """The test; `NotFound` if there is none, or none in `session_id` where that is given."""
        row = self._row(CellTestRow, test_id)
        if session_id is not None and self._row(CellRow, row.cell_id).session_id != session_id:
            raise NotFound("test", test_id)
        return to_record(CellTest, row)

    def tests(self, cell_id: str) -> list[CellTest]:
        """All tests of a cell, rejected ones too, in order."""
        query = select(CellTestRow).where(CellTestRow.cell_id == cell_id).order_by(CellTestRow.number)
        return to_records(CellTest, self._orm.scalars(query))

    def tests_of_session(self, session_id: str) -> list[CellTest]:
        """The tests of all live cells of a session that were not rejected, by cell and number."""
        query = select(CellTestRow).join(CellRow, CellRow.id == CellTestRow.cell_id)
        query = query.where(CellRow.session_id == session_id, CellRow.deleted_at.is_(None))
        query = query.where(CellTestRow.standing != "rejected").order_by(CellTestRow.cell_id, CellTestRow.number)
        return to_records(CellTest, self._orm.scalars(query))

    def update_test(self, test_id: str, **changes: Unpack[TestChanges]) -> CellTest:
        """Change a test; verdicts of another call or expected value no longer count and are dropped.

        Raises:
            NotFound: no such test.
        """
        row = self._row(CellTestRow, test_id, lock=True)
        before = (row.call, row.expected)
        apply(row, changes, TestChanges)
        if (row.call, row.expected) != before:
            for verdict in self._orm.scalars(select(VerdictRow).where(VerdictRow.test_id == test_id)):
                self._orm.delete(verdict)
        return self._saved(CellTest, row)

    def record_verdict(
        self, test_id: str, version_id: str, sha256: str, *, passed: bool, actual: str, detail: str
    ) -> KeptVerdict:
        """Keep what came of a test on a version, in the place of what came of it before.

        Raises:
            NotFound: no such test or version, or of different cells.
        """
        test = self._row(CellTestRow, test_id, lock=True)
        if self._row(VersionRow, version_id).cell_id != test.cell_id:
            raise NotFound("version", version_id)
        query = select(VerdictRow).where(VerdictRow.test_id == test_id, VerdictRow.version_id == version_id)
        row = self._orm.scalars(query).one_or_none() or VerdictRow(test_id=test_id, version_id=version_id)
        row.sha256, row.passed, row.actual, row.detail, row.created_at = sha256, passed, actual, detail, utcnow()
        return self._saved(KeptVerdict, row)

    def verdicts(self, test_ids: Sequence[str]) -> list[KeptVerdict]:
        """The verdicts on these tests, of every version, oldest version first."""
        query = select(VerdictRow).join(VersionRow, VersionRow.id == VerdictRow.version_id)
        query = query.where(VerdictRow.test_id.in_(test_ids)).order_by(VersionRow.number)
        return to_records(KeptVerdict, self._orm.scalars(query))
