"""A whole server in a process of its own, as `make run` starts it, and browsers that look at it."""

import contextlib
import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, Request, sync_playwright

Json = dict[str, Any]

ROOT = Path(__file__).parent.parent
START = 120.0  # seconds until a server that has not answered counts as failed
PATIENCE = 120.0  # seconds; a wait that long has failed, whatever the machine is doing
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
FORGET = """
if (self === top && !sessionStorage.getItem("known")) {
  localStorage.clear();
  sessionStorage.setItem("known", "yes");
}
"""
_PORTS = itertools.count(21000 + os.getpid() % 900)
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}


class Site:
    """One server over one data folder; it can be killed and started again on the same port.

    Args:
        data: folder of the database.
        replies: what the scripted engine plays, in order.
        tokens_per_second: how fast it plays.
        env: further environment variables; `PLAYGROUND_SCRIPT` set to "" lets a real model answer.
        shared: other tests will use it; who leaves takes their sessions along.
    """

    def __init__(
        self,
        data: Path,
        replies: list[str],
        *,
        tokens_per_second: float = 0.0,
        env: dict[str, str] | None = None,
        shared: bool = False,
    ) -> None:
        data.mkdir(parents=True, exist_ok=True)
        script = data / "script.json"
        script.write_text(json.dumps({"tokens_per_second": tokens_per_second, "replies": replies}))
        self.data = data
        self.shared = shared
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        self._env = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("PLAYGROUND_", "ENGINE_"))},
            "PLAYGROUND_DATA": str(data),
            "PLAYGROUND_PORT": str(self.port),
            "PLAYGROUND_SCRIPT": str(script),
            **(env or {}),
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._component: int | None = None

    def start(self) -> None:
        """Start the server and wait until it answers."""
        self._component = None
        with (self.data / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "app.py"], cwd=ROOT, env=self._env, stdout=log, stderr=log
            )
        end = time.monotonic() + START
        while not self._answers():
            assert self._process.poll() is None, (self.data / "server.log").read_text()[-2000:]
            assert time.monotonic() < end, "the server did not answer"
            time.sleep(0.1)

    @property
    def pid(self) -> int:
        """The server's process id."""
        assert self._process is not None
        return self._process.pid

    def act(self, **payload: object) -> Json:
        """What the server answers to an action, as the page sends it or as somebody forges it."""
        return self.call(payload)

    def call(self, payload: object) -> Json:
        """What the server answers to anything at all, sent to where actions go."""
        body = {"data": payload, "component_id": self.component, "fn_name": "act", "session_hash": "test"}
        request = urllib.request.Request(
            f"{self.url}gradio_api/component_server",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return dict(json.load(answer))

    def live(self, key: str, session: str) -> Json:
        """The first message of a session's live stream."""
        request = urllib.request.Request(f"{self.url}live?session={session}", headers={"x-owner-key": key})
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return dict(json.loads(answer.readline().removeprefix(b"data: ")))

    def view(self, key: str, session: str) -> Json:
        """A session as the server tells it to its owner."""
        return dict(self.live(key, session)["view"])

    @staticmethod
    def wait(condition: Callable[[], bool]) -> None:
        """Return once the condition holds; fail after `PATIENCE`."""
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end, "waited too long"
            time.sleep(0.05)

    @property
    def component(self) -> int:
        """The id by which Gradio knows the page's component."""
        self._component = self._component or self._found_component()
        return self._component

    def _found_component(self) -> int:
        with urllib.request.urlopen(f"{self.url}config", timeout=PATIENCE) as answer:
            components = json.load(answer)["components"]
        return next(int(its["id"]) for its in components if its["props"].get("elem_id") == "playground")

    def kill(self) -> None:
        """End the server as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End the server as `docker stop` would."""
        self._end(signal.SIGTERM)

    def _end(self, sign: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(sign)
            self._process.wait(timeout=30)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(self.url, timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


def free_port() -> int:
    """A TCP port that nobody listens on, below those that the system gives to connections by itself.

    Each process of a test run draws from a range of its own, so that two cannot draw the same.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    for port in _PORTS:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port + 1000 * worker))
            return port + 1000 * worker
    raise AssertionError("no free port")


@contextmanager
def chromium() -> Iterator[Browser]:
    """The machine's Chromium, headless."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert path is not None, "the browser tests need Chromium on PATH (Debian: apt-get install chromium)"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


class Visitor:
    """One person's browser: its own storage, its own key; complains of script errors and of requests elsewhere.

    Args:
        browser: shared by all visitors of a test run.
        url: the server's address.
        options: further options of the browser context, such as `viewport`.
    """

    def __init__(self, browser: Browser, url: str, **options: Any) -> None:
        self._url = url
        self.faults: list[str] = []
        self.context = browser.new_context(**{"viewport": DESKTOP, "reduced_motion": "reduce", **options})
        self.context.on("request", self._note)
        self.context.on("requestfailed", self._forgive)

    def page(self, path: str = "", *, fresh: bool = False) -> Page:
        """A new tab at a path below the server's address; a `fresh` one forgets first who used the browser before."""
        page = self.context.new_page()
        if fresh:
            page.add_init_script(FORGET)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.goto(self._url + path)
        return page

    def close(self) -> None:
        """Close every tab; nothing may have gone wrong in any of them."""
        self.context.close()
        assert self.faults == []

    def _note(self, request: Request) -> None:
        if not request.url.startswith((self._url, "data:", "blob:", "about:")):
            self.faults.append(f"asked for {request.url}")

    def _forgive(self, request: Request) -> None:
        """Chromium announces what a page's policy then forbids: such a request never leaves."""
        fault = f"asked for {request.url}"
        if request.failure == "csp" and fault in self.faults:
            self.faults.remove(fault)
