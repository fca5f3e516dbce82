"""Candidates: several answers to the same turn."""

from typing import TypedDict, Unpack

from sqlalchemy import func, select

from storage.errors import NotFound
from storage.records import Candidate, CandidateStatus, Json, new_id
from storage.store import Store, apply, to_record, to_records
from storage.tables import CandidateRow, TurnRow


class CandidateChanges(TypedDict, total=False):
    """What `CandidateStore.update_candidate` can change."""

    source: str
    prose: str
    status: CandidateStatus
    rank: int | None
    verdicts: Json
    tokens_out: int | None
    seconds: float | None
    version_id: str | None


class CandidateStore(Store):
    """The part of a transaction that keeps candidates."""

    def create_candidate(
        self, turn_id: str, source: str, *, prose: str = "", sampling: Json | None = None
    ) -> Candidate:
        """The next candidate of a turn; `NotFound` if there is no such turn."""
        self._row(TurnRow, turn_id, lock=True)
        last = self._orm.scalar(select(func.max(CandidateRow.place)).where(CandidateRow.turn_id == turn_id))
        row = CandidateRow(id=new_id(), turn_id=turn_id, place=0 if last is None else last + 1, source=source)
        row.prose, row.status, row.verdicts, row.sampling = prose, "whole", {}, sampling or {}
        return self._saved(Candidate, row)

    def candidate(self, candidate_id: str, *, session_id: str | None = None) -> Candidate:
        """The candidate; `NotFound` if there is none, or none in `session_id` where that is given."""
        row = self._row(CandidateRow, candidate_id)
        if session_id is not None and self._row(TurnRow, row.turn_id).session_id != session_id:
            raise NotFound("candidate", candidate_id)
        return to_record(Candidate, row)

    def candidates(self, session_id: str) -> list[Candidate]:
        """The candidates of all turns of a session, by turn, in the order in which they were sampled."""
        query = select(CandidateRow).join(TurnRow, TurnRow.id == CandidateRow.turn_id)
        query = query.where(TurnRow.session_id == session_id).order_by(TurnRow.seq, CandidateRow.place)
        return to_records(Candidate, self._orm.scalars(query))

    def update_candidate(self, candidate_id: str, **changes: Unpack[CandidateChanges]) -> Candidate:
        """Change some fields; `NotFound` if there is no such candidate."""
        row = self._row(CandidateRow, candidate_id, lock=True)
        apply(row, changes, CandidateChanges)
        return self._saved(Candidate, row)
