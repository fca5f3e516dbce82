"""Judges checks: each in a sealed process that lives for nothing else, compared outside of it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from app.runner.oneshot import OneShot
from app.runner.outcome import Call, Failed, Outcome, Returned
from app.session import checks, probes
from app.session.checks import Check, Verdict
from app.session.lineage import Piece
from app.session.programs import program
from storage.records import sha256_of

CELL = "cell"
MOST_HANGING = 2  # runs of one program that reach the limit on time: each costs as long as hundreds of others
NOT_RUN = f"Not run: {MOST_HANGING} tests before it reached the limit on running time."


@dataclass(frozen=True)
class Judged:
    """A check with its verdict.

    Attributes:
        sha256: of the program that ran, without the check.
        hung: it did not come to an end in time.
    """

    check: Check
    verdict: Verdict
    sha256: str
    hung: bool = False


class Judge:
    """Judges code against checks.

    Args:
        oneshot: gives the runner; asked at the first judgement, as its processes take a moment to start.
    """

    def __init__(self, oneshot: Callable[[], OneShot]) -> None:
        self._oneshot = oneshot

    def judge(self, pieces: Sequence[Piece], cell_id: str, asked: Sequence[Check]) -> list[Judged]:
        """The verdict on each check of a cell, the cells that it leans on at hand; raises `RunnerError`.

        What hangs `MOST_HANGING` times is not run again, and fails the rest.
        """
        return list(self.each(pieces, cell_id, asked))

    def each(self, pieces: Sequence[Piece], cell_id: str, asked: Sequence[Check]) -> Iterator[Judged]:
        """The same, one after the other as they are taken."""
        hung = 0
        for check in asked:
            source = program(pieces, cell_id, check.call)
            if hung < MOST_HANGING:
                judged = self._one(source, check)
                hung += judged.hung
            else:
                judged = Judged(check, Verdict(passed=False, actual="", detail=NOT_RUN), sha256_of(source))
            yield judged

    def judge_source(self, source: str, asked: Sequence[Check]) -> list[Judged]:
        """The same for code that stands alone."""
        return self.judge([Piece(CELL, source)], CELL, asked)

    def results(self, pieces: Sequence[Piece], cell_id: str, calls: Sequence[str]) -> list[str]:
        """What calls with literal arguments come to, all in one run: values as source, `raises ValueError`, or "".

        "" stands where the run ended before, and for values that are no plain data. Raises `RunnerError`.
        """
        read = [call for text in calls if (call := probes.read(text))]
        outcome = self._oneshot().run(program(pieces, cell_id, "\n".join(calls)), read)
        came = [_result(answer) for answer in outcome.answers] if outcome.failure is None else []
        return came + [""] * (len(calls) - len(came))

    def _one(self, source: str, check: Check) -> Judged:
        if words := checks.problem(check):
            return Judged(check, Verdict(passed=False, actual="", detail=words), sha256_of(source))
        outcome = self._oneshot().run(f"{source}\n\n{checks.harness(check)}\n", [Call(checks.FUNCTION)])
        return Judged(check, verdict_of(check, outcome), sha256_of(source), hung=outcome.limit in {"wall", "cpu"})


def verdict_of(check: Check, outcome: Outcome) -> Verdict:
    """The verdict on a check whose call was made, or was to be made, in a one-shot run."""
    if outcome.failure is not None:
        name, text = outcome.failure["name"], outcome.failure["message"]
        return Verdict(passed=False, actual=f"raises {name}", detail=f"{text} (before the call)".strip())
    if not outcome.answers:
        return Verdict(passed=False, actual="", detail=outcome.message)
    match outcome.answers[0]:
        case Returned(value):
            return checks.returned(check, value)
        case Failed(failure):
            return _failed(check, failure["name"], failure["message"])


def _result(answer: Returned | Failed) -> str:
    if isinstance(answer, Returned):
        return checks.shown(answer.value)
    name = str(answer.failure["name"])
    return "" if name == "NotPlain" else f"raises {name}"


def _failed(check: Check, name: str, text: str) -> Verdict:
    if name == "NotPlain":
        return Verdict(passed=False, actual="", detail=f"{text}: it cannot leave the sandbox. Test a part of it.")
    return checks.raised(check, name, text)
