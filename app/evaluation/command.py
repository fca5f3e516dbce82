"""What the commands do: read the data, load the model, make the samples, write the figures."""

import argparse
import gzip
import hashlib
import json
import sys
import sysconfig
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tqdm import tqdm

from app.audit import Scanner
from app.evaluation import data, dialogues, engines, judge, mtpb, perplexity, provenance, safety
from app.evaluation import humaneval as he
from app.evaluation.booth import PLAIN, Booth, Way
from app.evaluation.dialogue import read_all
from app.evaluation.errors import CannotJudge, ResultsDamaged
from app.evaluation.harness import Harness, Item, Rank
from app.evaluation.judge import Judge
from app.evaluation.rows import Row, Rows, budget, read
from app.runner import Kernels, Refused
from app.runner.oneshot import OneShot
from model.engine import Engine, Sampling

Summarise = Callable[[Sequence[Row]], dict[str, Any]]
SUMMARIES: Mapping[str, Summarise] = {
    "humaneval": he.summary,
    "mtpb": mtpb.summary,
    "dialogues": dialogues.summary,
    "safety": safety.summary,
}


def humaneval(given: argparse.Namespace) -> None:
    """`humaneval`."""
    source = data.fetch(given.data, he.OFFICIAL)
    problems = data.parse(source, he.Problem)[: given.limit]
    items = [
        he.Item(problem, number, seed_of(given.seed, problem.task_id, number))
        for problem in problems
        for number in range(given.samples)
    ]
    sampling = _sampling(given)
    with Judge() as verdicts:
        _make(given, "humaneval", source, items, he.HumanEval(verdicts, asdict(sampling)).attempt)


def multi_turn(given: argparse.Namespace) -> None:
    """`mtpb`."""
    source = data.fetch(given.data, mtpb.OFFICIAL)
    problems = data.parse(source, mtpb.Problem)[: given.limit]
    items = [
        mtpb.Item(problem, case, number, seed_of(given.seed, problem.id, case, number))
        for problem in problems
        for case in range(len(problem.inputs))
        for number in range(given.samples)
    ]
    sampling = _sampling(given)
    with Judge(mtpb.LIMITS, preload=mtpb.PRELOAD) as verdicts:
        _make(given, "mtpb", source, items, mtpb.Mtpb(verdicts, asdict(sampling), given.form).attempt)


def refinements(given: argparse.Namespace) -> None:
    """`dialogues`."""
    found = read_all(Path(given.data))[: given.limit]
    source = data.Data(Path(given.data).name, "\n".join(each.model_dump_json() for each in found).encode())
    items = [
        dialogues.Item(each, number, seed_of(given.seed, each.name, number))
        for each in found
        for number in range(given.samples)
    ]
    with closing(OneShot(judge.LIMITS, preload=judge.PRELOAD)) as runner:
        _make(given, "dialogues", source, items, dialogues.Dialogues(runner, asdict(_sampling(given))).attempt)


def security(given: argparse.Namespace) -> None:
    """`safety`."""
    source = data.local(given.data)
    problems = data.parse(source, safety.Problem)[: given.limit]
    items = [
        safety.Item(problem, number, seed_of(given.seed, problem.id, number))
        for problem in problems
        for number in range(given.samples)
    ]
    with closing(Scanner()) as scanner:
        _make(given, "safety", source, items, safety.Safety(scanner, asdict(_sampling(given))).attempt)


def summary(given: argparse.Namespace) -> None:
    """`summary`."""
    run, rows = read(given.file)
    sys.stdout.write(json.dumps(_summary(run["benchmark"], rows), indent=1) + "\n")


def surprise(given: argparse.Namespace) -> None:
    """`perplexity`: of the requests of a run of MTPB, put into its figures."""
    _, told = _ended(given.file)
    run, rows = read(given.file)
    if run["benchmark"] != "mtpb" or run["mode"] == "evidence":
        raise ResultsDamaged(f"{given.file} is no run of mtpb that asked once a turn, so no prompt belongs to a turn.")
    from model.local import LocalEngine  # late, as PyTorch comes with it: see engines.local

    problems = {each.id: each for each in data.parse(data.fetch(given.data, mtpb.OFFICIAL), mtpb.Problem)}
    known = perplexity.counted(rows)
    with closing(engines.local(run["model"], given.models, given.weights, run["style"])) as engine:
        assert isinstance(engine, LocalEngine)
        values = [perplexity.perplexity(engine, row, problems) for row in tqdm(known, unit="case")]
    found = perplexity.summary(known, values)
    kept = json.loads(told)
    kept["figures"]["perplexity"] = found
    _figures(given.file).write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(json.dumps(found, indent=1) + "\n")


