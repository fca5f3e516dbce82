"""The candidates of a turn side by side, until a person has chosen one."""

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.session.checks import Verdict
from app.session.ranking import Contender, question
from app.session.snapshot import Snapshot
from app.session.tested import binds
from storage.records import Candidate, CellTest


@dataclass(frozen=True)
class Column:
    """One candidate; the best is A."""

    letter: str
    candidate: Candidate


@dataclass(frozen=True)
class Asked:
    """A test on which the best candidates differ; `options` are a letter and what its candidate came to, for each."""

    test_id: str
    options: Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class Comparison:
    """What a cell is open with while nobody has chosen.

    Attributes:
        turn: its number in the branch shown.
        dropped: how many samples were left out, as they were the same code again or none.
    """

    turn: int
    columns: Sequence[Column]
    dropped: int
    question: Asked | None


def comparison(snapshot: Snapshot, cell_id: str) -> Comparison | None:
    """The comparison that a cell is open with: of the newest turn that wrote it, if it has ranked candidates.

    None once one of them was accepted, or another version came.
    """
    writers = [(number, turn) for number, turn in enumerate(snapshot.turns, 1) if turn.cell_id == cell_id]
    if not writers:
        return None
    number, turn = writers[-1]
    all_of_it = snapshot.candidates.get(turn.id, ())
    ranked = sorted((its for its in all_of_it if its.rank is not None), key=lambda its: its.rank or 0)
    chosen = any(its.version_id is not None for its in ranked)
    if not ranked or chosen or snapshot.versions[cell_id].turn_id != turn.id:
        return None
    tests = [state.test for state in snapshot.tested[cell_id].states] if cell_id in snapshot.tested else []
    return _compared(number, ranked, len(all_of_it) - len(ranked), tests)


def contenders(candidates: Sequence[Candidate], tests: Sequence[CellTest]) -> tuple[list[Contender], list[CellTest]]:
    """The candidates with their verdicts on those tests that all of them were judged on."""
    common = [test for test in tests if all(test.id in its.verdicts for its in candidates)]
    return [Contender(its.source, [verdict_of(its.verdicts[test.id]) for test in common]) for its in candidates], common


def verdict_of(stored: Mapping[str, Any]) -> Verdict:
    """A verdict as a candidate keeps it."""
    return Verdict(passed=bool(stored["passed"]), actual=str(stored["actual"]), detail=str(stored["detail"]))


def _compared(number: int, ranked: Sequence[Candidate], dropped: int, tests: Sequence[CellTest]) -> Comparison:
    them, common = contenders(ranked, tests)
    letters = string.ascii_uppercase
    columns = [Column(letters[place], its) for place, its in enumerate(ranked)]
    asked = question(them, [binds(test) for test in common])
    if asked is None:
        return Comparison(number, columns, dropped, None)
    options = [
        {"letter": letters[place], "actual": them[place].verdicts[asked.test].actual}
        for place in (asked.first, asked.second)
    ]
    return Comparison(number, columns, dropped, Asked(common[asked.test].id, options))
