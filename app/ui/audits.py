"""A version's audit as the page and the share page take it."""

from dataclasses import asdict
from typing import Any

from app.audit import request_of
from app.session import audit_of
from storage.records import Version

Json = dict[str, Any]


def drawn(version: Version) -> Json | None:
    """State, words and findings, each with what its Fix asks for; None where there is no audit, or nothing to audit."""
    audit = audit_of(version)
    if audit is None or not version.source.strip():
        return None
    findings = [{**asdict(it), "request": request_of([it], version.source)} for it in audit.findings]
    told = words(audit.state, [it.severity for it in audit.findings])
    return {**audit.as_json(), "findings": findings, "words": told}


def words(state: str, severities: list[str]) -> str:
    """The audit in a chip: "audit clean", "1 warning", "2 notes"."""
    if state != "read":
        return "does not parse" if state == "unreadable" else "not audited"
    warnings = sum(severity != "low" for severity in severities)
    notes = len(severities) - warnings
    if warnings:
        return f"{warnings} warning{'s' if warnings > 1 else ''}"
    return f"{notes} note{'s' if notes > 1 else ''}" if notes else "audit clean"
