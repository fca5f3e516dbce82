"""Which of several answers to one request is the best, as far as running them tells.

Binding tests decide first: the pinned ones and the examples of the request. Among those that hold as many of them, dual
execution agreement does: answers that hold the same other tests form a group, and a group scores its size times the
tests it holds (Chen et al., CodeT, ICLR 2023, arXiv 2207.10397). Then the shorter code, then the earlier one.
"""

import ast
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from app.session.checks import UNREADABLE, Verdict


@dataclass(frozen=True)
class Contender:
    """One answer with its verdicts, one a test, in the order of the tests."""

    source: str
    verdicts: Sequence[Verdict]


@dataclass(frozen=True)
class Question:
    """An input on which the two best answers differ while no binding test decides.

    Attributes:
        test: place of the test whose call they differ on.
        first, second: places of the answers that stand for what can be chosen.
    """

    test: int
    first: int
    second: int


def distinct(sources: Sequence[str]) -> list[int]:
    """Places of the sources that differ in their syntax tree from all before them; empty ones are left out."""
    seen: dict[str, int] = {}
    for place, source in enumerate(sources):
        if source.strip():
            seen.setdefault(_shape(source), place)
    return sorted(seen.values())


def _shape(source: str) -> str:
    try:
        return ast.dump(ast.parse(source))
    except UNREADABLE:
        return source


def rank(contenders: Sequence[Contender], binding: Sequence[bool]) -> list[int]:
    """Places of the contenders, the best first.

    Args:
        contenders: the answers.
        binding: for each test, whether a person stands for it: it is pinned, or stands in the request.
    """
    held = [_held(its, binding, wanted=False) for its in contenders]
    sizes = Counter(held)

    def worth(place: int) -> tuple[int, int, int, int]:
        most = len(_held(contenders[place], binding, wanted=True))
        return -most, -sizes[held[place]] * len(held[place]), len(contenders[place].source), place

    return sorted(range(len(contenders)), key=worth)


def full_pass(contender: Contender) -> bool:
    """Whether it holds every test, and there is one."""
    return bool(contender.verdicts) and all(verdict.passed for verdict in contender.verdicts)


def question(contenders: Sequence[Contender], binding: Sequence[bool]) -> Question | None:
    """What to ask of the person: the first test that binds nobody on which the best answers came to different values.

    The best answers are those that hold as many binding tests as the best one.
    """
    if len(contenders) < 2:  # noqa: PLR2004 - a difference needs two
        return None
    order = rank(contenders, binding)
    most = len(_held(contenders[order[0]], binding, wanted=True))
    best = [place for place in order if len(_held(contenders[place], binding, wanted=True)) == most]
    for test, decided in enumerate(binding):
        for other in best[1:]:
            if not decided and _differ(contenders[best[0]].verdicts[test], contenders[other].verdicts[test]):
                return Question(test, best[0], other)
    return None


def _differ(one: Verdict, other: Verdict) -> bool:
    return bool(one.actual and other.actual) and one.actual != other.actual


def _held(contender: Contender, binding: Sequence[bool], *, wanted: bool) -> frozenset[int]:
    """Places of the binding (or of the other) tests that it holds."""
    verdicts = zip(contender.verdicts, binding, strict=True)
    return frozenset(place for place, (verdict, its) in enumerate(verdicts) if its is wanted and verdict.passed)
