"""Two hundred sessions opened and closed leave nothing behind; `make test-security` runs these files."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
SESSIONS = 200
SETTINGS = ["root", "user"] if os.geteuid() == 0 else ["user"]  # root has no need for bubblewrap, a user has


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("setting", SETTINGS)
def test_two_hundred_sessions_leave_nothing(setting: str) -> None:
    script = [str(HERE.parent / "runner_setting.py"), setting, str(HERE / "two_hundred_sessions.py"), str(SESSIONS)]
    done = subprocess.run([sys.executable, *script], capture_output=True, text=True, timeout=1100, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    before, after = json.loads(done.stdout)
    assert after == before
