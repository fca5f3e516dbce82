"""Forks one sealed process for each one-shot run: `python -I -c START <descriptor> <options as JSON>`.

The zygote itself runs no foreign code. It imports what programs need once, so that a run costs a fork and the sealing.
It reads jobs from the socket it was given, one JSON object each (`packets`), and answers each with another. It ends
with that socket: it does not ask to be killed with its parent, as that means the thread that started it (prctl(2)).
"""

import gc
import importlib
import json
import math
import os
import resource
import select
import signal
import socket
import sys
import time
from typing import Any

from . import identity, landlock, packets, places, rlimits, seccomp
from .policy import ONESHOT_POLICY
from .program import serve

PIECE = 1 << 16
CLOSED_SECONDS = 0.2


def main() -> None:
    """Prepare once what every child needs; then serve jobs until the socket is closed."""
    descriptor, options = int(sys.argv[1]), json.loads(sys.argv[2])
    sys.path.pop(0)
    if options["uid"] is not None:
        identity.make_reachable([sys.prefix, sys.base_prefix], options["uid"])
    for name in options["preload"]:
        importlib.import_module(name)
    with socket.socket(fileno=descriptor) as jobs:
        zygote = Zygote(options)
        gc.collect()
        gc.freeze()  # the children share these pages as long as nobody counts references in them
        jobs.sendall(packets.packed({"ready": True}))
        while job := packets.receive(jobs):
            jobs.sendall(packets.packed(zygote.run(job, jobs.fileno())))


class Zygote:
    """What all children share, prepared before the first fork."""

    def __init__(self, options: dict[str, Any]) -> None:
        self._limits: dict[str, float] = options["limits"]
        self._uid: int | None = options["uid"]
        self._filter = seccomp.assemble(ONESHOT_POLICY, os.uname().machine, seccomp.STAND_IN)
        self._ruleset = landlock.prepare(places.without_scratch(), min(landlock.abi(), options["landlock"]))

    def run(self, job: dict[str, Any], jobs: int) -> dict[str, Any]:
        """Fork a child for the job, follow it to its end and tell what came of it."""
        output, output_end = os.pipe()
        result, result_end = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(jobs)
            os.close(output)
            os.close(result)
            self._seal(output_end, result_end)
            serve(job, result_end)
        os.close(output_end)
        os.close(result_end)
        try:
            answer = Follow(child, output, result, jobs, self._limits).until_end()
        finally:
            os.close(output)
            os.close(result)
        return answer

    def _seal(self, output: int, result: int) -> None:
        """In the child: everything that must hold before the first line of foreign code."""
        os.setsid()
        nothing = os.open("/dev/null", os.O_RDWR)
        os.dup2(nothing, 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.closerange(nothing, result)
        parent = os.getppid()
        if self._uid is not None:
            identity.drop(self._uid)
        identity.die_with(parent)
        rlimits.apply(self._limits)
        most = math.ceil(self._limits["cpu"])
        resource.setrlimit(resource.RLIMIT_CPU, (most, most + 1))
        if self._ruleset is not None:
            landlock.enforce(self._ruleset)
            os.close(self._ruleset)
        seccomp.load_program(self._filter, all_threads=False)


def wait(descriptors: list[int], seconds: float) -> list[int]:
    """Those that can be read, once one can; none after `seconds`.

    By poll(2): select(2) takes no descriptor above 1023, and the socket has the number that the server gave it.
    """
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    return [descriptor for descriptor, _ in poll.poll(math.ceil(1000 * seconds))]


class Follow:
    """One child from its fork to its end: drains its pipes, holds it to its limits, reaps it.

    Args:
        child: its process id.
        output: where it prints to.
        result: where it writes what came of it.
        jobs: ends the child too, once the other side has closed it.
        limits: by their names.
    """

    def __init__(self, child: int, output: int, result: int, jobs: int, limits: dict[str, float]) -> None:
        self._child = child
        self._jobs = jobs
        self._limits = limits
        self._kept = {output: bytearray(), result: bytearray()}
        self._most = {output: int(limits["output"]), result: int(limits["message_size"])}
        self._output, self._result = output, result
        self._limit: str | None = None

    def until_end(self) -> dict[str, Any]:
        """Wait for the end of the child, or end it.

        Returns:
            `{limit, status, result, output}`: the limit it hit or None, its wait status, what it wrote to either pipe.
        """
        deadline = time.monotonic() + self._limits["wall"]
        open_ends = {self._output, self._result}
        while open_ends and self._limit is None:
            left = deadline - time.monotonic()
            ready = wait([*open_ends, self._jobs], max(0.0, left))
            if not ready or self._jobs in ready:  # nobody waits for an answer any more
                self._limit = "wall"
                break
            for end in ready:
                if not self._read(end):
                    open_ends.discard(end)
        status, burnt = self._reap()
        if self._limit is None and self._overran(status, burnt):
            self._limit = "cpu"
        kept = self._kept[self._output][: int(self._limits["kept_output"])]
        result = self._kept[self._result].decode("utf-8", "replace")
        return {"limit": self._limit, "status": status, "result": result, "output": kept.decode("utf-8", "replace")}

    def _overran(self, status: int, burnt: float) -> bool:
        """Whether the system ended it for its processor time: with a signal that it may ignore, then with another.

        The system counts that time by ticks, which may be more than what it tells afterwards.
        """
        ended_by = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
        return ended_by == signal.SIGXCPU or (ended_by == signal.SIGKILL and burnt > self._limits["cpu"] / 2)

    def _read(self, end: int) -> bool:
        """Take a piece; false at the end. More than the limit allows ends the run."""
        piece = os.read(end, PIECE)
        self._kept[end] += piece
        if len(self._kept[end]) > self._most[end]:
            self._limit = "output"
        return bool(piece)

    def _reap(self) -> tuple[int, float]:
        """Kill the child, whatever it does, and collect it: its wait status, and its seconds of processor time."""
        deadline = time.monotonic() + (CLOSED_SECONDS if self._limit is None else 0.0)
        while True:
            late = time.monotonic() >= deadline
            if late:
                os.kill(self._child, signal.SIGKILL)
            reaped, status, use = os.wait4(self._child, 0 if late else os.WNOHANG)
            if reaped:
                return status, use.ru_utime + use.ru_stime
            time.sleep(0.0005)  # it closed its pipes; it may go on
