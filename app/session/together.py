"""Several things at a time, for whoever may be told to stop meanwhile."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

WORKERS = 2  # as many as the one-shot runner has
GLANCE = 0.05  # seconds between two looks at whether to stop

T = TypeVar("T")


class Interrupted(Exception):
    """Somebody has stopped it; what was under way comes to nothing."""


def together(deeds: Sequence[Callable[[], T]], stop: threading.Event) -> list[T]:
    """What comes of each, in their order.

    Raises:
        Interrupted: `stop` was set. What has begun ends by itself, unheard; the rest does not begin.
    """
    pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="together")
    try:
        begun = [pool.submit(deed) for deed in deeds]
        while wait(begun, GLANCE).not_done:
            if stop.is_set():
                raise Interrupted
        return [its.result() for its in begun]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
