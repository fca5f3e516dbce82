"""The table of inputs of a dialogue with slots: its rows, and replays of the dialogue on each of them."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from functools import partial

from app.runner import RunnerError
from app.runner.oneshot import OneShot
from app.session import replaying, slots
from app.session.desk import Desk
from app.session.errors import Busy, Refused
from app.session.slots import INPUTS, Json
from app.session.snapshot import Snapshot
from app.session.turns import Turns
from app.session.words import storable
from app.session.work import Testing
from model.engine import Engine
from model.errors import ModelError
from storage.errors import NotFound, StorageError
from storage.records import NEW_CELL, SlotRow

GLANCE = 0.1  # seconds between two looks at whether the asking was stopped


class Replays:
    """The service for dialogues with slots.

    Args:
        desk: the leaves.
        read: reads a session of an owner as it is now.
        turns: asks what a loaded dialogue says.
        oneshot: gives the runner of whole programs.
    """

    def __init__(
        self,
        desk: Desk,
        read: Callable[[str, str], Snapshot],
        *,
        turns: Turns,
        oneshot: Callable[[], OneShot],
    ) -> None:
        self._desk = desk
        self._read = read
        self._turns = turns
        self._oneshot = oneshot

    def load(self, owner: str, session_id: str, line: str) -> None:
        """Keep a dialogue's rows and ask its requests, each for a cell of its own, filled with the first row.

        Raises:
            Refused: the line is no dialogue, or the session has rows already.
            Busy: a dialogue is being asked.
            EngineNotReady: no model is loaded.
        """
        dialogue = slots.parsed(line)
        self._desk.engines.engine()
        if self._read(owner, session_id).rows:
            raise Refused("This session has a table of inputs already. Load the dialogue into a new session.")
        work = self._begun(session_id)
        with ExitStack() as undo:
            undo.callback(self._end, work)
            with self._desk.database.begin() as tx:
                session = tx.session_of(owner, session_id)
                for inputs, expected in dialogue.rows:
                    tx.create_slot_row(session.id, inputs, expected)
            undo.pop_all()
        self._desk.records_changed(session_id)
        self._desk.start(lambda: self._ask(owner, work, dialogue.requests), name=f"dialogue {session_id[:8]}")

    def add(self, owner: str, session_id: str, inputs: Json, expected: str) -> SlotRow:
        """A new last row."""
        if len(self._read(owner, session_id).rows) >= slots.MOST_ROWS:
            raise Refused(f"The table has {slots.MOST_ROWS} rows, which is the most.")
        with self._desk.database.begin() as tx:
            row = tx.create_slot_row(tx.session_of(owner, session_id).id, inputs, storable(expected).strip())
        self._desk.records_changed(session_id)
        return row

    def edit(self, owner: str, session_id: str, row_id: str, inputs: Json, expected: str) -> None:
        """Other values in a row; what its last replay came to no longer counts."""
        with self._desk.database.begin() as tx:
            session = tx.session_of(owner, session_id)
            tx.update_slot_row(row_id, session.id, inputs=inputs, expected=storable(expected).strip(), result=None)
        self._desk.records_changed(session_id)

    def remove(self, owner: str, session_id: str, row_id: str) -> None:
        """Remove a row."""
        with self._desk.database.begin() as tx:
            tx.delete_slot_row(row_id, tx.session_of(owner, session_id).id)
        self._desk.records_changed(session_id)

    def replay(self, owner: str, session_id: str, *, anew: bool) -> None:
        """Run the dialogue on every row, in a job of its own.

        Args:
            owner: whose session.
            session_id: the session.
            anew: ask the model every request again, filled with the row; else put the row's values into the code.

        Raises:
            Refused: there are no rows, or no turns that wrote code.
            Busy: a replay is under way, or code is being written.
        """
        snapshot = self._read(owner, session_id)
        if not snapshot.rows or not replaying.asked(snapshot):
            raise Refused("A replay needs a table of inputs and a dialogue that wrote code. Add a row, ask something.")
        engine = self._desk.engines.engine() if anew else None
        if snapshot.writing:
            raise Busy("An answer is being written. Wait for its end, or stop it, before you replay.")
        work = self._begun(session_id)
        self._desk.start(lambda: self._all(snapshot, work, engine), name=f"replay {session_id[:8]}")

    def stop(self, owner: str, session_id: str) -> None:
        """End a replay, or the asking of a dialogue; the rows that were done keep their results."""
        self._read(owner, session_id)
        for work in self._desk.at_work.testing(session_id).get(session_id, ()):
            work.stop.set()

    def _begun(self, session_id: str) -> Testing:
        work = Testing(session_id, session_id, "replay", "beginning")
        if self._desk.at_work.begin_testing(work) is not work:
            raise Busy("A replay is under way. Wait for its end, or stop it.")
        return work

    def _ask(self, owner: str, work: Testing, requests: Sequence[str]) -> None:
        """Ask one after the other; a turn that does not end well ends the rest."""
        try:
            # They end the asking: the dialogue stands as far as it came, and the rest can be asked by hand.
            with suppress(StorageError, NotFound, ModelError, Busy, Refused):
                for number, request in enumerate(requests, 1):
                    self._tell(work, f"asking request {number} of {len(requests)}")
                    if not self._asked(owner, work, request):
                        return
        finally:
            self._end(work)

    def _asked(self, owner: str, work: Testing, request: str) -> bool:
        """Whether the request was answered, and another one may follow."""
        turn = self._turns.ask(owner, work.session_id, request, NEW_CELL)
        writing = self._desk.at_work.writing(work.session_id).get(turn.id)
        while writing and not writing.ended.wait(GLANCE):
            if work.stop.is_set():
                self._turns.stop(owner, work.session_id, turn.id)
        with self._desk.database.read() as tx:
            done = tx.turn(turn.id).status == "done"
        return done and not work.stop.is_set() and not self._desk.closing.is_set()

    def _all(self, snapshot: Snapshot, work: Testing, engine: Engine | None) -> None:
        made_from = {"anew": engine is not None, "basis": replaying.basis(snapshot, anew=engine is not None)}
        try:
            with suppress(StorageError, NotFound):  # the rows that were done keep their results
                program_of = self._programs(snapshot, work, engine)
                for number, row in enumerate(snapshot.rows, 1):
                    self._tell(work, f"replaying row {number} of {len(snapshot.rows)}")
                    result = self._one(row, program_of)
                    if work.stop.is_set() or self._desk.closing.is_set():
                        return
                    # A row may have been removed meanwhile.
                    with suppress(NotFound), self._desk.database.begin() as tx:
                        tx.update_slot_row(row.id, work.session_id, result={**result, **made_from})
        finally:
            self._end(work)

    def _programs(self, snapshot: Snapshot, work: Testing, engine: Engine | None) -> Callable[[Json], str]:
        """Makes a row's program from its inputs."""
        if engine is None:
            return partial(replaying.standing, snapshot, self._given(snapshot))
        return partial(replaying.anew, snapshot, engine, work.stop)

    def _one(self, row: SlotRow, program_of: Callable[[Json], str]) -> Json:
        try:
            return replaying.result(self._oneshot().run(program_of(row.inputs)), row.expected)
        except (ModelError, RunnerError, Refused) as error:
            return replaying.told(passed=False, detail=str(error))

    def _given(self, snapshot: Snapshot) -> dict[str, Json]:
        """The values with which the model was asked, by turn; where that was not kept, the first row's."""
        first = snapshot.rows[0].inputs
        with self._desk.database.read() as tx:
            return {its.id: tx.turn(its.id).prompt_report.get(INPUTS, first) for its in replaying.asked(snapshot)}

    def _tell(self, work: Testing, message: str) -> None:
        work.message = message
        self._desk.records_changed(work.session_id)

    def _end(self, work: Testing) -> None:
        self._desk.at_work.end_testing(work)
        self._desk.records_changed(work.session_id)
