"""Verdicts on programs that may cheat.

A program runs in a sealed process that knows the arguments of its calls and nothing else. A check runs in another one
that knows the answers and not the program. Only plain data passes between the two, so exiting early, objects that
equal everything, printed words and changed libraries prove nothing.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Self

from app.evaluation.errors import CannotJudge
from app.runner.limits import MEBIBYTE, Limits
from app.runner.oneshot import OneShot
from app.runner.outcome import Call, Failed, Outcome, Returned

# Processor time decides, as it is the same on a busy machine; the wall time is for programs that sleep.
LIMITS = Limits(wall=20.0, cpu=3.0, memory=768 * MEBIBYTE, output=MEBIBYTE, message_size=MEBIBYTE)
PRELOAD = ("ast", "collections", "copy", "functools", "heapq", "itertools", "math", "random", "re", "string", "typing")
ROUNDS = 8  # passes of a check until its calls count as endless

Arguments = tuple[Any, ...]
Answers = list[tuple[Arguments, Any]]


@dataclass(frozen=True)
class Verdict:
    """Whether a program passed, and if not, why in one line."""

    passed: bool
    error: str = ""


class Judge:
    """Judges programs, several at a time. Methods may be called from any thread.

    Args:
        limits: what each program is held to.
        workers: programs at a time.
        preload: modules that programs find imported.
    """

    def __init__(self, limits: Limits = LIMITS, *, workers: int = 2, preload: Sequence[str] = PRELOAD) -> None:
        # Checks have forking processes of their own: what one of these has read, its later children find in memory.
        self._programs = OneShot(limits, workers=workers, preload=preload)
        self._checks = OneShot(limits, workers=1, preload=preload)
        self._lock = threading.Lock()
        self._first: dict[tuple[str, str], list[Arguments]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._programs.close()
        self._checks.close()

    def check(self, program: str, *, prompt: str, test: str, entry_point: str) -> Verdict:
        """Whether the program passes a check in HumanEval's form.

        Args:
            program: the whole program.
            prompt: source that the check may use.
            test: source that defines `check(candidate)`.
            entry_point: the function that is judged.

        Raises:
            CannotJudge: the check itself does not run.
        """
        asked, answers = list(self._first_calls(prompt, test, entry_point)), Answers()
        for _ in range(ROUNDS):
            outcome = self._ask(program, entry_point, asked)
            if error := failure_of(outcome, len(asked) + 1):
                return Verdict(passed=False, error=error)
            values = [answer.value for answer in outcome.answers[1:] if isinstance(answer, Returned)]
            answers = list(zip(asked, values, strict=True))
            review = self._review(prompt, test, entry_point, answers)
            if review["failed"] or not review["missing"]:
                return Verdict(passed=not review["failed"], error=review["failed"] or "")
            asked += review["missing"]
        raise CannotJudge(f"The check of {entry_point} asked for new calls {ROUNDS} times. Correct the check.")

    def printed(self, program: str, kind: str) -> tuple[dict[str, Any] | None, str]:
        """What a script printed last, turned into a type (`sealed/witness.py`), or None and why there is nothing."""
        outcome = self._programs.run(_text("witness"), [Call("printed", (program, kind))])
        if error := failure_of(outcome, 1):
            return None, error
        answer = outcome.answers[0]
        if isinstance(answer, Returned) and isinstance(answer.value, dict) and "value" in answer.value:
            return answer.value, ""
        return None, "It printed nothing."

    def _first_calls(self, prompt: str, test: str, entry_point: str) -> list[Arguments]:
        """The calls that the check makes whatever the answers are; they are found once a check."""
        key = (test, entry_point)
        with self._lock:
            known = self._first.get(key)
        if known is None:
            known = self._review(prompt, test, entry_point, [])["missing"]
            with self._lock:
                self._first[key] = known
        return known

    def _ask(self, program: str, function: str, asked: Sequence[Arguments]) -> Outcome:
        calls = [Call("answer", (function, arguments)) for arguments in asked]
        return self._programs.run(_text("witness"), [Call("load", (program,)), *calls])

    def _review(self, prompt: str, test: str, entry_point: str, answers: Answers) -> dict[str, Any]:
        outcome = self._checks.run(_text("referee"), [Call("review", (prompt, test, entry_point, answers))])
        answer = outcome.answers[0] if outcome.answers else None
        if isinstance(answer, Returned) and isinstance(answer.value, dict):
            return answer.value
        if answers and outcome.status == "limit":  # an answer may be a number of a million digits
            return {"missing": [], "failed": f"The check was stopped. {outcome.message}"}
        words = failure_of(outcome, 1) or outcome.message
        raise CannotJudge(f"The check of {entry_point} does not run: {words} Correct the benchmark's file.")


def failure_of(outcome: Outcome, calls: int) -> str:
    """Why a run did not answer all of its calls, in one line; empty if it did."""
    for answer in outcome.answers:
        if isinstance(answer, Failed):
            return f"{answer.failure['name']}: {answer.failure['message']}"[:500]
    if outcome.status != "ok":
        return outcome.message
    return "" if len(outcome.answers) == calls else "The process ended before it had answered."


@cache
def _text(name: str) -> str:
    return (Path(__file__).parent / "sealed" / f"{name}.py").read_text(encoding="utf-8")
