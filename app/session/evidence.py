"""What running a cell showed, as the model is told of it: each piece by itself, so that a person can leave it out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from app.session.auditing import audit_of
from app.session.lineage import title_of, upstream
from app.session.snapshot import Snapshot
from app.session.tested import State
from storage.records import Run, Version

Kind = Literal["test", "traceback", "audit", "output", "upstream"]
TAIL = 20  # lines of output
LONGEST = 2000  # characters of one piece


@dataclass(frozen=True)
class Evidence:
    """One piece.

    Attributes:
        key: names it as long as it says the same.
        title: a few words, as on its chip.
        text: what the model reads.
        telling: goes along unless a person leaves it out; what is not telling speaks for nothing by itself.
    """

    key: str
    kind: Kind
    title: str
    text: str
    telling: bool = True


def of_cell(snapshot: Snapshot, cell_id: str | None) -> list[Evidence]:
    """The evidence on a cell as it stands, the most telling first."""
    if cell_id is None or cell_id not in snapshot.versions:
        return []
    tests = [_test(state) for state in _failing(snapshot, cell_id)]
    ran = _of_run(snapshot, cell_id)
    raised = any(it.kind == "traceback" for it in ran)
    return [
        *tests,
        *ran,
        *([] if raised else _unreadable(snapshot.versions[cell_id])),
        *_audited(snapshot.versions[cell_id]),
        *_upstream(snapshot, cell_id, telling=bool(tests or raised)),
    ]


def chosen(snapshot: Snapshot, cell_id: str | None, without: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Titles and texts of what goes along, where a person left the keys in `without` out."""
    left_out = set(without)
    return tuple((it.title, it.text) for it in of_cell(snapshot, cell_id) if it.telling and it.key not in left_out)


def _unreadable(version: Version) -> list[Evidence]:
    """That the code does not parse, and where: what a run would say, before there is one."""
    audit = audit_of(version)
    if audit is None or audit.state != "unreadable":
        return []
    title = f"does not parse, line {audit.line}" if audit.line else "does not parse"
    return [Evidence(f"audit:{version.sha256[:16]}:unreadable", "audit", title, audit.message)]


def _audited(version: Version) -> list[Evidence]:
    """What the audit warns of; notes are not worth the model's attention."""
    audit = audit_of(version)
    warnings = [it for it in audit.findings if it.severity != "low"] if audit else []
    return [
        Evidence(f"audit:{version.sha256[:16]}:{it.rule}:{it.line}", "audit", f"audit, line {it.line}", it.reason)
        for it in warnings
    ]


def _failing(snapshot: Snapshot, cell_id: str) -> list[State]:
    """The failing tests that count."""
    states = snapshot.tested[cell_id].states if cell_id in snapshot.tested else ()
    return [it for it in states if it.failing and it.counts]


def _test(state: State) -> Evidence:
    test, verdict = state.test, state.verdict
    assert verdict is not None
    wanted = f"`{test.call}` should {_wanted(test.expected) if test.expected else 'hold'}"
    came = f" It {'' if _raises(verdict.actual) else 'gave '}{verdict.actual}" if verdict.actual else ""
    detail = f"{': ' if came else ' '}{verdict.detail}" if verdict.detail else ""
    return Evidence(f"test:{test.id}", "test", f"test {test.number}", f"{wanted}.{came}{detail}"[:LONGEST])


def _wanted(expected: str) -> str:
    return f"raise {expected.split(maxsplit=1)[1]}" if _raises(expected) else f"be {expected}"


def _raises(text: str) -> bool:
    return text.startswith("raises ")


def _of_run(snapshot: Snapshot, cell_id: str) -> list[Evidence]:
    run = snapshot.ran.get(cell_id)
    if run is None or snapshot.outdated(cell_id) or run.status in {"queued", "running"}:
        return []
    tail = _tail(run)
    output = [Evidence(f"output:{run.id}", "output", "output", tail)] if tail else []
    if run.failure is not None and run.status == "error":
        return [_traceback(snapshot, run, run.failure), *output]
    if run.status == "limit":
        return [Evidence(f"run:{run.id}", "traceback", "stopped at a limit", run.message), *output]
    return output


def _traceback(snapshot: Snapshot, run: Run, failure: Mapping[str, Any]) -> Evidence:
    """The exception with the lines that led to it, and the arguments of the function that raised it."""
    places = {
        r.execution_count: snapshot.number_of(key) for key, r in snapshot.ran.items() if r.kernel_id == run.kernel_id
    }
    lines = [
        f"cell {places.get(frame['execution_count']) or '?'}, line {frame['line']}: {frame['text'].strip()}"
        for frame in failure["frames"]
    ]
    here = [its for its in failure["frames"] if its["execution_count"] == run.execution_count]
    title = f"{failure['name']}, line {here[-1]['line']}" if here else str(failure["name"])
    given = ", ".join(f"{name} = {value}" for name, value in failure.get("arguments", {}).items())
    called = [f"with {given}"] if given else []
    text = "\n".join([*lines, *called, f"{failure['name']}: {failure['message']}"])
    return Evidence(f"run:{run.id}", "traceback", title, text[-LONGEST:])


def _tail(run: Run) -> str:
    text = "".join(map(_text_of, run.outputs))
    return "\n".join(text.rstrip().split("\n")[-TAIL:])[-LONGEST:].strip("\n")


def _text_of(output: Mapping[str, Any]) -> str:
    """What was printed, or a value as text; "" for anything richer."""
    result = output.get("output_type") == "execute_result"
    text = output.get("data", {}).get("text/plain", "") if result else output.get("text", "")
    return text if isinstance(text, str) else "".join(text)


def _upstream(snapshot: Snapshot, cell_id: str, *, telling: bool) -> list[Evidence]:
    """The cells that this one leans on: where something failed, the cause may stand in one of them."""
    leaned = upstream(snapshot.pieces, cell_id)
    found = []
    for number, piece in enumerate(snapshot.pieces, 1):
        if piece.id in leaned and piece.source.strip():
            name = title_of(piece.source)
            title = f"cell {number}, {name}" if name else f"cell {number}"
            key = f"cell:{snapshot.versions[piece.id].id}"
            found.append(Evidence(key, "upstream", title, piece.source[:LONGEST], telling=telling))
    return found
