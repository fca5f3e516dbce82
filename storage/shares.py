"""Shares: links to read-only copies of sessions."""

from sqlalchemy import select

from storage.errors import InvalidText, NotFound
from storage.records import Json, Share, new_token, utcnow
from storage.store import Store, to_record, to_records
from storage.tables import SessionRow, ShareRow
from storage.types import check_text


class ShareStore(Store):
    """The part of a transaction that keeps shares."""

    def create_share(self, session_id: str, document: Json) -> Share:
        """A new link to `document`; `NotFound` if there is no such session."""
        self._row(SessionRow, session_id)
        now = utcnow()
        row = ShareRow(token=new_token(), session_id=session_id, document=document, created_at=now, updated_at=now)
        return self._saved(Share, row)

    def share(self, token: str) -> Share:
        """What the link shows; check `revoked_at`. `NotFound` if there is none, or its session was deleted."""
        row = self._share_row(token)
        if self._row(SessionRow, row.session_id).deleted_at is not None:
            raise NotFound("share", token)
        return to_record(Share, row)

    def shares(self, session_id: str, *, revoked: bool = False) -> list[Share]:
        """The links of a session that work, oldest first; with `revoked` those that no longer do, too."""
        query = select(ShareRow).where(ShareRow.session_id == session_id).order_by(ShareRow.seq)
        if not revoked:
            query = query.where(ShareRow.revoked_at.is_(None))
        return to_records(Share, self._orm.scalars(query))

    def replace_share(self, token: str, document: Json) -> Share:
        """Let a working link show another document; `NotFound` if there is none, or it was revoked."""
        row = self._share_row(token, lock=True)
        if row.revoked_at is not None:
            raise NotFound("share", token)
        row.document, row.updated_at = document, utcnow()
        return self._saved(Share, row)

    def revoke_share(self, token: str) -> Share:
        """Stop a link for good and drop its document; once more changes nothing. `NotFound` if there is none."""
        row = self._share_row(token, lock=True)
        if row.revoked_at is None:
            row.document, row.revoked_at = {}, utcnow()
        return self._saved(Share, row)

    def _share_row(self, token: str, *, lock: bool = False) -> ShareRow:
        try:
            query = select(ShareRow).where(ShareRow.token == check_text(token))
        except InvalidText as error:
            raise NotFound("share", ascii(token)) from error
        if lock:
            query = query.with_for_update()
        row = self._orm.scalars(query).one_or_none()
        if row is None:
            raise NotFound("share", token)
        return row
