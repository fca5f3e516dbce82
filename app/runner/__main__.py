"""`python -m app.runner probe | run | suite`: the sandbox from the command line."""

import argparse
import sys
from pathlib import Path
from typing import Any

from .command_run import run_files
from .errors import RunnerError
from .probe import probe
from .setting import Setting
from .suite import run_suite


def main() -> int:
    """Read the command line and do it; the result is the exit status."""
    arguments = parser().parse_args()
    try:
        return int(arguments.do(arguments))
    except (RunnerError, OSError) as error:
        print(f"app.runner: {error}", file=sys.stderr)  # noqa: T201 - a command's output
        return 2


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="python -m app.runner", description="The sandbox that runs cells.")
    commands = top.add_subparsers(required=True)
    newest: dict[str, Any] = {
        "type": int,
        "default": Setting().landlock,
        "metavar": "ABI",
        "help": "newest Landlock ABI to use",
    }

    look = commands.add_parser("probe", help="run the self-test and print what was found as JSON")
    look.add_argument("--landlock", **newest)
    look.set_defaults(do=do_probe)

    run = commands.add_parser("run", help="run programs and print one JSON object for each")
    run.add_argument("files", nargs="+", type=Path, metavar="FILE")
    how = run.add_mutually_exclusive_group()
    how.add_argument("--kernel", action="store_false", dest="oneshot", help="as a cell in a kernel (the default)")
    how.add_argument("--oneshot", action="store_true", help="in a process of its own, forked for it")
    run.add_argument("--limits", nargs="+", default=[], metavar="NAME=VALUE", help="limits, such as wall=2")
    run.set_defaults(do=lambda given: run_files(given.files, given.limits, oneshot=given.oneshot), oneshot=False)

    suite = commands.add_parser("suite", help="run a file of hostile programs and judge each by the harm it does")
    suite.add_argument("path", type=Path)
    suite.add_argument("--landlock", **newest)
    suite.set_defaults(do=lambda given: run_suite(given.path, Setting(landlock=given.landlock)))
    return top


def do_probe(arguments: argparse.Namespace) -> int:
    """Print the finding; 1 if code is refused."""
    found = probe(Setting(landlock=arguments.landlock))
    print(found.as_json())  # noqa: T201 - a command's output
    return 1 if found.tier == "refused" else 0


if __name__ == "__main__":
    sys.exit(main())
