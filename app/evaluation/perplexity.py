"""Perplexity of the requests of MTPB: how surprised the model is by what it is asked, in the prompts it was asked with.

As in Nijkamp et al. 2023, section 4.3: the exponential of the mean negative logarithm of the probability of a
request's tokens, each given all that stands before it in the prompt, over all turns of a case.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Protocol

from app.evaluation.errors import ResultsDamaged
from app.evaluation.estimate import bootstrap
from app.evaluation.mtpb import Problem
from app.evaluation.rows import Row

CASE = 0  # of each problem: the cases differ in the values that they name, and in little else


class Reader(Protocol):
    """A model that tells how likely it finds a text."""

    def likelihood(self, before: str, text: str) -> tuple[float, int]:
        """The logarithm of the probability of `text` behind `before`, and its tokens."""


def counted(rows: Sequence[Row]) -> list[Row]:
    """The rows that count: the first sample of one case of each problem."""
    return [row for row in rows if row["case"] == CASE and row["sample"] == 0]


def perplexity(reader: Reader, row: Row, problems: Mapping[str, Problem]) -> float:
    """The perplexity of a case's requests.

    Raises:
        ResultsDamaged: a prompt of the row does not hold its request, as when the data are of another benchmark.
    """
    total, count = 0.0, 0
    for prompt, request in zip(_prompts(row), _requests(row, problems), strict=True):
        start, stop = _place(row, prompt, request)
        likelihood, tokens = reader.likelihood(prompt[:start], prompt[start:stop])
        total, count = total + likelihood, count + tokens
    return math.exp(-total / count)


def summary(rows: Sequence[Row], values: Sequence[float]) -> dict[str, Any]:
    """Means over cases: of all, of those that passed, of those that failed."""
    groups = {
        "all": list(values),
        "passed": [value for row, value in zip(rows, values, strict=True) if row["passed"]],
        "failed": [value for row, value in zip(rows, values, strict=True) if not row["passed"]],
    }
    return {name: {"cases": len(them), **asdict(bootstrap(them))} for name, them in groups.items() if them}


def _prompts(row: Row) -> list[str]:
    return [exchange["prompt"] for exchange in row["exchanges"]]


def _requests(row: Row, problems: Mapping[str, Problem]) -> list[str]:
    problem = problems.get(row["task_id"])
    if problem is None:
        raise ResultsDamaged(f"The data have no problem {row['task_id']}. Give the file that the run was made with.")
    turns = problem.turns(row["case"])
    return turns if len(row["exchanges"]) == len(turns) else ["\n".join(turns)]


def _place(row: Row, prompt: str, request: str) -> tuple[int, int]:
    """Where the request stands: from its first line to its last, whatever the layout puts before each."""
    lines = [line.strip() for line in request.strip().splitlines()]
    stop = prompt.rfind(lines[-1])
    start = prompt.rfind(lines[0], 0, stop + len(lines[0]))
    if start < 0 or stop < 0:
        raise ResultsDamaged(f"No prompt of {row['key']} holds the request {request!r}.")
    return start, stop + len(lines[-1])
