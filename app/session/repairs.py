"""Repairs: the model tries to mend a cell, each attempt a turn of its own, until the evidence is gone."""

from collections.abc import Callable
from contextlib import suppress

from app.runner import RunnerError
from app.session import evidence
from app.session.celltests import CellTests
from app.session.desk import Desk
from app.session.errors import Busy, Missing, Refused, SessionError
from app.session.evidence import Evidence
from app.session.feed import Changes
from app.session.runs import Runs
from app.session.snapshot import Snapshot
from app.session.turns import Turns
from app.session.work import Testing
from model.errors import ModelError
from storage.errors import NotFound, StorageError

ATTEMPTS = 3
GLANCE = 0.1  # seconds between two looks at whether an attempt was stopped


class Repairs:
    """The service for repairs.

    Args:
        desk: the leaves.
        read: reads a session of an owner as it is now.
        turns: asks.
        runs: runs the cell again where its last run failed.
        tests: judges what came.
    """

    def __init__(
        self, desk: Desk, read: Callable[[str, str], Snapshot], *, turns: Turns, runs: Runs, tests: CellTests
    ) -> None:
        self._desk = desk
        self._read = read
        self._turns = turns
        self._runs = runs
        self._tests = tests

    def begin(self, owner: str, session_id: str, cell_id: str) -> None:
        """Try up to `ATTEMPTS` times, in a job of its own; stopping one attempt ends all.

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
        self._desk.start(lambda: self._repair(owner, work), name=f"repair {cell_id[:8]}")

    def _repair(self, owner: str, work: Testing) -> None:
        try:
            with suppress(SessionError, StorageError, NotFound, ModelError, RunnerError):
                for attempt in range(1, ATTEMPTS + 1):
                    if not self._attempt(owner, work, attempt):
                        return
        finally:
            self._desk.at_work.end_testing(work)
            self._desk.feed.tell(work.session_id, Changes(cells={work.cell_id}))

    def _attempt(self, owner: str, work: Testing, attempt: int) -> bool:
        """Ask once and look at what came; whether another attempt is called for."""
        work.message = f"repair {attempt} of {ATTEMPTS}"
        snapshot = self._read(owner, work.session_id)
        faults = wrong(snapshot, work.cell_id)
        if not faults or work.stop.is_set():
            return False
        failed_run = any(its.kind == "traceback" for its in faults)
        request = f"Repair {attempt} of {ATTEMPTS}: {named(faults)}"
        turn = self._turns.ask(owner, work.session_id, request, work.cell_id)
        writing = self._desk.at_work.writing(work.session_id).get(turn.id)
        while writing and not writing.ended.wait(GLANCE):
            if work.stop.is_set():
                self._turns.stop(owner, work.session_id, turn.id)
        after = self._read(owner, work.session_id)
        if not any(its.id == turn.id and its.status == "done" for its in after.turns):
            return False
        if failed_run:
            self._run(owner, work)
        self._tests.judge_now(owner, work.session_id)
        return True

    def _run(self, owner: str, work: Testing) -> None:
        snapshot = self._read(owner, work.session_id)
        cell = next(its for its in snapshot.cells if its.id == work.cell_id)
        source = snapshot.versions[cell.id].source
        run_id = self._runs.run(owner, work.session_id, cell.id, source, cell.revision)
        running = self._desk.at_work.running(work.session_id).get(run_id)
        while running and not running.ended.wait(GLANCE):
            if work.stop.is_set():
                self._runs.interrupt(owner, work.session_id)


def wrong(snapshot: Snapshot, cell_id: str) -> list[Evidence]:
    """What speaks against a cell: its failing tests, its error."""
    return [its for its in evidence.of_cell(snapshot, cell_id) if its.kind in {"test", "traceback"}]


def named(faults: list[Evidence]) -> str:
    """What a repair is asked for."""
    tests = [its.title for its in faults if its.kind == "test"]
    errors = [its.title for its in faults if its.kind == "traceback"]
    parts = [*(f"fix the error {error}" for error in errors), *(f"make {test} hold" for test in tests)]
    return ", ".join(parts) + "."
