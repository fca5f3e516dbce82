"""What the commands do: read the data, load the model, make the samples, write the figures."""

import argparse
import hashlib
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from app.evaluation import data, engines, provenance
from app.evaluation import humaneval as he
from app.evaluation.errors import CannotJudge
from app.evaluation.harness import Harness, Rank
from app.evaluation.judge import Judge
from app.evaluation.rows import Row, Rows, read
from app.runner.probe import probe
from model.engine import Engine, Sampling

Summarise = Callable[[Sequence[Row]], dict[str, Any]]
SUMMARIES: Mapping[str, Summarise] = {"humaneval": he.summary}


def humaneval(given: argparse.Namespace) -> None:
    """`humaneval`."""
    source = data.fetch(given.data, he.OFFICIAL)
    problems = data.parse(source, he.Problem)[: given.limit]
    items = [
        he.Item(problem, number, seed_of(given.seed, problem.task_id, number))
        for number in range(given.samples)
        for problem in problems
    ]
    sampling = _sampling(given)
    _refuse_without_sandbox()
    engine = engines.local(given.model, given.models, given.weights, given.style)
    with Judge() as judge:
        rows = Rows(given.out, _run(given, "humaneval", engine, source, sampling))
        with Harness(engine, given.batch) as harness:
            rank = Rank.from_env()
            bench = he.HumanEval(judge, asdict(sampling))
            harness.run(rank.share(items), bench.attempt, rows, show=not rank.number)
    engine.close()
    conclude(rows, [item.key for item in items])


def summary(given: argparse.Namespace) -> None:
    """`summary`."""
    run, rows = read(given.file)
    sys.stdout.write(json.dumps(SUMMARIES[run["benchmark"]](rows), indent=1) + "\n")


def conclude(rows: Rows, keys: Sequence[str]) -> None:
    """Write the figures of all samples made so far beside their file, and print them."""
    with rows.locked():
        run, made = read(rows.path)
        wanted = set(keys)
        counted = [row for row in made if row["key"] in wanted]
        figures = SUMMARIES[run["benchmark"]](counted)
        told = {"run": run, "complete": len(counted) == len(wanted), "ended": provenance.now(), "figures": figures}
        rows.path.with_suffix(".summary.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(json.dumps(figures, indent=1) + "\n")


def seed_of(seed: int, *names: object) -> int:
    """A sample's own seed: of the run's seed and the sample's names, whatever the order of work."""
    digest = hashlib.sha256("/".join(map(str, (seed, *names))).encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


def _sampling(given: argparse.Namespace) -> Sampling:
    return Sampling(temperature=given.temperature, top_p=given.top_p, max_tokens=given.max_tokens)


def _run(
    given: argparse.Namespace, benchmark: str, engine: Engine, source: data.Data, sampling: Sampling
) -> dict[str, Any]:
    return {
        "benchmark": benchmark,
        "mode": "sampled" if sampling.temperature else "plain",
        "model": engine.model_id,
        "quantisation": engine.quantisation,
        "style": engine.prompt_style,
        "sampling": asdict(sampling),
        "seed": given.seed,
        "data": {"name": source.name, "sha256": source.sha256},
        "commit": provenance.commit(),
        "samples": getattr(given, "samples", 1),
        "limit": given.limit,
        "batch": given.batch,
        "command": provenance.command(),
        "machine": provenance.machine(),
        "started": provenance.now(),
    }


def _refuse_without_sandbox() -> None:
    found = probe()
    if found.tier == "refused":
        raise CannotJudge(f"Programs cannot be judged here, as there is no sandbox: {found.message}")
