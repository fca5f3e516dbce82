"""A snapshot of a session as the page's script takes it; the shapes stand in `editor/src/types.ts`."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from app.session import Choice, Listing, Running, Snapshot, Writing, cost_of, is_current, is_talk, title_of
from app.ui import audits, tested
from app.ui.outputs import drawn
from storage.records import Cell, Run, SessionSummary, Share, Turn, Version

Json = dict[str, Any]
KERNEL_STATES = {"running": "busy", "asking": "busy"}


def whole(snapshot: Snapshot, rows: Sequence[SessionSummary]) -> Json:
    """Everything that the page shows."""
    return {
        "session": session(snapshot),
        "turns": [turn(snapshot, it) for it in snapshot.turns],
        "cells": [cell(snapshot, it) for it in snapshot.cells],
        "kernel": kernel(snapshot),
        "engine": engine(snapshot),
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
        "run": _run(snapshot, its, version),
        "tests": tested.panel(snapshot, its),
        "evidence": tested.pieces(snapshot, its),
        "choosing": tested.choosing(snapshot, its),
    }


def _version(snapshot: Snapshot, version: Version) -> Json:
    turns = {t.version_id: n for n, t in enumerate(snapshot.turns, 1)}
    writers = {w.version_id: w.turn_id for w in snapshot.writing.values()}
    ids = [t.id for t in snapshot.turns]
    writer = writers.get(version.id)
    return {
        "id": version.id,
        "number": version.number,
        "count": snapshot.counts[version.cell_id],
        "origin": version.origin,
        "status": version.status,
        "turn": ids.index(writer) + 1 if writer in ids else turns.get(version.id),
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


def _run(snapshot: Snapshot, cell: Cell, shown: Version) -> Json | None:
    its, ran = snapshot.runs.get(cell.id), snapshot.ran.get(cell.id)
    if its is None or ran is None:
        return None
    work = snapshot.running.get(its.id)
    begun = work is not None and work.status != "queued"
    outputs, failure = (work.outputs, None) if work and begun else (ran.outputs, ran.failure)
    return {
        "id": its.id,
        "status": work.status if work else its.status,
        "message": work.message if work else its.message,
        "version": snapshot.numbers.get(ran.version_id, 1),
        "exact": ran.sha256 == shown.sha256,
        "execution_count": work.execution_count if work else its.execution_count,
        "milliseconds": work.milliseconds if work else its.milliseconds,
        "outputs": drawn(outputs, failed=failure is not None),
        "failure": _failure(snapshot, cell, ran, shown) if failure else None,
        "asks": _asks(work),
    }


def _asks(work: Running | None) -> Json | None:
    if work is None or work.asks is None:
        return None
    prompt, password = work.asks
    return {"prompt": prompt, "password": password}


def _failure(snapshot: Snapshot, cell: Cell, its: Run, shown: Version) -> Json | None:
    if its.failure is None:
        return None
    owners = {
        run.execution_count: other
        for other, run in snapshot.ran.items()
        if run.kernel_id == its.kernel_id and run.execution_count is not None
    }
    exact = its.sha256 == shown.sha256

    def frame(raw: Json) -> Json:
        owner = owners.get(raw["execution_count"])
        number = snapshot.number_of(owner) if owner else None
        place = f"cell {number}" if number else f"run [{raw['execution_count']}]"
        return {
            "cell": owner if number else None,
            "label": f"{place}, line {raw['line']}",
            "line": raw["line"],
            "function": "" if raw["function"] == "<module>" else raw["function"],
            "text": raw["text"],
            "here": owner == cell.id and exact,
        }

    return {
        "name": its.failure["name"],
        "message": its.failure["message"],
        "frames": [frame(raw) for raw in its.failure["frames"]],
        "hidden": its.failure["hidden"],
    }


def kernel(snapshot: Snapshot) -> Json:
    """The session's kernel in words."""
    its = snapshot.kernel
    return {
        "state": KERNEL_STATES.get(its.state, its.state),
        "message": _kernel_words(snapshot),
        "sealed": its.tier in {"strong", "standard"},
        "notice": _kernel_notice(snapshot),
    }


def _kernel_words(snapshot: Snapshot) -> str:
    its = snapshot.kernel
    if its.state == "none":
        return "kernel starts with the first run"
    if its.state == "queued":
        return f"waiting for a kernel, {its.place} ahead" if its.place else "waiting for a kernel"
    if its.state == "asking":
        return "kernel waits for input"
    memory = f", {its.memory_bytes // 2**20} MB" if its.memory_bytes else ""
    return f"kernel {its.state}{memory}, sandbox {its.tier}"


def _kernel_notice(snapshot: Snapshot) -> str:
    its = snapshot.kernel
    return its.message if its.state in {"none", "refused"} else ""


def engine(snapshot: Snapshot) -> Json:
    """How far the model is."""
    its = snapshot.engine
    return {
        "state": its.state,
        "model": its.model_id,
        "name": its.model_name,
        "quantisation": its.quantisation,
        "placement": its.server,
        "remote": bool(its.server),
        "done_bytes": its.done_bytes,
        "total_bytes": its.total_bytes,
        "bytes_per_second": its.bytes_per_second,
        "seconds_left": its.seconds_left,
        "tokens_per_second": its.tokens_per_second,
        "message": its.message,
        "failure": its.failure,
    }


def model(its: Choice) -> Json:
    """One model that can be chosen."""
    entry = its.entry
    return {
        "id": entry.id,
        "name": entry.name,
        "parameters": _amount(entry.parameters, "B"),
        "licence": entry.licence,
        "context": entry.context_length,
        "size": f"{_amount(entry.bytes, 'G')}B",
        "style": entry.prompt_style,
        "on_disk": its.on_disk,
        "fits": its.fits,
        "note": its.note,
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


def _amount(number: int, billions: str) -> str:
    billion = 10**9
    return f"{number / billion:.1f} {billions}" if number >= billion else f"{number / 10**6:.0f} M"
