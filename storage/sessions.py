"""Sessions: the list of an owner, and the state of one."""

from datetime import datetime
from typing import Any, TypedDict, Unpack

from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.orm import aliased

from storage.errors import NotFound
from storage.records import NEW_CELL, Json, Session, SessionSummary, new_id, utcnow
from storage.store import Store, apply, check_revision, to_record, to_records
from storage.tables import CellRow, RunRow, SessionRow, ShareRow, TurnRow, VersionRow

_FAILED = ("error", "limit", "died")


class SessionChanges(TypedDict, total=False):
    """What `SessionStore.update_session` can change."""

    title: str
    draft: str
    head_turn_id: str | None
    target_cell_id: str | None
    sampling: Json
    model_id: str


class SessionStore(Store):
    """The part of a transaction that keeps sessions."""

    def create_session(
        self, owner: str, *, title: str = "", draft: str = "", sampling: Json | None = None, model_id: str = ""
    ) -> Session:
        """A new session without turns and cells, at revision 1."""
        now = utcnow()
        row = SessionRow(id=new_id(), owner=owner, title=title, draft=draft, sampling=sampling or {}, model_id=model_id)
        row.revision, row.created_at, row.updated_at = 1, now, now
        return self._saved(Session, row)

    def session(self, session_id: str) -> Session:
        """The session, deleted or not; `NotFound` if there is none."""
        return to_record(Session, self._row(SessionRow, session_id))

    def session_of(self, owner: str, session_id: str, *, deleted: bool = False) -> Session:
        """The owner's session; the same `NotFound` if there is none and if it is another's.

        Args:
            owner: who asks.
            session_id: the session.
            deleted: also find it if its owner deleted it, to restore it.
        """
        row = self._row(SessionRow, session_id)
        if row.owner != owner or (row.deleted_at is not None and not deleted):
            raise NotFound("session", session_id)
        return to_record(Session, row)

    def sessions_of(
        self, owner: str, *, search: str = "", deleted: bool = False, limit: int = 200
    ) -> list[SessionSummary]:
        """The owner's sessions, newest change first.

        Args:
            owner: whose sessions.
            search: only those with this text in the title, a request or a source, in any case; no wildcards.
            deleted: those deleted and not yet purged, instead of the live ones.
            limit: how many at most.
        """
        query = _summaries().where(SessionRow.owner == owner)
        query = query.where(SessionRow.deleted_at.is_not(None) if deleted else SessionRow.deleted_at.is_(None))
        if search:
            query = query.where(_mentions(search))
        query = query.order_by(SessionRow.updated_at.desc(), SessionRow.seq.desc()).limit(limit)
        return to_records(SessionSummary, self._orm.execute(query))

    def update_session(
        self, session_id: str, *, expected_revision: int | None = None, **changes: Unpack[SessionChanges]
    ) -> Session:
        """Change some fields; the revision grows if that changed anything.

        Raises:
            NotFound: no such session, or the head or the target is not one of its turns or cells.
            StaleRevision: `expected_revision` was given and is not the stored one.
        """
        row = self._row(SessionRow, session_id, lock=True)
        check_revision(row, expected_revision)
        if head := changes.get("head_turn_id"):
            self._row_in(TurnRow, head, session_id)
        if (target := changes.get("target_cell_id")) and target != NEW_CELL:
            self._row_in(CellRow, target, session_id)
        if apply(row, changes, SessionChanges):
            row.revision += 1
            row.updated_at = utcnow()
        return self._saved(Session, row)

    def rename_session(self, session_id: str, title: str, *, expected_revision: int | None = None) -> Session:
        """Give it another title; raises as `update_session`."""
        return self.update_session(session_id, expected_revision=expected_revision, title=title)

    def delete_session(self, session_id: str) -> Session:
        """Take it out of the list; `restore_session` brings it back until it is purged."""
        return self._set_session_deleted(session_id, utcnow())

    def restore_session(self, session_id: str) -> Session:
        """Undo `delete_session`."""
        return self._set_session_deleted(session_id, None)

    def _set_session_deleted(self, session_id: str, when: datetime | None) -> Session:
        row = self._row(SessionRow, session_id, lock=True)
        row.deleted_at = when
        row.revision += 1
        return self._saved(Session, row)


def _summaries() -> Select[*tuple[Any, ...]]:
    cells = select(func.count()).where(CellRow.session_id == SessionRow.id, CellRow.deleted_at.is_(None))
    shared = exists().where(ShareRow.session_id == SessionRow.id, ShareRow.revoked_at.is_(None))
    names = ("id", "title", "revision", "created_at", "updated_at", "deleted_at")
    return select(
        *(getattr(SessionRow, name) for name in names),
        cells.correlate(SessionRow).scalar_subquery().label("cells"),
        _failing().correlate(SessionRow).scalar_subquery().label("failing"),
        shared.correlate(SessionRow).label("shared"),
    )


def _failing() -> Select[int]:
    newer = aliased(RunRow)
    newest = select(func.max(newer.seq)).where(newer.cell_id == CellRow.id).correlate(CellRow).scalar_subquery()
    return (
        select(func.count())
        .select_from(CellRow)
        .join(RunRow, RunRow.seq == newest)
        .where(CellRow.session_id == SessionRow.id, CellRow.deleted_at.is_(None), RunRow.status.in_(_FAILED))
    )


def _mentions(text: str) -> ColumnElement[bool]:
    in_request = exists().where(TurnRow.session_id == SessionRow.id, TurnRow.request.icontains(text, autoescape=True))
    in_source = (
        select(VersionRow.seq)
        .join(CellRow, CellRow.id == VersionRow.cell_id)
        .where(CellRow.session_id == SessionRow.id, VersionRow.source.icontains(text, autoescape=True))
        .exists()
    )
    return or_(SessionRow.title.icontains(text, autoescape=True), in_request, in_source)
