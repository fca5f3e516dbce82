"""Turns being written and runs being made: what is known of them before it is stored.

A turn or run at work belongs to one thread, which alone changes it; readers take what they see. Texts only grow, so a
reader that is a moment late shows a shorter text, never a wrong one.
"""

import threading
import time
from collections.abc import Mapping
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


class AtWork:
    """Everything that is being written or run on this server."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._writing: dict[str, Writing] = {}
        self._running: dict[str, Running] = {}

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

    def everything(self) -> tuple[Writing | Running, ...]:
        """All that is at work, for a shutdown."""
        with self._lock:
            return (*self._writing.values(), *self._running.values())
