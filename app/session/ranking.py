"""Which of several answers to one request is the best, as far as running them tells.

Binding tests decide first: the pinned ones and the examples of the request. Among those that hold as many of them, one
that reads all of its arguments comes before one that does not, and may have copied what an example returns. Then dual
execution agreement decides: answers that come to the same on all other tests form a group, and a group scores its size
times the claims it holds (Chen et al., CodeT, ICLR 2023, arXiv 2207.10397). Then the larger group, the code that came
more often, the shorter code, the earlier one. What does not parse comes last.

Where tests leave several answers, they are run on more inputs (`probes`). Calls on which they differ become tests that
ask: they split the groups and speak for none, and they are what a person can be asked about.
"""

import ast
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from app.session.checks import Check, Verdict, problem
from app.session.lineage import tree_of, unread

# Of a test: it binds, somebody claims it, or it asks as answers differ on it.
Weight = Literal["binds", "claims", "asks"]

MOST_DISAGREEMENTS = 4
MOST_ANSWERS = 4  # that a question names


@dataclass(frozen=True)
class Contender:
    """One answer with its verdicts, one a test, in the order of the tests.

    Attributes:
        votes: how many samples were this code.
    """

    source: str
    verdicts: Sequence[Verdict]
    votes: int = 1


@dataclass(frozen=True)
class Question:
    """An input on which the best answers differ while no binding test decides.

    Attributes:
        test: place of the test whose call they differ on.
        answers: places of the answers that stand for what can be chosen, the best first.
    """

    test: int
    answers: Sequence[int]


def distinct(sources: Sequence[str]) -> list[int]:
    """Places of the sources that differ in their syntax tree from all before them; empty ones are left out."""
    seen: dict[str, int] = {}
    for place, source in enumerate(sources):
        if source.strip():
            seen.setdefault(_shape(source), place)
    return sorted(seen.values())


def votes_of(source: str, sources: Sequence[str]) -> int:
    """How many of the sources have its syntax tree."""
    shape = _shape(source)
    return sum(_shape(its) == shape for its in sources)


def _shape(source: str) -> str:
    tree = tree_of(source)
    try:
        return source if tree is None else ast.dump(tree)
    except RecursionError:  # what nests as deeply as Python just parses
        return source


def rank(contenders: Sequence[Contender], weights: Sequence[Weight]) -> list[int]:
    """Places of the contenders, the best first.

    Args:
        contenders: the answers.
        weights: of the tests.
    """
    groups = [_behaviour(its, weights) for its in contenders]
    sizes: Counter[tuple[str, ...]] = Counter()
    for contender, group in zip(contenders, groups, strict=True):
        sizes[group] += contender.votes

    def worth(place: int) -> tuple[int, ...]:
        its, size = contenders[place], sizes[groups[place]]
        held, claims = _held(its, weights, "binds"), _held(its, weights, "claims")
        unparsed = tree_of(its.source) is None
        return unparsed, -held, unread(its.source), -size * claims, -size, -its.votes, len(its.source), place

    return sorted(range(len(contenders)), key=worth)


def leading(contenders: Sequence[Contender], weights: Sequence[Weight]) -> list[int]:
    """Places of those that hold as many binding tests as any, in their order."""
    held = [_held(its, weights, "binds") for its in contenders]
    return [place for place, its in enumerate(held) if its == max(held)]


def disagreements(calls: Sequence[str], results: Sequence[Sequence[str]], votes: Sequence[int]) -> list[Check]:
    """The calls that tell answers apart, each with what most of them return: the one that divides most comes first.

    Args:
        calls: what was called.
        results: of each answer, one a call; "" where there is none.
        votes: of each answer.
    """
    found: list[Check] = []
    together = [frozenset(range(len(results)))]
    while len(found) < MOST_DISAGREEMENTS:
        divided = {place: _divided(together, [its[place] for its in results]) for place in range(len(calls))}
        best = max(divided, key=lambda place: len(divided[place]), default=None)
        if best is None or len(divided[best]) == len(together):
            break
        together = divided[best]
        tally: Counter[str] = Counter()
        for its, count in zip(results, votes, strict=True):
            tally[its[best]] += count
        if check := _readable(calls[best], tally):
            found.append(check)
    return found


def _divided(groups: Sequence[frozenset[int]], results: Sequence[str]) -> list[frozenset[int]]:
    values = dict.fromkeys(results)
    parts = (frozenset(place for place in group if results[place] == value) for group in groups for value in values)
    return [part for part in parts if part]


def _readable(call: str, tally: Counter[str]) -> Check | None:
    """The call with the most frequent result that can be expected of a test."""
    them = (Check(call, result) for result, _ in tally.most_common() if result)
    return next((check for check in them if not problem(check)), None)


def full_pass(contender: Contender) -> bool:
    """Whether it holds every test, and there is one."""
    return bool(contender.verdicts) and all(verdict.passed for verdict in contender.verdicts)


def question(contenders: Sequence[Contender], weights: Sequence[Weight]) -> Question | None:
    """What to ask of the person: the first test that binds nobody on which the best answers came to different values.

    The best answers are those that hold as many binding tests as the best one.
    """
    front = set(leading(contenders, weights)) if contenders else set()
    best = [place for place in rank(contenders, weights) if place in front]
    for test, weight in enumerate(weights):
        first: dict[str, int] = {}  # what was come to, and the best answer that did
        for place in best:
            first.setdefault(contenders[place].verdicts[test].actual, place)
        first.pop("", None)
        if weight != "binds" and len(first) > 1:
            return Question(test, [*first.values()][:MOST_ANSWERS])
    return None


def _held(contender: Contender, weights: Sequence[Weight], weight: Weight) -> int:
    """How many tests of this weight it holds."""
    return sum(verdict.passed for verdict, its in zip(contender.verdicts, weights, strict=True) if its == weight)


def _behaviour(contender: Contender, weights: Sequence[Weight]) -> tuple[str, ...]:
    """What it comes to on every test that does not bind."""
    return tuple(its.actual for its, weight in zip(contender.verdicts, weights, strict=True) if weight != "binds")
