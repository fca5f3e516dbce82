"""MTPB: turns in order, each on top of the ones before, and the paper's comparison of what is printed last."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.evaluation.data import Data, parse
from app.evaluation.errors import DataDamaged
from app.evaluation.harness import Harness
from app.evaluation.judge import Judge
from app.evaluation.mtpb import LIMITS, PRELOAD, Form, Item, Mtpb, Problem, same, summary, with_print
from app.evaluation.rows import Rows, read
from app.runner import Kernels
from model.scripted import ScriptedEngine

LINE = """{"prompts": ["Assign {A} to \\"numbers\\".", "Drop what is below {limit}.", "Print the sum."],
 "inputs": [{"A": "[1, 5, 9]", "limit": 4}, {"A": "[1, 2]", "limit": 3}], "outputs": [14, 0],
 "max_gen_length": 128, "category": "array", "name": "Sum of the large", "description": "", "id": "1"}"""
PROBLEM = Problem.model_validate_json(LINE)


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    with Judge(LIMITS, workers=1, preload=PRELOAD) as it:
        yield it


def made(judge: Judge, path: Path, form: Form, engine: ScriptedEngine, cases: int) -> list[dict[str, Any]]:
    bench = Mtpb(judge, {"temperature": 0.0}, form)
    items = [Item(PROBLEM, case, 0, seed=case) for case in range(cases)]
    with Harness(engine, 1, Kernels(spare=0, check=False)) as harness:
        harness.run(items, bench.attempt, Rows(path, {"benchmark": "mtpb"}), show=False)
    return read(path)[1]


def fenced(*codes: str) -> list[str]:
    return [f"```python\n{code}\n```\nDone." for code in codes]


def test_each_turn_writes_on_top_of_the_ones_before(judge: Judge, tmp_path: Path) -> None:
    kept = "numbers = [n for n in numbers if n >= {}]"
    replies = fenced(
        "numbers = [1, 5, 9]", kept.format(4), "sum(numbers)", "numbers = [1, 2]", kept.format(3), "print(1)"
    )
    engine = ScriptedEngine(replies, model_id="smollm2-135m-instruct")
    first, second = made(judge, tmp_path / "run.jsonl", "turns", engine, 2)
    assert (first["passed"], first["turns"], first["samples"]) == (True, 3, 3)
    assert first["code"].startswith("import numpy as np\n\n\nnumbers = [1, 5, 9]")
    assert (second["passed"], second["error"]) == (False, "It printed 1, not 0.")
    assert "Drop what is below 3." in engine.prompts[4].text
    assert "numbers" in engine.prompts[2].text.replace("Assign", "")


def test_joined_turns_are_one_request(judge: Judge, tmp_path: Path) -> None:
    engine = ScriptedEngine(fenced("print(sum(n for n in [1, 5, 9] if n >= 4))"), model_id="smollm2-135m-instruct")
    (row,) = made(judge, tmp_path / "run.jsonl", "joined", engine, 1)
    assert (row["passed"], row["samples"]) == (True, 1)
    assert 'Assign [1, 5, 9] to "numbers".\nDrop what is below 4.\nPrint the sum.' in engine.prompts[0].text


def test_the_codegen_style_continues_the_program(judge: Judge, tmp_path: Path) -> None:
    replies = ["numbers = [1, 5, 9]\n", "numbers = [n for n in numbers if n >= 4]\n", "print(sum(numbers))\n"]
    engine = ScriptedEngine(replies, model_id="smollm2-135m-instruct", prompt_style="codegen")
    (row,) = made(judge, tmp_path / "run.jsonl", "turns", engine, 1)
    assert row["passed"]
    assert engine.prompts[1].text.endswith(
        '# Assign [1, 5, 9] to "numbers".\nnumbers = [1, 5, 9]\n\n# Drop what is below 4.\n'
    )


@pytest.mark.parametrize(
    ("program", "printed"),
    [
        ("x = 1\nx + 1", "x = 1\nprint(x + 1)"),
        ("x = 1", "x = print(1)"),
        ("print(1)", "print(1)"),
        ("printed(1)", "printed(1)"),
        ("for x in y:\n    x", "for x in y:\n    x"),
        ("no python", "no python"),
        ("", ""),
    ],
)
def test_a_last_value_that_is_not_printed_is(program: str, printed: str) -> None:
    assert with_print(program) == printed


@pytest.mark.parametrize(
    ("program", "expected", "passed"),
    [
        ("print('a')\nprint('b')", "b", True),
        ("print('b', 'c')", "b", True),
        ("print(3)", "3", True),
        ("print('3')", 3, True),
        ("print('False')", False, True),
        ("print(0)", False, False),
        ("print(0.1 + 0.2)", 0.3, True),
        ("print(1)", 1.0, True),
        ("print((1, 2))", [1, 2], True),
        ("print([(1, 2)])", [[1, 2]], True),
        ("import numpy as np\nprint(np.arange(3))", [0, 1, 2], True),
        ("import numpy as np\nnp.float64(2.5)", 2.5, True),
        ("import pandas as pd\npd.Series([1.0, 2.0])", [1, 2], True),
        ("print('before')\n1 / 0", "before", True),
        ("x = 1\nif x: pass", 1, False),
        ("print({'a': 1})", {"a": 1}, False),
        ("print(None)", None, False),
        ("class Any(int):\n    __eq__ = lambda self, other: True\nprint(Any(3))", 4, False),
        ("print(4)\nraise SystemExit(0)", 4, False),
        ("while True: print(4)", 4, False),
    ],
)
def test_what_is_printed_last_is_compared_as_in_the_paper(
    judge: Judge, program: str, expected: object, *, passed: bool
) -> None:
    assert Mtpb(judge, {}, "turns").verdict(program, expected).passed is passed


def test_values_of_other_types_are_never_the_same() -> None:
    assert not same({"value": "1"}, 1)
    assert not same({"array": True, "value": ["a"]}, [1.0])


def test_a_summary_tells_turns_and_categories_apart() -> None:
    rows = [
        {"task_id": task, "passed": passed, "turns": turns, "category": category}
        for task, passed, turns, category in [
            ("1", True, 3, "math"),
            ("1", False, 3, "math"),
            ("2", True, 4, "string"),
        ]
    ]
    figures = summary(rows)
    assert figures["pass rate"]["value"] == 0.75
    assert {key: group["value"] for key, group in figures["by turns"].items()} == {"3": 0.5, "4": 1.0}
    assert {key: group["problems"] for key, group in figures["by category"].items()} == {"math": 1, "string": 1}


def test_a_slot_without_a_value_is_named() -> None:
    line = LINE.replace('"limit": 3', '"border": 3').replace("\n", "")
    with pytest.raises(DataDamaged, match=r"(?s)Line 1 of a\.jsonl.*problem 1 has no value for the slot 'limit'"):
        parse(Data("a.jsonl", line.encode()), Problem)
