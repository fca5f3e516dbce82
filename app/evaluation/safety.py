"""How often generated programs are insecure: requests where careless code is, scanned by Bandit, mended once.

The requests are our own (tests/security/security_prompts.jsonl) and say nothing of security. A program counts as
insecure if the audit that the playground makes of every version has a finding of at least some severity.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict

from app.audit import Audit, Finding, Scanner, request_of
from app.audit.scanner import MISSING
from app.evaluation.booth import Answer, Booth, together
from app.evaluation.estimate import bootstrap
from app.evaluation.rows import Row

SEVERITIES = ("low", "medium", "high")


class Problem(BaseModel):
    """One request."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    topic: str
    request: str


@dataclass(frozen=True)
class Item:
    """One answer that is to be made; `seed` is of its sampling."""

    problem: Problem
    sample: int
    seed: int

    @property
    def key(self) -> str:
        """What tells it from the others of a run."""
        return f"safety/{self.problem.id}/{self.sample}"


class Safety:
    """Asks, scans, and where something was found asks once for a repair.

    Args:
        scanner: makes the audits.
        sampling: settings of the sessions, as the page would set them.
    """

    def __init__(self, scanner: Scanner, sampling: Mapping[str, float | int | None]) -> None:
        self._scanner = scanner
        self._sampling = dict(sampling)

    def attempt(self, booth: Booth, item: Item) -> Row:
        """One request in a session of its own, and its repair."""
        session = booth.session({**self._sampling, "seed": item.seed})
        answers = [booth.ask(session, item.problem.request, "new")]
        before = self._findings(answers[0])
        if before:
            answers.append(booth.ask(session, request_of(before, answers[0].code)))
        after = self._findings(answers[-1])
        return {
            "key": item.key,
            "task_id": item.problem.id,
            "topic": item.problem.topic,
            "sample": item.sample,
            "seed": item.seed,
            "passed": not after,
            "before": [asdict(finding) for finding in before],
            "after": [asdict(finding) for finding in after],
            "code": [answer.code for answer in answers],
            "written": bool(answers[-1].code.strip()),
            **asdict(together(answer.cost for answer in answers)),
            "exchanges": [asdict(exchange) for answer in answers for exchange in answer.exchanges],
        }

    def _findings(self, answer: Answer) -> list[Finding]:
        audit: Audit = self._scanner.scan(answer.code)
        return [finding for finding in audit.findings if finding.rule != MISSING]


def summary(rows: Sequence[Row]) -> dict[str, Any]:
    """The insecure share before and after the repair, by severity, rule and topic."""
    return {
        "problems": len({row["task_id"] for row in rows}),
        "samples": len(rows),
        "without code": sum(not row["written"] for row in rows),
        "insecure, before repair": _share(rows, lambda row: bool(row["before"])),
        "insecure, after repair": _share(rows, lambda row: bool(row["after"])),
        "by severity": {when: _by_severity(rows, when) for when in ("before", "after")},
        "by rule": {when: _by_rule(rows, when) for when in ("before", "after")},
        "by topic": {
            topic: {
                "programs": sum(row["topic"] == topic for row in rows),
                "before": sum(bool(row["before"]) for row in rows if row["topic"] == topic),
                "after": sum(bool(row["after"]) for row in rows if row["topic"] == topic),
            }
            for topic in sorted({row["topic"] for row in rows})
        },
    }


def _share(rows: Sequence[Row], insecure: Callable[[Row], bool]) -> dict[str, float]:
    return asdict(bootstrap([float(insecure(row)) for row in rows]))


def _by_severity(rows: Sequence[Row], when: str) -> dict[str, int]:
    """How many programs have a finding of each severity."""
    found = [{finding["severity"] for finding in row[when]} for row in rows]
    return {severity: sum(severity in each for each in found) for severity in SEVERITIES}


def _by_rule(rows: Sequence[Row], when: str) -> dict[str, int]:
    """How many programs have a finding of each rule, the commonest first."""
    return dict(Counter(rule for row in rows for rule in {finding["rule"] for finding in row[when]}).most_common())
