"""What many tests share: a whole server's parts around a scripted engine, real kernels and a real database."""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from tab import KEY, Tab
from website import PATIENCE, Site, Visitor, chromium

from app.runner import Kernels, Limits
from app.session import Playground, Snapshot
from model.host import EngineHost
from model.kernels.builds import BUILDS
from model.scripted import ScriptedEngine
from storage import Database

# The kernels are made for these processors; tests/test_model_packed.py runs on any.
collect_ignore = [] if any(build.runs() for build in BUILDS) else ["test_model_kernels.py"]

expect.set_options(timeout=PATIENCE * 1000)

OWNER = "a" * 64
STRANGER = "b" * 64

# What the shared servers answer to every request, so that tests need no order among themselves.
SORT_CODE = '''def sort_integers(numbers: list[int]) -> None:
    """Sort the numbers in place."""
    numbers.sort()'''
SORT_PROSE = "`sort_integers` changes the list itself and returns None."
SORT = f"```python\n{SORT_CODE}\n```\n{SORT_PROSE}"
LONG_CODE = "def long_story() -> int:\n    total = 0\n" + "".join(
    f"    total += {number}  # step {number}\n" for number in range(60)
)
LONG = f"```python\n{LONG_CODE}    return total\n```\n`long_story` adds sixty numbers."


class Stage:
    """A playground with its parts at hand."""

    def __init__(self, folder: Path, kernels: Kernels) -> None:
        self.folder = folder
        self.kernels = kernels
        self.engine = ScriptedEngine(context_length=4096)
        self.engines = EngineHost(lambda *_: self.engine)
        self.engines.use("smollm2-135m-instruct")
        self.database = Database(f"sqlite:///{folder / 'playground.db'}")
        self.database.migrate()
        self.playground = Playground(
            self.database, self.engines, kernels, on_disk=lambda _: False, kept=folder / "kept"
        )
        wait_for(lambda: self.engines.status().state == "ready")

    def session(self, owner: str = OWNER) -> str:
        """The id of a session of the owner."""
        return self.playground.sessions.create(owner).id

    def ask(self, session_id: str, request: str, reply: str, target: str = "auto") -> Snapshot:
        """Ask, let the engine play the reply, and wait for the end of it."""
        self.engine.enqueue(reply)
        self.playground.turns.ask(OWNER, session_id, request, target)
        return self.settled(session_id)

    def run(self, session_id: str, cell_id: str, source: str | None = None) -> Snapshot:
        """Run a cell, with another source if given, and wait for the end of it."""
        snapshot = self.playground.snapshot(OWNER, session_id)
        cell = next(cell for cell in snapshot.cells if cell.id == cell_id)
        text = snapshot.versions[cell_id].source if source is None else source
        self.playground.runs.run(OWNER, session_id, cell_id, text, cell.revision)
        return self.settled(session_id)

    def add(self, session_id: str, source: str) -> str:
        """The id of a new last cell."""
        cells = self.playground.snapshot(OWNER, session_id).cells
        return self.playground.cells.add(OWNER, session_id, cells[-1].id if cells else None, source).id

    def settled(self, session_id: str) -> Snapshot:
        """The session once nothing is being written or run."""

        def idle() -> bool:
            snapshot = self.playground.snapshot(OWNER, session_id)
            return not snapshot.writing and not snapshot.running

        wait_for(idle)
        return self.playground.snapshot(OWNER, session_id)


class SharedKernels(Kernels):
    """Kernels for many playgrounds, one after the other: who closes ends their own, and the pool stays warm."""

    def shutdown(self) -> None:
        for key in self.keys:
            self.close(key)

    def end(self) -> None:
        super().shutdown()


def wait_for(condition: Callable[[], bool]) -> None:
    """Return once the condition holds; fail after `PATIENCE`."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.01)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty database of one test."""
    database = Database(f"sqlite:///{tmp_path / 'playground.db'}")
    database.migrate()
    yield database
    database.close()


