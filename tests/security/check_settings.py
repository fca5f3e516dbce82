"""Hostile programs in settings that take longer, or that few machines have; `make test-security` runs these files.

`ESCAPE_SUITE` names the larger suite; where it is not found, the project's own is used.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent.parent
LARGE = Path(os.environ.get("ESCAPE_SUITE", TESTS.parent.parent / "shared/data/escape_suite.jsonl"))
SUITE = LARGE if LARGE.exists() else TESTS / "runner_hostile.jsonl"

SETTINGS = {
    "user namespaces forbidden": ("no-userns", []),
    "under Docker's seccomp profile": ("docker", []),
    "as root in Docker": ("docker-root" if os.geteuid() == 0 else "docker", []),
    "Landlock as it was at first": ("root" if os.geteuid() == 0 else "user", ["--landlock", "1"]),
    "all of these": ("docker", ["--landlock", "1"]),
}


def runner(setting: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(TESTS / "runner_setting.py"), setting, "-m", "app.runner", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=880, check=False)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", SETTINGS)
def test_nothing_gets_through(name: str) -> None:
    setting, options = SETTINGS[name]
    done = runner(setting, "suite", *options, str(SUITE))
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines, done.stderr
    assert [verdict for verdict in lines[:-1] if not verdict["held"]] == []
    assert lines[-1]["summary"]["held"] == len(SUITE.read_text().splitlines())


def test_without_landlock_nothing_is_run() -> None:
    found = runner("user", "probe", "--landlock", "0")
    probe = json.loads(found.stdout)
    assert probe["tier"] == "refused"
    assert "Landlock" in probe["message"]
    assert found.returncode == 1
