"""The runner against its peers, in one run: `python benchmarks/runner.py [--quick]` prints a table and writes it.

What is measured, and against what:

- hand-over: from asking for a run in a new session to its start, with a kernel ready in the pool
- warm execute: `1 + 1` from request to the last event, sealed, against ipykernel as Jupyter starts it; by turns
- restart: from ending a kernel to the result of the next run
- one-shot runs a second, two at a time, against a fresh `python -I` for each
- memory of an idle kernel, with its preloaded modules: resident, and its own share (Pss)
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from jupyter_client.blocking import BlockingKernelClient  # noqa: E402
from jupyter_client.manager import KernelManager  # noqa: E402

from app.runner import Finished, Kernels, Started  # noqa: E402 - the path comes first
from app.runner.oneshot import OneShot  # noqa: E402
from app.runner.outcome import Call  # noqa: E402

RESULT = ROOT / "benchmarks/results/runner.md"
PROGRAM = "def f(n):\n    return sum(range(n))"
MEBIBYTE = 1 << 20


def milliseconds(action: Callable[[], object]) -> float:
    """How long the action takes."""
    began = time.perf_counter()
    action()
    return 1000 * (time.perf_counter() - began)


def p50_p95(values: list[float]) -> str:
    """Both percentiles, as text."""
    ordered = sorted(values)
    return f"{statistics.median(ordered):.1f} / {ordered[int(0.95 * (len(ordered) - 1))]:.1f}"


def run(kernels: Kernels, key: str, source: str = "1 + 1") -> None:
    """Run a cell to its end, which must be good."""
    *_, last = kernels.execute(key, source)
    assert isinstance(last, Finished)
    assert last.result.status == "ok", last


def fill_up(kernels: Kernels) -> None:
    """Wait until a kernel is ready in the pool, and its start is over."""
    while not kernels.spare_ready:
        time.sleep(0.05)
    time.sleep(0.2)


def hand_over(kernels: Kernels, count: int) -> list[float]:
    """Milliseconds to the start of the first run in sessions that find a kernel ready."""
    found = []
    for number in range(count):
        fill_up(kernels)
        events = kernels.execute(f"new {number}", "1 + 1")
        found.append(milliseconds(lambda events=events: next(e for e in events if isinstance(e, Started))))  # type: ignore[misc]
        list(events)
        kernels.close(f"new {number}")
    return found


@contextmanager
def plain_kernel() -> Iterator[BlockingKernelClient]:
    """Jupyter's own way: ipykernel over TCP, nothing sealed."""
    manager = KernelManager()
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=60)
    try:
        yield client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def run_plain(client: BlockingKernelClient) -> None:
    """Run a cell until its reply and the end of its output have come."""
    message = client.execute("1 + 1")
    while client.get_shell_msg(timeout=30)["parent_header"]["msg_id"] != message:
        pass
    while True:
        told = client.get_iopub_msg(timeout=30)
        if told["parent_header"].get("msg_id") == message and told["content"].get("execution_state") == "idle":
            return


def warm(kernels: Kernels, count: int) -> tuple[list[float], list[float]]:
    """Milliseconds of a small cell, sealed and plain, by turns."""
    sealed, plain = [], []
    with plain_kernel() as client:
        for _ in range(20):
            run(kernels, "warm")
            run_plain(client)
        for _ in range(count):
            sealed.append(milliseconds(lambda: run(kernels, "warm")))
            plain.append(milliseconds(lambda: run_plain(client)))
    return sealed, plain


def restart(kernels: Kernels, count: int) -> list[float]:
    """Milliseconds from ending a kernel to the result of the next run, the pool being full."""
    found = []
    for _ in range(count):
        fill_up(kernels)
        found.append(milliseconds(lambda: (kernels.restart("warm"), run(kernels, "warm"))))
    return found


def oneshot_rate(count: int) -> float:
    """Sealed one-shot runs a second."""
    runner = OneShot(workers=2)
    calls = [Call("f", (1000,))]
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda _: runner.run(PROGRAM, calls), range(20)))
        began = time.perf_counter()
        outcomes = list(threads.map(lambda _: runner.run(PROGRAM, calls), range(count)))
        seconds = time.perf_counter() - began
    runner.close()
    assert all(outcome.status == "ok" for outcome in outcomes)
    return count / seconds


def fresh_rate(count: int) -> float:
    """Runs a second with a new interpreter for each, nothing sealed."""
    command = [sys.executable, "-I", "-c", PROGRAM + "\nprint(f(1000))"]
    with ThreadPoolExecutor(2) as threads:
        began = time.perf_counter()
        list(threads.map(lambda _: subprocess.run(command, check=True, capture_output=True), range(count)))
        return count / (time.perf_counter() - began)


def memory(kernels: Kernels) -> tuple[float, float]:
    """Resident size and share of an idle kernel, in MB."""
    kernel = kernels.kernel("warm")
    assert kernel is not None
    rollup = Path(f"/proc/{kernel.pid}/smaps_rollup").read_text()
    fields = {line.split(":")[0]: int(line.split()[1]) / 1024 for line in rollup.splitlines()[1:]}
    return fields["Rss"], fields["Pss"]


def machine() -> str:
    """Processor, cores, kernel, Python."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = {line.split(":")[1].strip() for line in lines if line.startswith("model name")}
    return f"{' '.join(names)}, {os.cpu_count()} cores, Linux {platform.release()}, Python {platform.python_version()}"


def commit() -> str:
    """The commit that was measured."""
    return subprocess.run(
        ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"],  # noqa: S607 - found on the path
        check=False,
        capture_output=True,
        text=True,
    ).stdout.strip()


def table(*, quick: bool) -> str:
    """Measure everything; the result as Markdown."""
    few, many = (2, 50) if quick else (8, 300)
    load = os.getloadavg()[0]
    kernels = Kernels(spare=1)
    tier = kernels.probe().tier
    try:
        ready = hand_over(kernels, few)
        sealed, plain = warm(kernels, many)
        ratio = statistics.median(sealed) / statistics.median(plain)
        resident, share = memory(kernels)
        again = restart(kernels, few)
    finally:
        kernels.shutdown()
    once, fresh = oneshot_rate(many), fresh_rate(many // 3)
    rows = [
        ("hand-over of a pooled kernel, p50 / p95", f"{p50_p95(ready)} ms", "", ""),
        ("warm execute, p50 / p95", f"{p50_p95(sealed)} ms", f"{p50_p95(plain)} ms (plain ipykernel)", f"{ratio:.2f}"),
        ("restart to the next result, p50 / p95", f"{p50_p95(again)} ms", "", ""),
        ("one-shot runs a second", f"{once:.0f}", f"{fresh:.0f} (fresh python -I)", f"{once / fresh:.1f}"),
        ("memory of a kernel, resident / share", f"{resident:.0f} / {share:.0f} MB", "", ""),
    ]
    lines = ["| what | sealed | peer | ratio |", "| --- | --- | --- | --- |"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    about = {"machine": machine(), "tier": tier, "load before": round(load, 1), "commit": commit()}
    when = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    command = f"python benchmarks/runner.py{' --quick' if quick else ''}"
    return "\n".join(["# Runner", "", *lines, "", f"`{command}`, {when}. {json.dumps(about)}", ""])


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    text = table(quick=parser.parse_args().quick)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
