"""The live stream over a real server: the whole view first, then patches that reproduce it exactly."""

import itertools
import json
import random
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from typing import Any

import pytest
import uvicorn
from conftest import Stage, wait_for
from starlette.applications import Starlette

from app.session import Playground
from app.ui import live, view
from app.ui.actions import Actions, owner_of

Json = dict[str, Any]
KEY, OTHER_KEY = "k" * 64, "s" * 64
OWNER = owner_of(KEY)


def reply(number: int) -> str:
    return f"```python\ndef f_{number % 3}(xs):\n    return {number}\n```\nAnswer {number}: caf\u00e9."


class Server:
    """A real server on loopback with the live stream alone."""

    def __init__(self, playground: Playground) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        config = uvicorn.Config(Starlette(routes=[live.route(playground)]), log_level="warning", lifespan="off")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]})
        self._thread.start()

    def close(self) -> None:
        self._server.should_exit = self._server.force_exit = True
        self._thread.join()
        self._socket.close()


class Tab:
    """What one open page knows: it applies messages as `editor/src/store.ts` does."""

    def __init__(self, port: int, session: str, key: str = KEY) -> None:
        self.view: Json = {}
        self.messages: list[Json] = []
        self.heartbeats = 0
        self._connection = HTTPConnection("127.0.0.1", port, timeout=60)
        self._connection.request("GET", f"/live?session={session}", headers={"x-owner-key": key})
        self.response: HTTPResponse = self._connection.getresponse()
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        try:
            for line in self.response:
                self.heartbeats += line.startswith(b":")
                if line.startswith(b"data: "):
                    self._take(json.loads(line.removeprefix(b"data: ")))
        except (OSError, ValueError, AttributeError):
            return  # closed from this side

    def _take(self, message: Json) -> None:
        if message["type"] == "view":
            self.view = message["view"]
        elif message["type"] == "patch":
            self.view = patched(self.view, message["patch"])
        self.messages.append(message)

    def close(self) -> None:
        if self._connection.sock is not None:
            self._connection.sock.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self.response.close()
        self._connection.close()


def patched(old: Json, patch: Json) -> Json:
    new = {**old, **patch}
    for name in ("turns", "cells"):
        new[name] = merged(old[name], patch[name]) if name in patch else old[name]
    return new


def merged(old: list[Json], items: Json) -> list[Json]:
    known = {item["id"]: item for item in (*old, *items["changed"])}
    return [known[key] for key in items["order"] if key in known]


def fresh(stage: Stage, session: str) -> Json:
    snapshot = stage.playground.snapshot(OWNER, session)
    whole: Json = json.loads(json.dumps(view.whole(snapshot, stage.playground.sessions.rows(OWNER))))
    return whole


def comparable(whole: Json) -> Json:
    """A view without the kernel's memory, which changes without anybody being told."""
    return (
        {**whole, "kernel": {**whole["kernel"], "message": whole["kernel"]["message"].split(",")[0]}} if whole else {}
    )


@pytest.fixture
def server(stage: Stage) -> Iterator[Server]:
    server = Server(stage.playground)
    yield server
    server.close()


@contextmanager
def tabs(server: Server, session: str, count: int = 1, key: str = KEY) -> Iterator[list[Tab]]:
    opened = [Tab(server.port, session, key) for _ in range(count)]
    try:
        yield opened
    finally:
        for tab in opened:
            tab.close()


@pytest.fixture
def act(stage: Stage) -> Actions:
    return Actions(stage.playground)


def make(act: Actions, kind: str, **args: object) -> Json:
    return act({"kind": kind, "owner": KEY, **args})


def test_the_whole_view_comes_first(stage: Stage, server: Server, act: Actions) -> None:
    session = make(act, "new_session")["session"]
    make(act, "add_cell", session=session, after=None, source="x = 1")
    with tabs(server, session) as (tab,):
        wait_for(lambda: bool(tab.messages))
        assert tab.messages[0] == {"type": "view", "view": fresh(stage, session)}
        assert tab.response.headers["content-type"].startswith("text/event-stream")
        assert tab.response.headers["cache-control"] == "no-store"


