"""Starting, and what happens when something that the server needs fails: a clear message, and nothing lost."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psutil
import pytest
from conftest import arrive
from playwright.sync_api import expect
from website import ROOT, Site, Visitor

Come = Callable[..., Visitor]
Started = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server whose database is locked and filled."""
    site = Site(tmp_path_factory.mktemp("place"), [])
    site.start()
    yield site
    site.kill()


def test_a_port_in_use_is_named_with_the_way_out(place: Site, tmp_path: Path) -> None:
    ended = start(tmp_path, PLAYGROUND_PORT=str(place.port))
    assert ended.returncode == 1
    assert f"Port {place.port} on 127.0.0.1 cannot be used" in ended.stderr
    assert f"PLAYGROUND_PORT={place.port + 1}" in ended.stderr
    assert "GRADIO" not in ended.stderr


def test_a_second_server_on_one_data_folder_is_refused(place: Site) -> None:
    ended = start(place.data)
    assert ended.returncode == 1
    assert f"Another server uses the data folder {place.data}" in ended.stderr
    assert "PLAYGROUND_DATA" in ended.stderr


def test_a_damaged_database_is_named_and_left_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "playground.db"
    damage = b"this is no database " * 500
    path.write_bytes(damage)
    ended = start(tmp_path)
    assert ended.returncode == 1
    assert str(path) in ended.stderr
    assert "restore a backup" in ended.stderr
    assert path.read_bytes() == damage


def test_an_unreadable_script_is_named_with_an_example(tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    script.write_text("{not json")
    ended = start(tmp_path, PLAYGROUND_SCRIPT=str(script))
    assert ended.returncode == 1
    assert str(script) in ended.stderr
    assert '"replies"' in ended.stderr


def test_a_setting_that_makes_no_sense_is_named(tmp_path: Path) -> None:
    ended = start(tmp_path, PLAYGROUND_PORT="a port")
    assert ended.returncode == 1
    assert "port" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_an_unknown_model_is_named(tmp_path: Path) -> None:
    ended = start(tmp_path, PLAYGROUND_SCRIPT="", PLAYGROUND_MODEL="no-such-model")
    assert ended.returncode == 1
    assert "no-such-model" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_second_start_reaches_a_page_that_can_be_used(place: Site, visitor: Come) -> None:
    first = arrive(place, visitor)
    first.first("kept = 1")
    place.stop()
    place.start()
    expect(first.page.get_by_text("reconnecting…")).to_have_count(0)
    first.append(1, "\nadded = 2")
    first.stores(1, "kept = 1\nadded = 2")


def test_a_locked_database_is_named_and_what_was_typed_is_stored_afterwards(place: Site, visitor: Come) -> None:
    tab = arrive(place, visitor)
    tab.first("before = 1")
    with locked(place):
        tab.append(1, "\nduring = 2")
        notice = tab.cell(1).get_by_role("status").filter(has_text="Not saved yet; your text is kept in this browser.")
        expect(notice).to_contain_text("kept busy by another writer")
        expect(tab.editor(1)).to_contain_text("during = 2")
    tab.stores(1, "before = 1\nduring = 2")
    expect(notice).to_have_count(0)


def test_a_request_that_a_locked_database_refused_stays_in_the_composer(place: Site, visitor: Come) -> None:
    tab = arrive(place, visitor)
    with locked(place):
        tab.ask("Write a function")
        expect(tab.thread.get_by_role("alert")).to_contain_text("kept busy by another writer")
        expect(tab.composer).to_have_value("Write a function")


def test_a_disk_that_takes_no_more_is_named_and_what_was_typed_is_stored_afterwards(place: Site, visitor: Come) -> None:
    tab = arrive(place, visitor)
    tab.first("before = 1")
    with full(place):
        tab.append(1, "\nduring = 2")
        notice = tab.cell(1).get_by_role("status").filter(has_text="Not saved yet; your text is kept in this browser.")
        expect(notice).to_contain_text("playground.db")
        expect(tab.editor(1)).to_contain_text("during = 2")
        assert tab.source(1) == "before = 1"
    tab.stores(1, "before = 1\nduring = 2")


def test_one_persons_trouble_is_not_anothers(place: Site, visitor: Come) -> None:
    person, other = arrive(place, visitor), arrive(place, visitor)
    person.first("while True:\n    pass")
    person.cell(1).get_by_role("button", name="Run").click()
    person.settles(lambda view: (view["cells"][0]["run"] or {}).get("status") == "running")
    other.first("print('mine')")
    expect(other.run(1)).to_contain_text("mine")
    person.cell(1).get_by_role("button", name="Stop").click()
    person.settles(lambda view: (view["cells"][0]["run"] or {}).get("status") == "interrupted")


def start(data: Path, **env: str) -> Started:
    """`python app.py` over a data folder, to its end."""
    script = data / "script.json"
    if not script.exists():
        script.write_text('{"replies": []}')
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PLAYGROUND_")}
    settings = {"PLAYGROUND_DATA": str(data), "PLAYGROUND_SCRIPT": str(script), "PLAYGROUND_PORT": "0"}
    return subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env={**clean, **settings, **env},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@contextmanager
def locked(site: Site) -> Iterator[None]:
    """Another program keeps the database to itself."""
    with closing(sqlite3.connect(site.data / "playground.db", isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")
        yield
        database.execute("ROLLBACK")


@contextmanager
def full(site: Site) -> Iterator[None]:
    """The system takes no more of the server's bytes: no file of it may grow beyond 64 bytes."""
    server = psutil.Process(site.pid)
    before = server.rlimit(psutil.RLIMIT_FSIZE)
    server.rlimit(psutil.RLIMIT_FSIZE, (64, before[1]))
    yield
    server.rlimit(psutil.RLIMIT_FSIZE, before)
