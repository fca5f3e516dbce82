"""Answers that are written: which branch of them is shown, and in which cell one stands."""

from collections.abc import Sequence

from app.session.cells import close_open
from app.session.desk import Desk
from app.session.errors import Busy, Missing, Refused
from app.session.lineage import retitled
from app.session.provenance import changed_nothing
from app.session.words import title_of_request
from storage.records import NEW_CELL, Cell, Session, Turn, Version
from storage.transaction import Transaction


class Branches:
    """The service for branches.

    Args:
        desk: the leaves.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def show(self, owner: str, session_id: str, turn_id: str) -> None:
        """Show the branch through a turn, down to its newest leaf, and the versions its turns wrote."""
        self._desk.check_owner(owner, session_id)
        if self._desk.at_work.writing(session_id):
            raise Busy("An answer is being written. Stop it, or wait for its end, before you change the branch.")
        with self._desk.database.begin() as tx:
            session = tx.session_of(owner, session_id)
            tx.turn(turn_id, session_id=session.id)
            before = tx.branch(session.head_turn_id) if session.head_turn_id else []
            leaf = tx.newest_leaf(turn_id)
            tx.update_session(session.id, head_turn_id=leaf.id)
            self._follow(tx, before, tx.branch(leaf.id), tx.cells(session.id))
        self._desk.records_changed(session_id)

    def _follow(self, tx: Transaction, before: Sequence[Turn], after: Sequence[Turn], cells: Sequence[Cell]) -> None:
        """Let the cells in which two branches differ show what the second one wrote."""
        written = {turn.cell_id: turn.version_id for turn in after}
        apart = {turn.id for turn in before} ^ {turn.id for turn in after}
        differing = {turn.cell_id for turn in (*before, *after) if turn.id in apart}
        for cell in cells:
            version_id = written.get(cell.id)
            if cell.id in differing and version_id:
                close_open(tx, cell)
                tx.show_version(cell.id, version_id)

    def move_answer(self, owner: str, session_id: str, turn_id: str, target: str) -> None:
        """Put a turn's answer into another cell, or a new one; the cell it came from shows what it had before.

        Raises:
            Refused: the turn wrote no code or the code as it was, or its answer stands there already.
            Busy: the turn is still being written.
        """
        self._desk.check_owner(owner, session_id)
        writing = self._desk.at_work.writing(session_id)
        if turn_id in writing or any(work.cell_id == target for work in writing.values()):
            raise Busy("This answer, or that cell, is still being written. Stop it first, or wait for its end.")
        with self._desk.database.begin() as tx:
            session = tx.session_of(owner, session_id)
            turn = tx.turn(turn_id, session_id=session.id)
            if turn.version_id is None or turn.cell_id is None:
                raise Refused("This turn wrote no code, so there is nothing to move.")
            if turn.cell_id == target:
                raise Refused("The answer stands in that cell already.")
            if changed_nothing(turn, tx.version(turn.version_id).turn_id):
                raise Refused("This turn changed nothing, so there is nothing to move.")
            self._move(tx, session, turn, None if target == NEW_CELL else target)
        self._desk.records_changed(session_id)
        self._desk.list_changed(owner)

    def _move(self, tx: Transaction, session: Session, turn: Turn, target: str | None) -> None:
        moved = tx.version(turn.version_id or "")
        cell = tx.cell(target, session_id=session.id) if target else tx.create_cell(session.id)
        if cell.deleted_at is not None:
            raise Missing("The cell that the answer was to go to was deleted. Bring it back, or choose another one.")
        shown = close_open(tx, cell)
        new = tx.create_version(
            cell.id,
            moved.source,
            origin="model",
            parent_id=shown.id if shown else None,
            turn_id=turn.id,
            model=moved.model,
            quantisation=moved.quantisation,
            weights=moved.weights,
            sampling=moved.sampling,
        )
        tx.show_version(cell.id, new.id)
        tx.rename_cell(cell.id, retitled(moved.source, cell.title) or title_of_request(turn.request))
        tx.update_turn(turn.id, cell_id=cell.id, version_id=new.id)
        self._leave(tx, moved)

    def _leave(self, tx: Transaction, moved: Version) -> None:
        """Let the cell that a version was moved out of show what it had before, if it shows that version."""
        old = tx.cell(moved.cell_id)
        if old.version_id != moved.id:
            return
        if moved.parent_id is not None and tx.version(moved.parent_id).cell_id == old.id:
            tx.show_version(old.id, moved.parent_id)
        elif len(tx.versions(old.id)) == 1:
            tx.delete_cell(old.id)
