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
    code = nbformat.v4.new_code_cell(
        version.source,
        id=cell.id[:64],
        execution_count=run.execution_count if run else None,
        outputs=[nbformat.from_dict(output) for output in run.outputs] if run else [],
        metadata={"codegen_playground": {**_claims(snapshot, version, history), "tests": _tests(snapshot, cell.id)}},
    )
    # Indented text is shown as it is: what a person wrote is not Markdown.
    words = "\n\n".join("\n".join(f"    {line}" for line in request.splitlines()) for request in requests)
    return [nbformat.v4.new_markdown_cell(words, id=f"{cell.id[:60]}-ask"), code] if requests else [code]


def _claims(snapshot: Snapshot, version: Version, history: Sequence[Version]) -> Json:
    turns = {turn.version_id: number for number, turn in enumerate(snapshot.turns, 1)}
    return provenance(version, ancestors_of(version, history), turns.get(version.id))
