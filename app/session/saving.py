"""Stores work in progress from time to time."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from storage.errors import StorageError

STORE_EVERY = 0.5  # seconds; so much is lost at most when the process is killed


class Saver:
    """Calls `save` in a thread of its own, soon after every `changed`, while its context lasts.

    Work that falls silent (a cell that prints once and then computes for a minute) is stored all the same, and a slow
    disk does not hold the work up.

    Args:
        save: stores what there is; called by one thread at a time.
    """

    def __init__(self, save: Callable[[], None]) -> None:
        self._save = save
        self._changed = threading.Event()
        self._ended = threading.Event()
        self._failure: StorageError | None = None
        self._thread = threading.Thread(target=self._work, name="saver", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._changed.set()
        self._thread.join()

    def changed(self) -> None:
        """There is something to store.

        Raises:
            StorageError: why an earlier call of `save` failed; nothing was stored since.
        """
        self._changed.set()
        if self._failure is not None:
            raise self._failure

    def _work(self) -> None:
        # Looked at before waiting as well: the end may set both just before the one is cleared here.
        while self._failure is None and not self._ended.is_set():
            if self._changed.wait() and self._ended.wait(STORE_EVERY):
                return
            self._changed.clear()
            try:
                self._save()
            except StorageError as error:
                self._failure = error
