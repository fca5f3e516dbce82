"""Greedy HumanEval of the engine and of llama.cpp on the same file: `python benchmarks/accuracy.py`.

Prints a table and writes it to benchmarks/results/accuracy.md. Needs `pip install llama-cpp-python`, the models
(`python -m model fetch MODEL`) and HumanEval (`--data`; docs/evaluation.md says where it comes from). Both sides get
the same token ids, prompts as the app builds them for a new cell, and end at the same tokens; the same judge decides.
Answers are kept in `--rows`, so that a run that was cut off goes on.
"""

import argparse
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch
from llama_cpp import Llama

THREADS = 2
torch.set_num_threads(THREADS)  # before the engine is imported, which keeps the number that it finds

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from engine import CACHE, MODELS, machine, today  # noqa: E402 - beside this file

from app.evaluation import data  # noqa: E402 - found by the line above
from app.evaluation.humaneval import OFFICIAL, REQUEST, HumanEval, Problem  # noqa: E402
from app.evaluation.judge import Judge  # noqa: E402
from model import prompt as prompts  # noqa: E402
from model.catalogue import entry  # noqa: E402
from model.engine import Sampling  # noqa: E402
from model.loader import LocalLoader  # noqa: E402
from model.local import LocalEngine  # noqa: E402
from model.prompt import Prompt, PromptState  # noqa: E402
from model.reply import ReplyReader  # noqa: E402

RESULT = ROOT / "benchmarks/results/accuracy.md"
GREEDY = Sampling(max_tokens=768)
TOGETHER = 8

Answers = dict[str, str]


def asked(problem: Problem, engine: LocalEngine) -> Prompt:
    """What the app would ask for this problem in a new session."""
    return prompts.build(PromptState(REQUEST.format(prompt=problem.prompt.strip())), engine, GREEDY)


def ours(engine: LocalEngine, todo: Sequence[Prompt]) -> Iterator[str]:
    """Our answers, several written at once."""

    def write(prompt: Prompt) -> str:
        stream = engine.stream(prompt, GREEDY, threading.Event())
        text = "".join(stream)
        assert stream.outcome.status in ("done", "length"), stream.outcome.message
        return text

    with ThreadPoolExecutor(TOGETHER) as pool:
        yield from pool.map(write, todo)


def theirs(engine: LocalEngine, model: str, todo: Sequence[Prompt]) -> Iterator[str]:
    """The answers of llama.cpp to the same token ids, ended by the same tokens and the same limit."""
    file = CACHE / model / "original" / entry(model).files[0]
    llama = Llama(str(file), n_ctx=4096, n_threads=THREADS, n_threads_batch=THREADS, verbose=False)
    for prompt in todo:
        written: list[int] = []
        for token in llama.generate(engine.tokens(prompt), temp=0.0, repeat_penalty=1.0):
            if token in engine.ends or len(written) == GREEDY.max_tokens:
                break
            written.append(token)
        yield engine.text(written)


def code_of(prompt: Prompt, answer: str) -> str:
    """The code that would stand in the cell."""
    reader = ReplyReader(prompt.begun, prompt.style)
    reader.feed(answer)
    return reader.finish().code


class Kept:
    """Answers of earlier runs, one file a model and side; whatever is added is there at once.

    Args:
        path: holds a JSON object a line, with task_id and answer.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        self.answers: Answers = {row["task_id"]: row["answer"] for row in map(json.loads, lines)}

    def complete(
        self, asked_of: dict[str, Prompt], write: Callable[[Sequence[Prompt]], Iterator[str]]
    ) -> tuple[Answers, float]:
        """All answers, of which the missing ones are written now, and the seconds that this took."""
        began = time.perf_counter()
        missing = {name: prompt for name, prompt in asked_of.items() if name not in self.answers}
        with self._path.open("a", encoding="utf-8") as file:
            for name, answer in zip(missing, write(list(missing.values())), strict=True):
                self.answers[name] = answer
                file.write(json.dumps({"task_id": name, "answer": answer}) + "\n")
                file.flush()
        return {name: self.answers[name] for name in asked_of}, time.perf_counter() - began


def passed(answers: Answers, prompt_of: dict[str, Prompt], known: Sequence[Problem]) -> dict[str, bool]:
    """The judge's verdicts."""
    with Judge() as judge:
        human_eval = HumanEval(judge, {})
        return {
            it.task_id: human_eval.verdict(it, code_of(prompt_of[it.task_id], answers[it.task_id])).passed
            for it in known
        }


def compare(model: str, known: Sequence[Problem], rows: Path) -> str:
    """One line of the table."""
    engine = LocalLoader(CACHE, ())(entry(model), lambda _: None, threading.Event())
    assert isinstance(engine, LocalEngine)
    prompt_of = {it.task_id: asked(it, engine) for it in known}
    mine, spent = Kept(rows / f"{model}-ours.jsonl").complete(prompt_of, lambda todo: ours(engine, todo))
    print(f"{model}: ours {spent:.0f} s", flush=True)
    others, spent = Kept(rows / f"{model}-llama.jsonl").complete(prompt_of, lambda todo: theirs(engine, model, todo))
    print(f"{model}: llama.cpp {spent:.0f} s", flush=True)
    engine.close()
    here, there = passed(mine, prompt_of, known), passed(others, prompt_of, known)
    only_here = sum(here[name] and not there[name] for name in here)
    only_there = sum(there[name] and not here[name] for name in here)
    same = sum(mine[name] == others[name] for name in here)
    difference = sum(here.values()) - sum(there.values())
    cells = (model, len(known), sum(here.values()), sum(there.values()), f"{difference:+}", only_here, only_there, same)
    return "| " + " | ".join(map(str, cells)) + " |"


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default=data.HUB, help="HumanEval.jsonl.gz; `hub` fetches the official one")
    parser.add_argument("--models", nargs="+", default=MODELS)
    parser.add_argument("--problems", type=int, default=164)
    parser.add_argument("--rows", type=Path, default=ROOT / "data/accuracy")
    options = parser.parse_args()
    known = data.parse(data.fetch(options.data, OFFICIAL), Problem)[: options.problems]
    lines = [
        "| model | problems | ours pass | llama.cpp passes | difference | only ours | only llama.cpp | same text |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for model in options.models:
        lines.append(compare(model, known, options.rows))
        print(lines[-1], flush=True)
    head = f"`python benchmarks/accuracy.py --models {' '.join(options.models)}`, {today()}, {machine()}."
    wanted = "Greedy, the same token ids, ends and judge; wanted: at most 2 of 164 below llama.cpp on the same file."
    RESULT.write_text(f"# Accuracy on HumanEval\n\n{head}\n{wanted}\n\n" + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
