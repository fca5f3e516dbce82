"""One-shot runs: a program and calls of its functions, in a sealed process that lives for nothing else.

What the calls should return stays here. A verdict is made by comparing plain data on this side; nothing that the
program prints, and no way in which it ends, is one.
"""

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from queue import SimpleQueue
from typing import Any, Self

from .errors import JobTooLarge, KernelStartFailed, RunnerClosed
from .events import RunStatus
from .failure import read_failure
from .limits import MEBIBYTE, Limits, limit_of, readable_bytes, sentence
from .provisioner import CODE, environment
from .sealed import packets, plain
from .setting import Setting, protect_memory, unused_uid

START = "import sys; sys.path.insert(0, {folder!r}); from sealed import zygote; zygote.main()"
logger = logging.getLogger(__name__)

MOST_JOB = 32 * MEBIBYTE
START_SECONDS = 60.0
WORDS_SECONDS = 1.0  # how long a lost zygote gets to end by itself
PATIENCE = 10.0  # seconds beyond the wall time until the zygote itself is given up

ONESHOT_LIMITS = Limits(wall=5.0, cpu=5.0, memory=512 * MEBIBYTE, output=MEBIBYTE, message_size=MEBIBYTE)


@dataclass(frozen=True)
class Call:
    """A call of one of the program's functions with plain data, by position and by name."""

    function: str
    arguments: tuple[Any, ...] = ()
    named: Mapping[str, Any] = field(default_factory=dict)

    def as_job(self) -> tuple[str, str]:
        """The function, and its arguments as text.

        Raises:
            NotPlain: if one of them is no plain data.
        """
        return self.function, plain.dump((tuple(self.arguments), dict(self.named)))


@dataclass(frozen=True)
class Returned:
    """What a call returned: plain data, made of exactly Python's own types."""

    value: Any


@dataclass(frozen=True)
class Failed:
    """What a call raised, in the form of `RunResult.failure`; a value that is not plain data is a `NotPlain`."""

    failure: dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What came of a one-shot run.

    Attributes:
        status: ok if the program ran and every call was made, whether it returned or raised; error if the program
            itself raised; limit; died if the process ended without a word.
        limit: name of the limit that was hit.
        message: one sentence; empty for ok.
        answers: one for each call, in order; shorter if the run ended early.
        output: what was printed, cut at `limits.kept_output`.
        failure: of the program itself, for status error.
        milliseconds: wall time.
    """

    status: RunStatus
    limit: str | None
    message: str
    answers: tuple[Returned | Failed, ...]
    output: str
    failure: dict[str, Any] | None
    milliseconds: int


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
            JobTooLarge: program and arguments are more than `MOST_JOB` bytes.
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
    def _borrow(self) -> "Iterator[Zygote]":
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

    def _renewed(self, old: "Zygote | None") -> "Zygote":
        if old is not None:
            old.close()
        return self._zygote()

    def _zygote(self) -> "Zygote":
        options = {
            "limits": asdict(self._limits),
            "preload": self._preload,
            "landlock": self._setting.landlock,
            "uid": unused_uid() if os.geteuid() == 0 else None,
        }
        return Zygote(json.dumps(options))


class Zygote:
    """A forking process and the socket to it."""

    def __init__(self, options: str) -> None:
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and code
                [sys.executable, "-I", "-c", START.format(folder=str(CODE)), str(theirs.fileno()), options],
                env=environment("/nonexistent"),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=[theirs.fileno()],
            )
        self._lost = False
        if self._receive(START_SECONDS) is None:
            self._process.kill()
            words = self._last_words()
            self._lost = False
            self.close()
            raise KernelStartFailed(f"The one-shot runner did not start. It wrote:\n{words}")

    @property
    def sound(self) -> bool:
        """Whether it can take a job."""
        return not self._lost and self._process.poll() is None

    def ask(self, job: dict[str, Any], seconds: float) -> dict[str, Any] | None:
        """Have a job done; None if the zygote did not answer in time or at all.

        Raises:
            JobTooLarge: the job is not sent.
        """
        text = packets.packed(job)
        if len(text) > MOST_JOB:
            size = f"{readable_bytes(len(text))} of program and arguments"
            raise JobTooLarge(f"A one-shot run takes {readable_bytes(MOST_JOB)}, not {size}.")
        try:
            self._socket.settimeout(seconds)
            self._socket.sendall(text)
        except OSError:
            self._lost = True
            return None
        return self._receive(seconds)

    def _receive(self, seconds: float) -> dict[str, Any] | None:
        self._socket.settimeout(seconds)
        try:
            told = packets.receive(self._socket)
        except OSError:
            told = None
        self._lost = told is None
        return told

    def close(self) -> None:
        """End the process."""
        ended = self._lost and self._process.poll() is not None
        self._socket.close()
        if ended and (words := self._last_words()):
            logger.warning("The one-shot runner's process ended. It wrote:\n%s", words)
        self._process.kill()
        if self._process.stderr:
            self._process.stderr.close()
        self._process.wait()

    def _last_words(self) -> str:
        """The end of what it wrote about itself, once it has ended; runs write elsewhere."""
        try:
            self._process.wait(WORDS_SECONDS)
        except subprocess.TimeoutExpired:
            return ""
        return self._process.stderr.read().decode(errors="replace")[-2000:] if self._process.stderr else ""


def read_outcome(told: dict[str, Any] | None, limits: Limits, milliseconds: int, calls: int) -> Outcome:
    """Make the outcome from what the zygote tells; the child's result in it is hostile."""
    if told is None:
        return Outcome("died", None, "The run was lost with its process.", (), "", None, milliseconds)
    entries = read_entries(told["result"])
    program, answers = (entries[0], tuple(entries[1 : calls + 1])) if entries else (None, ())
    failure = program.failure if isinstance(program, Failed) else None
    limit = told["limit"] or (limit_of(failure) if failure else None)
    status, message = verdict(program, limit, told["status"], limits)
    return Outcome(status, limit, message, answers, told["output"], failure, milliseconds)


def verdict(program: Returned | Failed | None, limit: str | None, status: int, limits: Limits) -> tuple[RunStatus, str]:
    """How the run ended, and the sentence for it."""
    if limit is not None:
        return "limit", sentence(limit, limits)
    if program is None:
        how = signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else "itself"
        return "died", f"The process was ended by {how} before it told a result."
    if isinstance(program, Failed):
        return "error", f"{program.failure['name']}: {program.failure['message']}"
    return "ok", ""


def read_entries(text: str) -> list[Returned | Failed]:
    """The entries a child wrote, as far as they have the right form."""
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError):
        return []
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        return []
    return [read_entry(entry) for entry in entries]


def read_entry(entry: dict[str, Any]) -> Returned | Failed:
    """One entry: a value if it is plain data, else a failure."""
    error = entry.get("error")
    if isinstance(error, dict):
        named = {"ename": error.get("name"), "evalue": error.get("message"), "failure": error}
        return Failed(read_failure(named))
    try:
        return Returned(plain.load(str(entry.get("value"))))
    except plain.NotPlain as problem:
        return Failed(read_failure({"ename": "NotPlain", "evalue": str(problem)}))
