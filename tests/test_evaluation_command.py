"""The command line of evaluations, as far as no model is needed."""

import json
import string
import subprocess
import sys
from pathlib import Path

import pytest

from app.evaluation.__main__ import main
from app.evaluation.command import seed_of
from app.evaluation.rows import Rows, read
from app.ui import results

RUN = {"benchmark": "humaneval", "model": "tiny", "mode": "plain", "commit": "0123", "command": "c"}
COST = {"samples": 1, "tokens_in": 10, "tokens_out": 20, "seconds": 0.5}


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    rows = Rows(tmp_path / "run.jsonl", RUN)
    for number in range(4):
        rows.add({"key": f"t/{number}", "task_id": str(number), "passed": number > 0, **COST})
    return rows.path


def test_figures_are_made_again_from_a_file(samples: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["summary", str(samples)]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["pass@1"]["value"] == 0.75
    assert figures["budget"] == {"samples": 4, "tokens_in": 40, "tokens_out": 80, "seconds": 2.0}


def test_what_is_stored_is_what_the_results_page_finds(samples: Path, tmp_path: Path) -> None:
    told = {"run": RUN, "complete": True, "figures": {"pass@1": {"value": 0.75}}}
    samples.with_suffix(".summary.json").write_text(json.dumps(told))
    assert main(["store", str(samples), "--folder", str(tmp_path / "kept")]) == 0
    assert read(tmp_path / "kept" / "run.jsonl.gz") == read(samples)
    assert results.stored(tmp_path / "kept")["run"].figures == told["figures"]


def test_what_is_stored_does_not_tell_where_python_lies(samples: Path, tmp_path: Path) -> None:
    Rows(samples, RUN).add({"key": "t/9", "error": f"cannot import name 'sum' ({string.__file__})"})
    samples.with_suffix(".summary.json").write_text("{}")
    assert main(["store", str(samples), "--folder", str(tmp_path / "kept")]) == 0
    _, rows = read(tmp_path / "kept" / "run.jsonl.gz")
    assert rows[-1]["error"] == "cannot import name 'sum' (string.py)"


def test_what_cannot_be_stored_is_named(samples: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["store", str(samples)]) == 1
    assert "run.summary.json" in capsys.readouterr().err


def test_data_that_are_not_there_end_the_command_with_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.jsonl"
    assert main(["humaneval", "--data", str(tmp_path / "no"), "--model", "x", "--out", str(out)]) == 1
    assert "--data hub" in capsys.readouterr().err
    assert not out.exists()


def test_a_folder_without_dialogues_ends_the_command_with_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--data", str(tmp_path), "--model", "x", "--out", str(tmp_path / "out.jsonl")]
    assert main(["dialogues", *arguments]) == 1
    assert "holds no dialogue" in capsys.readouterr().err


@pytest.mark.parametrize("benchmark", ["humaneval", "mtpb", "dialogues", "safety"])
def test_a_run_without_samples_has_no_figures_yet(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], benchmark: str
) -> None:
    rows = Rows(tmp_path / "run.jsonl", {**RUN, "benchmark": benchmark})
    assert main(["summary", str(rows.path)]) == 0
    assert json.loads(capsys.readouterr().out) == {"budget": dict.fromkeys(COST, 0)}


def test_each_process_can_be_given_its_gpu_before_pytorch_looks_for_them() -> None:
    asked = "import sys, app.evaluation.__main__; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0


def test_seeds_belong_to_samples_and_not_to_the_order_of_work() -> None:
    assert seed_of(0, "a", 1) == seed_of(0, "a", 1)
    assert len({seed_of(seed, name, number) for seed in (0, 1) for name in "ab" for number in (0, 1)}) == 8
