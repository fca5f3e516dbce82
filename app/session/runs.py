"""Running cells: one, all, those whose output is stale; interrupt, restart, answer."""

import threading
from collections.abc import Callable, Sequence

from app.session.auditing import Auditing
from app.session.cells import Cells, close_open, typed
from app.session.celltests import CellTests
from app.session.desk import Desk
from app.session.errors import Busy, Missing, Refused, Risky
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
        auditing: scans what is about to run.
        read: reads a session of an owner as it is now.
        tests: judges what is run, as running closes a version that was typed.
    """

    def __init__(
        self,
        desk: Desk,
        cells: Cells,
        auditing: Auditing,
        read: Callable[[str, str], Snapshot],
        tests: CellTests,
    ) -> None:
        self._desk = desk
        self._cells = cells
        self._auditing = auditing
        self._read = read
        self._tests = tests
        self._beginning = threading.Lock()  # between looking whether a cell is busy and making it so

    def run(
        self, owner: str, session_id: str, cell_id: str, source: str, revision: int, *, anyway: bool = False
    ) -> str:
        """Store what stands in a cell and run exactly that; the run's id.

        Args:
            owner: whose session.
            session_id: the session.
            cell_id: the cell.
            source: what stands in it.
            revision: what `source` is based on.
            anyway: run it whatever the audit says.

        Raises:
            Conflict: the cell was changed since `revision`; nothing was run.
            Busy: the cell is running or waits to run already.
            Risky: the text is stored, and its audit has a finding of high severity; nothing was run.
        """
        text = source_of(source)
        with self._cells.conflicts(owner, session_id, cell_id):
            closed = self._closed(owner, session_id, [cell_id], lambda tx, cell: typed(tx, cell, text, revision))
        if not anyway:
            self._ask(session_id, closed)
        return self._begin(owner, session_id, closed)[0]

    def run_all(self, owner: str, session_id: str) -> None:
        """Run every cell from the top; a cell that fails stops the rest."""
        snapshot = self._read(owner, session_id)
        self._run_many(owner, session_id, [it.id for it in snapshot.cells if snapshot.versions[it.id].source.strip()])

    def run_stale(self, owner: str, session_id: str) -> None:
        """Run the cells whose output can no longer be trusted, from the top."""
        snapshot = self._read(owner, session_id)
        stale = [cell.id for cell in snapshot.cells if snapshot.stale(cell.id)]
        if not stale:
            raise Refused("No output is stale, so there is nothing to run again.")
        self._run_many(owner, session_id, stale)

    def interrupt(self, owner: str, session_id: str) -> None:
        """Interrupt what runs, and drop what waits."""
        self._desk.check_owner(owner, session_id)
        for work in self._desk.at_work.running(session_id).values():
            work.stop.set()
        self._desk.kernels.interrupt(session_id)

    def restart(self, owner: str, session_id: str) -> None:
        """End the kernel; the next run gets a fresh one, and what ran before counts as stale."""
        self._desk.check_owner(owner, session_id)
        for work in self._desk.at_work.running(session_id).values():
            work.stop.set()
        self._desk.kernels.restart(session_id)
        self._desk.feed.tell(session_id, Changes(kernel=True, records=True))

    def answer(self, owner: str, session_id: str, run_id: str, text: str) -> None:
        """Give the run the line that it asks for.

        Raises:
            Missing: it does not ask, or no longer.
        """
        self._desk.check_owner(owner, session_id)
        work = self._desk.at_work.running(session_id).get(run_id)
        if work is None or work.asks is None:
            raise Missing("This run does not wait for input any more. Run the cell again.")
        work.asks = None
        self._desk.kernels.answer_input(session_id, storable(text))
        self._desk.feed.tell(session_id, Changes(cells={work.cell_id}))

    def _run_many(self, owner: str, session_id: str, cell_ids: Sequence[str]) -> None:
        closed = self._closed(owner, session_id, cell_ids)
        self._ask(session_id, closed)
        self._begin(owner, session_id, closed)

    def _closed(
        self,
        owner: str,
        session_id: str,
        cell_ids: Sequence[str],
        store: Callable[[Transaction, Cell], Cell] = lambda _, cell: cell,
    ) -> list[Version]:
        """What the cells show, closed: from here on it stays as it is."""
        self._desk.check_owner(owner, session_id)
        if not cell_ids:
            raise Refused("There is no cell to run. Write some code first.")
        with self._beginning:
            self._refuse_busy(session_id, cell_ids)
            with self._desk.database.begin() as tx:
                session = tx.session_of(owner, session_id)
                return [_closed(tx, store(tx, tx.cell(cell_id, session_id=session.id))) for cell_id in cell_ids]

    def _ask(self, session_id: str, versions: Sequence[Version]) -> None:
        """Raise `Risky` where somebody has to agree first."""
        for version in versions:
            serious = self._auditing.of(version).serious
            with self._desk.database.read() as tx:
                known = tx.ran_before(session_id, version.sha256)
            if serious and not known:
                self._desk.records_changed(session_id)
                place = f"Cell {self._number(version)} was not run. Line {serious[0].line}"
                raise Risky(f"{place}: {serious[0].reason}")

    def _number(self, version: Version) -> int:
        with self._desk.database.read() as tx:
            cell = tx.cell(version.cell_id)
            return 1 + [it.id for it in tx.cells(cell.session_id)].index(cell.id)

    def _begin(self, owner: str, session_id: str, versions: Sequence[Version]) -> list[str]:
        works, sources = [], {}
        with self._beginning:
            self._refuse_busy(session_id, [version.cell_id for version in versions])
            before = list(self._desk.at_work.running(session_id).values())
            with self._desk.database.begin() as tx:
                for version in versions:
                    run = tx.create_run(version.id)
                    sources[run.id] = version.source
                    works.append(Running(run.id, session_id, version.cell_id))
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
        self._tests.judge(owner, session_id)
        return list(sources)

    def _refuse_busy(self, session_id: str, cell_ids: Sequence[str]) -> None:
        busy = {work.cell_id for work in self._desk.at_work.running(session_id).values()}
        if busy & set(cell_ids):
            raise Busy("This cell is running already. Wait for its end, or stop it first.")
        written = {work.cell_id for work in self._desk.at_work.writing(session_id).values()}
        if written & set(cell_ids):
            raise Busy("A cell is still being written. Wait for its end, or stop the answer first.")


def _closed(tx: Transaction, cell: Cell) -> Version:
    """The version that the cell shows, closed, so that what runs stays as it is."""
    if cell.deleted_at is not None:
        raise Missing("This cell was deleted. Bring it back to run it.")
    version = close_open(tx, cell)
    if version is None:
        raise Missing("This cell holds no code yet.")
    return version
