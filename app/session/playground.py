"""What the page and the command line talk to: the services of one server around one desk."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from app.audit import Scanner
from app.runner import Kernels, Limits, RunnerClosed
from app.runner.oneshot import OneShot
from app.session import snapshot as snapshots
from app.session.auditing import Auditing, scanning
from app.session.branches import Branches
from app.session.cells import Cells
from app.session.celltests import CellTests
from app.session.choices import Choices
from app.session.desk import Desk
from app.session.feed import Feed
from app.session.files import Files
from app.session.judging import Judge
from app.session.kept import Kept
from app.session.models import Models
from app.session.prompts import Prompts
from app.session.repairs import Repairs
from app.session.replays import Replays
from app.session.runs import Runs
from app.session.sessions import Sessions
from app.session.shares import Shares
from app.session.snapshot import Snapshot
from app.session.turns import Turns
from model.catalogue import ModelEntry
from model.host import EngineHost
from model.machine import memory_alone
from model.placement import Machine
from storage import Database
from storage.errors import NotFound
from storage.records import Interrupted, utcnow

KEPT_SNAPSHOTS = 64
KEPT_DELETED = timedelta(days=30)  # how long a deleted session can be brought back, at least
PATIENCE = 5.0  # seconds that an answer or a run gets to store itself when the server ends


class Lazily:
    """Starts the one-shot runner when it is first needed: its processes take a moment to come up.

    Args:
        make: starts it.
    """

    def __init__(self, make: Callable[[], OneShot]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._made: OneShot | None = None
        self._closed = False

    def __call__(self) -> OneShot:
        """The runner; raises `RunnerError` if it cannot start, or was closed."""
        with self._lock:
            if self._closed:
                raise RunnerClosed("The one-shot runner has been shut down.")
            if self._made is None:
                self._made = self._make()
            return self._made

    def close(self) -> None:
        """End its processes, once the runs at work are over."""
        with self._lock:
            self._closed = True
            made, self._made = self._made, None
        if made is not None:
            made.close()


class Playground:
    """All sessions of one server.

    Args:
        database: where sessions are stored; migrated.
        engines: the model that answers.
        kernels: where cells run.
        on_disk: tells whether a model's weights need not be fetched.
        fixed_model: people may not choose another model.
        kept: folder for the files that people keep with their sessions; None lets all files go with their kernels.
        limits: what `kernels` holds a session's files to.
        scanner: audits code before it runs; without one, no code is audited and every cell says so when it runs.
        price_per_hour: of the machine that writes the answers, in any currency; None if it is not known.
        machine: tells what is free for another model; None looks at main memory alone.

    Attributes:
        sessions, turns, branches, prompts, cells, tests, choices, runs, repairs, replays, files, shares, models: the
            services.
        interrupted: what an earlier server left unfinished, marked as cut off when this one began.
    """

    def __init__(
        self,
        database: Database,
        engines: EngineHost,
        kernels: Kernels,
        *,
        on_disk: Callable[[ModelEntry], bool],
        fixed_model: bool = False,
        kept: Path | None = None,
        limits: Limits | None = None,
        scanner: Scanner | None = None,
        price_per_hour: float | None = None,
        machine: Callable[[], Machine] | None = None,
    ) -> None:
        self._desk = Desk(database, engines, kernels, Kept(kept), price_per_hour)
        self._desk.on_records = self._forget
        self._scanner = scanner
        auditing = Auditing(self._desk, scanning(scanner))
        if scanner is not None:
            self._desk.on_changed = auditing.follow
        self._lock = threading.Lock()
        self._snapshots: OrderedDict[str, Snapshot] = OrderedDict()
        self._ages: dict[str, int] = {}
        with database.begin() as tx:
            tx.purge_sessions(utcnow() - KEPT_DELETED)
            self.interrupted: Interrupted = tx.close_interrupted()
        self._desk.kept.sweep(self._exists)
        self.sessions = Sessions(self._desk, self.snapshot)
        self._oneshot = Lazily(self._one_shot)
        judge = Judge(self._oneshot)
        self.tests = CellTests(self._desk, self.snapshot, judge)
        self.turns = Turns(self._desk, self.snapshot, tests=self.tests, judge=judge)
        self.branches = Branches(self._desk)
        self.prompts = Prompts(self._desk, self.snapshot)
        self.choices = Choices(self._desk, self.snapshot, tests=self.tests, judge=judge)
        self.cells = Cells(self._desk, self.snapshot, self.tests.judge)
        self.runs = Runs(self._desk, self.cells, auditing, self.snapshot, self.tests)
        self.repairs = Repairs(
            self._desk,
            self.snapshot,
            turns=self.turns,
            cells=self.cells,
            runs=self.runs,
            tests=self.tests,
            judge=judge,
        )
        self.replays = Replays(self._desk, self.snapshot, turns=self.turns, oneshot=self._oneshot)
        self.files = Files(self._desk, limits or Limits())
        self.shares = Shares(self._desk, auditing, self.snapshot)
        self.models = Models(self._desk, on_disk, fixed=fixed_model, machine=machine or memory_alone)

    @property
    def feed(self) -> Feed:
        """Who is told of changes."""
        return self._desk.feed

    def snapshot(self, owner: str, session_id: str) -> Snapshot:
        """The owner's session as it is now.

        What is stored is read once and kept until it changes, so that a stream of tokens does not read it each time.
        What is at work is looked at first: what ends in between is then in the records.

        Raises:
            NotFound: there is no such session, or it is another owner's.
        """
        writing, running = self._desk.at_work.writing(session_id), self._desk.at_work.running(session_id)
        testing = self._desk.at_work.testing(session_id)
        with self._lock:
            known, age = self._snapshots.get(session_id), self._ages.get(session_id, 0)
            if known is not None:
                self._snapshots.move_to_end(session_id)
        if known is None or known.session.owner != owner:
            known = self._read(owner, session_id)
            with self._lock:
                # A change while it was read makes it old before it is kept.
                if self._ages.get(session_id, 0) == age:
                    self._snapshots[session_id] = known
                    while len(self._snapshots) > KEPT_SNAPSHOTS:
                        self._snapshots.popitem(last=False)
        return replace(
            known,
            kernel=self._desk.kernels.status(session_id),
            engine=self._desk.engines.status(),
            writing=writing,
            running=running,
            testing=testing,
        )

    def close(self) -> None:
        """Stop what is being written and run, store it, end the kernels and the model."""
        self._desk.closing.set()
        for work in self._desk.at_work.everything():
            work.stop.set()
            self._desk.kernels.interrupt(work.session_id)
        self._desk.join(PATIENCE)
        self._desk.kernels.shutdown()
        self._oneshot.close()
        self._desk.join(PATIENCE)
        if self._scanner is not None:
            self._scanner.close()
        self._desk.engines.close()
        self._desk.database.close()

    def _one_shot(self) -> OneShot:
        self._desk.kernels.admit()
        return OneShot()

    def _exists(self, session_id: str) -> bool:
        with self._desk.database.read() as tx:
            try:
                tx.session(session_id)
            except NotFound:
                return False
        return True

    def _read(self, owner: str, session_id: str) -> Snapshot:
        kernel, engine = self._desk.kernels.status(session_id), self._desk.engines.status()
        with self._desk.database.read() as tx:
            session = tx.session_of(owner, session_id)
            return snapshots.read(tx, session, self._desk.at_work, kernel, engine)

    def _forget(self, session_id: str) -> None:
        with self._lock:
            self._snapshots.pop(session_id, None)
            self._ages[session_id] = self._ages.get(session_id, 0) + 1
