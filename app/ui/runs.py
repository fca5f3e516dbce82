"""A cell's run and the kernel it runs in, as the page's script takes them."""

from typing import Any

from app.runner import KernelStatus
from app.session import Running, Snapshot
from app.ui.outputs import drawn
from storage.records import Cell, Run, Version

Json = dict[str, Any]
KERNEL_STATES = {"running": "busy", "asking": "busy"}


def run(snapshot: Snapshot, cell: Cell, shown: Version) -> Json | None:
    """A cell's newest run, with what the cell shows: the outputs of the newest one that began."""
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


def kernel(its: KernelStatus) -> Json:
    """The session's kernel in words."""
    return {
        "state": KERNEL_STATES.get(its.state, its.state),
        "message": _kernel_words(its),
        "sealed": its.tier in {"strong", "standard"},
        "notice": _kernel_notice(its),
    }


def _kernel_words(its: KernelStatus) -> str:
    if its.state == "none":
        return "kernel starts with the first run"
    if its.state == "queued":
        return f"waiting for a kernel, {its.place} ahead" if its.place else "waiting for a kernel"
    if its.state == "asking":
        return "kernel waits for input"
    memory = f", {its.memory_bytes // 2**20} MB" if its.memory_bytes else ""
    return f"kernel {its.state}{memory}, sandbox {its.tier}"


def _kernel_notice(its: KernelStatus) -> str:
    return its.message if its.state in {"none", "refused"} else ""