@pytest.fixture(scope="session")
def kernels() -> Iterator[Kernels]:
    """Real kernels, shared by all tests of a run: sessions keep theirs apart."""
    kernels = SharedKernels(Limits())
    yield kernels
    kernels.end()


@pytest.fixture
def stage(tmp_path: Path, kernels: Kernels) -> Iterator[Stage]:
    """A playground of its own for one test, which leaves no process to those that come after it."""
    stage = Stage(tmp_path, kernels)
    yield stage
    stage.playground.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all browser tests."""
    with chromium() as it:
        yield it


@pytest.fixture(scope="session")
def playground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server for tests that leave it as it was: each request is answered with `SORT`, at once."""
    yield from _served(Site(tmp_path_factory.mktemp("playground"), [SORT] * 500, shared=True))


@pytest.fixture(scope="session")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server that answers each request with `LONG`, in some twenty seconds: there is time to do things meanwhile."""
    yield from _served(Site(tmp_path_factory.mktemp("slow"), [LONG] * 100, tokens_per_second=30, shared=True))


def _served(site: Site) -> Iterator[Site]:
    site.start()
    yield site
    site.kill()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Callable[..., Site]]:
    """Starts servers over the test's folder: `site(replies, tokens_per_second=...)`."""
    sites: list[Site] = []

    def start(replies: list[str], **options: Any) -> Site:
        sites.append(Site(tmp_path / f"site{len(sites)}", replies, **options))
        sites[-1].start()
        return sites[-1]

    yield start
    for it in sites:
        it.kill()


@pytest.fixture
def tab(playground: Site, cached: Visitor) -> Iterator[Tab]:
    """A tab of somebody new at the shared server."""
    yield from _newcomer(playground, cached)


@pytest.fixture
def slow_tab(slow: Site, cached_slow: Visitor) -> Iterator[Tab]:
    """A tab of somebody new at the slow server."""
    yield from _newcomer(slow, cached_slow)


@pytest.fixture(scope="session")
def cached(playground: Site, browser: Browser) -> Iterator[Visitor]:
    """A browser that has the shared server's files in its cache."""
    yield from _kept(Visitor(browser, playground.url))


@pytest.fixture(scope="session")
def cached_slow(slow: Site, browser: Browser) -> Iterator[Visitor]:
    """A browser that has the slow server's files in its cache."""
    yield from _kept(Visitor(browser, slow.url))


def _kept(visitor: Visitor) -> Iterator[Visitor]:
    yield visitor
    visitor.close()


def _newcomer(site: Site, visitor: Visitor) -> Iterator[Tab]:
    """A tab whose browser forgets, before it loads the page, who looked at it before."""
    page = visitor.page(fresh=True)
    yield Tab(page, site).opened()
    _leave(page, site)
    faults, visitor.faults = visitor.faults, []
    assert faults == []


def _leave(page: Page, site: Site) -> None:
    """Close a tab and delete the sessions of its browser: a kernel or an answer that stayed would hold others up."""
    found = re.search(r"[?&]session=([\w-]+)", page.url) if page.url.startswith(site.url) else None
    key = page.evaluate(f"localStorage.getItem('{KEY}')") if found else None
    page.close()
    if found and key:
        for row in site.live(key, found[1]).get("view", {}).get("sessions", []):
            site.act(kind="delete_session", owner=key, session=row["id"])


def arrive(site: Site, visitor: Callable[..., Visitor], **options: Any) -> Tab:
    """A tab of somebody new at a server."""
    return Tab(visitor(site, **options).page(), site).opened()


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Callable[..., Visitor]]:
    """Makes browsers of their own: `visitor(site)`; each must have met no fault by the end of the test."""
    visitors: list[tuple[Visitor, Site]] = []

    def come(site: Site, **options: Any) -> Visitor:
        person = Visitor(browser, site.url, **options)
        visitors.append((person, site))
        return person

    yield come
    for person, site in visitors:
        for page in person.context.pages if site.shared else ():
            _leave(page, site)
        person.close()
