"""`python -m app.runner probe | run | suite`: the sandbox from the command line."""

import argparse
import sys
from pathlib import Path

from .setting import Setting
from .suite import run_suite


def main() -> int:
    """Read the command line and do it; the result is the exit status."""
    parser = argparse.ArgumentParser(prog="python -m app.runner", description="The sandbox that runs cells.")
    commands = parser.add_subparsers(dest="command", required=True)
    suite = commands.add_parser("suite", help="run a file of hostile programs and judge each by its harm")
    suite.add_argument("path", type=Path)
    suite.add_argument("--landlock", type=int, default=Setting().landlock, help="newest Landlock ABI to use")
    arguments = parser.parse_args()
    return run_suite(arguments.path, Setting(landlock=arguments.landlock))


if __name__ == "__main__":
    sys.exit(main())
