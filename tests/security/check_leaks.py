"""Two hundred sessions opened and closed leave nothing behind; `make test-security` runs these files."""

import gc
import tempfile
import threading
from pathlib import Path

import psutil
import pytest

from app.runner import Finished, Kernels

SESSIONS = 200
CRASH = 10


def left_behind() -> dict[str, int]:
    gc.collect()
    me = psutil.Process()
    folders = list(Path(tempfile.gettempdir()).iterdir())
    sockets = [each for each in Path("/proc/self/fd").iterdir() if each.is_socket()]
    return {
        "processes": len(me.children(recursive=True)),
        "descriptors": me.num_fds(),
        "sockets": len(sockets),
        "threads": threading.active_count(),
        "folders": len(folders),
    }


def test_two_hundred_sessions_leave_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    own = tempfile.TemporaryDirectory()
    monkeypatch.setattr(tempfile, "tempdir", own.name)
    runner = Kernels(preload=(), spare=1, check=False)
    list(runner.execute("first", "1"))
    runner.close("first")
    runner.shutdown()
    before = left_behind()
    runner = Kernels(preload=(), spare=1, check=False)
    for number in range(SESSIONS):
        source = "import os; os.abort()" if number % CRASH == 0 else f"open('f', 'w').write('x'); {number}"
        *_, last = runner.execute(f"session {number}", source)
        assert isinstance(last, Finished)
        assert last.result.status == ("died" if number % CRASH == 0 else "ok")
        runner.close(f"session {number}")
    runner.shutdown()
    assert left_behind() == before
    own.cleanup()