def test_two_tabs_see_each_others_edits(stage: Stage, server: Server, act: Actions) -> None:
    session = make(act, "new_session")["session"]
    cell = make(act, "add_cell", session=session, after=None, source="x = 1")["cell"]
    with tabs(server, session, 2) as opened:
        wait_for(lambda: all(tab.view for tab in opened))
        make(act, "edit", session=session, cell=cell, source="x = 2", revision=2)
        wait_for(lambda: all(tab.view["cells"][0]["source"] == "x = 2" for tab in opened))


def test_a_patch_names_only_what_changed(stage: Stage, server: Server, act: Actions) -> None:
    session = make(act, "new_session")["session"]
    first = make(act, "add_cell", session=session, after=None, source="x = 1")["cell"]
    second = make(act, "add_cell", session=session, after=first, source="y = 1")["cell"]
    with tabs(server, session) as (tab,):
        wait_for(lambda: bool(tab.view))
        make(act, "edit", session=session, cell=second, source="y = 2", revision=2)
        wait_for(lambda: tab.view["cells"][1]["source"] == "y = 2")
        cells = [m["patch"]["cells"] for m in tab.messages if "cells" in m.get("patch", {})]
        assert [[item["id"] for item in patch["changed"]] for patch in cells] == [[second]]
        assert cells[0]["order"] == [first, second]


def test_an_answer_streams_in_pieces(stage: Stage, server: Server, act: Actions) -> None:
    session = make(act, "new_session")["session"]
    stage.engine.pause = 0.02
    stage.engine.enqueue("```python\n" + "".join(f"x_{n} = {n}\n" for n in range(30)) + "```\nAnswer 1: caf\u00e9.")
    with tabs(server, session) as (tab,):
        wait_for(lambda: bool(tab.view))
        make(act, "ask", session=session, request="Write thirty names")
        wait_for(lambda: bool(tab.view["turns"]) and tab.view["turns"][0]["status"] == "done")
        patches = [m["patch"] for m in tab.messages if m["type"] == "patch"]
        sources = [item["source"] for patch in patches for item in patch.get("cells", {}).get("changed", [])]
        assert len(set(sources)) > 2
        assert all(later.startswith(earlier) for earlier, later in itertools.pairwise(sources))
        assert tab.view["turns"][0]["prose"] == "Answer 1: caf\u00e9."
        wait_for(lambda: tab.view["turns"][0]["cost"] is not None)  # the end is shown before it is stored
        wait_for(lambda: comparable(tab.view) == comparable(fresh(stage, session)))


def test_silence_is_broken_by_heartbeats(
    stage: Stage, server: Server, act: Actions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "HEARTBEAT", 0.05)
    with tabs(server, make(act, "new_session")["session"]) as (tab,):
        wait_for(lambda: tab.heartbeats >= 2)
        assert [message["type"] for message in tab.messages] == ["view"]


@pytest.mark.parametrize("session", ["", "f" * 32, "%00", "%ED%A0%80", "x" * 5000])
def test_a_session_that_is_not_there_is_gone(server: Server, session: str) -> None:
    with tabs(server, session) as (tab,):
        wait_for(lambda: bool(tab.messages))
        assert [message["type"] for message in tab.messages] == ["gone"]


def test_a_stranger_is_told_what_everybody_is_told_of_nothing(server: Server, act: Actions) -> None:
    session = make(act, "new_session")["session"]
    with tabs(server, session, key=OTHER_KEY) as (stolen,), tabs(server, "f" * 32, key=OTHER_KEY) as (nothing,):
        wait_for(lambda: bool(stolen.messages and nothing.messages))
        message = stolen.messages[0]["message"].replace(session, "f" * 32)
        assert {"type": "gone", "message": message} == nothing.messages[0]


def test_without_a_key_the_stream_is_refused(server: Server, act: Actions) -> None:
    with tabs(server, make(act, "new_session")["session"], key="short") as (tab,):
        assert tab.response.status == 403


