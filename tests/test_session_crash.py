"""A server that is killed in the middle of its work: what was there is there again, and is marked as cut off."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import OWNER, wait_for

from app.runner import Kernels, Limits
from app.session import Playground, Snapshot
from model.host import EngineHost
from model.scripted import ScriptedEngine
from storage import Database

SERVER = """
import sys, time
from pathlib import Path
sys.path[:0] = [{tests!r}, {root!r}]
from conftest import OWNER, Stage
from app.runner import Kernels, Limits

stage = Stage(Path({folder!r}), Kernels(Limits(), preload=()))
session = stage.session()
stage.add(session, "x = 'typed'")
{work}
print(session, flush=True)
time.sleep(600)
"""
WRITE = """
class Stuck(type(stage.engine)):
    def _play(self, reply, prompt, sampling, stop):
        yield "def f(xs):\\n    return "
        yield "sorted(xs)"
        stop.wait()

stage.engine.__class__ = Stuck
stage.engine.enqueue("", "")
stage.playground.turns.ask(OWNER, session, "Write a function f", "new")
stage.playground.turns.ask(OWNER, session, "Write a function g", "new")
"""
RUN = """
cells = [stage.add(session, "import time\\nprint('one', flush=True)\\ntime.sleep(.1)\\nprint('two', flush=True)\\n"
         "time.sleep(500)"), stage.add(session, "1")]
stage.playground.runs.run_all(OWNER, session)
"""


class Crashed:
    """A server's process in a folder, and its database seen from outside."""

    def __init__(self, folder: Path, work: str) -> None:
        self.folder = folder
        tests = Path(__file__).parent
        script = SERVER.format(tests=str(tests), root=str(tests.parent), folder=str(folder), work=work)
        self.process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.session = self.process.stdout.readline().strip()
        self.database = Database(f"sqlite:///{folder / 'playground.db'}")

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()


@pytest.fixture
def reopened(tmp_path: Path) -> Iterator[Playground]:
    """The server that starts after the crash; made in the test's folder."""
    database = Database(f"sqlite:///{tmp_path / 'playground.db'}")
    database.migrate()
    engines = EngineHost(lambda *_: ScriptedEngine())
    playground = Playground(database, engines, Kernels(Limits(), preload=()), on_disk=lambda _: False)
    yield playground
    playground.close()


def stored_source(crashed: Crashed) -> str:
    with crashed.database.read() as tx:
        shown = tx.shown_versions(crashed.session)
        return "".join(version.source for version in shown.values() if version.origin == "model")


def stored_output(crashed: Crashed) -> str:
    with crashed.database.read() as tx:
        runs = tx.newest_runs(crashed.session).values()
        return "".join(output.get("text", "") for run in runs for output in run.outputs)


def sources(snapshot: Snapshot) -> list[str]:
    return [snapshot.versions[cell.id].source for cell in snapshot.cells]


@pytest.fixture
def written(tmp_path: Path) -> str:
    """A session whose server was killed while the model was silent in the middle of an answer."""
    crashed = Crashed(tmp_path, WRITE)
    try:
        wait_for(lambda: stored_source(crashed) == "def f(xs):\n    return sorted(xs)")
    finally:
        crashed.kill()
        crashed.database.close()
    return crashed.session


@pytest.fixture
def run(tmp_path: Path) -> str:
    """A session whose server was killed while a cell that had printed twice was silent."""
    crashed = Crashed(tmp_path, RUN)
    try:
        wait_for(lambda: stored_output(crashed) == "one\ntwo\n")
    finally:
        crashed.kill()
        crashed.database.close()
    return crashed.session


def test_an_answer_that_was_cut_off_is_there_as_far_as_it_came(written: str, reopened: Playground) -> None:
    snapshot = reopened.snapshot(OWNER, written)
    assert sources(snapshot) == ["x = 'typed'", "def f(xs):\n    return sorted(xs)"]
    assert [turn.status for turn in snapshot.turns] == ["cut", "cut"]
    assert [turn.request for turn in snapshot.turns] == ["Write a function f", "Write a function g"]
    assert snapshot.versions[snapshot.cells[1].id].status == "cut"
    assert (len(reopened.interrupted.turns), len(reopened.interrupted.versions)) == (2, 1)
    assert snapshot.writing == {}


def test_a_cell_that_was_cut_off_can_be_edited_and_run(written: str, reopened: Playground) -> None:
    cell = reopened.snapshot(OWNER, written).cells[1]
    reopened.runs.run(OWNER, written, cell.id, "def f(xs):\n    return 1\nf([])", cell.revision)
    wait_for(lambda: not reopened.snapshot(OWNER, written).running)
    assert reopened.snapshot(OWNER, written).runs[cell.id].status == "ok"


def test_a_run_that_was_cut_off_keeps_what_it_had_printed(run: str, reopened: Playground) -> None:
    snapshot = reopened.snapshot(OWNER, run)
    first, second = (snapshot.runs[cell.id] for cell in snapshot.cells[1:])
    assert (first.status, second.status) == ("cut", "cut")
    assert first.outputs[0]["text"] == "one\ntwo\n"
    assert snapshot.running == {}
    assert snapshot.kernel.state == "none"
