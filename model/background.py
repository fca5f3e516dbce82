"""An event loop in a thread of its own, for those who wait in other threads."""

from __future__ import annotations

import asyncio
import threading
from contextlib import aclosing
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Coroutine, Generator
    from threading import Event

T = TypeVar("T")
POLL_SECONDS: Final = 0.05  # how soon a silent source is given up once it is stopped


class Background:
    """Runs coroutines until `close`.

    Args:
        name: of the thread.
    """

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T], stop: Event) -> T | None:
        """The result of `work`, or None once `stop` is set, which cancels it; raises what it raises."""
        return next(self.iterate(_single(work), stop), None)

    def iterate(self, source: AsyncGenerator[T], stop: Event) -> Generator[T]:
        """What `source` gives, as it comes; raises what it raises.

        When `stop` is set, or the caller closes this generator, the source is cancelled and has cleaned up after
        itself when this returns.
        """
        queue: SimpleQueue[Any] = SimpleQueue()  # items, then the task itself
        task = asyncio.run_coroutine_threadsafe(_begin(source, queue), self._loop).result()
        came: object = None
        try:
            while not stop.is_set():
                try:
                    came = queue.get(timeout=POLL_SECONDS)
                except Empty:
                    continue
                if came is task:
                    task.result()
                    return
                yield came  # type: ignore[misc]  # what is not the task is an item
        finally:
            if came is not task:
                self._loop.call_soon_threadsafe(task.cancel)
                while queue.get() is not task:
                    pass
                if not task.cancelled():
                    task.exception()  # it ended by itself meanwhile, and nobody asks any more

    def close(self) -> None:
        """End the loop and its thread; nothing may be running in it."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _begin(source: AsyncGenerator[T], queue: SimpleQueue[Any]) -> asyncio.Task[None]:
    task = asyncio.get_running_loop().create_task(_pump(source, queue))
    task.add_done_callback(queue.put)
    return task


async def _pump(source: AsyncGenerator[T], queue: SimpleQueue[Any]) -> None:
    async with aclosing(source):
        async for item in source:
            queue.put(item)


async def _single(work: Coroutine[Any, Any, T]) -> AsyncGenerator[T]:
    yield await work
