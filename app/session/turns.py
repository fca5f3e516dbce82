"""Turns: ask, ask again, repeat, stop."""

import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from app.session.answer import Answer
from app.session.asking import Request
from app.session.celltests import CellTests
from app.session.commands import command_of, is_talk, unknown
from app.session.contest import Contest
from app.session.desk import Desk
from app.session.errors import Busy, Missing, Refused
from app.session.feed import Changes
from app.session.judging import Judge
from app.session.placing import Aim
from app.session.provenance import changed_nothing, prompt_again
from app.session.rivals import Rivals
from app.session.sessions import UNTITLED, sampling_of
from app.session.snapshot import Snapshot
from app.session.targets import AUTO, exactly, resolved
from app.session.words import request_of, title_of_request
from app.session.work import Writing
from model.engine import Sampling
from storage.records import NEW_CELL, Session, Turn, Version
from storage.transaction import Transaction

MOST_WAITING = 8  # turns of one session that wait for their answer
MOST_CANDIDATES = 8
LIVELIER = 0.7  # temperature at which the same request is answered again: below it, the answer is often the same


class Turns:
    """The service for turns.

    Args:
        desk: the leaves.
        read: reads a session of an owner as it is now.
        tests: told of every version that a turn has written.
        judge: decides between several answers to one turn.
    """

    def __init__(self, desk: Desk, read: Callable[[str, str], Snapshot], *, tests: CellTests, judge: Judge) -> None:
        self._desk = desk
        self._read = read
        self._tests = tests
        self._judge = judge
        self._beginning = threading.Lock()  # turns are answered in the order in which they were stored

    def ask(
        self,
        owner: str,
        session_id: str,
        request: str,
        target: str,
        *,
        without: Sequence[str] = (),
        candidates: int = 1,
        first_pass: bool = False,
        livelier: bool = False,
    ) -> Turn:
        """Begin a turn at the end of the branch shown.

        Args:
            owner: whose session.
            session_id: the session.
            request: the words of the person.
            target: a cell's id, `new`, or `auto` to let the request and the answer decide.
            without: keys of evidence (`app.session.evidence`) that the model is not to be told.
            candidates: how many answers to sample, up to `MOST_CANDIDATES`; the best becomes the version.
            first_pass: stop sampling once an answer holds every test that binds.
            livelier: sample at a temperature of at least `LIVELIER`, as what comes otherwise is known already.

        Raises:
            Refused: the request is empty or too long.
            EngineNotReady: no model is loaded; the text says how far it is.
            Busy: too many turns wait already.
        """
        snapshot = self._read(owner, session_id)
        words = request_of(request)
        if not 1 <= candidates <= MOST_CANDIDATES:
            raise Refused(f"{candidates} candidates were asked for; choose from 1 to {MOST_CANDIDATES}.")
        self._check(words)
        where = resolved(snapshot, words, target)
        with self._beginning:
            self._refuse_crowd(session_id)
            with self._desk.database.begin() as tx:
                session = tx.session_of(owner, session_id)
                turn = self._turn(tx, session, words, session.head_turn_id, where)
                title = title_of_request(words) if session.title == UNTITLED else session.title
                # "New cell" was said of this one answer: what is asked next is most often a change of it.
                after = None if target == NEW_CELL else session.target_cell_id
                tx.update_session(session.id, head_turn_id=turn.id, draft="", title=title, target_cell_id=after)
            sampling = _seeded(_livelier(session) if livelier else sampling_of(session.sampling))
            self._begin(
                owner,
                Request(
                    turn.id,
                    session_id,
                    words,
                    target,
                    sampling,
                    without=without,
                    candidates=candidates,
                    first_pass=first_pass,
                ),
            )
        self._desk.list_changed(owner)
        return turn

    def again(self, owner: str, session_id: str, turn_id: str, request: str | None = None) -> Turn:
        """Answer a turn's request once more, or another request in its place, as a branch beside it.

        The answer is made from the version that the turn had before it, and goes to the cell that the turn wrote.

        Raises:
            Busy: the turn is still being written.
        """
        snapshot = self._read(owner, session_id)
        if turn_id in snapshot.writing:
            raise Busy("This turn is still being written. Stop it first.")
        with self._beginning:
            self._refuse_crowd(session_id)
            with self._desk.database.begin() as tx:
                session = tx.session_of(owner, session_id)
                old = tx.turn(turn_id, session_id=session.id)
                words = old.request if request is None else request_of(request)
                self._check(words)
                cell_id = old.cell_id if snapshot.number_of(old.cell_id or "") else None
                target = cell_id or (
                    old.target_cell_id if is_talk(words) and snapshot.number_of(old.target_cell_id or "") else None
                )
                base_id = _base_of(old, tx.version(old.version_id)) if old.version_id and cell_id else None
                turn = self._turn(tx, session, words, old.parent_id, resolved(snapshot, words, target or AUTO))
                tx.update_session(session.id, head_turn_id=turn.id)
            sampling = _seeded(_livelier(session) if request is None else sampling_of(session.sampling))
            again = cell_id is not None
            self._begin(
                owner,
                Request(turn.id, session_id, words, target or AUTO, sampling, base_id=base_id, again=again),
            )
        return turn

    def repeat(self, owner: str, session_id: str, version_id: str) -> Turn:
        """Write a version once more from the very prompt, sampling and seed it was written from, as a branch beside it.

        On the same machine the text is the same.

        Raises:
            Missing: no turn wrote it, or its prompt was not kept.
            Refused: another model is loaded now.
            Busy: the turn is still being written.
        """
        engine = self._desk.engines.engine()
        snapshot = self._read(owner, session_id)
        with self._beginning:
            self._refuse_crowd(session_id)
            with self._desk.database.begin() as tx:
                session = tx.session_of(owner, session_id)
                version = tx.version(version_id)
                old = tx.turn(_writer(version), session_id=session.id)
                if old.id in snapshot.writing:
                    raise Busy("This version is still being written. Wait for its end.")
                prompt, sampling = prompt_again(old, version, engine)
                cell_id = version.cell_id if snapshot.number_of(version.cell_id) else NEW_CELL
                turn = self._turn(tx, session, old.request, old.parent_id, exactly(cell_id))
                tx.update_session(session.id, head_turn_id=turn.id)
            self._begin(
                owner,
                Request(
                    turn.id,
                    session_id,
                    turn.request,
                    cell_id,
                    sampling,
                    base_id=version.parent_id,
                    again=True,
                    replay=(prompt, old.prompt_report),
                ),
            )
        return turn

    def stop(self, owner: str, session_id: str, turn_id: str) -> None:
        """End a turn within one token and keep what came; does nothing to one that has ended."""
        self._desk.check_owner(owner, session_id)
        work = self._desk.at_work.writing(session_id).get(turn_id)
        if work is not None:
            work.stop.set()

    def _check(self, words: str) -> None:
        command, engine = command_of(words), self._desk.engines.engine()
        if reason := unknown(words):
            raise Refused(reason)
        if command and not command.complete:
            raise Refused(f"{words.split(maxsplit=1)[0]} needs {command.its.needs}.")
        if command and command.its.talk and engine.prompt_style == "codegen":
            raise Refused(f"{engine.model_name} only goes on with code: it cannot talk about it. Choose a chat model.")

    def _turn(self, tx: Transaction, session: Session, request: str, parent_id: str | None, where: Aim) -> Turn:
        return tx.create_turn(session.id, request, parent_id=parent_id, target_cell_id=where.cell_id)

    def _refuse_crowd(self, session_id: str) -> None:
        if len(self._desk.at_work.writing(session_id)) >= MOST_WAITING:
            raise Busy(f"{MOST_WAITING} requests wait for their answers already. Wait for one, or stop it.")

    def _begin(self, owner: str, request: Request) -> None:
        session_id, turn_id = request.session_id, request.turn_id
        before = list(self._desk.at_work.writing(session_id).values())
        work = Writing(turn_id, session_id)
        self._desk.at_work.begin(work)
        read = partial(self._read, owner, session_id)
        answer = Answer(
            self._desk,
            request,
            work,
            read=read,
            wait=lambda: self._wait(work, before),
            landed=lambda reply: self._tests.landed(owner, session_id, turn_id, reply.examples),
            rivals=self._rivals(request, work, read),
        )
        self._desk.records_changed(session_id)
        self._desk.start(answer.write, name=f"turn {turn_id[:8]}")

    def _rivals(self, request: Request, work: Writing, read: Callable[[], Snapshot]) -> Rivals | None:
        if request.candidates == 1 or request.talk:
            return None
        contest = partial(Contest, self._desk, read, work, tests=self._tests, judge=self._judge)
        return Rivals(self._desk, work, contest, count=request.candidates, first_pass=request.first_pass)

    def _wait(self, work: Writing, before: Sequence[Writing]) -> None:
        for place, other in enumerate(before):
            work.message = f"{len(before) - place} ahead"
            self._desk.feed.tell(work.session_id, Changes(turns={work.turn_id}))
            while not other.ended.wait(0.1) and not work.stop.is_set():
                pass
        work.message = ""


def _base_of(turn: Turn, version: Version) -> str | None:
    """The id of the version that a turn was to change."""
    return version.id if changed_nothing(turn, version.turn_id) else version.parent_id


def _writer(version: Version) -> str:
    """The id of the turn that wrote the version."""
    if version.turn_id is None:
        raise Missing("No turn wrote this version: it was typed, restored or copied. Choose one that a turn wrote.")
    return version.turn_id


def _livelier(session: Session) -> Sampling:
    """The session's sampling, free enough for the same request to be answered in another way."""
    sampling = sampling_of(session.sampling)
    return replace(sampling, temperature=max(sampling.temperature, LIVELIER), seed=None)


def _seeded(sampling: Sampling) -> Sampling:
    """The sampling with a seed, so that the turn can be repeated."""
    return replace(sampling, seed=secrets.randbelow(2**31)) if sampling.seed is None else sampling
