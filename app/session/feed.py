"""Tells those who watch a session which parts of it changed.

Changes are gathered, not queued: a slow watcher is told once of everything since it last asked, so nothing piles up.
"""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Changes:
    """What changed: the stored records (`records`), the text of turns and cells at work, or the machinery."""

    records: bool = False
    turns: set[str] = field(default_factory=set)
    cells: set[str] = field(default_factory=set)
    kernel: bool = False
    engine: bool = False
    sessions: bool = False

    def add(self, other: "Changes") -> None:
        """Take the other's changes in."""
        self.records |= other.records
        self.turns |= other.turns
        self.cells |= other.cells
        self.kernel |= other.kernel
        self.engine |= other.engine
        self.sessions |= other.sessions


class Watch:
    """One watcher's unread changes; written from any thread, awaited in the loop that made it."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._told = asyncio.Event()
        self._lock = threading.Lock()
        self._changes: Changes | None = None

    def tell(self, changes: Changes) -> None:
        """Add changes and wake the watcher; harmless once its loop has ended."""
        with self._lock:
            if self._changes is None:
                self._changes = Changes()
            self._changes.add(changes)
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._told.set)

    async def next(self, seconds: float) -> Changes | None:
        """Everything since the last call, or None when `seconds` pass without a change."""
        try:
            await asyncio.wait_for(self._told.wait(), seconds)
        except TimeoutError:
            return None
        self._told.clear()
        with self._lock:
            changes, self._changes = self._changes, None
        return changes


class Feed:
    """The watchers of all sessions of one server."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watches: dict[tuple[str, str], set[Watch]] = {}

    @contextmanager
    def watch(self, session_id: str, owner: str) -> Iterator[Watch]:
        """Watch one session, and the owner's list of sessions, while the context lasts."""
        watch, key = Watch(), (session_id, owner)
        with self._lock:
            self._watches.setdefault(key, set()).add(watch)
        try:
            yield watch
        finally:
            with self._lock:
                self._watches[key].discard(watch)
                if not self._watches[key]:
                    del self._watches[key]

    def tell(self, session_id: str, changes: Changes) -> None:
        """Tell the watchers of one session."""
        self._spread(changes, lambda session, _: session == session_id)

    def tell_owner(self, owner: str) -> None:
        """Tell all of an owner's watchers that the list of sessions changed."""
        self._spread(Changes(sessions=True), lambda _, its_owner: its_owner == owner)

    def tell_all(self, changes: Changes) -> None:
        """Tell everybody, of what the sessions share."""
        self._spread(changes, lambda *_: True)

    def _spread(self, changes: Changes, wanted: Callable[[str, str], bool]) -> None:
        with self._lock:
            chosen = [
                w for (session, owner), watches in self._watches.items() if wanted(session, owner) for w in watches
            ]
        for watch in chosen:
            watch.tell(changes)
