"""Whole turns against llama.cpp, and what keeping, sharing and batching gain: `python benchmarks/turns.py`.

Prints a table for each model and writes all to benchmarks/results/turns.md. Needs `pip install llama-cpp-python` and
the models (`python -m model fetch MODEL`). Both engines live in this process, two threads each, and take turns.

- refinement: seconds to the end of a turn of the refinement set (edits.py), both turns of all edits, greedy, the same
  prompts; llama.cpp keeps the prefix of the prompt before, as it does by itself
- turn 10: seconds to the first token of the tenth turn of a session, after the nine before it, and in a fresh engine;
  in a second session the engine reads ahead between turns, as the app lets it while the person thinks
- candidates: seconds of four candidates of one turn, against one, for equally many tokens each
- users: tokens a second of eight different requests at once, against one

The last three are medians of rounds that took turns.
"""

import argparse
import statistics
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from llama_cpp import Llama

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from edits import edits  # noqa: E402 - beside this file
from engine import CACHE, MODELS, THREADS, machine, today  # noqa: E402 - likewise

from model import prompt as prompts  # noqa: E402 - found by the line above, wherever this is run
from model.catalogue import entry  # noqa: E402
from model.engine import Engine, Outcome, Sampling  # noqa: E402
from model.loader import LocalLoader  # noqa: E402
from model.prompt import PromptState  # noqa: E402

RESULT = ROOT / "benchmarks/results/turns.md"
GREEDY = Sampling(max_tokens=800)
SHORT = replace(GREEDY, max_tokens=8)
PAUSE = 5.0  # seconds between an answer and the next request
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


def row_of(figure: str, pairs: Sequence[tuple[float, float]], form: str, wanted: str, *, inverse: bool = False) -> Row:
    """Medians of rounds, ours and the other, and the median of their ratios."""
    ours, other = (statistics.median(values) for values in zip(*pairs, strict=True))
    ratio = statistics.median(b / a if inverse else a / b for a, b in pairs)
    return Row(figure, form.format(ours), form.format(other), ratio, wanted)


def tenth_turn(engine: Engine, model: str, number: int) -> tuple[float, float, float]:
    """Time to the first token of a tenth turn: with what the nine before left behind, with pauses too, and without."""
    kept, paused = (nine_turns(engine, f"{number}{name}", pauses=name == "b") for name in "ab")
    fresh = load(model)
    write(fresh, PromptState("Hello"), SHORT)
    without = first_token(fresh, turn_of(f"{number}c", 9))
    fresh.close()
    return kept, paused, without


def turn_of(session: str, number: int) -> PromptState:
    """A request after `number` others about the same code."""
    earlier = tuple(
        f"Change {session}.{turn}: write the message of error {turn} in capital letters" for turn in range(number)
    )
    return replace(edits()[0].states()[1], constraints=earlier)


def nine_turns(engine: Engine, session: str, *, pauses: bool) -> float:
    """Time to the first token of the turn after nine others."""
    for number in range(9):
        write(engine, turn_of(session, number), SHORT)
        if pauses:
            engine.expect(prompts.build(turn_of(session, number + 1), engine, SHORT))
            time.sleep(PAUSE)
    return first_token(engine, turn_of(session, 9))


def first_token(engine: Engine, state: PromptState) -> float:
    """Seconds to the first token of an answer."""
    seconds = write(engine, state, SHORT)[1].first_token_seconds
    assert seconds
    return seconds


def candidates(engine: Engine, number: int) -> tuple[float, float]:
    """Seconds of four candidates and of one, as if each had written all the tokens that it may."""
    samplings = [replace(WARM, seed=seed) for seed in range(4)]
    one = evened(engine, [PromptState(f"Write a long class for piece {number} of chess")], samplings[:1])
    return evened(engine, [PromptState(f"Write a long class for board {number} of chess")] * 4, samplings), one


def evened(engine: Engine, states: Sequence[PromptState], samplings: Sequence[Sampling]) -> float:
    """Seconds of answers that are asked at once, for `max_tokens` tokens each: some end earlier by themselves."""
    spent, outcomes = write_all(engine, states, samplings)
    return spent * WARM.max_tokens / statistics.mean(outcome.tokens_out for outcome in outcomes)


def users(engine: Engine, number: int) -> tuple[float, float]:
    """Tokens a second of eight requests at once and of one."""
    states = [PromptState(f"Write a long class for a {name} of kind {number}") for name in USERS]
    one = rate(engine, [PromptState(f"Write a long class for a bank of kind {number}")])
    return rate(engine, states), one


def rate(engine: Engine, states: Sequence[PromptState]) -> float:
    """Tokens a second of requests that are asked at once."""
    spent, outcomes = write_all(engine, states, [replace(WARM, seed=seed) for seed in range(len(states))])
    return sum(outcome.tokens_out for outcome in outcomes) / spent


def measured(model: str, count: int, rounds: int) -> list[Row]:
    """All lines of one model's table."""
    engine = load(model)
    write(engine, PromptState("Hello"), replace(GREEDY, max_tokens=32))
    many, several, tenth = [], [], []
    for number in range(rounds):
        many.append(users(engine, number))
        several.append(candidates(engine, number))
        tenth.append(tenth_turn(engine, model, number))
        print(f"round {number}: users {many[-1]}, candidates {several[-1]}, turn 10 {tenth[-1]}", flush=True)
    rows = [
        row_of("eight users, tokens/s; other: one", many, "{:.0f}", "2.5 times"),
        row_of("four candidates, s; other: one", several, "{:.1f}", "at most 1.8 times"),
        *(
            row_of(
                f"turn 10, first token, s{after}; other: without kept cache",
                pairs,
                "{:.2f}",
                "5 times faster",
                inverse=True,
            )
            for after, pairs in (
                ("", [(kept, without) for kept, _, without in tenth]),
                (f", {PAUSE:.0f} s after turn 9", [(paused, without) for _, paused, without in tenth]),
            )
        ),
        *refinement(engine, model, count),
    ]
    engine.close()
    return rows


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=MODELS)
    parser.add_argument("--edits", type=int, default=20, metavar="N", help="of the refinement set, 20 at most")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="of everything else")
    options = parser.parse_args()
    command = " ".join(["python benchmarks/turns.py", *sys.argv[1:]])
    parts = [f"# Whole turns\n\n`{command}`, {today()}, {machine()}.\n"]
    for model in options.models:
        rows = measured(model, options.edits, options.rounds)
        lines = ["| figure | ours | other | ratio | wanted |", "| --- | --- | --- | --- | --- |"]
        lines += [f"| {row.figure} | {row.ours} | {row.other} | {row.ratio:.2f} | {row.wanted} |" for row in rows]
        parts.append(f"\n## {model}\n\n" + "\n".join(lines) + "\n")
        print(parts[-1], flush=True)
    RESULT.write_text("".join(parts))


if __name__ == "__main__":
    main()
