"""Replaying a dialogue with slots on each row of its table: with the code as it stands, or asked anew."""

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from app.runner import RunnerError
from app.runner.oneshot import OneShot, Outcome
from app.session import slots
from app.session.carrying import code_of, completed
from app.session.desk import Desk
from app.session.errors import Busy, Refused
from app.session.lineage import title_of
from app.session.sessions import sampling_of
from app.session.slots import Json
from app.session.snapshot import Snapshot
from app.session.turns import Turns
from app.session.words import storable
from app.session.work import Testing
from model.engine import Engine, Sampling
from model.errors import ModelError
from model.prompt import OtherCell, PromptState, TargetCell, build
from model.reply import Reply, ReplyReader
from storage.errors import NotFound, StorageError
from storage.records import NEW_CELL, SlotRow, Turn

SHOWN = 1000  # characters of what a program printed


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
            EngineNotReady: no model is loaded.
        """
        dialogue = slots.parsed(line)
        self._desk.engines.engine()
        if self._read(owner, session_id).rows:
            raise Refused("This session has a table of inputs already. Load the dialogue into a new session.")
        with self._desk.database.begin() as tx:
            session = tx.session_of(owner, session_id)
            for inputs, expected in dialogue.rows:
                tx.create_slot_row(session.id, inputs, expected)
        self._desk.records_changed(session_id)
        self._desk.start(lambda: self._ask(owner, session_id, dialogue.requests), name=f"dialogue {session_id[:8]}")

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
            Busy: a replay is under way.
        """
        snapshot = self._read(owner, session_id)
        if not snapshot.rows or not any(turn.cell_id for turn in snapshot.turns):
            raise Refused("A replay needs a table of inputs and a dialogue that wrote code. Add a row, ask something.")
        engine = self._desk.engines.engine() if anew else None
        work = Testing(session_id, session_id, "replay", "replaying")
        if self._desk.at_work.begin_testing(work) is not work:
            raise Busy("A replay is under way. Wait for its end, or stop it.")
        self._desk.start(lambda: self._all(snapshot, work, engine), name=f"replay {session_id[:8]}")

    def stop(self, owner: str, session_id: str) -> None:
        """End a replay; the rows that were done keep their results."""
        self._read(owner, session_id)
        for work in self._desk.at_work.testing(session_id).get(session_id, ()):
            work.stop.set()

    def _ask(self, owner: str, session_id: str, requests: Sequence[str]) -> None:
        """Ask one after the other; a turn that does not end well ends the rest."""
        with suppress(StorageError, NotFound, ModelError, Busy, Refused):
            for request in requests:
                turn = self._turns.ask(owner, session_id, request, NEW_CELL)
                writing = self._desk.at_work.writing(session_id).get(turn.id)
                if writing is not None:
                    writing.ended.wait()
                with self._desk.database.read() as tx:
                    done = tx.turn(turn.id).status == "done"
                if self._desk.closing.is_set() or not done:
                    return

    def _all(self, snapshot: Snapshot, work: Testing, engine: Engine | None) -> None:
        try:
            for number, row in enumerate(snapshot.rows, 1):
                if work.stop.is_set() or self._desk.closing.is_set():
                    return
                work.message = f"replaying row {number} of {len(snapshot.rows)}"
                self._desk.records_changed(work.session_id)
                result = self._one(snapshot, row, engine, work.stop)
                if work.stop.is_set():
                    return
                with suppress(NotFound), self._desk.database.begin() as tx:
                    tx.update_slot_row(row.id, work.session_id, result=result)
        except StorageError:
            return
        finally:
            self._desk.at_work.end_testing(work)
            self._desk.records_changed(work.session_id)

    def _one(self, snapshot: Snapshot, row: SlotRow, engine: Engine | None, stop: threading.Event) -> Json:
        try:
            if engine is None:
                program, missing = standing(snapshot, row.inputs)
            else:
                program, missing = self._anew(snapshot, row.inputs, engine, stop), set()
            if missing:
                names = ", ".join(f"{{{name}}}" for name in sorted(missing))
                return _result(
                    passed=False, actual="", detail=f"The code does not hold the first row's {names}.", anew=False
                )
            return judged(self._oneshot().run(program), row.expected, anew=engine is not None)
        except (ModelError, RunnerError) as error:
            return _result(passed=False, actual="", detail=str(error), anew=engine is not None)

    def _anew(self, snapshot: Snapshot, inputs: Mapping[str, Any], engine: Engine, stop: threading.Event) -> str:
        """Every turn that wrote code, asked again with the row's values; the program that comes of it."""
        codes: dict[str, str] = {}
        dialogue: list[tuple[str, str]] = []
        for turn in (turn for turn in snapshot.turns if turn.cell_id):
            request = slots.filled(turn.request, inputs)
            state = _state(turn, request, codes, dialogue)
            reply = _written(engine, state, replace(sampling_of(snapshot.session.sampling), seed=_seed(turn)), stop)
            others = [source for cell_id, source in codes.items() if cell_id != turn.cell_id]
            code = storable(completed(reply, [code_of(request), codes.get(turn.cell_id or "", "")], others).code)
            codes[turn.cell_id or ""] = code
            dialogue.append((request, code))
            if stop.is_set():
                break
        return "\n\n".join(codes.values())


