"""The engine against llama.cpp on the same file, in one run: `python benchmarks/engine.py [--quick]`.

Prints a table for each model and writes both to benchmarks/results/engine.md. Needs `pip install llama-cpp-python`, and
the models (`python -m model fetch MODEL`). Each side lives in a process of its own, with two threads; they take turns,
so that whatever else the machine does hits both.

- prefill: tokens a second of a prompt of about 400 tokens that was not seen before, up to the first token of the answer
- decode: tokens a second of an answer of 256 tokens
- start: from starting Python to the first token of an answer to a prompt of about 400 tokens, files in the page cache
- memory: the most that such a process ever held, an answer of 256 tokens included
"""

import argparse
import json
import platform
import resource
import statistics
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any, Protocol

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

RESULT = ROOT / "benchmarks/results/engine.md"
CACHE = ROOT / "data/models"
MODELS = ("qwen2.5-coder-0.5b-instruct", "qwen2.5-coder-1.5b-instruct")
THREADS = 2
ANSWER = 256
PROMPT_TOKENS = 400
ASKED = (
    "<|im_start|>user\nWrite a Python module with ten functions for text statistics, each with a docstring and "
    "three tests.<|im_end|>\n<|im_start|>assistant\n"
)


class Side(Protocol):
    """One engine with a model in memory."""

    def prefill(self, text: str) -> float:
        """Tokens of `text` a second, up to the first token of the answer."""

    def decode(self, text: str) -> float:
        """Tokens of the answer to `text` a second, after the first one."""


class Ours:
    """This project's engine, as the app loads it.

    Args:
        model: id of the catalogue.
    """

    def __init__(self, model: str) -> None:
        from model.catalogue import entry
        from model.imports import quick_imports
        from model.loader import LocalLoader

        with quick_imports():  # as the loader would import it
            import torch

        torch.set_num_threads(THREADS)
        self._engine = LocalLoader(CACHE, ())(entry(model), lambda _: None, threading.Event())

    def prefill(self, text: str) -> float:
        """See `Side`."""
        outcome = self._write(text, 1)
        return float(outcome.tokens_in / outcome.first_token_seconds)

    def decode(self, text: str) -> float:
        """See `Side`."""
        return float(self._write(text, ANSWER).tokens_per_second)

    def _write(self, text: str, tokens: int) -> Any:  # noqa: ANN401 - an Outcome, whose module is imported late
        from model.engine import Sampling
        from model.prompt import Prompt, Segment

        segments = (Segment(text, control=True),)
        prompt = Prompt(segments, "", (), (), 0, self._engine.context_length, tokens, "chat")
        stream = self._engine.stream(prompt, Sampling(max_tokens=tokens), threading.Event())
        list(stream)
        assert stream.outcome.status in ("done", "length"), stream.outcome.message
        return stream.outcome


class LlamaCpp:
    """llama.cpp on the file that the model came in.

    Args:
        model: id of the catalogue.
    """

    def __init__(self, model: str) -> None:
        from llama_cpp import Llama

        from model.catalogue import entry

        file = CACHE / model / "original" / entry(model).files[0]
        self._llama = Llama(str(file), n_ctx=2048, n_threads=THREADS, n_threads_batch=THREADS, verbose=False)

    def prefill(self, text: str) -> float:
        """See `Side`."""
        ids = self._llama.tokenize(text.encode(), special=True)
        began = time.perf_counter()
        self._llama.reset()
        self._llama.eval(ids)
        self._llama.sample(temp=0.0)
        return len(ids) / (time.perf_counter() - began)

    def decode(self, text: str) -> float:
        """See `Side`."""
        ids = self._llama.tokenize(text.encode(), special=True)
        times = []
        for token in self._llama.generate(ids, temp=0.0, repeat_penalty=1.0):
            times.append(time.perf_counter())
            if len(times) == ANSWER or token == self._llama.token_eos():
                break
        return (len(times) - 1) / (times[-1] - times[0])


SIDES = {"ours": Ours, "llama.cpp": LlamaCpp}


def prompt_of(number: int) -> str:
    """About 400 tokens that no other number's prompt begins with."""
    code = "".join(
        f"def part_{number}_{line}(value):\n    return value * {line} + {number}\n\n"
        for line in range(number, number + 18)
    )
    return f"<|im_start|>user\n{number}: explain this code.\n{code}<|im_end|>\n<|im_start|>assistant\n"


def serve(name: str, model: str) -> None:
    """Be one side: load, then answer the orders that come on standard input, one a line."""
    side = SIDES[name](model)
    tell({"ready": True})
    for line in sys.stdin:
        what, _, text = json.loads(line).partition(" ")
        tell({"value": getattr(side, what)(text)})


def start(name: str, model: str) -> None:
    """Load, write the first token of an answer, then another answer; tell when the token came, and the peak memory."""
    side = SIDES[name](model)
    side.prefill(prompt_of(1))
    came = time.time()
    side.decode(ASKED)
    tell({"came": came, "bytes": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss})


def tell(message: dict[str, Any]) -> None:
    """Write one line for the parent."""
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


