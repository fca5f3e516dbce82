"""A playground of its own for one worker, so that a benchmark goes the way that people's requests go.

Requests are turns of stored sessions: target, prompt, engine, reading of the reply, placing in cells and whatever else
the playground does with an answer are the product's. Only the page is missing.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Self

from app.evaluation.errors import ModelFailed
from app.evaluation.recorder import Exchange, Recorder
from app.runner import Kernels
from app.session import Playground, Snapshot, evidence
from app.session.repairs import wrong
from app.session.work import Running, Testing, Writing
from model.catalogue import ModelEntry
from model.engine import Engine
from model.errors import EngineNotReady
from model.host import EngineHost
from storage import Database
from storage.records import Turn

OWNER = "e" * 64
POLL = 0.005  # seconds
READY = 60.0  # seconds until an engine that is loaded already must be in place


@dataclass(frozen=True)
class Cost:
    """What an answer took.

    Attributes:
        samples: answers that the model wrote.
        tokens_in: tokens of their prompts.
        tokens_out: tokens that the model wrote.
        seconds: wall time from the request to the end of the turn, waiting for the engine included.
    """

    samples: int
    tokens_in: int
    tokens_out: int
    seconds: float


@dataclass(frozen=True)
class Answer:
    """What came of one turn.

    Attributes:
        code: of the cell that the turn wrote; empty if the answer held none.
        program: all cells of the session, in order.
        first_program: the same before any repair.
        repairs: attempts to repair what the first answer left wrong.
        status, message: the turn's.
        exchanges: what the model was asked and what it wrote, word for word.
    """

    code: str
    program: str
    first_program: str
    repairs: int
    status: str
    message: str
    cost: Cost
    exchanges: tuple[Exchange, ...]


@dataclass(frozen=True)
class Way:
    """How requests are made.

    Attributes:
        candidates: answers to each request; the playground's tests and agreement choose.
        evidence: what running the code showed goes along with the next request.
        repairs: while tests fail, ask for this many repairs at most, as the button does.
    """

    candidates: int = 1
    evidence: bool = False
    repairs: int = 0


PLAIN = Way()


class Booth:
    """One worker's playground; one request at a time.

    Args:
        folder: holds its database.
        engine: shared with the other booths.
        kernels: shared with the other booths; they end with the first booth that ends.
        way: how it asks.
    """

    def __init__(self, folder: Path, engine: Engine, kernels: Kernels, way: Way = PLAIN) -> None:
        self._recorder = Recorder(engine)
        self._way = way
        database = Database(f"sqlite:///{folder / 'booth.db'}")
        database.migrate()
        entry = ModelEntry(engine.model_id, engine.model_name, repository="", licence="")
        self._engines = EngineHost(lambda *_: self._recorder, lambda _: entry)
        self._engines.use(engine.model_id)
        self._playground = Playground(database, self._engines, kernels, on_disk=lambda _: True)
        self._wait_for_engine()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._playground.close()

    def session(self, sampling: Mapping[str, float | int | None]) -> str:
        """The id of a new session with these sampling settings."""
        session = self._playground.sessions.create(OWNER)
        self._playground.sessions.keep_sampling(OWNER, session.id, sampling)
        return session.id

    def write(self, session_id: str, source: str) -> None:
        """Put code that nobody asked for into a new last cell, as somebody at the page would type it."""
        cells = self._playground.snapshot(OWNER, session_id).cells
        self._playground.cells.add(OWNER, session_id, cells[-1].id if cells else None, source)

    def ask(self, session_id: str, request: str, target: str = "auto") -> Answer:
        """Ask as the composer does, and wait for the end of the turn.

        Raises:
            ModelFailed: the engine failed. A request that does not fit is no failure: its turn has no code.
        """
        self._recorder.take()
        began = time.monotonic()
        turn = self._playground.turns.ask(
            OWNER,
            session_id,
            request,
            target,
            without=[] if self._way.evidence else self._evidence(session_id),
            candidates=self._way.candidates,
        )
        first = self._judged(session_id, turn)
        cell_id = next(each.cell_id for each in first.turns if each.id == turn.id)
        last = self._repaired(session_id, cell_id) if self._way.repairs and cell_id else first
        seconds = time.monotonic() - began
        exchanges = self._recorder.take()
        if failed := [each.message for each in exchanges if each.status == "failed"]:
            raise ModelFailed(f"{failed[0]} The samples made so far are kept: start the same command again.")
        ended = next(each for each in last.turns if each.id == turn.id)
        version = last.versions.get(cell_id or "")
        return Answer(
            code=version.source if version else "",
            program=program_of(last),
            first_program=program_of(first),
            repairs=len(last.turns) - len(first.turns),
            status=ended.status,
            message=ended.message,
            cost=_cost(exchanges, seconds),
            exchanges=exchanges,
        )

    def _evidence(self, session_id: str) -> list[str]:
        """The keys of all evidence that there is, to be left out."""
        snapshot = self._playground.snapshot(OWNER, session_id)
        return [each.key for cell in snapshot.cells for each in evidence.of_cell(snapshot, cell.id)]

    def _judged(self, session_id: str, turn: Turn) -> Snapshot:
        """The session once the turn has ended, its examples were taken up, and its tests run."""
        self._settled(session_id)
        self._playground.tests.landed(OWNER, session_id, turn.id, ())
        return self._settled(session_id)

    def _repaired(self, session_id: str, cell_id: str) -> Snapshot:
        """The session after the repairs that its failing tests call for."""
        snapshot = self._playground.snapshot(OWNER, session_id)
        if cell_id in snapshot.versions and wrong(snapshot, cell_id):
            self._playground.repairs.begin(OWNER, session_id, cell_id, attempts=self._way.repairs)
        return self._settled(session_id)

    def _settled(self, session_id: str) -> Snapshot:
        while True:
            snapshot = self._playground.snapshot(OWNER, session_id)
            testing = chain.from_iterable(snapshot.testing.values())
            at_work: list[Writing | Running | Testing] = [
                *snapshot.writing.values(),
                *snapshot.running.values(),
                *testing,
            ]
            if not at_work:
                return snapshot
            for work in at_work:
                work.ended.wait()
            time.sleep(POLL)  # what has ended and cannot be stored yet stays at work

    def _wait_for_engine(self) -> None:
        end = time.monotonic() + READY
        while self._engines.status().state != "ready":
            if time.monotonic() > end:
                raise EngineNotReady(self._engines.status().message)
            time.sleep(POLL)


def program_of(snapshot: Snapshot) -> str:
    """All cells in order, as one program."""
    return "\n\n\n".join(piece.source for piece in snapshot.pieces)


def together(costs: Iterable[Cost]) -> Cost:
    """What several answers took."""
    each = list(costs)
    return Cost(
        samples=sum(cost.samples for cost in each),
        tokens_in=sum(cost.tokens_in for cost in each),
        tokens_out=sum(cost.tokens_out for cost in each),
        seconds=round(sum(cost.seconds for cost in each), 3),
    )


def _cost(exchanges: tuple[Exchange, ...], seconds: float) -> Cost:
    return Cost(
        samples=len(exchanges),
        tokens_in=sum(each.tokens_in for each in exchanges),
        tokens_out=sum(each.tokens_out for each in exchanges),
        seconds=round(seconds, 3),
    )