def store(given: argparse.Namespace) -> None:
    """`store`: the samples compressed, and their figures, where the results page finds them."""
    content, told = _ended(given.file)
    given.folder.mkdir(parents=True, exist_ok=True)
    bare = content.replace(f"{sysconfig.get_path('stdlib')}/".encode(), b"")  # errors quote where Python lies here
    (given.folder / f"{given.file.stem}.jsonl.gz").write_bytes(gzip.compress(bare, mtime=0))
    (given.folder / _figures(given.file).name).write_bytes(told)


def _figures(file: Path) -> Path:
    """Where the figures of a file of samples stand."""
    return file.with_suffix(".summary.json")


def _ended(file: Path) -> tuple[bytes, bytes]:
    """The samples of a run that has ended, and its figures."""
    try:
        return file.read_bytes(), _figures(file).read_bytes()
    except OSError as error:
        raise ResultsDamaged(f"{error}. Name a file of samples whose run has ended.") from error


def conclude(rows: Rows, keys: Sequence[str]) -> None:
    """Write the figures of all samples made so far beside their file, and print them."""
    with rows.locked():
        run, (_, made) = rows.run, read(rows.path)
        wanted = set(keys)
        counted = [row for row in made if row["key"] in wanted]
        figures = _summary(run["benchmark"], counted)
        told = {"run": run, "complete": len(counted) == len(wanted), "ended": provenance.now(), "figures": figures}
        _figures(rows.path).write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(json.dumps(figures, indent=1) + "\n")


def _summary(benchmark: str, rows: Sequence[Row]) -> dict[str, Any]:
    """The figures of these rows; where there are none yet, only that they took nothing."""
    return {**(SUMMARIES[benchmark](rows) if rows else {}), "budget": budget(rows)}


def seed_of(seed: int, *names: object) -> int:
    """A sample's own seed: of the run's seed and the sample's names, whatever the order of work."""
    digest = hashlib.sha256("/".join(map(str, (seed, *names))).encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


def _sampling(given: argparse.Namespace) -> Sampling:
    return Sampling(temperature=given.temperature, top_p=given.top_p, max_tokens=given.max_tokens)


def _make(
    given: argparse.Namespace,
    benchmark: str,
    source: data.Data,
    items: Sequence[Item],
    attempt: Callable[[Booth, Item], Row],
) -> None:
    """Load the model, make this process's share of the samples, and write the figures of all.

    Samples of one prompt come one after another in `items`, so that the engine reads the prompt once for all of them.
    """
    kernels = _admitted()
    engine = _engine(given)
    try:
        rows = Rows(given.out, _run(given, benchmark, engine, source))
        rank = Rank.from_env()
        with Harness(engine, _at_a_time(given), kernels, _way(given)) as harness:
            harness.run(rank.share(items), attempt, rows, show=not rank.number)
    finally:
        kernels.shutdown()
        engine.close()
    conclude(rows, [item.key for item in items])


def _engine(given: argparse.Namespace) -> Engine:
    if given.url:
        return engines.remote(given.url, given.model, given.style, given.window)
    return engines.local(given.model, given.models, given.weights, given.style)


def _run(given: argparse.Namespace, benchmark: str, engine: Engine, source: data.Data) -> dict[str, Any]:
    """What the file of the run begins with."""
    sampling = _sampling(given)
    return {
        "benchmark": benchmark,
        "form": getattr(given, "form", None),
        "mode": given.mode if given.mode == "evidence" or not sampling.temperature else "sampled",
        "way": asdict(_way(given)),
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


def _at_a_time(given: argparse.Namespace) -> int:
    """Problems at a time: as many as asked for, if an engine takes on all of their candidates."""
    from model.local import MOST_WAITING  # late, as above

    wanted: int = given.batch
    return max(1, min(wanted, MOST_WAITING // _way(given).candidates))


def _way(given: argparse.Namespace) -> Way:
    if given.mode == "plain":
        return PLAIN
    return Way(candidates=given.candidates, evidence=True, repairs=given.repairs)


def _admitted() -> Kernels:
    """The sandbox, once its self-test was passed; without one there is no verdict, and generated code is not run."""
    kernels = Kernels(spare=0)
    try:
        kernels.admit()
    except Refused as error:
        kernels.shutdown()
        raise CannotJudge(f"Programs cannot be judged here, as there is no sandbox: {error}") from error
    return kernels
