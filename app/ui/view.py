"""A snapshot of a session as the page's script takes it; the shapes stand in `editor/src/types.ts`."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from app.session import Listing, Snapshot, Writing, cost_of, is_current, is_talk, title_of
from app.ui import audits, engines, runs, tested
from storage.records import Cell, SessionSummary, Share, Turn, Version

Json = dict[str, Any]


def whole(snapshot: Snapshot, rows: Sequence[SessionSummary]) -> Json:
    """Everything that the page shows."""
    return {
        "session": session(snapshot),
        "turns": [turn(snapshot, it) for it in snapshot.turns],
        "cells": [cell(snapshot, it) for it in snapshot.cells],
        "kernel": runs.kernel(snapshot.kernel),
        "engine": engines.engine(snapshot.engine),
        "sessions": [row(it) for it in rows],
    }


def session(snapshot: Snapshot) -> Json:
    """The session's own facts."""
    its = snapshot.session
    return {
        "id": its.id,
        "title": its.title,
        "draft": its.draft,
        "target": its.target_cell_id or "auto",
        "sampling": its.sampling,
        "model": its.model_id,
        "saved_at": its.updated_at.isoformat(),
        "shares": [share(it, snapshot) for it in snapshot.shares],
        "replays": tested.replays(snapshot),
    }


def share(its: Share, snapshot: Snapshot) -> Json:
    """A link that works."""
    return {
        "token": its.token,
        "path": f"s/{its.token}",
        "updated_at": its.updated_at.isoformat(),
        "current": is_current(its.document, snapshot),
    }


def row(its: SessionSummary) -> Json:
    """One line of the list of sessions."""
    return {
        "id": its.id,
        "title": its.title,
        "cells": its.cells,
        "failing": its.failing,
        "shared": its.shared,
        "updated_at": its.updated_at.isoformat(),
    }


def turn(snapshot: Snapshot, its: Turn) -> Json:
    """One turn of the branch shown, with what has been written so far."""
    work = snapshot.writing.get(its.id)
    return {
        "id": its.id,
        "number": 1 + [t.id for t in snapshot.turns].index(its.id),
        "request": its.request,
        "prose": work.prose if work else its.prose,
        "status": work.status if work else its.status,
        "message": work.message if work else its.message,
        "cell": _answer(snapshot, its, work),
        "about": _about(snapshot, its),
        "carried": list(its.carried),
        "lines": work.code.count("\n") + 1 if work and work.code else 0,
        "unplaced": work.code if work and work.version_id is None else "",
        "branch": _branch(snapshot, its),
        "model": its.model,
        "cost": _cost(its),
        "seed": its.sampling.get("seed"),
        "score": tested.score(snapshot, its),
        "unchanged": snapshot.unchanged(its),
    }


def _answer(snapshot: Snapshot, its: Turn, work: Writing | None) -> Json | None:
    cell_id = work.cell_id if work else its.cell_id
    version_id = work.version_id if work else its.version_id
    if cell_id is None or version_id is None or version_id not in snapshot.numbers:
        return None  # a version that was begun after these records were read comes with the next ones
    return {
        "id": cell_id,
        "number": snapshot.number_of(cell_id),
        "version": snapshot.numbers[version_id],
    }


def _about(snapshot: Snapshot, its: Turn) -> Json | None:
    """The cell that an answer in words speaks of."""
    number = snapshot.number_of(its.target_cell_id or "")
    return {"id": its.target_cell_id, "number": number} if number and is_talk(its.request) else None


def _cost(its: Turn) -> Json | None:
    cost = cost_of(its)
    return None if cost is None else asdict(cost)


def _branch(snapshot: Snapshot, its: Turn) -> Json:
    ids = list(snapshot.siblings.get(its.id, (its.id,)))
    place = ids.index(its.id)
    return {
        "index": place + 1,
        "count": len(ids),
        "previous": ids[place - 1] if place > 0 else None,
        "next": ids[place + 1] if place + 1 < len(ids) else None,
    }


def cell(snapshot: Snapshot, its: Cell) -> Json:
    """One cell with the version it shows and its newest run."""
    version = snapshot.versions[its.id]
    work = snapshot.writer_of(version.id)
    source = work.code if work else version.source
    return {
        "id": its.id,
        "number": snapshot.number_of(its.id),
        "title": title_of(source) or its.title,
        "revision": its.revision,
        "source": source,
        "version": _version(snapshot, version),
        "before": work.before if work else None,
        "stale": snapshot.stale(its.id),
        "run": runs.run(snapshot, its, version),
        "tests": tested.panel(snapshot, its),
        "evidence": tested.pieces(snapshot, its),
        "choosing": tested.choosing(snapshot, its),
    }


def _version(snapshot: Snapshot, version: Version) -> Json:
    turns = {t.id: n for n, t in enumerate(snapshot.turns, 1)}
    return {
        "id": version.id,
        "number": version.number,
        "count": snapshot.counts[version.cell_id],
        "origin": version.origin,
        "status": version.status,
        "turn": turns.get(version.turn_id or ""),
        "parent": snapshot.numbers.get(version.parent_id) if version.parent_id else None,
        "audit": audits.drawn(version),
    }


def version(snapshot: Snapshot, its: Version) -> Json:
    """One version of a cell with its source, for paging and comparing."""
    return {
        **_version(snapshot, its),
        "source": its.source,
        "created_at": its.created_at.isoformat(),
        "model": its.model,
        "quantisation": its.quantisation,
        "weights": its.weights,
        "sampling": its.sampling,
        "sha256": its.sha256,
        "repeatable": its.turn_id is not None,
    }


def files(its: Listing) -> Json:
    """The files of a session."""
    return {
        "files": [
            {"name": it.name, "size": it.size, "changed_at": datetime.fromtimestamp(it.modified, UTC).isoformat()}
            for it in its.entries
        ],
        "used": its.used,
        "room": its.limits.disk,
        "largest": its.limits.file_size,
        "kept": its.kept,
        "keepable": its.keepable,
    }
