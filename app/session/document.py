"""A snapshot as a document of its own: what a link shows, and what a notebook file holds."""

from collections.abc import Mapping, Sequence
from typing import Any

import nbformat

from app.session.lineage import title_of
from app.session.provenance import ancestors_of, provenance
from app.session.snapshot import Snapshot
from storage.records import Cell, Run, Version, utcnow

Json = dict[str, Any]


def share_document(snapshot: Snapshot) -> Json:
    """The copy of a session that a link shows: turns of the branch shown, cells, newest outputs, no drafts."""
    versions = snapshot.versions
    models = dict.fromkeys(turn.model for turn in snapshot.turns if turn.model)
    return {
        "title": snapshot.session.title,
        "made_at": utcnow().isoformat(),
        "models": list(models),
        "turns": [
            {
                "number": number,
                "request": turn.request,
                "prose": turn.prose,
                "cell": turn.cell_id,
                "version": snapshot.numbers.get(turn.version_id or "", 0),
            }
            for number, turn in enumerate(snapshot.turns, 1)
        ],
        "cells": [_cell(snapshot, number, cell, versions[cell.id]) for number, cell in enumerate(snapshot.cells, 1)],
    }


def is_current(document: Json, snapshot: Snapshot) -> bool:
    """Whether a copy shows just what a copy made now would show."""
    return {**document, "made_at": ""} == {**share_document(snapshot), "made_at": ""}


def _cell(snapshot: Snapshot, number: int, cell: Cell, version: Version) -> Json:
    return {
        "id": cell.id,
        "number": number,
        "title": title_of(version.source) or cell.title,
        "source": version.source,
        "sha256": version.sha256,
        "version": version.number,
        "origin": version.origin,
        "edited": version.origin == "hand",
        "stale": snapshot.outdated(cell.id),
        "audit": version.audit,
        "tests": _tests(snapshot, cell.id),
        "run": _run(snapshot.ran.get(cell.id), version),
    }


def _tests(snapshot: Snapshot, cell_id: str) -> list[Json]:
    """The tests of a cell that nobody rejected, each with what came of it on the code shown."""
    states = snapshot.tested[cell_id].states if cell_id in snapshot.tested else ()
    return [
        {
            "number": state.test.number,
            "call": state.test.call,
            "expected": state.test.expected,
            "standing": state.test.standing,
            "origin": state.test.origin,
            "passed": state.verdict.passed if state.verdict else None,
            "actual": state.verdict.actual if state.verdict else "",
        }
        for state in states
    ]


def _run(run: Run | None, version: Version) -> Json | None:
    if run is None or run.status in {"queued", "running"}:
        return None
    return {
        "status": run.status,
        "limit": run.limit,
        "message": run.message,
        "sha256": run.sha256,
        "exact": run.sha256 == version.sha256,
        "execution_count": run.execution_count,
        "milliseconds": run.milliseconds,
        "outputs": run.outputs,
        "failure": run.failure,
    }


def notebook(snapshot: Snapshot, histories: Mapping[str, Sequence[Version]]) -> str:
    """The session as a Jupyter notebook (nbformat 4.5): requests as Markdown, cells with their newest outputs.

    Below each cell stands in words where its code comes from, what its audit found and which tests it passes.

    Args:
        snapshot: the session.
        histories: the versions of each cell, by cell id: where what it shows comes from.
    """
    requests: dict[str, list[str]] = {}
    for turn in snapshot.turns:
        requests.setdefault(turn.cell_id or "", []).append(turn.request)
    book = nbformat.v4.new_notebook(
        metadata={
            "title": snapshot.session.title,
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "language_info": {"name": "python"},
        }
    )
    for cell in snapshot.cells:
        book.cells.extend(_notebook_cells(snapshot, cell, requests.get(cell.id, []), histories[cell.id]))
    return str(nbformat.writes(book))


def _notebook_cells(snapshot: Snapshot, cell: Cell, requests: list[str], history: Sequence[Version]) -> list[Json]:
    version, run = snapshot.versions[cell.id], snapshot.ran.get(cell.id)
    claims, tests = _claims(snapshot, version, history), _tests(snapshot, cell.id)
    code = nbformat.v4.new_code_cell(
        version.source,
        id=cell.id[:64],
        execution_count=run.execution_count if run else None,
        outputs=[nbformat.from_dict(output) for output in run.outputs] if run else [],
        metadata={"codegen_playground": {**claims, "tests": tests, "audit": version.audit}},
    )
    asked = [_plain("\n\n".join(requests), f"{cell.id[:60]}-ask")] if requests else []
    outdated = snapshot.outdated(cell.id)
    output = [f"Output: {outdated}."] if outdated else []
    known = [_origin(claims), *_findings(version), *(_tested(test) for test in tests), *output]
    return [*asked, code, _plain("\n".join(known), f"{cell.id[:58]}-known")]


def _plain(words: str, cell_id: str) -> Json:
    # Indented text is shown as it is: what a person or a model wrote is not Markdown.
    cell: Json = nbformat.v4.new_markdown_cell("\n".join(f"    {line}" for line in words.splitlines()), id=cell_id)
    return cell


def _origin(claims: Json) -> str:
    """Who wrote the version above, in one sentence."""
    words = {
        "model": f"written by {claims['model'] or 'a model'}",
        "hand": "written by hand",
        "restored": "restored",
        "forked": "from a shared copy",
    }
    parts = [f"Version {claims['version']}", words[claims["origin"]]]
    parts += [f"turn {claims['turn']}"] if claims["turn"] else []
    parts += [f"made from version {claims['parent']}"] if claims["parent"] else []
    earlier = [number for number in claims["edited_by_hand"] if number != claims["version"]]
    parts += [f"version {number} by hand" for number in earlier]
    return f"{', '.join(parts)}."


def _findings(version: Version) -> list[str]:
    audit = version.audit
    if not audit or audit["state"] != "read":
        return [audit["message"] if audit else "Not audited."]
    found = [f"Audit, line {its['line']} ({its['severity']}): {its['reason']}" for its in audit["findings"]]
    return found or ["Audit: clean."]


def _tested(test: Json) -> str:
    wanted = f" expects {test['expected']}" if test["expected"] else ""
    fails = f"fails: {test['actual']}" if test["actual"] else "fails"
    came = {None: "not run on this code", True: "passes", False: fails}[test["passed"]]
    return f"Test {test['number']} ({test['standing']}): {test['call']}{wanted}: {came}"


def _claims(snapshot: Snapshot, version: Version, history: Sequence[Version]) -> Json:
    turns = {turn.id: number for number, turn in enumerate(snapshot.turns, 1)}
    return provenance(version, ancestors_of(version, history), turns.get(version.turn_id or ""))
