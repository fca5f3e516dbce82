"""Executes the runs of one request, one after the other, and stores what came of each."""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from app.runner import Cleared, Event, Finished, InputRequested, Output, Queued, RunnerError, RunResult, Started
from app.session.desk import Desk
from app.session.feed import Changes
from app.session.lineage import upstream
from app.session.saving import Saver
from app.session.snapshot import Snapshot
from app.session.transcript import Transcript
from app.session.words import storable
from app.session.work import Running
from storage.errors import StorageError
from storage.records import Run
from storage.transaction import Transaction

log = logging.getLogger(__name__)

NOT_RUN = "Not run: an earlier cell did not end well."
NOT_BEGUN = "Interrupted before it began."
RESTARTED = "Interrupted: the kernel was restarted."
TURN = 0.1  # seconds between two looks at whether a waiting run was stopped


class Execution:
    """The job of one Run, or of one Run all.

    Args:
        desk: the leaves.
        session_id: whose kernel runs the cells.
        works: the runs, in order; a run that does not end well stops those behind it.
        sources: the code of each run, by run id.
        before: the session's runs that go first.
        read: reads the session as it is now.
    """

    def __init__(
        self,
        desk: Desk,
        session_id: str,
        works: Sequence[Running],
        *,
        sources: dict[str, str],
        before: Sequence[Running],
        read: Callable[[], Snapshot],
    ) -> None:
        self._desk = desk
        self._session_id = session_id
        self._works = works
        self._sources = sources
        self._before = before
        self._read = read

    def go(self) -> None:
        """Do all runs; every failure ends in a run's message."""
        going = True
        for work in self._works:
            self._wait(work)
            if work.stop.is_set() or not going:
                words = NOT_BEGUN if work.stop.is_set() else NOT_RUN
                result = RunResult("interrupted", None, words, None, 0, None)
            else:
                result = self._run(work)
            self._settle(work, result)
            going = going and result.status == "ok"

    def _wait(self, work: Running) -> None:
        # Runs wait here and not in the kernel's own line, where one that is stopped could not be held back.
        for place, other in enumerate(self._before):
            if not other.ended.is_set():
                work.message = f"{len(self._before) - place} ahead"
                self._tell(work)
            while not other.ended.wait(TURN) and not work.stop.is_set():
                pass
        work.message = ""

    def _run(self, work: Running) -> RunResult:
        try:
            result = self._executed(work)
        except (RunnerError, StorageError) as error:
            return RunResult("died", None, str(error), None, work.milliseconds or 0, None)
        except Exception as error:
            # As for an answer: a run that never ends would hold up every other one of its session.
            log.exception("A run could not be carried out")
            words = f"The run could not be carried out: {type(error).__name__}: {error}"
            return RunResult("died", None, words, None, work.milliseconds or 0, None)
        if work.stop.is_set() and result.status == "died":
            return replace(result, status="interrupted", message=RESTARTED)
        return result

    def _executed(self, work: Running) -> RunResult:
        transcript = Transcript()
        self._desk.keep_files(self._session_id)
        with Saver(lambda: self._store_outputs(work)) as saver:
            for event in self._desk.kernels.execute(self._session_id, self._sources[work.run_id]):
                if isinstance(event, Finished):
                    return event.result
                self._take(work, event, transcript)
                self._tell(work)
                with suppress(StorageError):  # the run goes on; its end says whether it was stored
                    saver.changed()
        return RunResult("died", None, "The kernel ended without a word.", None, 0, None)

    def _take(self, work: Running, event: Event, transcript: Transcript) -> None:
        match event:
            case Queued(place):
                work.message = f"Waiting for a kernel: place {place} in the queue."
            case Started():
                self._started(work, event)
            case Output():  # may have been printed before the question and told after it, so the question stays
                transcript.add(event)
            case Cleared():
                transcript.clear(event)
            case InputRequested(prompt, password):
                work.asks = (prompt, password)
        work.outputs = transcript.outputs

    def _started(self, work: Running, event: Started) -> None:
        work.status, work.message, work.started = "running", "", time.monotonic()
        work.execution_count = event.execution_count
        if work.stop.is_set():
            self._desk.kernels.interrupt(self._session_id)  # it was stopped while its kernel started
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

    def _settle(self, work: Running, ended: RunResult) -> None:
        result = replace(ended, message=storable(ended.message))  # it may quote what the code raised
        work.asks = None
        work.status, work.message = result.status, result.message

        def store() -> None:
            with self._desk.database.begin() as tx:
                self._close(tx, work, result)

        self._desk.end(work, store)

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
    ran = {key: run.sha256 for key, run in snapshot.ran.items() if run.kernel_id == kernel_id}
    return {key: ran.get(key, snapshot.versions[key].sha256) for key in upstream(pieces, cell_id)}