class Child:
    """A side in a process of its own."""

    def __init__(self, name: str, model: str) -> None:
        command = [sys.executable, __file__, "--be", name, "--models", model]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._next()

    def ask(self, what: str, text: str) -> float:
        """Have it measure."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps(f"{what} {text}") + "\n")
        self._process.stdin.flush()
        return float(self._next()["value"])

    def close(self) -> None:
        """End it."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()

    def _next(self) -> dict[str, Any]:
        out: IO[str] | None = self._process.stdout
        assert out
        line = out.readline()
        assert line, "the process ended; its message stands above"
        message: dict[str, Any] = json.loads(line)
        return message


def started(name: str, model: str) -> dict[str, float]:
    """Seconds to the first token and peak memory of a fresh process."""
    command = [sys.executable, __file__, "--start", name, "--models", model]
    began = time.time()
    told = json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()[-1])
    return {"start": told["came"] - began, "memory": told["bytes"] / 1e9}


def compare(model: str, rounds: int) -> dict[str, dict[str, list[float]]]:
    """All values of both sides: figure -> side -> one value a round."""
    found: dict[str, dict[str, list[float]]] = {}

    def note(figure: str, name: str, value: float) -> None:
        found.setdefault(figure, {}).setdefault(name, []).append(value)

    for _ in range(max(rounds // 2, 1)):
        for name in SIDES:
            for figure, value in started(name, model).items():
                note(figure, name, value)
    children = {name: Child(name, model) for name in SIDES}
    for number in range(rounds + 1):  # the first round warms up
        for what, text in (("prefill", prompt_of(number + 2)), ("decode", ASKED)):
            for name, child in children.items():
                value = child.ask(what, text)
                if number:
                    note(what, name, value)
    for child in children.values():
        child.close()
    return found


FIGURES = {
    "prefill": (f"prefill of a prompt of about {PROMPT_TOKENS} tokens, tokens/s", "at least 2.0 times", "{:.0f}"),
    "decode": (f"decode of {ANSWER} tokens, tokens/s", "at least 1.2 times", "{:.1f}"),
    "start": ("start to first token, s", "at most 1.5 times", "{:.1f}"),
    "memory": ("peak memory, GB", "", "{:.2f}"),
}


def table(found: dict[str, dict[str, list[float]]]) -> str:
    """Medians of all figures, their range, and the ratio of the medians."""
    lines = ["| figure | ours | llama.cpp | ratio | wanted |", "| --- | --- | --- | --- | --- |"]
    for figure, (title, wanted, form) in FIGURES.items():
        ours, theirs = (found[figure][name] for name in SIDES)
        ratio = statistics.median(ours) / statistics.median(theirs)
        cells = [
            f"{form.format(statistics.median(v))} ({form.format(min(v))} to {form.format(max(v))})"
            for v in (ours, theirs)
        ]
        lines.append(f"| {title} | {cells[0]} | {cells[1]} | {ratio:.2f} | {wanted} |")
    return "\n".join(lines)


def costs(found: dict[str, dict[str, list[float]]], price: float) -> str:
    """What a million tokens cost on a machine of this price per hour that does nothing else."""
    lines = [f"| a million tokens at {price:g} an hour | ours | llama.cpp |", "| --- | --- | --- |"]
    for figure, title in (("prefill", "read"), ("decode", "written")):
        cells = [f"{price / 3600 / statistics.median(found[figure][name]) * 1e6:.3f}" for name in SIDES]
        lines.append(f"| {title}, one answer at a time | {cells[0]} | {cells[1]} |")
    return "\n".join(lines)


def today() -> str:
    """The date of a run."""
    return f"{datetime.now(UTC):%Y-%m-%d}"


def machine() -> str:
    """What it was measured on."""
    info = Path("/proc/cpuinfo").read_text()
    name = next((line.partition(": ")[2] for line in info.splitlines() if line.startswith("model name")), "unknown")
    command = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return f"{name}, {THREADS} threads each, Python {platform.python_version()}, commit {commit.stdout.strip()}"


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two rounds instead of six")
    parser.add_argument("--models", nargs="+", default=MODELS)
    parser.add_argument("--price", type=float, default=0.10, help="of the machine, per hour, in any currency")
    parser.add_argument("--be", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--start", choices=SIDES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.be:
        serve(options.be, options.models[0])
        return
    if options.start:
        start(options.start, options.models[0])
        return
    if find_spec("llama_cpp") is None:
        sys.exit("llama.cpp is the peer here: pip install llama-cpp-python, which compiles it, then run this again.")
    command = " ".join(["python benchmarks/engine.py", *sys.argv[1:]])
    head = f"`{command}`, {today()}, {machine()}."
    parts = [f"# The engine against llama.cpp\n\n{head}\nMedians, with lowest and highest; both sides took turns.\n"]
    for model in options.models:
        found = compare(model, 2 if options.quick else 6)
        parts.append(f"\n## {model}\n\n{table(found)}\n\n{costs(found, options.price)}\n")
        print(parts[-1])
    RESULT.write_text("".join(parts))


if __name__ == "__main__":
    main()
