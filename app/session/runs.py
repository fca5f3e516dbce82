"""Running cells: one, all, those whose output is stale; interrupt, restart, answer."""

import threading
from collections.abc import Callable, Sequence

from app.session.cells import Cells, close_open, typed
from app.session.desk import Desk
from app.session.errors import Busy, Missing, Refused
from app.session.execution import Execution
from app.session.feed import Changes
from app.session.snapshot import Snapshot
from app.session.words import source_of, storable
from app.session.work import Running
from storage.records import Cell, Version
from storage.transaction import Transaction


class Runs:
    """The service for runs.

    Args:
        desk: the leaves.
        cells: stores what stands in a cell before it runs.
        read: reads a session of an owner as it is now.
    """

    def __init__(self, desk: Desk, cells: Cells, read: Callable[[str, str], Snapshot]) -> None:
        self._desk = desk
        self._cells = cells
        self._read = read
        self._beginning = threading.Lock()  # between looking whether a cell is busy and making it so

    def run(self, owner: str, session_id: str, cell_id: str, source: str, revision: int) -> str:
        """Store what stands in a cell and run exactly that; the run's id.

        Raises:
            Conflict: the cell was changed since `revision`; nothing was run.
            Busy: the cell is running or waits to run already.
        """
        text = source_of(source)
        with self._cells.conflicts(owner, session_id, cell_id):
            return self._begin(owner, session_id, [cell_id], lambda tx, cell: typed(tx, cell, text, revision))[0]

    def run_all(self, owner: str, session_id: str) -> None:
        """Run every cell from the top; a cell that fails stops the rest."""
        snapshot = self._read(owner, session_id)
        self._begin(
            owner, session_id, [cell.id for cell in snapshot.cells if snapshot.versions[cell.id].source.strip()]
        )

    def run_stale(self, owner: str, session_id: str) -> None:
        """Run the cells whose output can no longer be trusted, from the top."""
        snapshot = self._read(owner, session_id)
        stale = [cell.id for cell in snapshot.cells if snapshot.stale(cell.id)]
        if not stale:
            raise Refused("No output is stale, so there is nothing to run again.")
        self._begin(owner, session_id, stale)

    def interrupt(self, owner: str, session_id: str) -> None:
        """Interrupt what runs, and drop what waits."""
        self._owned(owner, session_id)
        for work in self._desk.at_work.running(session_id).values():
            work.stop.set()
        self._desk.kernels.interrupt(session_id)

    def restart(self, owner: str, session_id: str) -> None:
        """End the kernel; the next run gets a fresh one, and what ran before counts as stale."""
        self._owned(owner, session_id)
        for work in self._desk.at_work.running(session_id).values():
            work.stop.set()
        self._desk.kernels.restart(session_id)
        self._desk.feed.tell(session_id, Changes(kernel=True, records=True))

    def answer(self, owner: str, session_id: str, run_id: str, text: str) -> None:
        """Give the run the line that it asks for.

        Raises:
            Missing: it does not ask, or no longer.
        """
        self._owned(owner, session_id)
        work = self._desk.at_work.running(session_id).get(run_id)
        if work is None or work.asks is None:
            raise Missing("This run does not wait for input any more. Run the cell again.")
        work.asks = None
        self._desk.kernels.answer_input(session_id, storable(text))
        self._desk.feed.tell(session_id, Changes(cells={work.cell_id}))

    def _begin(
        self,
        owner: str,
        session_id: str,
        cell_ids: Sequence[str],
        store: Callable[[Transaction, Cell], Cell] = lambda _, cell: cell,
    ) -> list[str]:
        self._owned(owner, session_id)
        if not cell_ids:
            raise Refused("There is no cell to run. Write some code first.")
        works, sources = [], {}
        with self._beginning:
            self._refuse_busy(session_id, cell_ids)
            before = list(self._desk.at_work.running(session_id).values())
            with self._desk.database.begin() as tx:
                session = tx.session_of(owner, session_id)
                for cell_id in cell_ids:
                    version = _closed(tx, store(tx, tx.cell(cell_id, session_id=session.id)))
                    run = tx.create_run(version.id)
                    sources[run.id] = version.source
                    works.append(Running(run.id, session_id, cell_id))
            for work in works:
                self._desk.at_work.begin(work)
        self._desk.records_changed(session_id)
        execution = Execution(
            self._desk,
            session_id,
            works,
            sources=sources,
            before=before,
            read=lambda: self._read(owner, session_id),
        )
        self._desk.start(execution.go, name=f"run {session_id[:8]}")
        return list(sources)

    def _refuse_busy(self, session_id: str, cell_ids: Sequence[str]) -> None:
        busy = {work.cell_id for work in self._desk.at_work.running(session_id).values()}
        if busy & set(cell_ids):
            raise Busy("This cell is running already. Wait for its end, or stop it first.")
        written = {work.cell_id for work in self._desk.at_work.writing(session_id).values()}
        if written & set(cell_ids):
            raise Busy("A cell is still being written. Wait for its end, or stop the answer first.")

    def _owned(self, owner: str, session_id: str) -> None:
        with self._desk.database.read() as tx:
            tx.session_of(owner, session_id)


def _closed(tx: Transaction, cell: Cell) -> Version:
    """The version that the cell shows, closed, so that what runs stays as it is."""
    if cell.deleted_at is not None:
        raise Missing("This cell was deleted. Bring it back to run it.")
    version = close_open(tx, cell)
    if version is None:
        raise Missing("This cell holds no code yet.")
    return version