def test_a_session_deleted_in_another_tab_is_gone(stage: Stage, server: Server, act: Actions) -> None:
    session = make(act, "new_session")["session"]
    make(act, "add_cell", session=session, after=None, source="x = 1")
    with tabs(server, session) as (tab,):
        wait_for(lambda: bool(tab.view))
        make(act, "delete_session", session=session)
        wait_for(lambda: tab.messages[-1]["type"] == "gone")


def test_an_output_that_has_no_utf8_does_not_end_the_stream(stage: Stage, server: Server, act: Actions) -> None:
    session = make(act, "new_session")["session"]
    cell = make(act, "add_cell", session=session, after=None, source="1")["cell"]
    with stage.database.begin() as tx:
        run = tx.create_run(tx.cell(cell).version_id or "")
        output = {"output_type": "stream", "name": "stdout", "text": "half \ud800 pair"}
        tx.update_run(run.id, status="ok", outputs=[output])
    make(act, "rename", session=session, title="Half")
    with tabs(server, session) as (tab,):
        wait_for(lambda: bool(tab.view))
        assert "half" in json.dumps(tab.view["cells"])


def test_a_tab_that_leaves_is_forgotten(stage: Stage, server: Server, act: Actions) -> None:
    session = make(act, "new_session")["session"]
    with tabs(server, session) as (tab,):
        wait_for(lambda: bool(tab.view))
        assert stage.playground.feed._watches
    wait_for(lambda: make(act, "rename", session=session, title="x") == {} and not stage.playground.feed._watches)


@pytest.mark.parametrize("seed", range(3))
def test_patches_reproduce_the_view_after_anything(stage: Stage, server: Server, act: Actions, seed: int) -> None:
    chance = random.Random(seed)
    session = make(act, "new_session")["session"]
    stage.engine.pause = 0.002
    with tabs(server, session, 2) as opened:
        wait_for(lambda: all(tab.view for tab in opened))
        for number in range(40):
            something(stage, act, session, chance, number)
        make(act, "interrupt", session=session)

        def idle() -> bool:
            snapshot = stage.playground.snapshot(OWNER, session)
            return not snapshot.writing and not snapshot.running

        wait_for(idle)
        make(act, "rename", session=session, title=f"The end of {seed}")
        wait_for(lambda: all(tab.view["session"]["title"] == f"The end of {seed}" for tab in opened))
        wait_for(lambda: all(comparable(tab.view) == comparable(fresh(stage, session)) for tab in opened))
    stage.kernels.close(session)


def something(stage: Stage, act: Actions, session: str, chance: random.Random, number: int) -> None:
    """One action at random, with arguments that often make sense."""
    snapshot = stage.playground.snapshot(OWNER, session)
    cell = chance.choice(snapshot.cells) if snapshot.cells else None
    turn = chance.choice(snapshot.turns) if snapshot.turns else None
    after = cell.id if cell else None
    source = f"x_{number % 4} = {number}\nprint(x_{number % 4})"
    choices: list[Json] = [
        {"kind": "add_cell", "after": after, "source": source},
        {"kind": "ask", "request": f"Write a function f_{number}", "target": chance.choice(["auto", "new"])},
        {"kind": "draft", "text": f"draft {number}"},
        {"kind": "share"},
        {"kind": "run_all"},
    ]
    if cell is not None:
        its = {"cell": cell.id, "revision": cell.revision}
        choices += [
            {"kind": "edit", **its, "source": source},
            {"kind": "run", **its, "source": source},
            {"kind": "restore", **its, "version": cell.version_id},
            {"kind": "move_cell", "cell": cell.id, "index": chance.randrange(4)},
            {"kind": chance.choice(["delete_cell", "restore_cell"]), "cell": cell.id},
            {"kind": chance.choice(["run_stale", "interrupt"])},
        ]
    if turn is not None:
        choices += [
            {"kind": chance.choice(["regenerate", "stop", "show_branch"]), "turn": turn.id},
            {"kind": "move_answer", "turn": turn.id, "target": after or "new"},
        ]
    action = chance.choice(choices)
    if action["kind"] in {"ask", "regenerate"}:
        stage.engine.enqueue(reply(number))
    make(act, action.pop("kind"), session=session, **action)
