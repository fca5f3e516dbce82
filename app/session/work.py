"""Turns being written and runs being made: what is known of them before it is stored.

A turn or run at work belongs to one thread, which alone changes it; readers take what they see. Texts only grow, so a
reader that is a moment late shows a shorter text, never a wrong one.
"""

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Writing:
    """One turn whose answer is on its way.

    `cell_id` and `version_id` are None until it is known where the answer goes. `before` is the source of the version
    that is being replaced, `ended` is set when nothing more will come.
    """

    turn_id: str
    session_id: str
    stop: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    status: str = "queued"
    message: str = ""
    cell_id: str | None = None
    version_id: str | None = None
    before: str | None = None
    code: str = ""
    prose: str = ""


@dataclass
class Running:
    """One run whose code is being executed, with the outputs so far, each an nbformat output.

    `asks` is the prompt of an `input()` that waits, and whether to hide what is typed. `stop` keeps a run that has not
    begun from beginning, `ended` is set when nothing more will come.
    """

    run_id: str
    session_id: str
    cell_id: str
    status: str = "queued"
    message: str = ""
    execution_count: int | None = None
    outputs: list[dict[str, Any]] = field(default_factory=list)
    started: float | None = None
    asks: tuple[str, bool] | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def milliseconds(self) -> int | None:
        """Time since the code began to run, or None before that."""
        return None if self.started is None else round((time.monotonic() - self.started) * 1000)


@dataclass
class Testing:
    """One cell whose tests are being judged, proposed, held against candidates or one repair after another.

    `kind` is judge, ask, rank or repair; a cell has one of each at most. A replay of a whole session is of the kind
    replay, with the session's id as `cell_id`. `again` asks whoever is at it to look once more when done; `message`
    says what is happening.
    """

    cell_id: str
    session_id: str
    kind: str
    message: str = ""
    again: bool = False
    stop: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)


class AtWork:
    """Everything that is being written, run or tested on this server."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._writing: dict[str, Writing] = {}
        self._running: dict[str, Running] = {}
        self._testing: dict[tuple[str, str], Testing] = {}

    def begin_testing(self, work: Testing) -> Testing:
        """Make the work known, and give it; else that of the same kind that is at it already and then looks again."""
        with self._lock:
            known = self._testing.setdefault((work.cell_id, work.kind), work)
            known.again = known is not work
            return known

    def end_testing(self, work: Testing) -> None:
        """Forget the work."""
        with self._lock:
            self._testing.pop((work.cell_id, work.kind), None)
        work.ended.set()

    def end_testing_unless_again(self, work: Testing) -> bool:
        """Forget the work, unless somebody asked meanwhile to look once more: then false, and it goes on."""
        with self._lock:  # in one go: who asks in between would wait for the end, and nobody would look again
            again, work.again = work.again and not work.stop.is_set(), False
            if not again:
                self._testing.pop((work.cell_id, work.kind), None)
        if not again:
            work.ended.set()
        return not again

    def testing(self, session_id: str) -> Mapping[str, Sequence[Testing]]:
        """The work on tests in a session, by cell id, oldest first."""
        found: dict[str, list[Testing]] = {}
        with self._lock:
            for work in self._testing.values():
                if work.session_id == session_id:
                    found.setdefault(work.cell_id, []).append(work)
        return found

    def begin(self, work: Writing | Running) -> None:
        """Make the work known."""
        with self._lock:
            if isinstance(work, Writing):
                self._writing[work.turn_id] = work
            else:
                self._running[work.run_id] = work

    def end(self, work: Writing | Running) -> None:
        """Forget the work; what came of it is stored."""
        with self._lock:
            if isinstance(work, Writing):
                self._writing.pop(work.turn_id, None)
            else:
                self._running.pop(work.run_id, None)

    def writing(self, session_id: str) -> Mapping[str, Writing]:
        """The session's turns at work, by turn id."""
        with self._lock:
            return {w.turn_id: w for w in self._writing.values() if w.session_id == session_id}

    def running(self, session_id: str) -> Mapping[str, Running]:
        """The session's runs at work, by run id."""
        with self._lock:
            return {r.run_id: r for r in self._running.values() if r.session_id == session_id}

    def everything(self) -> tuple[Writing | Running | Testing, ...]:
        """All that is at work, for a shutdown."""
        with self._lock:
            return (*self._writing.values(), *self._running.values(), *self._testing.values())
