"""The page of measured figures: stored evaluations beside what others published, each with where it comes from."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from app.ui import still
from app.ui.published import PUBLISHED

ENDING = ".summary.json"
_RAW = re.compile(r"[\w.-]+\.jsonl\.gz")
_FULL = 100.0


@dataclass(frozen=True)
class Section:
    """One table of the page: which figure of which benchmark, and what it means."""

    benchmark: str
    figure: str
    title: str
    meaning: str
    less_is_better: bool = False


SECTIONS = (
    Section(
        "humaneval",
        "pass@1",
        "HumanEval, pass@1",
        "The share of 164 functions, written from their docstrings, that pass hidden tests at the first answer given.",
    ),
    Section(
        "humaneval",
        "pass@10",
        "HumanEval, pass@10",
        "The chance that one of ten answers passes, estimated without bias from all samples.",
    ),
    Section(
        "mtpb",
        "pass rate",
        "Multi-Turn Programming Benchmark",
        "The share of cases whose program, written over several turns, prints what is expected. "
        "Ours are measured on the 58 odd-numbered problems.",
    ),
    Section(
        "dialogues",
        "turns passed",
        "Dialogues of refinements",
        "The share of turns after which all hidden checks hold, those of earlier turns included.",
    ),
    Section(
        "safety",
        "insecure",
        "Insecure programs",
        "The share of programs in which Bandit finds something, on requests where careless code is insecure.",
        less_is_better=True,
    ),
)


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Run(_Record):
    """How an evaluation was made; the fields of app.evaluation's files that the page shows."""

    benchmark: str
    mode: str = ""
    form: str | None = None
    model: str
    quantisation: str = ""
    style: str = ""
    samples: int = 1
    limit: int | None = None
    sampling: Mapping[str, Any] = {}
    way: Mapping[str, Any] = {}
    commit: str = ""
    command: str = ""
    machine: str = ""
    started: str = ""


class Evaluation(_Record):
    """A stored summary."""

    run: Run
    complete: bool
    figures: Mapping[str, Any]


@dataclass(frozen=True)
class Line:
    """One line of a table; shares are in per cent."""

    model: str
    how: str
    percent: float
    low: float | None = None
    high: float | None = None
    source: str = ""
    address: str = ""
    run: Run | None = None
    budget: str = ""


@dataclass(frozen=True)
class Table:
    """A section with its lines, best first, and the breakdowns of our own figures."""

    section: Section
    lines: list[Line]
    parts: list[tuple[str, list[Line]]] = field(default_factory=list)


def routes(folder: Path) -> list[Route]:
    """`GET /results`, and `GET /results/{name}` for the raw files that it links to."""

    def page(_: Request) -> Response:
        return still.html("results.html", 200, title="Results", tables=tables(stored(folder)))

    def raw(request: Request) -> Response:
        name = request.path_params["name"]
        if not _RAW.fullmatch(name) or not (folder / name).is_file():
            return still.html(
                "notice.html",
                404,
                title="There is no such file",
                explanation="The results page lists the raw files that are there.",
                root="../",
            )
        return FileResponse(folder / name, media_type="application/gzip", filename=name)

    return [Route("/results", page), Route("/results/{name}", raw)]


def stored(folder: Path) -> dict[str, Evaluation]:
    """The evaluations in a folder by the stem of their files; what cannot be read is left out."""
    found = {}
    for path in sorted(folder.glob(f"*{ENDING}")):
        try:
            found[path.name.removesuffix(ENDING)] = Evaluation.model_validate_json(path.read_bytes())
        except (OSError, ValidationError):
            continue
    return found


def tables(evaluations: Mapping[str, Evaluation]) -> list[Table]:
    """The page's tables; a section without a figure of our own is left out."""
    made = [_table(section, evaluations) for section in SECTIONS]
    return [table for table in made if any(line.run for line in table.lines)]


def _table(section: Section, evaluations: Mapping[str, Evaluation]) -> Table:
    ours = [
        line
        for stem, each in evaluations.items()
        if each.run.benchmark == section.benchmark
        for line in _lines(section, stem, each)
    ]
    others = [
        Line(each.model, each.how, each.percent, source=each.source[0], address=each.source[1])
        for each in PUBLISHED
        if (each.benchmark, each.figure) == (section.benchmark, section.figure)
    ]
    lines = sorted([*ours, *others], key=lambda line: line.percent, reverse=not section.less_is_better)
    parts = [
        part for stem, each in evaluations.items() if each.run.benchmark == section.benchmark for part in _parts(each)
    ]
    return Table(section, lines, parts if section.figure == SECTIONS[2].figure else [])


def _lines(section: Section, stem: str, evaluation: Evaluation) -> list[Line]:
    """The lines of one evaluation: one a variant of the figure ("insecure, before repair")."""
    names = [name for name in evaluation.figures if name == section.figure or name.startswith(f"{section.figure},")]
    return [
        Line(
            evaluation.run.model,
            ", ".join(filter(None, (_how(evaluation), name.removeprefix(section.figure).strip(", ")))),
            *_shares(evaluation.figures[name]),
            source="raw samples",
            address=f"results/{stem}.jsonl.gz",
            run=evaluation.run,
            budget=_budget(evaluation.figures),
        )
        for name in names
    ]


def _parts(evaluation: Evaluation) -> list[tuple[str, list[Line]]]:
    return [
        (
            f"{evaluation.run.model}, {_how(evaluation)}, {name}",
            [Line(key, f"{group['problems']} problems", *_shares(group)) for key, group in groups.items()],
        )
        for name, groups in evaluation.figures.items()
        if name.startswith("by ") and all(isinstance(group, dict) and "value" in group for group in groups.values())
    ]


def _shares(figure: Mapping[str, float]) -> tuple[float, float | None, float | None]:
    low, high = figure.get("low"), figure.get("high")
    return (
        _FULL * figure["value"],
        None if low is None else _FULL * low,
        None if high is None else _FULL * high,
    )


def _how(evaluation: Evaluation) -> str:
    run = evaluation.run
    temperature = run.sampling.get("temperature", 0)
    sampled = f"{run.samples} samples at temperature {temperature:g}" if temperature else "greedy"
    part = f"first {run.limit} problems only" if run.limit else ""
    unfinished = "" if evaluation.complete else "not finished"
    form = "turns joined" if run.form == "joined" else ""
    style = f"{run.style} prompts" if run.benchmark == "mtpb" else ""
    mode = f"evidence, {run.way.get('candidates', 1)} candidates" if run.mode == "evidence" else sampled
    return ", ".join(filter(None, (mode, form, style, run.quantisation, part, unfinished)))


def _budget(figures: Mapping[str, Any]) -> str:
    budget = figures.get("budget")
    if not isinstance(budget, dict):
        return ""
    return (
        f"{budget['samples']:,} answers, {budget['tokens_in']:,} tokens read, {budget['tokens_out']:,} written, "
        f"{budget['seconds'] / 3600:.1f} hours of answering"
    )
