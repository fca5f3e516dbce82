"""Whole turns: refinements against llama.cpp, what keeping, sharing and batching gain: `python benchmarks/turns.py`.

Prints a table and writes it to benchmarks/results/turns.md. Needs `pip install llama-cpp-python` and the models
(`python -m model fetch MODEL`). Both engines live in this process, two threads each, and take turns.

- refinement: seconds to the end of a turn of the refinement set (edits.py), both turns of all edits, greedy, the same
  prompts; llama.cpp keeps the prefix of the prompt before, as it does by itself
- turn 10: seconds to the first token of the tenth turn of a session, after the nine before it, and in a fresh engine
- candidates: seconds until four candidates of one turn have ended, against one
- users: tokens a second of eight different requests at once, against one
"""

import argparse
import statistics
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import torch
from llama_cpp import Llama

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from edits import edits  # noqa: E402 - beside this file

from model import prompt as prompts  # noqa: E402 - found by the line above, wherever this is run
from model.catalogue import entry  # noqa: E402
from model.engine import Engine, Outcome, Sampling  # noqa: E402
from model.loader import LocalLoader  # noqa: E402
from model.prompt import PromptState  # noqa: E402

CACHE = ROOT / "data/models"
RESULT = ROOT / "benchmarks/results/turns.md"
THREADS = 2
GREEDY = Sampling(max_tokens=800)
WARM = Sampling(temperature=0.8, top_p=0.95, max_tokens=128)
USERS = ("car", "house", "boat", "plane", "train", "tree", "book", "shop")


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    figure: str
    ours: str
    other: str
    ratio: float
    wanted: str


def load(model: str) -> Engine:
    """This project's engine, as the app loads it."""
    torch.set_num_threads(THREADS)
    return LocalLoader(CACHE, ())(entry(model), lambda _: None, threading.Event())


def write(engine: Engine, state: PromptState, sampling: Sampling) -> tuple[float, Outcome]:
    """Seconds to the end of an answer, and how it ended."""
    began = time.perf_counter()
    stream = engine.stream(prompts.build(state, engine, sampling), sampling, threading.Event())
    for _ in stream:
        pass
    assert stream.outcome.status in ("done", "length"), stream.outcome.message
    return time.perf_counter() - began, stream.outcome


def write_all(
    engine: Engine, states: Sequence[PromptState], samplings: Sequence[Sampling]
) -> tuple[float, list[Outcome]]:
    """Seconds until all have ended that were asked at once."""
    found: list[Outcome] = []
    threads = [
        threading.Thread(target=lambda pair=pair: found.append(write(engine, *pair)[1]))
        for pair in zip(states, samplings, strict=True)
    ]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - began, found


def llama_seconds(llama: Llama, engine: Engine, state: PromptState) -> tuple[float, int]:
    """Seconds and tokens of the same turn in llama.cpp, greedy, to the token that ends it."""
    ids = llama.tokenize(prompts.build(state, engine, GREEDY).text.encode(), special=True)
    began, count = time.perf_counter(), 0
    for token in llama.generate(ids, temp=0.0, repeat_penalty=1.0):
        count += 1
        if token == llama.token_eos() or count == GREEDY.max_tokens:
            break
    return time.perf_counter() - began, count


def refinement(engine: Engine, model: str, count: int) -> list[Row]:
    """The refinement set on both sides, turn by turn."""
    file = CACHE / model / "original" / entry(model).files[0]
    llama = Llama(str(file), n_ctx=4096, n_threads=THREADS, n_threads_batch=THREADS, verbose=False)
    ours, theirs, rates = [], [], ([], [])
    for edit in edits()[:count]:
        for state in edit.states():
            spent, outcome = write(engine, state, GREEDY)
            other, tokens = llama_seconds(llama, engine, state)
            ours.append(spent)
            theirs.append(other)
            rates[0].append(outcome.tokens_out / spent)
            rates[1].append(tokens / other)
            print(f"{edit.path.stem}: {spent:.1f} s {outcome.tokens_out}, llama.cpp {other:.1f} s {tokens}", flush=True)
    ratio = sum(theirs) / sum(ours)
    even = statistics.median(a / b for a, b in zip(*rates, strict=True))
    return [
        Row(f"refinement: {len(ours)} turns, s", f"{sum(ours):.0f}", f"{sum(theirs):.0f}", ratio, "2.5 times faster"),
        Row(
            "the same, tokens of the answer by seconds of the turn, median",
            f"{statistics.median(rates[0]):.0f}",
            f"{statistics.median(rates[1]):.0f}",
            even,
            "",
        ),
    ]


def tenth_turn(engine: Engine, model: str) -> Row:
    """Time to the first token of a tenth turn, with what the nine before left behind and without."""
    state = edits()[0].states()[1]
    requests = [
        f"Change number {number}: write the message of error {number} in capital letters" for number in range(9)
    ]
    short = replace(GREEDY, max_tokens=8)
    for number in range(10):
        kept = write(engine, replace(state, constraints=tuple(requests[:number])), short)[1].first_token_seconds
    fresh = load(model)
    write(fresh, PromptState("Hello"), short)
    without = write(fresh, replace(state, constraints=tuple(requests)), short)[1].first_token_seconds
    fresh.close()
    assert kept
    assert without
    return Row(
        "turn 10, first token, s; other: without kept cache", f"{kept:.2f}", f"{without:.2f}", without / kept, "5"
    )


def candidates(engine: Engine) -> Row:
    """Four candidates against one."""
    samplings = [replace(WARM, seed=seed) for seed in range(4)]
    one = write_all(engine, [PromptState("Write a long class for a chess piece")], samplings[:1])[0]
    four = write_all(engine, [PromptState("Write a long class for a chess board")] * 4, samplings)[0]
    return Row("four candidates, s; other: one", f"{four:.1f}", f"{one:.1f}", four / one, "at most 1.8 times")


def users(engine: Engine) -> Row:
    """Eight requests at once against one."""
    states = [PromptState(f"Write a long class for a {name}") for name in USERS]
    spent, outcomes = write_all(engine, [PromptState("Write a long class for a bank")], [WARM])
    one = outcomes[0].tokens_out / spent
    spent, outcomes = write_all(engine, states, [replace(WARM, seed=seed) for seed in range(len(USERS))])
    eight = sum(outcome.tokens_out for outcome in outcomes) / spent
    return Row("eight users, tokens/s; other: one", f"{eight:.0f}", f"{one:.0f}", eight / one, "2.5 times")


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="qwen2.5-coder-0.5b-instruct")
    parser.add_argument("--edits", type=int, default=20, help="how many of the refinement set")
    options = parser.parse_args()
    engine = load(options.model)
    write(engine, PromptState("Hello"), replace(GREEDY, max_tokens=32))
    rows = [users(engine), candidates(engine), tenth_turn(engine, options.model)]
    rows += refinement(engine, options.model, options.edits)
    engine.close()
    lines = ["| figure | ours | other | ratio | wanted |", "| --- | --- | --- | --- | --- |"]
    lines += [f"| {row.figure} | {row.ours} | {row.other} | {row.ratio:.2f} | {row.wanted} |" for row in rows]
    print("\n".join(lines))
    head = f"`python benchmarks/turns.py --model {options.model} --edits {options.edits}`, {datetime.now(UTC):%Y-%m-%d}"
    RESULT.write_text(f"# Whole turns\n\n{head}, {THREADS} threads.\n\n" + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
