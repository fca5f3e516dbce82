"""Opens and closes many sessions; prints as JSON what there was before and after: `two_hundred_sessions.py COUNT`."""

import gc
import json
import sys
import tempfile
import threading
from pathlib import Path

import psutil

from app.runner import Finished, Kernels

CRASH = 10


def left_behind(folder: Path) -> dict[str, int]:
    """What this process holds."""
    gc.collect()
    me = psutil.Process()
    return {
        "processes": len(me.children(recursive=True)),
        "descriptors": me.num_fds(),
        "sockets": sum(each.is_socket() for each in Path("/proc/self/fd").iterdir()),
        "threads": threading.active_count(),
        "folders": len(list(folder.iterdir())),
    }


def open_and_close(count: int) -> None:
    """One session after the other, every tenth of which ends by a crash."""
    runner = Kernels(preload=(), spare=1, check=False)
    for number in range(count):
        source = "import os; os.abort()" if number % CRASH == 0 else f"open('f', 'w').write('x'); {number}"
        *_, last = runner.execute(f"session {number}", source)
        assert isinstance(last, Finished)
        assert last.result.status == ("died" if number % CRASH == 0 else "ok"), last
        runner.close(f"session {number}")
    runner.shutdown()


with tempfile.TemporaryDirectory() as own:
    tempfile.tempdir = own
    open_and_close(1)
    before = left_behind(Path(own))
    open_and_close(int(sys.argv[1]))
    after = left_behind(Path(own))
    tempfile.tempdir = None
sys.stdout.write(json.dumps([before, after]))
