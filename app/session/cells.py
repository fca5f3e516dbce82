"""The cells of a session, as a person changes them: type, add, delete, move, page through versions."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from app.session.desk import Desk
from app.session.errors import Busy, Conflict
from app.session.lineage import retitled, title_of
from app.session.snapshot import Snapshot
from app.session.words import source_of
from storage.errors import StaleRevision
from storage.records import Cell, Version
from storage.transaction import Transaction

PAUSE = 1.0  # seconds without typing until what was typed is tested


class Judging(Protocol):
    """Has the tests of a session run; see `CellTests.judge`."""

    def __call__(self, owner: str, session_id: str, *, pause: float = 0.0) -> None:
        """In a job of its own, once nobody has asked again for `pause` seconds."""


class Cells:
    """The service for cells.

    Args:
        desk: the leaves.
        read: reads a session of an owner as it is now.
        judge: has the tests of a session run on what stands in its cells now, at once or when the typing has paused.
    """

    def __init__(self, desk: Desk, read: Callable[[str, str], Snapshot], judge: Judging) -> None:
        self._desk = desk
        self._read = read
        self._judge = judge

    def add(self, owner: str, session_id: str, after: str | None, source: str) -> Cell:
        """A new cell below the cell `after`, or on top where that is None."""
        text = source_of(source)
        title = title_of(text)
        with self._desk.database.begin() as tx:
            session = tx.session_of(owner, session_id)
            ids = [cell.id for cell in tx.cells(session.id)]
            index = ids.index(after) + 1 if after in ids else len(ids) if after else 0
            cell = tx.create_cell(session.id, index=index, title=title)
            version = tx.create_version(cell.id, text, origin="hand", status="open")
            cell = tx.show_version(cell.id, version.id)
        self._changed(owner, session_id)
        return cell

    def delete(self, owner: str, session_id: str, cell_id: str) -> None:
        """Take a cell out of the notebook."""
        with self._desk.database.begin() as tx:
            cell = self._cell(tx, owner, session_id, cell_id)
            self._no_writer(session_id, cell_id)
            tx.delete_cell(cell.id)
        self._changed(owner, session_id)

    def undelete(self, owner: str, session_id: str, cell_id: str) -> None:
        """Bring a deleted cell back to its place."""
        with self._desk.database.begin() as tx:
            tx.restore_cell(self._cell(tx, owner, session_id, cell_id).id)
        self._changed(owner, session_id)

    def move(self, owner: str, session_id: str, cell_id: str, index: int) -> None:
        """Make a cell the `index`-th, from 0."""
        with self._desk.database.begin() as tx:
            tx.move_cell(self._cell(tx, owner, session_id, cell_id).id, index)
        self._changed(owner, session_id)

    def edit(self, owner: str, session_id: str, cell_id: str, source: str, revision: int) -> int:
        """Store what stands in a cell; returns the revision to name in the next write.

        Typing changes the open version; where the version shown is closed, it begins a new one.

        Raises:
            Conflict: the cell was changed since `revision`.
        """
        text = source_of(source)
        with self.conflicts(owner, session_id, cell_id), self._desk.database.begin() as tx:
            cell = self._cell(tx, owner, session_id, cell_id)
            self._no_writer(session_id, cell_id)
            after = typed(tx, cell, text, revision)
        if after.revision != revision:
            self._changed(owner, session_id)
            self._judge(owner, session_id, pause=PAUSE)
        return after.revision

    def versions(self, owner: str, session_id: str, cell_id: str) -> tuple[Snapshot, list[Version]]:
        """All versions of a cell, oldest first, with the session they stand in."""
        snapshot = self._read(owner, session_id)
        with self._desk.database.read() as tx:
            return snapshot, tx.versions(self._cell(tx, owner, session_id, cell_id).id)

    def restore(self, owner: str, session_id: str, cell_id: str, version_id: str, revision: int) -> int:
        """Show an old version's source again, as a new version; returns the cell's revision.

        Raises:
            Conflict: the cell was changed since `revision`.
        """
        with self.conflicts(owner, session_id, cell_id), self._desk.database.begin() as tx:
            cell = self._cell(tx, owner, session_id, cell_id)
            self._no_writer(session_id, cell_id)
            old = tx.version(version_id, cell_id=cell.id)
            close_open(tx, cell)
            new = tx.create_version(
                cell.id,
                old.source,
                origin="restored",
                parent_id=old.id,
                model=old.model,
                quantisation=old.quantisation,
                weights=old.weights,
                sampling=old.sampling,
            )
            after = tx.show_version(cell.id, new.id, expected_revision=revision)
            tx.rename_cell(cell.id, retitled(old.source, cell.title))
        self._changed(owner, session_id)
        self._judge(owner, session_id)
        return after.revision

    @contextmanager
    def conflicts(self, owner: str, session_id: str, cell_id: str) -> Iterator[None]:
        """Turn a stale write of the cell into a `Conflict` that says what is stored."""
        try:
            yield
        except StaleRevision as stale:
            with self._desk.database.read() as tx:
                cell = self._cell(tx, owner, session_id, cell_id)
                source = tx.version(cell.version_id).source if cell.version_id else ""
            raise Conflict("The cell was changed elsewhere.", source=source, revision=cell.revision) from stale

    def _cell(self, tx: Transaction, owner: str, session_id: str, cell_id: str) -> Cell:
        return tx.cell(cell_id, session_id=tx.session_of(owner, session_id).id)

    def _no_writer(self, session_id: str, cell_id: str) -> None:
        if any(work.cell_id == cell_id for work in self._desk.at_work.writing(session_id).values()):
            raise Busy("This cell is being written. Stop the answer first, or wait for its end.")

    def _changed(self, owner: str, session_id: str) -> None:
        self._desk.records_changed(session_id)
        self._desk.list_changed(owner)


def typed(tx: Transaction, cell: Cell, source: str, revision: int) -> Cell:
    """Store typed text in the cell's open version, or begin one; the cell as it is then.

    Raises:
        StaleRevision: the cell is at another revision.
    """
    shown = tx.version(cell.version_id) if cell.version_id else None
    if shown is not None and shown.source == source:
        return tx.show_version(cell.id, shown.id, expected_revision=revision)
    if shown is not None and shown.status == "open":
        tx.update_source(shown.id, source, expected_revision=revision)
        return tx.rename_cell(cell.id, retitled(source, cell.title))
    new = tx.create_version(cell.id, source, origin="hand", status="open", parent_id=shown.id if shown else None)
    tx.show_version(cell.id, new.id, expected_revision=revision)
    return tx.rename_cell(cell.id, retitled(source, cell.title))


def close_open(tx: Transaction, cell: Cell) -> Version | None:
    """Close the version the cell shows if it is still being typed; what it shows, if anything."""
    if cell.version_id is None:
        return None
    shown = tx.version(cell.version_id)
    return tx.set_version_status(shown.id, "whole") if shown.status == "open" else shown
