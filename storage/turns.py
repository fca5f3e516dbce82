"""Turns: a tree of requests and answers in every session."""

from collections.abc import Sequence
from typing import TypedDict, Unpack

from sqlalchemy import CTE, literal, select
from sqlalchemy.orm import defer

from storage.errors import NotFound
from storage.records import Json, Turn, TurnLink, TurnStatus, new_id, utcnow
from storage.store import Store, apply, searchable, to_record, to_records
from storage.tables import CellRow, TurnRow

# What the model saw is by far the largest part of a turn, and is looked at one turn at a time.
_WITHOUT_REPORT = defer(TurnRow.prompt_report, raiseload=True)


class TurnChanges(TypedDict, total=False):
    """What `TurnStore.update_turn` can change."""

    prose: str
    status: TurnStatus
    message: str
    target_cell_id: str | None
    cell_id: str | None
    version_id: str | None
    model: str
    quantisation: str
    sampling: Json
    prompt_report: Json
    carried: Sequence[str]
    tokens_in: int | None
    tokens_out: int | None
    seconds: float | None
    first_token_seconds: float | None
    estimated: bool
    price_per_hour: float | None


class TurnStore(Store):
    """The part of a transaction that keeps turns."""

    def create_turn(
        self,
        session_id: str,
        request: str,
        *,
        parent_id: str | None = None,
        status: TurnStatus = "queued",
        target_cell_id: str | None = None,
        model: str = "",
        quantisation: str = "",
        sampling: Json | None = None,
    ) -> Turn:
        """A new turn below `parent_id` (None: a root); a second one below the same parent is another branch.

        Raises:
            NotFound: no such session, or the parent or the target is not one of its turns or cells.
        """
        self._touch(session_id)
        if parent_id is not None:
            self._row_in(TurnRow, parent_id, session_id)
        if target_cell_id is not None:
            self._row_in(CellRow, target_cell_id, session_id)
        row = TurnRow(id=new_id(), session_id=session_id, parent_id=parent_id, request=request, prose="")
        row.status, row.message, row.estimated, row.created_at = status, "", False, utcnow()
        row.target_cell_id, row.cell_id, row.version_id = target_cell_id, None, None
        row.model, row.quantisation, row.sampling, row.prompt_report = model, quantisation, sampling or {}, {}
        row.carried = []
        return self._saved(Turn, row)

    def turn(self, turn_id: str, *, session_id: str | None = None) -> Turn:
        """The turn with its prompt report; `NotFound` if there is none, or none in `session_id` where that is given."""
        return to_record(Turn, self._row_in(TurnRow, turn_id, session_id))

    def update_turn(self, turn_id: str, **changes: Unpack[TurnChanges]) -> Turn:
        """Change some fields.

        Raises:
            NotFound: no such turn, or the cell or version named is not of its session.
        """
        row = self._row(TurnRow, turn_id, lock=True)
        for name in ("target_cell_id", "cell_id"):
            if cell_id := changes.get(name):
                self._row_in(CellRow, str(cell_id), row.session_id)
        if version_id := changes.get("version_id"):
            self._version_in(version_id, row.session_id)
        apply(row, changes, TurnChanges)
        return self._saved(Turn, row)

    def branch(self, head_turn_id: str) -> list[Turn]:
        """The path from the root to that turn, in order, without prompt reports; `NotFound` if there is none."""
        path = _upwards(searchable(TurnRow, head_turn_id))
        query = select(TurnRow).join(path, TurnRow.id == path.c.id).order_by(path.c.height.desc())
        rows = self._orm.scalars(query.options(_WITHOUT_REPORT)).all()
        if not rows:
            raise NotFound("turn", head_turn_id)
        return _without_reports(rows)

    def turns(self, session_id: str) -> list[Turn]:
        """All turns of a session in the order of creation, without prompt reports."""
        query = select(TurnRow).where(TurnRow.session_id == session_id).order_by(TurnRow.seq)
        return _without_reports(self._orm.scalars(query.options(_WITHOUT_REPORT)).all())

    def turn_links(self, session_id: str) -> list[TurnLink]:
        """The tree of a session: every turn and its parent, in the order of creation."""
        query = select(TurnRow.id, TurnRow.parent_id, TurnRow.created_at).where(TurnRow.session_id == session_id)
        return to_records(TurnLink, self._orm.execute(query.order_by(TurnRow.seq)))

    def children(self, session_id: str, parent_id: str | None) -> list[Turn]:
        """The turns below a turn (None: the roots), oldest first, without prompt reports."""
        below = TurnRow.parent_id.is_(None) if parent_id is None else TurnRow.parent_id == parent_id
        query = select(TurnRow).where(TurnRow.session_id == session_id, below).order_by(TurnRow.seq)
        return _without_reports(self._orm.scalars(query.options(_WITHOUT_REPORT)).all())

    def siblings(self, turn_id: str) -> list[Turn]:
        """The turns at the same place, itself among them, oldest first, without prompt reports."""
        row = self._row(TurnRow, turn_id)
        return self.children(row.session_id, row.parent_id)

    def newest_leaf(self, turn_id: str) -> Turn:
        """The newest turn at or below that one; where paging to a branch leads. Without its prompt report."""
        self._row(TurnRow, turn_id)
        below = _downwards(turn_id)
        # A child is younger than its parent, so the youngest of all has none.
        query = select(TurnRow).join(below, TurnRow.id == below.c.id).order_by(TurnRow.seq.desc()).limit(1)
        return _without_reports(self._orm.scalars(query.options(_WITHOUT_REPORT)).all())[0]


def _without_reports(rows: Sequence[TurnRow]) -> list[Turn]:
    return to_records(Turn, rows, prompt_report={})


def _upwards(turn_id: str) -> CTE:
    start = select(TurnRow.id, TurnRow.parent_id, literal(0).label("height")).where(TurnRow.id == turn_id)
    path = start.cte("path", recursive=True)
    step = select(TurnRow.id, TurnRow.parent_id, path.c.height + 1).join(path, TurnRow.id == path.c.parent_id)
    return path.union_all(step)


def _downwards(turn_id: str) -> CTE:
    below = select(TurnRow.id).where(TurnRow.id == turn_id).cte("below", recursive=True)
    return below.union_all(select(TurnRow.id).join(below, TurnRow.parent_id == below.c.id))
