"""Command line: `python -m model list` and `python -m model fetch MODEL_ID --cache DIR [--from PATH]`."""

from __future__ import annotations

import argparse
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from model.catalogue import MODELS, default_model, entry
from model.errors import ModelError
from model.loader import default_sources
from model.machine import free_memory
from model.prepare import is_prepared, prepare

if TYPE_CHECKING:
    from model.progress import Progress

BAR = 24


def main(arguments: list[str] | None = None) -> int:
    """Run one command; gives the exit status."""
    options = _parser().parse_args(arguments)
    try:
        return _list(options.cache) if options.command == "list" else _fetch(options)
    except ModelError as error:
        _say(f"\n{error}\n", error=True)
        return 1
    except KeyboardInterrupt:
        _say("\nGiven up; what has come so far is kept.\n", error=True)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m model", description="Models of CodeGen Playground.")
    commands = parser.add_subparsers(dest="command", required=True)
    shown = commands.add_parser("list", help="show the catalogue")
    fetched = commands.add_parser("fetch", help="fetch, verify and convert a model")
    fetched.add_argument("model", nargs="?", help="an id of the catalogue; without it, what suits this machine")
    fetched.add_argument("--from", dest="source", type=Path, help="a file or folder that holds the weights")
    for command in (shown, fetched):
        command.add_argument("--cache", type=Path, default=Path("data/models"), help="folder for models")
    return parser


def _list(cache: Path) -> int:
    for model in MODELS:
        state = "ready" if is_prepared(model, cache) else ""
        size = f"{model.bytes / 1e9:6.1f} GB"
        _say(f"{model.id:30} {size} {model.context_length:6} {model.prompt_style:8} {model.licence:22} {state}\n")
    return 0


def _fetch(options: argparse.Namespace) -> int:
    model = entry(options.model) if options.model else default_model(free_memory())
    folder = prepare(model, options.cache, default_sources(options.source), _show, threading.Event())
    _say(f"\r{model.name} is ready in {folder}{' ' * BAR}\n")
    return 0


def _show(progress: Progress) -> None:
    share = progress.done_bytes / progress.total_bytes if progress.total_bytes else 0
    filled = "#" * round(BAR * share)
    speed = f"{progress.bytes_per_second / 1e6:6.1f} MB/s" if progress.bytes_per_second else ""
    done = f"{progress.done_bytes / 1e6:7.0f} of {progress.total_bytes / 1e6:.0f} MB"
    _say(f"\r{progress.stage:10} [{filled:{BAR}}] {done} {speed:12}")


def _say(text: str, *, error: bool = False) -> None:
    stream = sys.stderr if error else sys.stdout
    stream.write(text)
    stream.flush()


if __name__ == "__main__":
    sys.exit(main())
