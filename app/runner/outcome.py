"""What a one-shot run is asked, and what comes of it: the child's own account is read as hostile data."""

import json
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .events import RunStatus
from .failure import read_failure
from .limits import Limits, limit_of, sentence
from .sealed import plain


@dataclass(frozen=True)
class Call:
    """A call of one of the program's functions with plain data, by position and by name."""

    function: str
    arguments: tuple[Any, ...] = ()
    named: Mapping[str, Any] = field(default_factory=dict)

    def as_job(self) -> tuple[str, str]:
        """The function, and its arguments as text.

        Raises:
            NotPlain: if one of them is no plain data.
        """
        return self.function, plain.dump((tuple(self.arguments), dict(self.named)))


@dataclass(frozen=True)
class Returned:
    """What a call returned: plain data, made of exactly Python's own types."""

    value: Any


@dataclass(frozen=True)
class Failed:
    """What a call raised, in the form of `RunResult.failure`; a value that is not plain data is a `NotPlain`."""

    failure: dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What came of a one-shot run.

    Attributes:
        status: ok if the program ran and every call was made, whether it returned or raised; error if the program
            itself raised; limit; died if the process ended without a word.
        limit: name of the limit that was hit.
        message: one sentence; empty for ok.
        answers: one for each call, in order; shorter if the run ended early.
        output: what was printed, cut at `limits.kept_output`.
        failure: of the program itself, for status error.
        milliseconds: wall time.
    """

    status: RunStatus
    limit: str | None
    message: str
    answers: tuple[Returned | Failed, ...]
    output: str
    failure: dict[str, Any] | None
    milliseconds: int


def read_outcome(told: dict[str, Any] | None, limits: Limits, milliseconds: int, calls: int) -> Outcome:
    """Make the outcome from what the zygote tells; the child's result in it is hostile."""
    if told is None:
        return Outcome("died", None, "The run was lost with its process.", (), "", None, milliseconds)
    entries = read_entries(told["result"])
    program, answers = (entries[0], tuple(entries[1 : calls + 1])) if entries else (None, ())
    failure = program.failure if isinstance(program, Failed) else None
    limit = told["limit"] or (limit_of(failure) if failure else None)
    status, message = verdict(program, limit, told["status"], limits)
    return Outcome(status, limit, message, answers, told["output"], failure, milliseconds)


def verdict(program: Returned | Failed | None, limit: str | None, status: int, limits: Limits) -> tuple[RunStatus, str]:
    """How the run ended, and the sentence for it."""
    if limit is not None:
        return "limit", sentence(limit, limits)
    if program is None:
        how = signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else "itself"
        return "died", f"The process was ended by {how} before it told a result."
    if isinstance(program, Failed):
        return "error", f"{program.failure['name']}: {program.failure['message']}"
    return "ok", ""


def read_entries(text: str) -> list[Returned | Failed]:
    """The entries a child wrote, as far as they have the right form."""
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError):
        return []
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        return []
    return [read_entry(entry) for entry in entries]


def read_entry(entry: dict[str, Any]) -> Returned | Failed:
    """One entry: a value if it is plain data, else a failure."""
    error = entry.get("error")
    if isinstance(error, dict):
        named = {"ename": error.get("name"), "evalue": error.get("message"), "failure": error}
        return Failed(read_failure(named))
    try:
        return Returned(plain.load(str(entry.get("value"))))
    except plain.NotPlain as problem:
        return Failed(read_failure({"ename": "NotPlain", "evalue": str(problem)}))
