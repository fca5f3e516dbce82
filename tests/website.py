"""A whole server in a process of its own, as `make run` starts it, and browsers that look at it."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, Route, sync_playwright

ROOT = Path(__file__).parent.parent
START = 120.0  # seconds until a server that has not answered counts as failed
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}


class Site:
    """One server over one data folder; it can be killed and started again on the same port.

    Args:
        data: folder of the database.
        replies: what the scripted engine plays, in order.
        tokens_per_second: how fast it plays.
        env: further environment variables; `PLAYGROUND_SCRIPT` set to "" lets a real model answer.
    """

    def __init__(
        self, data: Path, replies: list[str], *, tokens_per_second: float = 0.0, env: dict[str, str] | None = None
    ) -> None:
        data.mkdir(parents=True, exist_ok=True)
        script = data / "script.json"
        script.write_text(json.dumps({"tokens_per_second": tokens_per_second, "replies": replies}))
        self.data = data
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        self._env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PLAYGROUND_")},
            "PLAYGROUND_DATA": str(data),
            "PLAYGROUND_PORT": str(self.port),
            "PLAYGROUND_SCRIPT": str(script),
            **(env or {}),
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server and wait until it answers."""
        log = (self.data / "server.log").open("ab")
        self._process = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=self._env, stdout=log, stderr=log)
        end = time.monotonic() + START
        while not self._answers():
            assert self._process.poll() is None, (self.data / "server.log").read_text()[-2000:]
            assert time.monotonic() < end, "the server did not answer"
            time.sleep(0.1)

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
    """A TCP port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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
        self.context.route("**/*", self._guard)

    def page(self, path: str = "") -> Page:
        """A new tab at a path below the server's address."""
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.goto(self._url + path)
        return page

    def close(self) -> None:
        """Close every tab; nothing may have gone wrong in any of them."""
        self.context.close()
        assert self.faults == []

    def _guard(self, route: Route) -> None:
        address = route.request.url
        if address.startswith((self._url, "data:", "blob:", "about:")):
            route.continue_()
        else:
            self.faults.append(f"asked for {address}")
            route.abort()
