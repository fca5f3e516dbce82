"""Perplexity of MTPB's requests: real likelihoods of a tiny model, found in the prompts of a run."""

import json
import math
from pathlib import Path

import local_engines
import pytest
import tiny_models
import torch
from test_evaluation_mtpb import LINE, PROBLEM

from app.evaluation import perplexity
from app.evaluation.__main__ import main
from app.evaluation.errors import ResultsDamaged
from app.evaluation.rows import Row, Rows

COST = {"samples": 3, "tokens_in": 1, "tokens_out": 1, "seconds": 1.0}


def row(case: int, prompts: list[str], *, passed: bool = True) -> Row:
    key = f"mtpb/1/{case}/0"
    told = {"key": key, "task_id": "1", "case": case, "sample": 0, "passed": passed, "turns": 3, "category": "array"}
    return {**told, **COST, "exchanges": [{"prompt": prompt} for prompt in prompts]}


def asked(case: int, layout: str) -> list[str]:
    return [layout.format(turn) for turn in PROBLEM.turns(case)]


class Loud:
    """Finds each character of a text equally likely, and remembers what it was given."""

    def __init__(self) -> None:
        self.given: list[tuple[str, str]] = []

    def likelihood(self, before: str, text: str) -> tuple[float, int]:
        self.given.append((before, text))
        return -math.log(8) * len(text), len(text)


def test_a_likelihood_is_that_of_the_whole_text(tmp_path: Path) -> None:
    it = local_engines.engine(tiny_models.llama(tmp_path / "tiny"))
    found, count = it.likelihood("def f(", "numbers): return 1")
    before, tokens = it._codec.tokens("def f("), it._codec.tokens("numbers): return 1")
    assert it._model is not None
    with torch.inference_mode():
        shares = it._model(torch.tensor([[*before, *tokens]])).logits[0].log_softmax(-1)
    one_by_one = [shares[len(before) - 1 + place, token].item() for place, token in enumerate(tokens)]
    assert count == len(tokens)
    assert found == pytest.approx(sum(one_by_one), abs=1e-3)
    it.close()


@pytest.mark.parametrize("layout", ["<user>{}<end>", "# {}\n"])
def test_only_the_words_of_the_request_count(layout: str) -> None:
    reader = Loud()
    assert perplexity.perplexity(reader, row(0, asked(0, layout)), {"1": PROBLEM}) == pytest.approx(8)
    assert [text for _, text in reader.given] == PROBLEM.turns(0)
    assert reader.given[0][0] == layout.partition("{")[0]


def test_a_joined_request_is_found_behind_marks_of_comments() -> None:
    reader = Loud()
    prompt = "".join(f"# {turn}\n" for turn in PROBLEM.turns(0))
    perplexity.perplexity(reader, row(0, [prompt]), {"1": PROBLEM})
    assert reader.given == [("# ", prompt[2:-1])]


def test_a_request_of_several_lines_is_found_though_its_prompt_has_no_spaces_at_their_ends() -> None:
    reader = Loud()
    odd = PROBLEM.model_copy(update={"prompts": ("As follows: \n# one\n# two", *PROBLEM.prompts[1:])})
    _, *rest = odd.turns(0)
    asked = "".join(f"# {line}\n" for line in ("As follows:", "# one", "# two"))
    perplexity.perplexity(reader, row(0, [asked, *(f"# {turn}\n" for turn in rest)]), {"1": odd})
    assert reader.given[0] == ("# ", "As follows:\n# # one\n# # two")


def test_a_prompt_of_other_data_is_named() -> None:
    with pytest.raises(ResultsDamaged, match="mtpb/1/0/0 holds the request 'Assign"):
        perplexity.perplexity(Loud(), row(0, ["a", "b", "c"]), {"1": PROBLEM})
    with pytest.raises(ResultsDamaged, match="no problem 1"):
        perplexity.perplexity(Loud(), row(0, ["a"]), {})


def test_the_figures_of_a_run_tell_passed_from_failed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = tiny_models.llama(tmp_path / "tiny")
    (tmp_path / "data.jsonl").write_text("".join(json.dumps(json.loads(LINE)) + "\n"))
    run = {"benchmark": "mtpb", "mode": "plain", "model": str(model), "style": "codegen", "form": "turns"}
    rows = Rows(tmp_path / "run.jsonl", run)
    rows.add(row(0, asked(0, "# {}\n")))
    rows.add(row(1, asked(1, "# {}\n"), passed=False))
    figures = tmp_path / "run.summary.json"
    command = ["perplexity", str(rows.path), "--data", str(tmp_path / "data.jsonl"), "--models", str(tmp_path / "made")]
    assert main(command) == 1
    assert "whose run has ended" in capsys.readouterr().err
    figures.write_text(json.dumps({"run": run, "complete": True, "figures": {"samples": 2}}))
    assert main(command) == 0
    told = json.loads(figures.read_text())["figures"]
    assert told["samples"] == 2
    assert (told["perplexity"]["all"]["cases"], told["perplexity"]["passed"]["cases"]) == (1, 1)
    assert told["perplexity"]["all"]["value"] > 1
    assert "failed" not in told["perplexity"]
