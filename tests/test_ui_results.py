"""The results page: stored evaluations beside published figures, without scripts, with links to what they come from."""

import json
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app.ui import results

FIGURE = {"value": 0.5, "low": 0.42, "high": 0.58}
RUN = {
    "benchmark": "humaneval",
    "mode": "plain",
    "model": "qwen2.5-coder-0.5b-instruct",
    "quantisation": "int8",
    "sampling": {"temperature": 0.0},
    "commit": "0123456789ab",
    "command": "python -m app.evaluation humaneval --data <x>",
    "machine": "2 cores",
    "started": "2026-11-25T00:00:00+00:00",
}
BUDGET = {"samples": 164, "tokens_in": 30_000, "tokens_out": 40_000, "seconds": 7200.0}


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    return TestClient(Starlette(routes=results.routes(tmp_path)))


def keep(folder: Path, stem: str, run: dict[str, Any], figures: dict[str, Any], *, complete: bool = True) -> None:
    told = {"run": {**RUN, **run}, "complete": complete, "figures": {**figures, "budget": BUDGET}}
    (folder / f"{stem}.summary.json").write_text(json.dumps(told))
    (folder / f"{stem}.jsonl.gz").write_bytes(b"packed")


def test_our_figures_stand_among_the_published_ones_in_order(client: TestClient, tmp_path: Path) -> None:
    keep(tmp_path, "plain", {}, {"pass@1": FIGURE})
    text = client.get("/results").text
    places = [text.index(name) for name in ("GPT-4", "qwen2.5-coder-0.5b-instruct", "code-davinci-002<", "Codex 12B")]
    assert places == sorted(places)
    assert "50.0 %" in text
    assert "42.0 to 58.0" in text
    assert "https://arxiv.org/abs/2303.08774" in text


def test_each_of_our_figures_names_command_commit_machine_and_budget(client: TestClient, tmp_path: Path) -> None:
    keep(tmp_path, "plain", {}, {"pass@1": FIGURE})
    text = client.get("/results").text
    assert "--data &lt;x&gt;" in text
    for words in ("0123456789ab", "2 cores", "greedy, int8", "164 answers", "40,000 written", "2.0 hours"):
        assert words in text
    assert 'href="results/plain.jsonl.gz"' in text
    assert client.get("/results/plain.jsonl.gz").content == b"packed"


def test_a_run_that_is_not_finished_says_so(client: TestClient, tmp_path: Path) -> None:
    keep(tmp_path, "plain", {"mode": "evidence", "way": {"candidates": 8}}, {"pass@1": FIGURE}, complete=False)
    assert "evidence, 8 candidates, int8, not finished" in client.get("/results").text


def test_a_run_over_a_part_of_the_problems_says_so(client: TestClient, tmp_path: Path) -> None:
    keep(tmp_path, "plain", {"limit": 24}, {"pass@1": FIGURE})
    assert "greedy, int8, first 24 problems only" in client.get("/results").text


def test_variants_and_parts_of_a_figure_are_lines(client: TestClient, tmp_path: Path) -> None:
    figures = {"pass rate": FIGURE, "by turns": {"4": {"problems": 26, **FIGURE}}}
    keep(tmp_path, "mtpb", {"benchmark": "mtpb", "style": "chat"}, figures)
    keep(tmp_path, "safety", {"benchmark": "safety"}, {"insecure, before": FIGURE, "insecure, after": FIGURE})
    text = client.get("/results").text
    assert "26 problems" in text
    assert "by turns" in text
    assert "greedy, int8, before" in text
    assert "Less is better" in text


def test_the_page_allows_nothing_but_its_style(client: TestClient, tmp_path: Path) -> None:
    keep(tmp_path, "plain", {"model": "<script>alert(1)</script>"}, {"pass@1": FIGURE})
    answer = client.get("/results")
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert "<script" not in answer.text
    assert "style=" not in answer.text


def test_without_evaluations_the_page_says_how_to_make_them(client: TestClient, tmp_path: Path) -> None:
    (tmp_path / "broken.summary.json").write_text("{")
    assert "python -m app.evaluation" in client.get("/results").text


@pytest.mark.parametrize("name", ["plain.summary.json", "other.jsonl.gz", "..%2Fsecret.jsonl.gz", "secret.txt"])
def test_only_raw_samples_are_served(client: TestClient, tmp_path: Path, name: str) -> None:
    keep(tmp_path, "plain", {}, {"pass@1": FIGURE})
    (tmp_path.parent / "secret.jsonl.gz").write_bytes(b"secret")
    (tmp_path / "secret.txt").write_text("secret")
    answer = client.get(f"/results/{name}")
    assert answer.status_code == 404
    assert b"secret" not in answer.content


def test_the_stored_evaluations_of_the_project_can_be_read() -> None:
    folder = Path(__file__).parent.parent / "benchmarks" / "results"
    kept = sorted(path.name.removesuffix(results.ENDING) for path in folder.glob(f"*{results.ENDING}"))
    assert sorted(results.stored(folder)) == kept
    assert all((folder / f"{stem}.jsonl.gz").is_file() for stem in kept)
