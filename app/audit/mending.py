"""The request that findings make: the words of the Fix button, and of the repairs that an evaluation asks for."""

from collections.abc import Sequence

from app.audit.scanner import MISSING, Finding


def request_of(findings: Sequence[Finding], source: str) -> str:
    """What to ask for, a line for each reason, which names the first line of code that it holds for.

    A small model gives code back as it was when it is told what is wrong. It changes what it is told to rewrite, so
    the line of code comes first (docs/log.md has the figures).
    """
    lines = source.splitlines()
    first: dict[str, Finding] = {}
    for finding in findings:
        first.setdefault(finding.reason, finding)
    return "\n".join(_request(finding, lines) for finding in first.values())


def _request(finding: Finding, lines: Sequence[str]) -> str:
    reason = f"{finding.reason.split('. ')[0]}. Do without it." if finding.rule == MISSING else finding.reason
    line = lines[finding.line - 1].strip() if finding.line <= len(lines) else ""
    return f"Rewrite `{line}`. {reason}" if line else reason
