"""A session as it stands at one moment, read from storage in one go and joined with what is at work.

Everything that the page draws is derived from a `Snapshot` and from nothing else.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.runner import KernelStatus
from app.session import tested
from app.session.lineage import Piece, upstream
from app.session.provenance import changed_nothing
from app.session.tested import Tested
from app.session.work import AtWork, Running, Testing, Writing
from model.host import EngineStatus
from storage.records import Candidate, Cell, Run, Session, Share, SlotRow, Turn, Version
from storage.transaction import Transaction


@dataclass(frozen=True)
class Snapshot:
    """One session's records and work.

    Attributes:
        turns: the branch shown, from the first turn to the head.
        siblings: for each of these turns, the ids of the turns that stand at its place, itself included, oldest first.
        cells: those not deleted, in order.
        versions: the version each cell shows, by cell id.
        counts: how many versions each cell has, by cell id.
        numbers: version numbers by version id, of all versions that turns, runs and parents refer to.
        writers: the turn that wrote it, by version id, of the same versions; None where none did.
        runs: the newest run of each cell, by cell id.
        ran: likewise, but the newest that began, where one did: what a cell shows came of it.
        kernel: the session's kernel.
        engine: the server's engine.
        shares: the links that work, newest first.
        tested: how the tests of each cell stand, by cell id; cells without tests are left out.
        candidates: of each turn that was answered several times, by turn id, in the order in which they were sampled.
        rows: the table of inputs.
        writing: turns at work, by turn id.
        running: runs at work, by run id.
        testing: cells whose tests are at work, by cell id.
    """

    session: Session
    turns: Sequence[Turn]
    siblings: Mapping[str, Sequence[str]]
    cells: Sequence[Cell]
    versions: Mapping[str, Version]
    counts: Mapping[str, int]
    numbers: Mapping[str, int]
    writers: Mapping[str, str | None]
    runs: Mapping[str, Run]
    ran: Mapping[str, Run]
    kernel: KernelStatus
    engine: EngineStatus
    shares: Sequence[Share]
    tested: Mapping[str, Tested]
    candidates: Mapping[str, Sequence[Candidate]]
    rows: Sequence[SlotRow]
    writing: Mapping[str, Writing]
    running: Mapping[str, Running]
    testing: Mapping[str, Sequence[Testing]]

    @property
    def pieces(self) -> list[Piece]:
        """The cells as lineage sees them: the source each one shows."""
        return [Piece(cell.id, self.versions[cell.id].source) for cell in self.cells]

    def number_of(self, cell_id: str) -> int | None:
        """The cell's place, from 1, or None if it was deleted."""
        return next((n for n, cell in enumerate(self.cells, 1) if cell.id == cell_id), None)

    def unchanged(self, turn: Turn) -> bool:
        """Whether the turn's answer was the code as it was, so that it names the version that stood there."""
        known = turn.version_id in self.writers
        return known and changed_nothing(turn, self.writers[turn.version_id or ""])

    def writer_of(self, version_id: str) -> Writing | None:
        """The turn that is writing the version now."""
        return next((w for w in self.writing.values() if w.version_id == version_id), None)

    def outdated(self, cell_id: str) -> str | None:
        """Why the cell's newest output is not of the code that stands there now, or None."""
        run = self.ran.get(cell_id)
        if run is None or self._at_work(cell_id):
            return None
        if run.sha256 != self.versions[cell_id].sha256:
            return "edited since it ran"
        return self._changed_upstream(cell_id, run)

    def stale(self, cell_id: str) -> str | None:
        """Why the cell's newest output can no longer be relied on: it is outdated, or what it defined is gone."""
        run = self.ran.get(cell_id)
        if reason := self.outdated(cell_id):
            return reason
        if run is None or self._at_work(cell_id) or not run.kernel_id:
            return None
        # A session that was opened again has no kernel and no word of one: its outputs are as good as they were.
        lost = self.kernel.kernel_id or (self.kernel.state == "none" and self.kernel.message)
        return "its kernel is gone" if lost and run.kernel_id != self.kernel.kernel_id else None

    def _at_work(self, cell_id: str) -> bool:
        return self.runs[cell_id].status in {"queued", "running"}

    def _changed_upstream(self, cell_id: str, run: Run) -> str | None:
        # A cell that came to be upstream only since the run counts as well: the run cannot have seen it.
        for other in sorted(upstream(self.pieces, cell_id) | set(run.upstream), key=lambda i: self.number_of(i) or 0):
            number = self.number_of(other)
            if number is None:
                return "ran with a cell that was deleted"
            if run.upstream.get(other) != self.versions[other].sha256:
                return f"cell {number} changed since it ran"
        return None


def read(tx: Transaction, session: Session, at_work: AtWork, kernel: KernelStatus, engine: EngineStatus) -> Snapshot:
    """Read everything of a session that the page shows; a fixed number of queries, whatever its size."""
    heads = tx.version_heads(session.id)
    links = tx.turn_links(session.id)
    turns = tx.branch(session.head_turn_id) if session.head_turn_id else []
    places: dict[str | None, list[str]] = {}
    for link in links:
        places.setdefault(link.parent_id, []).append(link.id)
    versions = tx.shown_versions(session.id)
    cells = [cell for cell in tx.cells(session.id) if cell.id in versions]
    pieces = [Piece(cell.id, versions[cell.id].source) for cell in cells]
    runs = tx.newest_runs(session.id)
    candidates: dict[str, list[Candidate]] = {}
    for candidate in tx.candidates(session.id):
        candidates.setdefault(candidate.turn_id, []).append(candidate)
    return Snapshot(
        session=session,
        turns=turns,
        siblings={turn.id: places[turn.parent_id] for turn in turns},
        cells=cells,
        versions=versions,
        counts=Counter(head.cell_id for head in heads),
        numbers={head.id: head.number for head in heads},
        writers={head.id: head.turn_id for head in heads},
        runs=runs,
        ran={**runs, **tx.newest_begun([cell_id for cell_id, run in runs.items() if run.started_at is None])},
        kernel=kernel,
        engine=engine,
        shares=tx.shares(session.id)[::-1],
        tested=tested.read(tx, session.id, versions, pieces),
        candidates=candidates,
        rows=tx.slot_rows(session.id),
        writing=at_work.writing(session.id),
        running=at_work.running(session.id),
        testing=at_work.testing(session.id),
    )