def standing(snapshot: Snapshot, inputs: Mapping[str, Any]) -> tuple[str, set[str]]:
    """The notebook as one program with a row's values in the place of the first row's; the slots not found in it."""
    first = snapshot.rows[0].inputs
    program, found = slots.substituted("\n\n".join(piece.source for piece in snapshot.pieces), first, inputs)
    used = set(slots.slots_of([turn.request for turn in snapshot.turns]))
    differing = {name for name in used & first.keys() & inputs.keys() if first[name] != inputs[name]}
    return program, differing - found


def judged(outcome: Outcome, expected: str, *, anew: bool) -> Json:
    """What a program came to on one row: what it printed last, against what was expected."""
    printed = outcome.output.strip()
    last = printed.split("\n")[-1] if printed else ""
    if outcome.status != "ok":
        return _result(passed=False, actual=last, detail=outcome.message, anew=anew)
    if not printed:
        return _result(passed=False, actual="", detail="The program printed nothing.", anew=anew)
    passed = slots.agrees(printed, expected) if expected else None
    return _result(passed=passed, actual=last, detail="", anew=anew)


def _result(*, passed: bool | None, actual: str, detail: str, anew: bool) -> Json:
    return {"passed": passed, "actual": storable(actual)[:SHOWN], "detail": storable(detail)[:SHOWN], "anew": anew}


def _seed(turn: Turn) -> int:
    seed = turn.sampling.get("seed")
    return seed if isinstance(seed, int) else 0


def _state(turn: Turn, request: str, codes: Mapping[str, str], dialogue: Sequence[tuple[str, str]]) -> PromptState:
    numbers = {cell_id: number for number, cell_id in enumerate(codes, 1)}
    old = codes.get(turn.cell_id or "", "")
    target = TargetCell(numbers[turn.cell_id or ""], title_of(old) or None, old) if old.strip() else None
    others = [OtherCell(numbers[key], code) for key, code in codes.items() if key != turn.cell_id and code.strip()]
    return PromptState(request, target=target, others=tuple(others), dialogue=tuple(dialogue))


def _written(engine: Engine, state: PromptState, sampling: Sampling, stop: threading.Event) -> Reply:
    prompt = build(state, engine, sampling)
    reader = ReplyReader(prompt.begun, prompt.style, prompt.stubs)
    with engine.stream(prompt, sampling, stop) as pieces:
        for piece in pieces:
            reader.feed(piece)
    return reader.finish()
