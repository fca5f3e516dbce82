"""Versions: what a cell holds and held. Only a version being written changes; nothing else is ever overwritten."""

from typing import Any

from sqlalchemy import Select, case, func, literal, select

from storage.errors import NotFound, VersionClosed
from storage.records import Json, Origin, Version, VersionHead, VersionStatus, new_id, sha256_of, utcnow
from storage.store import Store, check_revision, to_record, to_records
from storage.tables import CellRow, TurnRow, VersionRow
from storage.types import check_text

_CHANGING = ("writing", "open")


class VersionStore(Store):
    """The part of a transaction that keeps versions."""

    def create_version(
        self,
        cell_id: str,
        source: str,
        *,
        origin: Origin,
        status: VersionStatus = "whole",
        parent_id: str | None = None,
        turn_id: str | None = None,
        model: str = "",
        quantisation: str = "",
        weights: str = "",
        sampling: Json | None = None,
    ) -> Version:
        """The next version of a cell; the cell shows it only after `show_version`.

        Raises:
            NotFound: no such cell, or the parent or the turn is not of its session.
            InvalidText: the source holds NUL or a lone surrogate.
        """
        session_id = self._row(CellRow, cell_id, lock=True).session_id
        self._touch(session_id)
        if parent_id is not None:
            self._version_in(parent_id, session_id)
        if turn_id is not None:
            self._row_in(TurnRow, turn_id, session_id)
        row = VersionRow(id=new_id(), cell_id=cell_id, number=self._next_number(cell_id), created_at=utcnow())
        row.source, row.sha256 = source, sha256_of(check_text(source))
        row.origin, row.status, row.parent_id, row.turn_id = origin, status, parent_id, turn_id
        row.model, row.quantisation, row.weights, row.sampling = model, quantisation, weights, sampling or {}
        row.audit = None
        return self._saved(Version, row)

    def version(self, version_id: str, *, cell_id: str | None = None) -> Version:
        """The version; `NotFound` if there is none, or none of `cell_id` where that is given."""
        row = self._row(VersionRow, version_id)
        if cell_id is not None and row.cell_id != cell_id:
            raise NotFound("version", version_id)
        return to_record(Version, row)

    def versions(self, cell_id: str) -> list[Version]:
        """All versions of a cell, in order."""
        query = select(VersionRow).where(VersionRow.cell_id == cell_id).order_by(VersionRow.number)
        return to_records(Version, self._orm.scalars(query))

    def shown_versions(self, session_id: str) -> dict[str, Version]:
        """The version that each live cell of a session shows, by cell id; cells without one are left out."""
        query = select(VersionRow).join(CellRow, CellRow.version_id == VersionRow.id)
        query = query.where(CellRow.session_id == session_id, CellRow.deleted_at.is_(None))
        return {row.cell_id: to_record(Version, row) for row in self._orm.scalars(query)}

    def unaudited(self, session_id: str) -> list[Version]:
        """The versions that live cells of a session show, whole or open, which nothing is known of yet."""
        query = select(VersionRow).join(CellRow, CellRow.version_id == VersionRow.id)
        query = query.where(CellRow.session_id == session_id, CellRow.deleted_at.is_(None))
        query = query.where(VersionRow.audit.is_(None), VersionRow.status != "writing")
        return to_records(Version, self._orm.scalars(query))

    def version_heads(self, session_id: str) -> list[VersionHead]:
        """Every version of every cell of a session (deleted cells too) without its source, by cell and number."""
        query = _heads().join(CellRow, CellRow.id == VersionRow.cell_id).where(CellRow.session_id == session_id)
        return to_records(VersionHead, self._orm.execute(query.order_by(VersionRow.cell_id, VersionRow.number)))

    def update_source(
        self, version_id: str, source: str, *, sampling: Json | None = None, expected_revision: int | None = None
    ) -> Version:
        """Replace the source of a version that is `open` or `writing`.

        If it is open and shown, the cell's revision grows, so that nobody overwrites it with an older text.

        Args:
            version_id: the version.
            source: the whole new source.
            sampling: the settings that it was sampled with, if they are others than those known.
            expected_revision: the revision of its cell that the change is based on.

        Raises:
            NotFound: no such version.
            VersionClosed: it is neither open nor being written.
            StaleRevision: `expected_revision` was given and is not the cell's.
            InvalidText: the source holds NUL or a lone surrogate.
        """
        row = self._row(VersionRow, version_id)
        cell = self._row(CellRow, row.cell_id, lock=True)
        row = self._row(VersionRow, version_id, lock=True)
        check_revision(cell, expected_revision)
        if row.status not in _CHANGING:
            raise VersionClosed(version_id, row.status)
        if row.source != source:
            row.source, row.sha256, row.audit = source, sha256_of(check_text(source)), None
            cell.revision += row.status == "open" and cell.version_id == version_id
        if sampling is not None:
            row.sampling = sampling
        return self._saved(Version, row)

    def set_version_status(self, version_id: str, status: VersionStatus) -> Version:
        """Close a version, or open one that was being written.

        Raises:
            NotFound: no such version.
            VersionClosed: it is closed with another status already.
        """
        row = self._row(VersionRow, version_id, lock=True)
        if row.status != status and row.status not in _CHANGING:
            raise VersionClosed(version_id, row.status)
        row.status = status
        return self._saved(Version, row)

    def drop_version(self, version_id: str) -> None:
        """Take back a version that is still being written; a cell or turn that named it names none then.

        Raises:
            NotFound: no such version.
            VersionClosed: it is not being written any more.
        """
        row = self._row(VersionRow, version_id, lock=True)
        if row.status != "writing":
            raise VersionClosed(version_id, row.status)
        self._orm.delete(row)
        self._orm.flush()

    def set_audit(self, version_id: str, sha256: str, audit: Json) -> bool:
        """Keep what a scan said of a source; false if the version has another source by now.

        Raises:
            NotFound: no such version.
        """
        row = self._row(VersionRow, version_id, lock=True)
        if row.sha256 == sha256:
            row.audit = audit
        return row.sha256 == sha256

    def _next_number(self, cell_id: str) -> int:
        """Unique as long as the cell is locked; the table refuses a second one in any case."""
        last = self._orm.scalar(select(func.max(VersionRow.number)).where(VersionRow.cell_id == cell_id))
        return (last or 0) + 1


def _heads() -> Select[*tuple[Any, ...]]:
    names = ("id", "cell_id", "number", "sha256", "parent_id", "origin", "status", "turn_id", "created_at")
    breaks = func.length(VersionRow.source) - func.length(func.replace(VersionRow.source, "\n", ""))
    unended = case((VersionRow.source.endswith("\n"), 0), (VersionRow.source == literal(""), 0), else_=1)
    return select(*(getattr(VersionRow, name) for name in names), (breaks + unended).label("lines"))
