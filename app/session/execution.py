"""Executes the runs of one request, one after the other, and stores what came of each."""

import time
from collections.abc import Callable, Sequence

from app.runner import Cleared, Finished, InputRequested, Output, Queued, RunnerError, RunResult, Started
from app.session.desk import Desk
from app.session.feed import Changes
from app.session.lineage import upstream
from app.session.snapshot import Snapshot
from app.session.transcript import Transcript
from app.session.work import Running
from storage.errors import StorageError
from storage.records import Run
from storage.transaction import Transaction

STORE_EVERY = 0.5  # seconds; so much output is lost when the process is killed
NOT_RUN = "Not run: an earlier cell did not end well."


class Execution:
    """The job of one Run, or of one Run all.

    Args:
        desk: the leaves.
        session_id: whose kernel runs the cells.
        works: the runs, in order; a run that does not end well stops those behind it.
        sources: the code of each run, by run id.
        read: reads the session as it is now.
    """

    def __init__(
        self,
        desk: Desk,
        session_id: str,
        works: Sequence[Running],
        sources: dict[str, str],
        read: Callable[[], Snapshot],
    ) -> None:
        self._desk = desk
        self._session_id = session_id
        self._works = works
        self._sources = sources
        self._read = read

    def go(self) -> None:
        """Do all runs; every failure ends in a run's message."""
        going = True
        for work in self._works:
            if work.stop.is_set() or not going:
                words = "Interrupted before it began." if work.stop.is_set() else NOT_RUN
                result = RunResult("interrupted", None, words, None, 0, None)
            else:
                result = self._run(work)
            self._settle(work, result)
            going = going and result.status == "ok"

    def _run(self, work: Running) -> RunResult:
        try:
            return self._executed(work)
        except (RunnerError, StorageError) as error:
            return RunResult("died", None, str(error), None, work.milliseconds or 0, None)

    def _executed(self, work: Running) -> RunResult:
        transcript, stored = Transcript(), time.monotonic()
        result = RunResult("died", None, "The kernel ended without a word.", None, 0, None)
        for event in self._desk.kernels.execute(self._session_id, self._sources[work.run_id]):
            match event:
                case Queued(place):
                    work.message = f"Waiting for a kernel: place {place} in the queue."
                case Started():
                    self._started(work, event)
                case Output():
                    work.asks = None
                    transcript.add(event)
                case Cleared():
                    transcript.clear(event)
                case InputRequested(prompt, password):
                    work.asks = (prompt, password)
                case Finished(its):
                    result = its
            work.outputs = transcript.outputs
            self._tell(work)
            if time.monotonic() - stored > STORE_EVERY:
                stored = time.monotonic()
                self._store_outputs(work)
        return result

    def _started(self, work: Running, event: Started) -> None:
        work.status, work.message, work.started = "running", "", time.monotonic()
        work.execution_count = event.execution_count
        snapshot = self._read()
        with self._desk.database.begin() as tx:
            tx.update_run(
                work.run_id,
                status="running",
                kernel_id=event.kernel_id,
                execution_count=event.execution_count,
                upstream=_upstream(snapshot, work.cell_id, event.kernel_id),
            )
        self._desk.records_changed(self._session_id)

    def _tell(self, work: Running) -> None:
        self._desk.feed.tell(self._session_id, Changes(cells={work.cell_id}))

    def _store_outputs(self, work: Running) -> None:
        with self._desk.database.begin() as tx:
            tx.update_run(work.run_id, outputs=work.outputs)

    def _settle(self, work: Running, result: RunResult) -> None:
        """Store how it ended. Where storage fails, the run stays in memory with its outputs, and says so."""
        work.asks = None
        try:
            with self._desk.database.begin() as tx:
                self._close(tx, work, result)
        except StorageError as error:
            work.status, work.message = result.status, f"Not stored: {error}"
        else:
            self._desk.at_work.end(work)
        self._desk.records_changed(self._session_id)

    def _close(self, tx: Transaction, work: Running, result: RunResult) -> Run:
        return tx.update_run(
            work.run_id,
            status=result.status,
            limit=result.limit or "",
            message=result.message,
            execution_count=result.execution_count,
            outputs=work.outputs,
            failure=result.failure,
            milliseconds=result.milliseconds,
        )


def _upstream(snapshot: Snapshot, cell_id: str, kernel_id: str) -> dict[str, str]:
    """What the cells that this one leans on have run in its kernel; where they have not, what they show."""
    pieces = snapshot.pieces
    if all(piece.id != cell_id for piece in pieces):
        return {}
    ran = {key: run.sha256 for key, run in snapshot.runs.items() if run.kernel_id == kernel_id}
    return {key: ran.get(key, snapshot.versions[key].sha256) for key in upstream(pieces, cell_id)}
