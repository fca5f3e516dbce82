"""HumanEval (Chen et al., 2021): 164 functions to write from their signature and docstring, judged by hidden tests."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict

from app.evaluation.booth import Booth
from app.evaluation.data import Source
from app.evaluation.estimate import bootstrap, pass_at_k
from app.evaluation.judge import Judge, Verdict
from app.evaluation.rows import Row

REQUEST = "Complete this function:\n```python\n{prompt}\n```"
KS = (1, 10, 100)
OFFICIAL = Source(
    "https://raw.githubusercontent.com/openai/human-eval/6d43fb980f9fee3c892a914eda09951f772ad10d/data/HumanEval.jsonl.gz",
    "b796127e635a67f93fb35c04f4cb03cf06f38c8072ee7cee8833d7bee06979ef",
)


class Problem(BaseModel):
    """One problem, as its line in the official file has it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    task_id: str
    prompt: str
    entry_point: str
    canonical_solution: str
    test: str


@dataclass(frozen=True)
class Item:
    """One sample of a problem that is to be made.

    Attributes:
        sample: its number, from 0.
        seed: of its sampling.
    """

    problem: Problem
    sample: int
    seed: int

    @property
    def key(self) -> str:
        """What tells it from the other samples of a run."""
        return f"{self.problem.task_id}/{self.sample}"


class HumanEval:
    """Makes and judges samples.

    Args:
        judge: gives the verdicts.
        sampling: settings of the sessions, as the page would set them.
    """

    def __init__(self, judge: Judge, sampling: Mapping[str, float | int | None]) -> None:
        self._judge = judge
        self._sampling = dict(sampling)

    def attempt(self, booth: Booth, item: Item) -> Row:
        """Ask for the function in a new session, and judge the code that came to stand in its cell."""
        problem = item.problem
        session = booth.session({**self._sampling, "seed": item.seed})
        answer = booth.ask(session, REQUEST.format(prompt=problem.prompt.strip()), "new")
        verdict = self.verdict(problem, answer.code)
        return {
            "key": item.key,
            "task_id": problem.task_id,
            "sample": item.sample,
            "seed": item.seed,
            "passed": verdict.passed,
            "error": verdict.error,
            "code": answer.code,
            **asdict(answer.cost),
            "exchanges": [asdict(exchange) for exchange in answer.exchanges],
        }

    def verdict(self, problem: Problem, code: str) -> Verdict:
        """The verdict on a cell's code.

        The prompt stands before it, as it does for a completion: its imports and helpers are part of the problem.
        """
        return self._judge.check(
            f"{problem.prompt}\n\n{code}\n",
            prompt=problem.prompt,
            test=problem.test,
            entry_point=problem.entry_point,
        )


def summary(rows: Sequence[Row]) -> dict[str, Any]:
    """pass@k with intervals for each k that every problem has samples enough for."""
    verdicts: defaultdict[str, list[bool]] = defaultdict(list)
    for row in rows:
        verdicts[row["task_id"]].append(row["passed"])
    fewest = min((len(each) for each in verdicts.values()), default=0)
    figures = {
        f"pass@{k}": asdict(bootstrap([pass_at_k(len(each), sum(each), k) for each in verdicts.values()]))
        for k in KS
        if k <= fewest
    }
    return {"problems": len(verdicts), "samples": len(rows), "passed": sum(row["passed"] for row in rows), **figures}
