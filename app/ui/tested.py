"""Tests, candidates and evidence as the page's script takes them; the shapes stand in `editor/src/tested.ts`."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.session import Snapshot, evidence, title_of
from app.session.comparing import Comparison, comparison
from app.session.replaying import basis
from app.session.slots import slots_of
from app.session.tested import State, Tested
from storage.records import Cell, SlotRow, Turn

Json = dict[str, Any]


def panel(snapshot: Snapshot, cell: Cell) -> Json:
    """The tests of a cell, and what is being done about them."""
    tested = snapshot.tested.get(cell.id, Tested())
    work = snapshot.testing.get(cell.id, ())
    return {
        "items": [_test(snapshot, state) for state in tested.states],
        "callable": bool(title_of(snapshot.versions[cell.id].source)),
        "busy": work[0].message if work else "",
        "held": _held(snapshot, tested.broken),
    }


def _test(snapshot: Snapshot, state: State) -> Json:
    its, verdict = state.test, state.verdict
    turns = {turn.id: number for number, turn in enumerate(snapshot.turns, 1)}
    return {
        "id": its.id,
        "number": its.number,
        "call": its.call,
        "expected": its.expected,
        "standing": its.standing,
        "counts": state.counts,
        "origin": its.origin,
        "turn": turns.get(its.turn_id or ""),
        "verdict": {"passed": verdict.passed, "actual": verdict.actual, "detail": verdict.detail} if verdict else None,
        "held": snapshot.numbers.get(state.held) if state.broken and state.held else None,
    }


def _held(snapshot: Snapshot, broken: Sequence[State]) -> Json | None:
    """The newest version on which one of the broken tests held: what there is to go back to."""
    held = [state.held for state in broken if state.held in snapshot.numbers]
    if not held:
        return None
    newest = max(held, key=lambda its: snapshot.numbers[its or ""])
    return {"id": newest, "number": snapshot.numbers[newest or ""]}


def score(snapshot: Snapshot, its: Turn) -> Json | None:
    """What the tests said of the version that a turn wrote, with what it broke."""
    tested = snapshot.tested.get(its.cell_id or "")
    if tested is None or its.version_id is None or its.cell_id is None:
        return None
    if its.version_id == snapshot.versions[its.cell_id].id:
        judged = [state for state in tested.states if state.verdict is not None and state.counts]
        passed, broke = sum(not state.failing for state in judged), [state.test.number for state in tested.broken]
        return {"passed": passed, "of": len(judged), "broke": broke} if judged else None
    passed, of = (tested.scores or {}).get(its.version_id, (0, 0))
    return {"passed": passed, "of": of, "broke": tested.broke.get(its.version_id, [])} if of else None


def pieces(snapshot: Snapshot, cell: Cell) -> list[Json]:
    """The evidence on a cell that goes along with the next request about it; its texts stay on the server."""
    return [
        {"key": it.key, "kind": it.kind, "title": it.title} for it in evidence.of_cell(snapshot, cell.id) if it.telling
    ]


def choosing(snapshot: Snapshot, cell: Cell) -> Json | None:
    """The candidates among which a person has not chosen yet."""
    found = comparison(snapshot, cell.id)
    return None if found is None else _comparison(found)


def _comparison(its: Comparison) -> Json:
    return {
        "turn": its.turn,
        "candidates": [
            {
                "id": each.candidate.id,
                "letter": each.letter,
                "source": each.candidate.source,
                "verdicts": each.candidate.verdicts,
                "seed": each.candidate.sampling.get("seed"),
                "tokens": each.candidate.tokens_out,
                "seconds": each.candidate.seconds,
            }
            for each in its.columns
        ],
        "dropped": its.dropped,
        "question": None if its.question is None else {"test": its.question.test_id, "options": its.question.options},
    }


def replays(snapshot: Snapshot) -> Json:
    """The table of inputs, the slots that it fills, and the replay under way."""
    work = snapshot.testing.get(snapshot.session.id, ())
    named = [name for row in snapshot.rows for name in row.inputs]
    bases = {anew: basis(snapshot, anew=anew) for anew in (False, True)} if snapshot.rows else {}
    return {
        "slots": list(dict.fromkeys([*slots_of([turn.request for turn in snapshot.turns]), *named])),
        "rows": [_row(its, bases) for its in snapshot.rows],
        "busy": work[0].message if work else "",
    }


def _row(its: SlotRow, bases: Mapping[bool, str]) -> Json:
    result = its.result and {
        **{name: its.result[name] for name in ("passed", "actual", "detail", "anew")},
        "current": its.result.get("basis") == bases[its.result["anew"]],
    }
    return {"id": its.id, "inputs": its.inputs, "expected": its.expected, "result": result}
