"""Command line: `python -m app.evaluation humaneval --data PATH --model ID --out FILE` and its sisters."""

import argparse
import sys
from pathlib import Path

from app.evaluation import command
from app.evaluation.errors import EvaluationError
from app.runner.errors import RunnerError
from app.session.errors import SessionError
from model.errors import ModelError


def main(arguments: list[str] | None = None) -> int:
    """Run one command; gives the exit status."""
    given = _parser().parse_args(arguments)
    try:
        given.do(given)
    except (EvaluationError, ModelError, RunnerError, SessionError) as error:
        sys.stderr.write(f"\napp.evaluation: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped; the samples made so far are kept. The same command goes on with the rest.\n")
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m app.evaluation", description="Benchmarks through the product's path.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    humaneval = commands.add_parser("humaneval", help="164 functions from their docstrings, judged by hidden tests")
    _add_run(humaneval)
    humaneval.add_argument("--samples", type=int, default=1, metavar="N", help="samples of each problem")
    humaneval.set_defaults(do=command.humaneval, max_tokens=768)
    turns = commands.add_parser("mtpb", help="programs written over several turns, judged by what they print")
    _add_run(turns)
    turns.add_argument("--samples", type=int, default=1, metavar="N", help="samples of each case")
    turns.add_argument("--form", choices=("turns", "joined"), default="turns", help="a request a turn, or one for all")
    turns.set_defaults(do=command.multi_turn, max_tokens=384)
    talks = commands.add_parser("dialogues", help="refinements over several turns, with hidden checks after each")
    _add_run(talks, data="tests/dialogues")
    talks.add_argument("--samples", type=int, default=1, metavar="N", help="times that each dialogue is held")
    talks.set_defaults(do=command.refinements, max_tokens=768)
    safety = commands.add_parser("safety", help="how many programs Bandit warns of, before and after a repair")
    _add_run(safety, data="tests/security/security_prompts.jsonl")
    safety.add_argument("--samples", type=int, default=1, metavar="N", help="answers to each request")
    safety.set_defaults(do=command.security, max_tokens=768)
    again = commands.add_parser("summary", help="read a file of samples again and print its figures")
    again.add_argument("file", type=Path)
    again.set_defaults(do=command.summary)
    asked = commands.add_parser("perplexity", help="how surprised the model of a run of mtpb was by its requests")
    asked.add_argument("file", type=Path)
    asked.add_argument("--data", required=True, metavar="PATH|hub", help="what the run was made with")
    _add_weights(asked)
    asked.set_defaults(do=command.surprise)
    kept = commands.add_parser("store", help="keep a run's samples, compressed, and its figures for the results page")
    kept.add_argument("file", type=Path)
    kept.add_argument("--folder", type=Path, default=Path("benchmarks/results"))
    kept.set_defaults(do=command.store)
    return top


def _add_run(parser: argparse.ArgumentParser, data: str | None = None) -> None:
    parser.add_argument(
        "--data",
        required=data is None,
        default=data,
        metavar="PATH|hub",
        help="the benchmark's file, or fetch the official",
    )
    parser.add_argument("--model", required=True, metavar="ID", help="catalogue id, hub id, folder, or name there")
    parser.add_argument("--out", required=True, type=Path, metavar="FILE", help="JSON lines; one begun is gone on with")
    parser.add_argument("--temperature", type=float, default=0.0, metavar="T", help="0 takes the likeliest token")
    parser.add_argument("--top-p", type=float, default=1.0, metavar="P")
    parser.add_argument("--max-tokens", type=int, metavar="N", help="most tokens of one answer")
    parser.add_argument("--seed", type=int, default=0, help="decides the seeds of all samples")
    parser.add_argument("--mode", choices=("plain", "evidence"), default="plain", help="let executed evidence decide")
    parser.add_argument("--candidates", type=int, default=4, metavar="N", help="answers to choose from, with evidence")
    parser.add_argument("--repairs", type=int, default=2, metavar="N", help="most attempts to repair, with evidence")
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N problems")
    parser.add_argument("--batch", type=int, default=16, metavar="N", help="most problems at a time")
    parser.add_argument("--style", choices=("chat", "codegen"), help="layout of prompts; the model's own by default")
    parser.add_argument("--url", metavar="URL", help="ask an OpenAI-compatible server; its key is ENGINE_KEY")
    parser.add_argument("--window", type=int, metavar="N", help="tokens that the server's model holds, if it is silent")
    _add_weights(parser)


def _add_weights(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--models", type=Path, default=Path("data/models"), metavar="DIR", help="converted weights")
    parser.add_argument("--weights", type=Path, metavar="DIR", help="official weight files that are there already")


if __name__ == "__main__":
    sys.exit(main())
