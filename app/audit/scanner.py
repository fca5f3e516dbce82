"""Scans a text in a sealed process, within limits, and makes an audit of what came back.

The text is never run here or there. A text that is too large, too deep or too slow to scan gives an audit that says
so; it neither holds the server up nor takes it down. An audit advises: what keeps a cell from doing harm is the
sandbox.
"""

import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Self, get_args

from app.audit.reasons import LEFT_OUT, reason_of
from app.runner.errors import RunnerError
from app.runner.limits import MEBIBYTE, Limits
from app.runner.oneshot import OneShot
from app.runner.outcome import Call, Outcome, Returned

Severity = Literal["low", "medium", "high"]
State = Literal["read", "unreadable", "failed"]

PROGRAM = Path(__file__).with_name("program.py")
LONGEST = 100_000  # characters of a text that is scanned
MOST_FINDINGS = 50
LIMITS = Limits(wall=10.0, cpu=10.0, memory=512 * MEBIBYTE, output=MEBIBYTE, message_size=4 * MEBIBYTE)
PRELOAD = ("ast", "io", "logging", "importlib.util", "bandit.core.config", "bandit.core.manager")
MISSING = "missing"  # the rule of an import that leads nowhere


@dataclass(frozen=True)
class Finding:
    """One thing to know before the code runs.

    Attributes:
        line: from 1.
        severity: low ones are notes; medium and high ones are warnings.
        confidence: how sure the rule is that it applies.
        rule: Bandit's id, such as "B602", or `MISSING`.
        reason: one or two sentences for people.
    """

    line: int
    severity: Severity
    confidence: Severity
    rule: str
    reason: str


@dataclass(frozen=True)
class Audit:
    """What the scan of one text says.

    Attributes:
        state: `read`; `unreadable` where it is not Python that parses; `failed` where it could not be scanned.
        message: why, unless it was read.
        line: where it stops being Python, if it is unreadable.
        findings: in the order of the lines.
    """

    state: State
    message: str = ""
    line: int | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def serious(self) -> tuple[Finding, ...]:
        """The findings of high severity: somebody has to agree before the code runs."""
        return tuple(finding for finding in self.findings if finding.severity == "high")

    def as_json(self) -> dict[str, Any]:
        """For storing; `from_json` reads it."""
        return {**asdict(self), "findings": [asdict(finding) for finding in self.findings]}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        """What `as_json` made."""
        findings = tuple(Finding(**finding) for finding in stored["findings"])
        return cls(stored["state"], stored["message"], stored["line"], findings)


class Scanner:
    """Scans texts, one at a time; its process is started by the first scan. Methods may be called from any thread.

    Args:
        limits: what each scan is held to.
        longest: characters; a longer text is not scanned.
    """

    def __init__(self, limits: Limits = LIMITS, *, longest: int = LONGEST) -> None:
        self._limits = limits
        self._longest = longest
        self._lock = threading.Lock()
        self._runner: OneShot | None = None
        self._program = PROGRAM.read_text(encoding="utf-8")

    def scan(self, source: str) -> Audit:
        """The audit of a text; whatever happens there is one."""
        if len(source) > self._longest:
            return Audit("failed", f"Not audited: {len(source):,} characters; {self._longest:,} is the most.")
        try:
            outcome = self._started().run(self._program, [Call("scan", (source,))])
        except RunnerError as error:
            return Audit("failed", f"Not audited: {error}")
        return read(outcome)

    def close(self) -> None:
        """End the process, if there is one."""
        with self._lock:
            if self._runner is not None:
                self._runner.close()
                self._runner = None

    def _started(self) -> OneShot:
        with self._lock:
            if self._runner is None:
                self._runner = OneShot(self._limits, workers=1, preload=PRELOAD)
            return self._runner


def read(outcome: Outcome) -> Audit:
    """What a scan's run says; where it has no result, the audit says why."""
    answer = outcome.answers[0] if outcome.answers else None
    if not isinstance(answer, Returned) or not isinstance(answer.value, dict):
        why = outcome.message or "the scan ended without a result."
        return Audit("failed", f"Not audited: {why}")
    told = answer.value
    if "unreadable" in told:
        line, why = told["unreadable"]
        return Audit("unreadable", f"Not Python that can be read: {why}, line {line}.", line)
    if "magic" in told:
        return Audit("failed", f"Not audited: the cell is handed to {told['magic']}.")
    if told["issues"] is None:
        return Audit("failed", "Not audited: the code is nested too deeply.")
    found = [*map(_issue, (it for it in told["issues"] if it[0] not in LEFT_OUT)), *map(_missing, told["missing"])]
    return Audit("read", findings=tuple(sorted(found, key=lambda finding: finding.line)[:MOST_FINDINGS]))


def _issue(issue: list[Any]) -> Finding:
    rule, severity, confidence, line, words = issue
    return Finding(int(line or 1), _level(severity), _level(confidence), str(rule), reason_of(str(rule), str(words)))


def _missing(module: list[Any]) -> Finding:
    name, line = module
    reason = (
        f"There is no module `{name}` here. It is never installed by itself: a name that a model made up may be "
        "somebody's trap."
    )
    return Finding(int(line), "medium", "high", MISSING, reason)


def _level(word: object) -> Severity:
    name = str(word).lower()
    return next((level for level in get_args(Severity) if level == name), "low")
