"""Repairs: the model tries to mend a cell, each attempt a turn of its own, until the evidence is gone.

An attempt may break more than it mends. So each attempt starts from the version that holds the most, and in the end
the cell shows that version, the one from before the repairs among them.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from app.runner import RunnerError
from app.session import evidence
from app.session.cells import Cells
from app.session.celltests import CellTests, with_source
from app.session.checks import Check
from app.session.desk import Desk
from app.session.errors import Busy, Missing, Refused, Risky, SessionError
from app.session.evidence import Evidence
from app.session.feed import Changes
from app.session.judging import Judge
from app.session.ranking import distinct
from app.session.runs import Runs
from app.session.snapshot import Snapshot
from app.session.tested import Tested
from app.session.turns import Turns
from app.session.work import Testing
from model.errors import ModelError
from storage.errors import NotFound, StorageError
from storage.records import CellTest, Version

ATTEMPTS = 3
GLANCE = 0.1  # seconds between two looks at whether an attempt was stopped


@dataclass(frozen=True)
class Tried:
    """A version that the cell showed before or after an attempt.

    Attributes:
        failed: its run ended in an error; one that was not run has not failed.
        turn_id: the attempt that wrote it; "" for the one from before and for one that is shown again.
    """

    version: Version
    failed: bool
    turn_id: str = ""


@dataclass(frozen=True)
class Worth:
    """What speaks for a version: how many tests it holds, and how it ran."""

    pinned: int
    failed: bool
    unconfirmed: int

    @property
    def order(self) -> tuple[int, bool, int]:
        """Sorts by what binds first: pinned tests, then the run, then the other tests that count."""
        return self.pinned, not self.failed, self.unconfirmed

    @property
    def held(self) -> int:
        """How many tests it holds."""
        return self.pinned + self.unconfirmed


class Repairs:
    """The service for repairs.

    Args:
        desk: the leaves.
        read: reads a session of an owner as it is now.
        turns: asks.
        cells: shows an earlier version again.
        runs: runs the cell again where its last run failed.
        tests: judges what came.
        judge: compares the versions that were tried.
    """

    def __init__(
        self,
        desk: Desk,
        read: Callable[[str, str], Snapshot],
        *,
        turns: Turns,
        cells: Cells,
        runs: Runs,
        tests: CellTests,
        judge: Judge,
    ) -> None:
        self._desk = desk
        self._read = read
        self._turns = turns
        self._cells = cells
        self._runs = runs
        self._tests = tests
        self._judge = judge

    def begin(self, owner: str, session_id: str, cell_id: str, *, attempts: int = ATTEMPTS) -> None:
        """Try up to `attempts` times, in a job of its own; stopping one attempt ends all.

        Raises:
            Refused: nothing that ran speaks against the cell.
            Busy: it is being written or repaired already.
            EngineNotReady: no model is loaded.
        """
        self._desk.engines.engine()
        snapshot = self._read(owner, session_id)
        if cell_id not in snapshot.versions:
            raise Missing("The cell was deleted. Bring it back to repair it.")
        if not wrong(snapshot, cell_id):
            raise Refused(
                "No test fails and no error came, so there is nothing to repair. Run the cell, or pin a test."
            )
        work = Testing(cell_id, session_id, "repair")
        written = any(its.cell_id == cell_id for its in snapshot.writing.values())
        if written or self._desk.at_work.begin_testing(work) is not work:
            raise Busy("The cell is being written or repaired already. Wait for its end, or stop it.")
        self._desk.start(lambda: self._repair(owner, work, attempts), name=f"repair {cell_id[:8]}")

    def _repair(self, owner: str, work: Testing, attempts: int) -> None:
        try:
            # They end the repairs: what has been tried stands in the thread, and the cell shows one of its versions.
            with suppress(SessionError, StorageError, NotFound, ModelError, RunnerError):
                before = self._read(owner, work.session_id)
                tests = _counting(before, work.cell_id)
                tried = [_shown(before, work.cell_id)]
                for attempt in range(1, attempts + 1):
                    going = self._attempt(owner, work, tried, f"{attempt} of {attempts}")
                    ends = not going or attempt == attempts
                    self._go_back(owner, work, tried, tests, ends=ends)
                    if ends:
                        break
        finally:
            self._desk.at_work.end_testing(work)
            self._desk.feed.tell(work.session_id, Changes(cells={work.cell_id}))

    def _attempt(self, owner: str, work: Testing, tried: list[Tried], place: str) -> bool:
        """Ask once and look at what came; whether another attempt may follow."""
        work.message = f"repair {place}"
        faults = wrong(self._read(owner, work.session_id), work.cell_id)
        if not faults or work.stop.is_set():
            return False
        request, stuck = f"Repair {place}: {named(faults)}", repeats([its.version.source for its in tried])
        turn = self._turns.ask(owner, work.session_id, request, work.cell_id, livelier=stuck)
        writing = self._desk.at_work.writing(work.session_id).get(turn.id)
        while writing and not writing.ended.wait(GLANCE):
            if work.stop.is_set():
                self._turns.stop(owner, work.session_id, turn.id)
        after = self._read(owner, work.session_id)
        answered = next((its for its in after.turns if its.id == turn.id), turn)
        done = answered.status == "done"
        if done:
            done = self._run_again(owner, work, tried, turn.id)
            after = self._tests.judge_now(owner, work.session_id)
        shown = after.versions.get(work.cell_id)
        if shown and shown.id == answered.version_id:
            tried.append(_shown(after, work.cell_id, turn.id))
        return done

    def _go_back(self, owner: str, work: Testing, tried: list[Tried], tests: Sequence[str], *, ends: bool) -> None:
        """Show again the version that holds the most, unless somebody has changed the cell meanwhile.

        While repairs go on, one that holds as much stays, as another way; when they end, the first of equal ones is it.
        """
        snapshot, last = self._read(owner, work.session_id), tried[-1]
        shown = snapshot.versions.get(work.cell_id)
        if shown is None or shown.id != last.version.id:
            return
        worths = [self._worth(snapshot, its, tests) for its in tried]
        best = max(range(len(tried)), key=lambda place: (worths[place].order, -place))
        as_good = not ends and worths[best].order == worths[-1].order
        if as_good or tried[best].version.source == last.version.source:
            return
        cell = next(its for its in snapshot.cells if its.id == work.cell_id)
        self._cells.restore(owner, work.session_id, cell.id, tried[best].version.id, cell.revision)
        self._run_again(owner, work, tried, last.turn_id)
        now = self._tests.judge_now(owner, work.session_id).versions[cell.id]
        words = reason(last, worths[best], worths[-1])
        again = f"The cell shows v{tried[best].version.number} again, as v{now.number}."
        self._say(work, last.turn_id, f"{again} {words}")
        tried.append(Tried(now, tried[best].failed))

    def _worth(self, snapshot: Snapshot, its: Tried, tests: Sequence[str]) -> Worth:
        """Of every version by the same tests: those from before, and those pinned meanwhile."""
        cell_id = its.version.cell_id
        known = snapshot.tested.get(cell_id, Tested()).states
        states = [state for state in known if state.pinned or state.test.id in tests]
        pieces = with_source(snapshot.pieces, cell_id, its.version.source)
        judged = self._judge.judge(pieces, cell_id, [_check(state.test) for state in states])
        held = [state.pinned for state, one in zip(states, judged, strict=True) if one.verdict.passed]
        return Worth(sum(held), its.failed, len(held) - sum(held))

    def _run_again(self, owner: str, work: Testing, tried: Sequence[Tried], turn_id: str) -> bool:
        """Run what the cell shows, where a run of it had failed; whether repairs may go on after that."""
        if work.stop.is_set() or not any(its.failed for its in tried):
            return not work.stop.is_set()
        snapshot = self._read(owner, work.session_id)
        cell = next(its for its in snapshot.cells if its.id == work.cell_id)
        try:
            run_id = self._runs.run(owner, work.session_id, cell.id, snapshot.versions[cell.id].source, cell.revision)
        except Risky as asked:
            self._say(work, turn_id, str(asked))  # nobody but a person may agree to that
            return False
        running = self._desk.at_work.running(work.session_id).get(run_id)
        while running and not running.ended.wait(GLANCE):
            if work.stop.is_set():
                self._runs.interrupt(owner, work.session_id)
        return not work.stop.is_set() and not (running and running.status == "interrupted")

    def _say(self, work: Testing, turn_id: str, message: str) -> None:
        with self._desk.database.begin() as tx:
            tx.update_turn(turn_id, message=message)
        self._desk.records_changed(work.session_id)


def wrong(snapshot: Snapshot, cell_id: str) -> list[Evidence]:
    """What speaks against a cell: its failing tests, its error."""
    return [its for its in evidence.of_cell(snapshot, cell_id) if its.kind in {"test", "traceback"}]


def named(faults: list[Evidence]) -> str:
    """What a repair is asked for."""
    tests = [its.title for its in faults if its.kind == "test"]
    errors = [its.title for its in faults if its.kind == "traceback"]
    parts = [*(f"fix the error {error}" for error in errors), *(f"make {test} hold" for test in tests)]
    return ", ".join(parts) + "."


def reason(last: Tried, held: Worth, its: Worth) -> str:
    """Why an earlier version is shown instead of the last one."""
    this = f"this answer, v{last.version.number},"
    if its.failed and not held.failed and held.pinned == its.pinned:
        return f"It runs without an error, and {this} does not."
    tests = f"{held.held} test{'' if held.held == 1 else 's'}"
    return f"It holds {tests}, and {this} {its.held if its.held != held.held else 'no more'}."


def repeats(sources: Sequence[str]) -> bool:
    """Whether the last source is the same code as one before it: asked in the same way, more of it would come."""
    return len(sources) - 1 not in distinct(sources)


def _shown(snapshot: Snapshot, cell_id: str, turn_id: str = "") -> Tried:
    failed = any(its.kind == "traceback" for its in wrong(snapshot, cell_id))
    return Tried(snapshot.versions[cell_id], failed, turn_id)


def _counting(snapshot: Snapshot, cell_id: str) -> list[str]:
    """Ids of the tests that count. Those that an attempt brings along with itself say nothing of the others."""
    return [state.test.id for state in snapshot.tested.get(cell_id, Tested()).states if state.counts]


def _check(test: CellTest) -> Check:
    return Check(test.call, test.expected)
