"""The candidates of a turn side by side, until a person has chosen one."""

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.session.checks import Verdict
from app.session.ranking import Contender, question, votes_of
from app.session.snapshot import Snapshot
from app.session.tested import weight_of
from storage.records import Candidate, CellTest


@dataclass(frozen=True)
class Column:
    """One candidate; the best is A.

    Attributes:
        votes: how many samples were this code.
    """

    letter: str
    candidate: Candidate
    votes: int = 1


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
    answered = [(number, turn) for number, turn in enumerate(snapshot.turns, 1) if turn.cell_id == cell_id]
    writers = [(number, turn) for number, turn in answered if not snapshot.unchanged(turn)]
    if not writers:
        return None
    number, turn = writers[-1]
    all_of_it = snapshot.candidates.get(turn.id, ())
    ranked = sorted((its for its in all_of_it if its.rank is not None), key=lambda its: its.rank or 0)
    chosen = any(its.version_id is not None for its in ranked)
    if not ranked or chosen or snapshot.versions[cell_id].turn_id != turn.id:
        return None
    tests = [state.test for state in snapshot.tested[cell_id].states] if cell_id in snapshot.tested else []
    sources = [its.source for its in all_of_it]
    columns = [
        Column(letter, its, votes_of(its.source, sources))
        for letter, its in zip(string.ascii_uppercase, ranked, strict=False)
    ]
    return _compared(number, columns, len(all_of_it) - len(ranked), tests)


def contenders(columns: Sequence[Column], tests: Sequence[CellTest]) -> tuple[list[Contender], list[CellTest]]:
    """The candidates with their verdicts on those tests that all of them were judged on."""
    them = [column.candidate for column in columns]
    common = [test for test in tests if all(test.id in its.verdicts for its in them)]
    verdicts = [[verdict_of(its.verdicts[test.id]) for test in common] for its in them]
    return [
        Contender(its.candidate.source, each, its.votes) for its, each in zip(columns, verdicts, strict=True)
    ], common


def verdict_of(stored: Mapping[str, Any]) -> Verdict:
    """A verdict as a candidate keeps it."""
    return Verdict(passed=bool(stored["passed"]), actual=str(stored["actual"]), detail=str(stored["detail"]))


def _compared(number: int, columns: Sequence[Column], dropped: int, tests: Sequence[CellTest]) -> Comparison:
    them, common = contenders(columns, tests)
    asked = question(them, [weight_of(test) for test in common])
    if asked is None:
        return Comparison(number, columns, dropped, None)
    options = [
        {"letter": columns[place].letter, "actual": them[place].verdicts[asked.test].actual} for place in asked.answers
    ]
    return Comparison(number, columns, dropped, Asked(common[asked.test].id, options))
