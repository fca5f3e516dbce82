"""Hostile programs, in the settings that every machine has: as whoever runs the tests, and as a user without rights.

The larger suite is used where it is found: `ESCAPE_SUITE` names it.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
OWN = HERE / "runner_hostile.jsonl"
LARGE = Path(os.environ.get("ESCAPE_SUITE", HERE.parent.parent / "shared/data/escape_suite.jsonl"))
SUITES = [OWN, LARGE] if LARGE.exists() else [OWN]
SETTINGS = ["root", "user"] if os.geteuid() == 0 else ["user"]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("suite", SUITES, ids=lambda path: path.stem)
def test_nothing_gets_through(setting: str, suite: Path) -> None:
    command = [sys.executable, str(HERE / "runner_setting.py"), setting, "-m", "app.runner", "suite", str(suite)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=880, check=False)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines, done.stderr
    verdicts, summary = lines[:-1], lines[-1]["summary"]
    assert [verdict for verdict in verdicts if not verdict["held"]] == []
    assert summary["held"] == len(suite.read_text().splitlines())
    assert done.returncode == 0
