"""Writes one turn: waits for its place, streams the model's reply into a cell, and keeps the best of several."""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from app.session.asking import Report, Request, expected, prompt_of
from app.session.carrying import code_of, completed
from app.session.contest import Sample, alone
from app.session.desk import Desk
from app.session.errors import SessionError
from app.session.feed import Changes
from app.session.placing import Aim, Place, place
from app.session.recording import Recording
from app.session.rivals import Rivals
from app.session.saving import Saver
from app.session.snapshot import Snapshot
from app.session.words import storable
from app.session.work import Writing
from model.engine import Engine, Outcome
from model.errors import ModelError
from model.prompt import Prompt
from model.reply import Reply, ReplyReader, TalkReader
from storage.errors import StorageError

log = logging.getLogger(__name__)

TELL_EVERY = 0.03  # seconds between two notices to the watchers


class Answer:
    """The job of one turn.

    Args:
        desk: the leaves.
        request: what is asked.
        work: the turn at work, read by the page.
        read: reads the session as it is now.
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
        wait: Callable[[], None],
        landed: Callable[[Reply], None],
        rivals: Rivals | None = None,
    ) -> None:
        self._desk = desk
        self._request = request
        self._work = work
        self._read = read
        self._wait = wait
        self._landed = landed
        self._rivals = rivals
        self._recording = Recording(desk, request, work)
        self._place: Place | None = None
        self._carried: Sequence[str] = ()
        self._base = ""  # the source that is changed
        self._told = 0.0
        self._ahead = 0

    def write(self) -> None:
        """Do the whole turn; every failure ends in the turn's message."""
        report: Report = {}
        try:
            self._wait()
            answer, report = self._answer()
        except (ModelError, SessionError, StorageError) as error:
            answer = self._failed(str(error))
        except Exception as error:
            # A bug, or a library's surprise, must not leave a turn that is written for ever and holds up the others.
            log.exception("The answer of a turn could not be written")
            answer = self._failed(f"The answer could not be written: {type(error).__name__}: {error}")
        self._recording.end(answer, report, self._carried)
        if self._work.version_id and not self._desk.closing.is_set():
            self._landed(answer.reply)
            self._look_ahead()

    def _look_ahead(self) -> None:
        """Let the engine read what the next request will probably begin with, while the person thinks about it."""
        with suppress(ModelError, SessionError, StorageError):  # then the next answer begins as late as it would
            engine = self._desk.engines.engine()
            engine.expect(expected(self._read(), self._work.cell_id, engine, self._request.sampling))

    def _failed(self, message: str) -> Sample:
        came = Reply(self._work.code, self._work.prose, ())
        return Sample(came, Outcome("failed", message), self._request.sampling)

    def _nothing(self, outcome: Outcome) -> Sample:
        return Sample(Reply("", "", ()), outcome, self._request.sampling)

    def _answer(self) -> tuple[Sample, Report]:
        if self._work.stop.is_set():
            return self._nothing(Outcome("stopped")), {}
        engine = self._desk.engines.engine()
        snapshot = self._read()
        aim = self._request.aim(snapshot)
        self._recording.begin(engine, aim)
        prompt, report = prompt_of(self._request, snapshot, aim, engine, self._other_base())
        self._carried = [part.title for part in prompt.parts if part.name == "evidence" and part.kept]
        return self._stream(engine, prompt, aim), report

    def _other_base(self) -> str | None:
        """The source to be changed, where it is not the one that the cell shows."""
        if self._request.replay or not self._request.again:
            return None
        with self._desk.database.read() as tx:
            return tx.version(self._request.base_id).source if self._request.base_id else ""

    def _stream(self, engine: Engine, prompt: Prompt, aim: Aim) -> Sample:
        try:
            return self._streamed(engine, prompt, aim)
        finally:
            if self._rivals:
                self._rivals.end()

    def _streamed(self, engine: Engine, prompt: Prompt, aim: Aim) -> Sample:
        came = False
        reader = TalkReader() if self._request.talk else ReplyReader(prompt.begun, prompt.style, prompt.stubs)
        sampling, stop = self._request.sampling, self._work.stop
        with Saver(self._recording.keep) as saver, engine.stream(prompt, sampling, stop) as pieces:
            if self._rivals:
                self._rivals.begin(engine, prompt, sampling, self._completed)
            for piece in pieces:
                self._queue(pieces.ahead)
                if not piece:
                    continue
                reader.feed(piece)
                came = True
                self._take(aim, reader.code, reader.prose)
                saver.changed()
        if not came:  # the beginning that was written for the model is no answer
            return self._nothing(pieces.outcome)
        return self._chosen(engine, aim, self._whole(aim, reader.finish(), pieces.outcome))

    def _whole(self, aim: Aim, read: Reply, outcome: Outcome) -> Sample:
        """The answer that was streamed, with what it leaves out."""
        reply = replace(read, code=storable(read.code), prose=storable(read.prose))
        self._take(aim, reply.code, reply.prose, finished=True)
        if outcome.status != "stopped":  # of what was stopped, it is not known what it would have left out
            reply = self._completed(reply)
            self._take(aim, reply.code, reply.prose, finished=True)
        return Sample(reply, outcome, self._request.sampling)

    def _chosen(self, engine: Engine, aim: Aim, first: Sample) -> Sample:
        """The best answer, with what all of them cost."""
        if self._rivals is None:
            return first.told(alone([first.reply.code], self._base))
        best = self._rivals.best(engine, first)
        self._take(aim, best.reply.code, best.reply.prose, finished=True)
        return replace(best, outcome=self._rivals.spent(best, first.outcome))

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

    def _take(self, aim: Aim, code: str, prose: str, *, finished: bool = False) -> None:
        self._work.code, self._work.prose = storable(code), storable(prose)
        if self._place is None:
            self._place = place(code, aim, self._read().pieces, finished=finished)
            if self._place is not None:
                self._base = self._recording.open_version(self._place)
        now = time.monotonic()
        if now - self._told > TELL_EVERY:
            self._told = now
            self._tell()

    def _tell(self) -> None:
        cells = {self._work.cell_id} if self._work.cell_id else set()
        self._desk.feed.tell(self._request.session_id, Changes(turns={self._request.turn_id}, cells=cells))
