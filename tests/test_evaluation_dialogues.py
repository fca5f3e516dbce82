"""Dialogues: what each turn gains and breaks, told by hidden checks that no prompt holds."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.evaluation import judge
from app.evaluation.dialogue import Dialogue, read
from app.evaluation.dialogues import Dialogues, Item, summary
from app.evaluation.harness import Harness
from app.evaluation.rows import Rows
from app.evaluation.rows import read as read_rows
from app.runner import Kernels
from app.runner.oneshot import OneShot
from model.scripted import ScriptedEngine

SORT = read(Path(__file__).parent / "dialogues" / "sort-a-list.toml")
WRONG = "def sort_list(items):\n    return items"


@pytest.fixture(scope="module")
def runner() -> Iterator[OneShot]:
    runner = OneShot(judge.LIMITS, workers=1)
    yield runner
    runner.close()


def held(runner: OneShot, path: Path, dialogue: Dialogue, replies: list[str]) -> dict[str, Any]:
    engine = ScriptedEngine([f"```python\n{code}\n```\nDone." for code in replies], model_id="smollm2-135m-instruct")
    with Harness(engine, 1, Kernels(spare=0, check=False)) as harness:
        bench = Dialogues(runner, {"temperature": 0.0})
        harness.run([Item(dialogue, 0, seed=1)], bench.attempt, Rows(path, {"benchmark": "dialogues"}), show=False)
    assert all(check.call not in prompt.text for prompt in engine.prompts for check in dialogue.in_force(1))
    (row,) = read_rows(path)[1]
    return row


def test_a_dialogue_answered_as_its_references_passes(runner: OneShot, tmp_path: Path) -> None:
    row = held(runner, tmp_path / "a.jsonl", SORT, [turn.reference.strip() for turn in SORT.turns])
    assert row["passed"]
    assert [turn["passed"] for turn in row["turns"]] == [True, True, True]
    assert not any(turn["broke"] for turn in row["turns"])


def test_what_a_turn_breaks_is_named(runner: OneShot, tmp_path: Path) -> None:
    first, second, _ = (turn.reference.strip() for turn in SORT.turns)
    row = held(runner, tmp_path / "a.jsonl", SORT, [first, second, WRONG])
    assert [turn["passed"] for turn in row["turns"]] == [True, True, False]
    kept = [check.call for check in SORT.turns[1].checks]
    assert row["turns"][2]["broke"] == kept
    figures = summary([row])
    assert figures["turns passed"]["value"] == pytest.approx(2 / 3)
    assert figures["turns that broke an earlier check"]["value"] == pytest.approx(1 / 3)
    assert figures["dialogues passed"]["value"] == 0


def test_a_dialogue_without_code_passes_nothing(runner: OneShot, tmp_path: Path) -> None:
    row = held(runner, tmp_path / "a.jsonl", SORT, ["", "", ""])
    assert not any(turn["passed"] for turn in row["turns"])
