"""One execution of one cell, as the kernel's thread follows it."""

import time
from collections.abc import Mapping
from queue import SimpleQueue
from typing import Any

from .events import Event, Finished, InputRequested, Output, RunResult, RunStatus, Started
from .failure import bounded_int, read_failure
from .limits import Limits, limit_of, sentence
from .outputs import OutputReader


class Run:
    """State of one execution; its `events` end with `Finished`. Used by the kernel's thread alone but for `events`."""

    def __init__(self, source: str, limits: Limits, kernel_id: str, *, store_history: bool, allow_input: bool) -> None:
        self.source = source
        self.store_history = store_history
        self.allow_input = allow_input
        self.events: SimpleQueue[Event] = SimpleQueue()
        self.message_id = ""
        self.limit: str | None = None
        self.interrupted = False
        self.asking = False
        self.kill_at: float | None = None
        self.count: int | None = None
        self.finished = False
        self._reply: Mapping[str, Any] | None = None
        self._replied_at = 0.0
        self._idle = False
        self._failure: dict[str, Any] | None = None
        self._limits = limits
        self._reader = OutputReader(limits)
        self._kernel_id = kernel_id
        self._began = time.monotonic()
        self._asked_at = 0.0
        self._request: InputRequested | None = None
        self._asked_for = 0.0

    def began(self) -> None:
        """Start the clock."""
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """Wall time so far, without the time spent waiting for the user's answer."""
        waiting = time.monotonic() - self._asked_at if self.asking else 0.0
        return time.monotonic() - self._began - self._asked_for - waiting

    def on_iopub(self, kind: str, content: Mapping[str, Any]) -> None:
        """Take one iopub message of this run."""
        if kind == "execute_input":
            self._start(content)
        elif kind == "status":
            self._idle = self._idle or content.get("execution_state") == "idle"
        else:
            self._on_output(kind, content)

    def _start(self, content: Mapping[str, Any]) -> None:
        if self.count is None:
            self.count = bounded_int(content.get("execution_count"))
            self.events.put(Started(self.count, self._kernel_id))
            if self._request is not None:
                self.events.put(self._request)

    def _on_output(self, kind: str, content: Mapping[str, Any]) -> None:
        if kind == "error":
            self._failure = read_failure(content)
        event = self._reader.read(kind, content)
        if isinstance(event, Output) and event.output["output_type"] == "execute_result":
            event.output["execution_count"] = self.count
        if event is not None:
            self.events.put(event)

    def on_reply(self, content: Mapping[str, Any]) -> None:
        """Take the kernel's answer to the execute request."""
        self._reply = content
        self._replied_at = time.monotonic()

    def on_input_request(self, content: Mapping[str, Any]) -> None:
        """The cell asks for a line of text; its clock stands still until it is answered."""
        prompt = content.get("prompt")
        self.asking, self._asked_at = True, time.monotonic()
        text = prompt[:1000] if isinstance(prompt, str) else ""
        self._request = InputRequested(text, password=bool(content.get("password")))
        if self.count is not None:  # else it has overtaken the start, which came on another channel
            self.events.put(self._request)

    def answered(self) -> None:
        """The answer is on its way to the cell."""
        self._asked_for += time.monotonic() - self._asked_at
        self.asking = False

    @property
    def complete(self) -> bool:
        """The kernel has answered and all output that came before the answer has arrived."""
        return self._reply is not None and self._idle

    @property
    def replied_for(self) -> float:
        """Seconds since the kernel answered; 0 before that."""
        return time.monotonic() - self._replied_at if self._reply is not None else 0.0

    def finish(self, *, died: str | None = None) -> None:
        """Tell the end once; `died` is a sentence on how the process ended, if it did."""
        if self.finished:
            return
        self.finished = True
        status, message = self._verdict(died)
        failure = self._failure_or_reply() if status in ("error", "limit") and self._failure else None
        milliseconds = int(1000 * self.seconds)
        lost = died is not None
        self.events.put(Finished(RunResult(status, self.limit, message, self.count, milliseconds, failure, lost)))

    def _verdict(self, died: str | None) -> tuple[RunStatus, str]:
        if self.limit is not None:
            return "limit", sentence(self.limit, self._limits)
        if self.interrupted and (died or self._answer("ename") in ("KeyboardInterrupt", "CancelledError")):
            return "interrupted", "Interrupted." if died is None else "Stopped: the kernel had to be replaced."
        if died is not None:
            return "died", died
        if self._answer("status") == "ok":
            return "ok", ""
        failure = self._failure_or_reply()
        self.limit = limit_of(failure)
        if self.limit is not None:
            return "limit", sentence(self.limit, self._limits)
        return "error", f"{failure['name']}: {failure['message']}"[:500]

    def _answer(self, field: str) -> object:
        return self._reply.get(field) if self._reply is not None else None

    def _failure_or_reply(self) -> dict[str, Any]:
        return self._failure if self._failure is not None else read_failure(self._reply or {})
