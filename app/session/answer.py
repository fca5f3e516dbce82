"""Writes one turn: waits for its place, streams the model's reply into a cell, and stores what came of it."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace

from app.session.carrying import code_of, completed
from app.session.contest import Sample, alone
from app.session.desk import Desk
from app.session.errors import SessionError
from app.session.feed import Changes
from app.session.lineage import retitled
from app.session.placing import Aim, Place, place
from app.session.prompting import inputs_of
from app.session.provenance import REPLAY, recipe, weights_of
from app.session.rivals import Rivals
from app.session.saving import Saver
from app.session.seen import report_of, unseen
from app.session.slots import INPUTS
from app.session.snapshot import Snapshot
from app.session.words import storable, title_of_request
from app.session.work import Writing
from model.engine import Engine, Outcome, Sampling
from model.errors import ModelError
from model.prompt import Prompt, PromptState, build
from model.reply import Reply, ReplyReader, TalkReader
from storage.errors import StorageError
from storage.records import Turn, TurnStatus
from storage.transaction import Transaction

log = logging.getLogger(__name__)

TELL_EVERY = 0.03  # seconds between two notices to the watchers
WORDS: dict[str, TurnStatus] = {"done": "done", "length": "done", "stopped": "stopped", "failed": "failed"}


@dataclass(frozen=True)
class Request:
    """What a turn asks, ready to be written.

    Attributes:
        words: the request as the person typed it.
        base_id: the version to be changed, where it is not the one the cell shows (a turn that is asked again).
        again: what the cell shows now is not what is to be changed, even where `base_id` is None.
        sampling: with the seed that will be used.
        talk: the answer is words: it goes to no cell.
        replay: a past turn's prompt and report, to be answered once more as they were.
    """

    turn_id: str
    session_id: str
    words: str
    base_id: str | None
    sampling: Sampling
    again: bool = False
    talk: bool = False
    replay: tuple[Prompt, dict[str, object]] | None = None


class Answer:
    """The job of one turn.

    Args:
        desk: the leaves.
        request: what is asked.
        work: the turn at work, read by the page.
        read: reads the session as it is now.
        aim: where the answer is to go, as things stand when the turns before this one have ended.
        prompt_state: makes the prompt's parts.
        wait: returns when the turns before this one have ended.
        landed: told of the answer once it is stored and has become a version.
        rivals: samples further answers, of which the best becomes the version.
    """

    def __init__(
        self,
        desk: Desk,
        request: Request,
        work: Writing,
        *,
        read: Callable[[], Snapshot],
        aim: Callable[[Snapshot], Aim],
        prompt_state: Callable[[Snapshot, Aim], PromptState],
        wait: Callable[[], None],
        landed: Callable[[Reply], None],
        rivals: Rivals | None = None,
    ) -> None:
        self._desk = desk
        self._request = request
        self._work = work
        self._read = read
        self._aim = aim
        self._prompt_state = prompt_state
        self._wait = wait
        self._landed = landed
        self._rivals = rivals
        self._place: Place | None = None
        self._sampling = request.sampling  # of the answer that is kept, where there were several
        self._carried: Sequence[str] = ()
        self._base = ""  # the source that is changed
        self._told = 0.0
        self._ahead = 0

    def write(self) -> None:
        """Do the whole turn; every failure ends in the turn's message."""
        try:
            self._wait()
            outcome, reply, report = self._answer()
        except (ModelError, SessionError, StorageError) as error:
            outcome, reply, report = self._failed(str(error))
        except Exception as error:
            # A bug, or a library's surprise, must not leave a turn that is written for ever and holds up the others.
            log.exception("The answer of a turn could not be written")
            outcome, reply, report = self._failed(f"The answer could not be written: {type(error).__name__}: {error}")
        self._settle(outcome, reply, report)
        if self._work.version_id and not self._desk.closing.is_set():
            self._landed(reply)

    def _failed(self, message: str) -> tuple[Outcome, Reply, dict[str, object]]:
        return Outcome("failed", message), Reply(self._work.code, self._work.prose, ()), {}

    def _answer(self) -> tuple[Outcome, Reply, dict[str, object]]:
        if self._work.stop.is_set():
            return Outcome("stopped"), Reply("", "", ()), {}
        engine = self._desk.engines.engine()
        snapshot = self._read()
        aim = self._aim(snapshot)
        self._begin(engine, aim)
        prompt, report = self._request.replay or self._prompt(engine, snapshot, aim)
        self._carried = [part.title for part in prompt.parts if part.name == "evidence" and part.kept]
        outcome, reply = self._stream(engine, prompt, aim)
        return outcome, reply, report

    def _prompt(self, engine: Engine, snapshot: Snapshot, aim: Aim) -> tuple[Prompt, dict[str, object]]:
        state = self._prompt_state(snapshot, aim)
        prompt = build(state, engine, self._request.sampling)
        report = report_of(prompt, unseen(snapshot, self._earlier(snapshot), state, engine))
        return prompt, {**report, REPLAY: recipe(prompt), INPUTS: inputs_of(snapshot)}

    def _earlier(self, snapshot: Snapshot) -> list[Turn]:
        return [turn for turn in snapshot.turns if turn.id != self._request.turn_id]

    def _stream(self, engine: Engine, prompt: Prompt, aim: Aim) -> tuple[Outcome, Reply]:
        came = False
        reader = TalkReader() if self._request.talk else ReplyReader(prompt.begun, prompt.style, prompt.stubs)
        with Saver(self._store) as saver, engine.stream(prompt, self._request.sampling, self._work.stop) as pieces:
            if self._rivals:
                self._rivals.begin(engine, prompt, self._request.sampling, self._work, self._completed)
            for piece in pieces:
                self._queue(pieces.ahead)
                if not piece:
                    continue
                reader.feed(piece)
                came = True
                self._take(aim, reader.code, reader.prose)
                saver.changed()
        if not came:  # the beginning that was written for the model is no answer
            return pieces.outcome, Reply("", "", ())
        read = reader.finish()
        reply = replace(read, code=storable(read.code), prose=storable(read.prose))
        self._take(aim, reply.code, reply.prose, finished=True)
        if pieces.outcome.status != "stopped":  # of what was stopped, it is not known what it would have left out
            reply = self._completed(reply)
            self._take(aim, reply.code, reply.prose, finished=True)
        sample = Sample(reply, pieces.outcome, self._request.sampling)
        if self._rivals is None:
            return sample.told(alone([reply.code], self._base)).outcome, reply
        best = self._rivals.best(engine, sample, self._work)
        self._sampling = best.sampling
        self._take(aim, best.reply.code, best.reply.prose, finished=True)
        return self._rivals.spent(best, pieces.outcome), best.reply

    def _completed(self, reply: Reply) -> Reply:
        """The answer with what it leaves out of the code that it was given."""
        if self._request.talk or not reply.code:
            return reply
        others = [piece.source for piece in self._read().pieces if piece.id != self._work.cell_id]
        return completed(reply, [code_of(self._request.words), self._base], others)

    def _queue(self, ahead: int) -> None:
        """Show how many answers the engine writes before this one."""
        if ahead == self._ahead:
            return
        self._ahead = ahead
        self._work.status, self._work.message = ("queued", f"{ahead} ahead") if ahead else ("writing", "")
        self._tell()

    def _begin(self, engine: Engine, aim: Aim) -> None:
        self._work.status, self._work.message = "writing", ""
        with self._desk.database.begin() as tx:
            tx.update_turn(
                self._request.turn_id,
                status="writing",
                message="",
                target_cell_id=aim.cell_id,
                model=engine.model_id,
                quantisation=engine.quantisation,
                sampling=asdict(self._request.sampling),
            )
        self._desk.records_changed(self._request.session_id)

    def _take(self, aim: Aim, code: str, prose: str, *, finished: bool = False) -> None:
        self._work.code, self._work.prose = storable(code), storable(prose)
        if self._place is None:
            self._place = place(code, aim, self._read().pieces, finished=finished)
            if self._place is not None:
                self._open_version(self._place)
        now = time.monotonic()
        if now - self._told > TELL_EVERY:
            self._told = now
            self._tell()

    def _tell(self) -> None:
        cells = {self._work.cell_id} if self._work.cell_id else set()
        self._desk.feed.tell(self._request.session_id, Changes(turns={self._request.turn_id}, cells=cells))

    def _open_version(self, where: Place) -> None:
        with self._desk.database.begin() as tx:
            turn = tx.turn(self._request.turn_id)
            cell = tx.cell(where.cell_id) if where.cell_id else tx.create_cell(self._request.session_id)
            shown = tx.version(cell.version_id) if cell.version_id else None
            if shown is not None and shown.status == "open":
                tx.set_version_status(shown.id, "whole")
            base_id = self._request.base_id or (shown.id if shown else None)
            if base_id and (self._request.base_id or not self._request.again):
                self._base = tx.version(base_id).source
            version = tx.create_version(
                cell.id,
                self._work.code,
                parent_id=base_id,
                origin="model",
                status="writing",
                turn_id=turn.id,
                model=turn.model,
                quantisation=turn.quantisation,
                weights=weights_of(turn.model),
                sampling=turn.sampling,
            )
            tx.show_version(cell.id, version.id)
            tx.update_turn(turn.id, cell_id=cell.id, version_id=version.id)
        self._work.before = shown.source if shown else None
        self._work.version_id, self._work.cell_id = version.id, cell.id
        self._desk.records_changed(self._request.session_id)

    def _store(self) -> None:
        with self._desk.database.begin() as tx:
            if self._work.version_id:
                tx.update_source(self._work.version_id, self._work.code)
            tx.update_turn(self._request.turn_id, prose=self._work.prose)

    def _settle(self, outcome: Outcome, reply: Reply, report: dict[str, object]) -> None:
        self._work.status, self._work.message = WORDS[outcome.status], self._message(outcome)

        def store() -> None:
            with self._desk.database.begin() as tx:
                self._close_version(tx, outcome, reply)
                self._close_turn(tx, outcome, reply, report)

        self._desk.end(self._work, store)

    def _close_version(self, tx: Transaction, outcome: Outcome, reply: Reply) -> None:
        if self._work.version_id and self._work.cell_id:
            tx.update_source(self._work.version_id, reply.code, sampling=asdict(self._sampling))
            tx.set_version_status(self._work.version_id, "whole" if outcome.status in {"done", "length"} else "stopped")
            tx.rename_cell(self._work.cell_id, self._title(tx, reply.code))

    def _title(self, tx: Transaction, code: str) -> str:
        """The cell's function, else the words it was named after, else what was asked for."""
        known = retitled(code, tx.cell(self._work.cell_id or "").title)
        return known or title_of_request(tx.turn(self._request.turn_id).request)

    def _close_turn(self, tx: Transaction, outcome: Outcome, reply: Reply, report: dict[str, object]) -> None:
        tx.update_turn(
            self._request.turn_id,
            prose=storable(prose_of(reply)),
            status=WORDS[outcome.status],
            message=self._message(outcome),
            prompt_report=report,
            carried=self._carried,
            tokens_in=outcome.tokens_in,
            tokens_out=outcome.tokens_out,
            seconds=outcome.seconds,
            first_token_seconds=outcome.first_token_seconds,
            estimated=outcome.estimated,
            price_per_hour=self._desk.price_per_hour,
        )

    def _message(self, outcome: Outcome) -> str:
        if outcome.status == "length" and not outcome.message:
            return (
                f"Cut at the maximum length of {self._request.sampling.max_tokens} tokens. Raise it, or ask to go on."
            )
        return storable(outcome.message)


def prose_of(reply: Reply) -> str:
    """The prose of a reply, with the examples that were lifted out of its code named as what they are: claims."""
    if not reply.examples:
        return reply.prose
    calls = ", ".join(f"`{example.call}` giving `{example.expected_text}`" for example in reply.examples[:3])
    return f"{reply.prose}\n\nIt claims, unchecked: {calls}.".strip()
