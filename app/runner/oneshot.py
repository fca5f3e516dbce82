"""One-shot runs: a program and calls of its functions, in a sealed process that lives for nothing else.

What the calls should return stays on this side. A verdict is made by comparing plain data here; nothing that the
program prints, and no way in which it ends, is one.
"""

import json
import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from queue import SimpleQueue
from typing import Self

from .errors import RunnerClosed
from .limits import MEBIBYTE, Limits
from .outcome import Call, Outcome, read_outcome
from .setting import Setting, protect_memory, unused_uid
from .zygote import Zygote

PATIENCE = 10.0  # seconds beyond the wall time until the zygote itself is given up

ONESHOT_LIMITS = Limits(wall=5.0, cpu=5.0, memory=512 * MEBIBYTE, output=MEBIBYTE, message_size=MEBIBYTE)


class OneShot:
    """Runs programs, several at a time. Methods may be called from any thread; more runs than workers wait.

    Each run has a process to itself, forked from one that has nothing but the preloaded modules in it. It reads Python
    and its packages, and has no network, no folder to write to, and no way to start a process. What it may use is
    bounded by `limits`: wall and processor time, memory, what it prints (`output`, of which `kept_output` is kept), and
    the size of all that its calls return together (`message_size`).

        with OneShot(preload=["numpy"]) as oneshot:
            outcome = oneshot.run("def add(a, b): return a + b", [Call("add", (1, 2)), Call("add", (1,))])
            outcome.answers  # (Returned(3), Failed({"name": "TypeError", ...}))

    Args:
        limits: what each run is held to.
        workers: runs at a time; each has a process that forks for it.
        preload: modules that are imported once for all runs; others are imported by the run that needs them, which
            for pandas takes longer than all the rest.
        setting: which of the machine's protections to use; all by default.

    Raises:
        KernelStartFailed: if the forking process does not come up.
    """

    def __init__(
        self,
        limits: Limits = ONESHOT_LIMITS,
        *,
        workers: int = 2,
        preload: Sequence[str] = (),
        setting: Setting | None = None,
    ) -> None:
        protect_memory()
        self._limits = limits
        self._preload = tuple(preload)
        self._setting = setting or Setting()
        self._places: SimpleQueue[Zygote | None] = SimpleQueue()
        self._closed = threading.Event()
        self._workers = workers
        self._places.put(self._zygote())  # whatever keeps one from starting is told here
        for _ in range(workers - 1):
            self._places.put(None)  # the others start when they are needed

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run(self, source: str, calls: Sequence[Call] = ()) -> Outcome:
        """Run the program, then make the calls, in a fresh sealed process. Whatever the program does is a value.

        Raises:
            NotPlain: an argument is no plain data.
            JobTooLarge: program and arguments are more than `zygote.MOST_JOB` bytes.
            KernelStartFailed: the forking process had ended, and no other one comes up.
            RunnerClosed: after `close`.
        """
        job = {"source": source, "calls": [call.as_job() for call in calls]}
        with self._borrow() as zygote:
            began = time.monotonic()
            told = zygote.ask(job, self._limits.wall + PATIENCE)
            milliseconds = int(1000 * (time.monotonic() - began))
        return read_outcome(told, self._limits, milliseconds, len(calls))

    def close(self) -> None:
        """End the forking processes, once the runs at work are over; harmless if done twice."""
        if self._closed.is_set():
            return
        self._closed.set()
        for _ in range(self._workers):
            zygote = self._places.get()
            if zygote is not None:
                zygote.close()
        self._places.put(None)  # for those who still wait: one after the other finds the place, and the end

    @contextmanager
    def _borrow(self) -> Iterator[Zygote]:
        """A zygote that is well, for one run."""
        zygote = self._places.get()
        try:
            if self._closed.is_set():
                raise RunnerClosed("The one-shot runner has been shut down.")
            if zygote is None or not zygote.sound:
                zygote = self._renewed(zygote)
            yield zygote
        finally:
            self._places.put(zygote)

    def _renewed(self, old: Zygote | None) -> Zygote:
        if old is not None:
            old.close()
        return self._zygote()

    def _zygote(self) -> Zygote:
        options = {
            "limits": asdict(self._limits),
            "preload": self._preload,
            "landlock": self._setting.landlock,
            "uid": unused_uid() if os.geteuid() == 0 else None,
        }
        return Zygote(json.dumps(options))
