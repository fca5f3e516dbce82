"""`python -m app.runner run`: programs from files, each in a fresh session or one-shot process."""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .events import Event, Output
from .kernels import Kernels
from .limits import Limits
from .oneshot import ONESHOT_LIMITS, OneShot
from .suite import ending


def run_files(files: Sequence[Path], changes: Sequence[str], *, oneshot: bool) -> int:
    """Run each file and print one JSON object for it: program, status, outputs, duration in seconds, message.

    Returns:
        0 if every program ended with status ok, else 1.

    Raises:
        LimitUnknown: for a change of a limit that cannot be.
        OSError: for a file that cannot be read.
    """
    sources = [(path, path.read_text()) for path in files]
    run = OneShotRun(changes) if oneshot else KernelRun(changes)
    good = True
    try:
        for path, source in sources:
            began = time.monotonic()
            report = run.report(source)
            report = {"program": str(path), **report, "duration": round(time.monotonic() - began, 3)}
            print(json.dumps(report), flush=True)  # noqa: T201 - a command's output
            good = good and report["status"] == "ok"
    finally:
        run.close()
    return 0 if good else 1


class KernelRun:
    """Each program as a cell in a session of its own."""

    def __init__(self, changes: Sequence[str]) -> None:
        self._kernels = Kernels(Limits().with_changes(changes), spare=1)

    def report(self, source: str) -> dict[str, Any]:
        """Run one program."""
        events = list(self._kernels.execute("program", source, allow_input=False))
        self._kernels.close("program")
        result = ending(events)
        return {"status": named(result.status, result.limit), "outputs": joined(events), "message": result.message}

    def close(self) -> None:
        """End the kernels."""
        self._kernels.shutdown()


class OneShotRun:
    """Each program in a process forked for it."""

    def __init__(self, changes: Sequence[str]) -> None:
        self._oneshot = OneShot(ONESHOT_LIMITS.with_changes(changes), workers=1)

    def report(self, source: str) -> dict[str, Any]:
        """Run one program."""
        outcome = self._oneshot.run(source)
        printed = [{"output_type": "stream", "name": "stdout", "text": outcome.output}] if outcome.output else []
        return {"status": named(outcome.status, outcome.limit), "outputs": printed, "message": outcome.message}

    def close(self) -> None:
        """End the forking process."""
        self._oneshot.close()


def named(status: str, limit: str | None) -> str:
    """The status with the name of the limit: `limit:wall`."""
    return f"limit:{limit}" if limit is not None else status


def joined(events: list[Event]) -> list[dict[str, Any]]:
    """The outputs, pieces of one stream joined."""
    outputs: list[dict[str, Any]] = []
    for output in (event.output for event in events if isinstance(event, Output)):
        last = outputs[-1] if outputs else {}
        if output["output_type"] == "stream" and last.get("name") == output["name"]:
            last["text"] += output["text"]
        else:
            outputs.append(output)
    return outputs
