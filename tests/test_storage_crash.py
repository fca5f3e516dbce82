"""A server that is killed between any two statements leaves sessions that open."""

import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from storage import Database
from storage.records import Turn
from storage.transaction import Transaction

OWNER = "a" * 64
ROOT = Path(__file__).resolve().parent.parent
# One request and its answer, as a session lives it: several transactions of several statements.
ANSWER = """
def answer(database, session_id, number):
    with database.begin() as t:
        head = t.session(session_id).head_turn_id
        turn = t.create_turn(session_id, f"request {number}", parent_id=head)
        t.update_session(session_id, head_turn_id=turn.id, draft="")
    with database.begin() as t:
        cell = t.create_cell(session_id, title=str(number))
        version = t.create_version(cell.id, "", origin="model", status="writing", turn_id=turn.id)
        t.show_version(cell.id, version.id)
        t.update_turn(turn.id, status="writing", cell_id=cell.id, version_id=version.id)
    with database.begin() as t:
        t.update_source(version.id, "def f(): ...")
    with database.begin() as t:
        t.set_version_status(version.id, "whole")
        t.update_turn(turn.id, status="done", prose="Done.")
    with database.begin() as t:
        run = t.create_run(version.id, status="running")
    with database.begin() as t:
        t.update_run(run.id, status="ok", outputs=[{"output_type": "stream", "name": "stdout", "text": "x" * 20_000}])
"""
STREAM = f"""
import sys
from storage import Database
{ANSWER}
database = Database(sys.argv[1])
for number in range(1_000_000):
    answer(database, sys.argv[2], number)
    print(number, flush=True)
"""
# Forked once for every statement there is: child n kills itself when its n-th statement is about to run.
EVERY_STATEMENT = f"""
import os, shutil, signal, sys
from sqlalchemy import event
from storage import Database
{ANSWER}
def child(path, session_id, fatal):
    database = Database(f"sqlite:///{{path}}")
    count = 0
    @event.listens_for(database._engines.writing, "before_cursor_execute")
    def _kill(*_):
        nonlocal count
        count += 1
        if count == fatal:
            os.kill(os.getpid(), signal.SIGKILL)
    answer(database, session_id, 1)

first, session_id = sys.argv[1:]
for fatal in range(1, 1000):
    path = f"{{first}}.{{fatal}}"
    shutil.copy(first, path)
    if not (pid := os.fork()):
        child(path, session_id, fatal)
        os._exit(0)
    if os.waitpid(pid, 0)[1] == 0:
        break
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "playground.db"


@pytest.fixture
def session_id(path: Path) -> str:
    database = Database(f"sqlite:///{path}")
    database.migrate()
    with database.begin() as t:
        session = t.create_session(OWNER, draft="half a sen")
    database.close()
    return session.id


def open_after_crash(path: Path, session_id: str) -> list[Turn]:
    """Start as a server does, read the whole session, and check that its parts fit together."""
    database = Database(f"sqlite:///{path}")
    database.migrate()
    with database.begin() as t:
        cut = t.close_interrupted()
        session = t.session_of(OWNER, session_id)
        turns = t.branch(session.head_turn_id) if session.head_turn_id else []
        assert [turn.id for turn in turns] == [turn.id for turn in t.turns(session_id)]
        check_parts(t, session_id, turns)
        assert len(cut.turns) + len(cut.versions) + len(cut.runs) <= 2
        assert session.draft == ("" if turns else "half a sen")
    database.close()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    return turns


def check_parts(t: Transaction, session_id: str, turns: list[Turn]) -> None:
    shown, runs = t.shown_versions(session_id), t.newest_runs(session_id)
    assert {turn.cell_id for turn in turns if turn.cell_id} == {cell.id for cell in t.cells(session_id)} == set(shown)
    for turn in turns:
        assert turn.status in ("done", "cut")
        if turn.cell_id is not None:
            version = shown[turn.cell_id]
            assert version.id == turn.version_id
            assert version.status == ("whole" if turn.status == "done" else "cut")
    assert all(run.status == "cut" or run.outputs for run in runs.values())


def run_script(script: str, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_a_kill_before_any_statement_leaves_a_session_that_opens(path: Path, session_id: str) -> None:
    with run_script(EVERY_STATEMENT, str(path), session_id) as process:
        assert process.wait() == 0
    copies = sorted(path.parent.glob("playground.db.*[0-9]"), key=lambda copy: int(copy.suffix[1:]))
    reached = [len(open_after_crash(copy, session_id)) for copy in copies]
    assert len(copies) > 30
    assert reached == sorted(reached)
    assert (reached[0], reached[-1]) == (0, 1)


def test_killed_in_the_middle_of_a_stream_of_writes_everything_acknowledged_is_there(
    path: Path, session_id: str
) -> None:
    chance = random.Random(1)
    acknowledged = 0
    for _ in range(4):
        with run_script(STREAM, f"sqlite:///{path}", session_id) as process:
            assert process.stdout is not None
            acknowledged += len([process.stdout.readline() for _ in range(3)])
            time.sleep(chance.random() / 10)
            process.send_signal(signal.SIGKILL)
            acknowledged += len(process.stdout.readlines())
        turns = open_after_crash(path, session_id)
        done = [turn for turn in turns if turn.status == "done"]
        assert len(done) >= acknowledged
    assert acknowledged >= 12
