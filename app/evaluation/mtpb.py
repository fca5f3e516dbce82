"""The Multi-Turn Programming Benchmark (Nijkamp et al., CodeGen, ICLR 2023): programs written over several turns.

Every turn is a request in one session and writes a cell of its own, on top of the cells before it. After the last one
all cells are run as one script, and what it prints last is compared as `mtpb_exec.py` of salesforce/CodeGen does.
"""

import ast
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, model_validator

from app.evaluation import judge
from app.evaluation.booth import Booth, together
from app.evaluation.data import Source
from app.evaluation.estimate import bootstrap
from app.evaluation.judge import Judge, Verdict
from app.evaluation.rows import Row

Form = Literal["turns", "joined"]
OFFICIAL = Source("https://raw.githubusercontent.com/salesforce/CodeGen/6f09e49/codegen1/benchmark/mtpb.jsonl")
# What stands before every program there.
GIVEN = "import numpy as np"
CLOSE = 1e-6
# The paper's 20 seconds; importing NumPy and pandas belongs to them.
LIMITS = replace(judge.LIMITS, cpu=20.0, wall=60.0)
PRELOAD = (*judge.PRELOAD, "numpy")
COMPARED = (str, int, set, list, bool, tuple)


class Problem(BaseModel):
    """One problem, as its line in the official file has it.

    Attributes:
        prompts: the turns, with slots such as `{A}`.
        inputs: what fills the slots, one a case.
        outputs: what must be printed last, one a case (problem 57 of the official file has one too many).
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    name: str
    category: str
    prompts: tuple[str, ...]
    inputs: tuple[dict[str, Any], ...]
    outputs: tuple[Any, ...]

    @model_validator(mode="after")
    def _fills_its_slots(self) -> "Problem":
        if len(self.inputs) > len(self.outputs):
            raise ValueError(f"problem {self.id} has {len(self.inputs)} inputs and {len(self.outputs)} outputs")
        for case in range(len(self.inputs)):
            self.turns(case)
        return self

    def turns(self, case: int) -> list[str]:
        """The requests of a case, slots filled."""
        try:
            return [prompt.format(**self.inputs[case]) for prompt in self.prompts]
        except (KeyError, IndexError) as error:
            raise ValueError(f"problem {self.id} has no value for the slot {error}") from error


@dataclass(frozen=True)
class Item:
    """One sample of one case that is to be made; `seed` is of its sampling."""

    problem: Problem
    case: int
    sample: int
    seed: int

    @property
    def key(self) -> str:
        """What tells it from the other samples of a run."""
        return f"mtpb/{self.problem.id}/{self.case}/{self.sample}"


class Mtpb:
    """Makes and judges samples.

    Args:
        referee: runs the programs.
        sampling: settings of the sessions, as the page would set them.
        form: one request a turn, or all turns joined to one request.
    """

    def __init__(self, referee: Judge, sampling: Mapping[str, float | int | None], form: Form) -> None:
        self._judge = referee
        self._sampling = dict(sampling)
        self._form = form

    def attempt(self, booth: Booth, item: Item) -> Row:
        """Ask turn by turn, run what came of it, and compare."""
        session = booth.session({**self._sampling, "seed": item.seed})
        booth.write(session, GIVEN)
        turns = item.problem.turns(item.case)
        requests = turns if self._form == "turns" else ["\n".join(turns)]
        answers = [booth.ask(session, request, "new") for request in requests]
        program, expected = answers[-1].program, item.problem.outputs[item.case]
        verdict = self.verdict(program, expected)
        return {
            "key": item.key,
            "task_id": item.problem.id,
            "case": item.case,
            "sample": item.sample,
            "category": item.problem.category,
            "turns": len(turns),
            "seed": item.seed,
            "passed": verdict.passed,
            "error": verdict.error,
            "code": program,
            **asdict(together(answer.cost for answer in answers)),
            "exchanges": [asdict(exchange) for answer in answers for exchange in answer.exchanges],
        }

    def verdict(self, program: str, expected: object) -> Verdict:
        """Whether the script prints what is expected, last."""
        shown, error = self._judge.printed(with_print(program), type(expected).__name__)
        if shown is None:
            return Verdict(passed=False, error=error)
        if same(shown, expected):
            return Verdict(passed=True)
        return Verdict(passed=False, error=f"It printed {shown['value']!r}, not {expected!r}."[:500])


def with_print(program: str) -> str:
    """The program with its last statement's value printed, unless that statement is a print already."""
    try:
        tree = ast.parse(program)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return program
    last: Any = tree.body[-1] if tree.body else None
    value = getattr(last, "value", None)
    if not isinstance(value, ast.expr) or _is_print(value):
        return program
    last.value = ast.Call(ast.Name("print", ast.Load()), [value], [])
    return ast.unparse(ast.fix_missing_locations(tree))


def _is_print(value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id.startswith("print")


def same(shown: Mapping[str, Any], expected: object) -> bool:
    """Whether what was printed is what is expected, as the paper's code decides.

    What was printed was turned into the expected type already. Dictionaries and None are not compared there: such
    cases count as failed.
    """
    value = shown["value"]
    if shown.get("array"):
        try:
            return bool(np.allclose(value, np.array(expected)))
        except (TypeError, ValueError):
            return False
    if isinstance(expected, bool) and isinstance(value, str):
        return value == str(expected)
    if isinstance(expected, float):
        return isinstance(value, float) and abs(value - expected) < CLOSE
    return type(expected) in COMPARED and type(value) is type(expected) and bool(value == expected)


def summary(rows: Sequence[Row]) -> dict[str, Any]:
    """The pass rate: over the cases of a problem, then over problems; overall, by number of turns and by category."""
    return {
        "problems": len({row["task_id"] for row in rows}),
        "samples": len(rows),
        "passed": sum(row["passed"] for row in rows),
        "pass rate": _rate(rows),
        "by turns": _by(rows, lambda row: str(row["turns"])),
        "by category": _by(rows, lambda row: str(row["category"])),
    }


def _rate(rows: Sequence[Row]) -> dict[str, float]:
    problems: defaultdict[str, list[bool]] = defaultdict(list)
    for row in rows:
        problems[row["task_id"]].append(row["passed"])
    return asdict(bootstrap([sum(each) / len(each) for each in problems.values()]))


def _by(rows: Sequence[Row], name: Callable[[Row], str]) -> dict[str, dict[str, Any]]:
    groups: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[name(row)].append(row)
    return {
        key: {"problems": len({row["task_id"] for row in groups[key]}), **_rate(groups[key])} for key in sorted(groups)
    }
