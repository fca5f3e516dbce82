"""Each limit stops the run, is named with its value, keeps what was printed, and leaves the session usable."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from app.runner import Finished, Kernels, Limits, LimitUnknown, Output, RunResult
from app.runner.limits import SENTENCES, limit_of, readable_bytes, sentence

MEBIBYTE = 1 << 20
LIMITS = Limits(
    wall=40.0,
    cpu=3.0,
    background=0.3,
    memory=512 * MEBIBYTE,
    threads=40,
    files=50,
    disk=16 * MEBIBYTE,
    file_size=8 * MEBIBYTE,
    output=MEBIBYTE,
    messages=300,
    message_size=MEBIBYTE,
    interrupt=2.0,
)

PROGRAMS = {
    "cpu": "while True: pass",
    "memory": "x = bytearray(1 << 30)",
    "threads": "import threading, time\nthreading.stack_size(65536)\nfor _ in range(100):\n"
    "    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\ntime.sleep(60)",
    "files": "for n in range(100): open(f'f{n}', 'w').close()\nimport time\ntime.sleep(60)",
    "disk": "for n in range(4): open(f'f{n}', 'wb').write(b'x' * (6 << 20))\nimport time\ntime.sleep(60)",
    "file_size": "open('f', 'wb').write(b'x' * (9 << 20))",
    "output": "import os, time\nfor _ in range(100):\n    os.write(1, b'x' * 60000)\n    time.sleep(0.25)",
    "messages": "for _ in range(1000): display(1)\nimport time\ntime.sleep(60)",
    "message_size": "display({'text/plain': 'x' * (2 << 20)}, raw=True)\nimport time\ntime.sleep(60)",
}


@pytest.fixture(scope="module")
def kernels() -> Iterator[Kernels]:
    runner = Kernels(LIMITS, preload=(), check=False)
    yield runner
    runner.shutdown()


@pytest.fixture(autouse=True)
def fresh(kernels: Kernels) -> Iterator[None]:
    yield
    kernels.close("a")


def run(kernels: Kernels, source: str) -> tuple[RunResult, str]:
    events = list(kernels.execute("a", source))
    printed = "".join(event.output.get("text", "") for event in events if isinstance(event, Output))
    last = events[-1]
    assert isinstance(last, Finished)
    return last.result, printed


@pytest.mark.parametrize("limit", PROGRAMS)
def test_the_limit_is_named_and_the_session_goes_on(kernels: Kernels, limit: str) -> None:
    result, printed = run(kernels, f"print('begun', flush=True)\n{PROGRAMS[limit]}")
    assert (result.status, result.limit) == ("limit", limit), result.message
    assert result.message == sentence(limit, LIMITS)
    assert printed.startswith("begun\n")
    assert run(kernels, "1 + 1")[0].status == "ok"


def test_a_cell_that_goes_on_writing_although_interrupted_is_ended_without_waiting_for_it() -> None:
    write = "open(f'f{n % 40}', 'wb').write(b'x' * (6 << 20)); n += 1"
    source = f"n = 0\nwhile True:\n  try:\n    while True: {write}\n  except KeyboardInterrupt: pass"
    runner = Kernels(replace(LIMITS, interrupt=60.0), preload=(), check=False)
    try:
        result, _ = run(runner, source)
        assert (result.limit, result.kernel_lost) == ("disk", True)
        assert runner.status("a").message == sentence("disk", LIMITS)  # and not that it did not answer
    finally:
        runner.shutdown()


def test_room_can_be_reserved_in_a_file(kernels: Kernels) -> None:
    source = "import os\nf = os.open('f', os.O_CREAT | os.O_RDWR)\nos.posix_fallocate(f, 0, 1 << 20)"
    assert run(kernels, f"{source}\nassert os.fstat(f).st_blocks * 512 >= 1 << 20")[0].status == "ok"


def test_threads_left_behind_are_not_charged_to_the_next_cell(kernels: Kernels) -> None:
    source = "import threading, time\nthreading.stack_size(32768)\nfor _ in range(60):\n"
    result, _ = run(kernels, source + "    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()")
    assert (result.limit, result.kernel_lost) == ("threads", True)
    assert run(kernels, "1")[0].status == "ok"


def test_the_wall_clock_ends_what_sleeps() -> None:
    runner = Kernels(Limits(wall=1.0), preload=(), check=False)
    try:
        result, _ = run(runner, "import time\ntime.sleep(60)")
    finally:
        runner.shutdown()
    assert (result.status, result.limit, result.kernel_lost) == ("limit", "wall", False)
    assert result.message == "Stopped after 1 s: the limit on running time."


def test_a_limit_on_time_leaves_the_variables(kernels: Kernels) -> None:
    run(kernels, "x = 5")
    result, _ = run(kernels, "while True: pass")
    assert (result.limit, result.kernel_lost) == ("cpu", False)
    assert run(kernels, "assert x == 5")[0].status == "ok"


def test_threads_that_compute_after_their_cell_end_the_kernel_and_it_is_said(kernels: Kernels) -> None:
    source = "import threading\ndef go():\n    while True: pass\nthreading.Thread(target=go, daemon=True).start()"
    assert run(kernels, source)[0].status == "ok"
    kernel = kernels.kernel("a")
    assert kernel is not None
    kernel.wait_end()
    assert kernels.status("a").message == sentence("background", LIMITS)
    assert run(kernels, "1")[0].execution_count == 1


def test_limits_are_changed_by_name() -> None:
    changed = Limits().with_changes(["wall=2", "memory=1000000"])
    assert (changed.wall, changed.memory, changed.cpu) == (2.0, 1_000_000, Limits().cpu)


@pytest.mark.parametrize("change", ["speed=1", "wall=0", "wall=-1", "wall=nan", "wall=", "memory=1.5", "wall"])
def test_a_limit_that_cannot_be_is_refused(change: str) -> None:
    with pytest.raises(LimitUnknown, match=change.split("=", maxsplit=1)[0]):
        Limits().with_changes([change])


def test_every_limit_that_can_be_hit_has_a_sentence_with_its_value() -> None:
    for name in SENTENCES:
        assert any(digit in sentence(name, LIMITS) for digit in "123456789"), name


def test_sizes_are_written_for_readers() -> None:
    assert [readable_bytes(each) for each in (5, 1536, 1 << 20, 3 << 30)] == ["5 bytes", "1.5 KB", "1 MB", "3 GB"]


def test_other_errors_are_no_limit() -> None:
    assert limit_of({"name": "OSError", "message": "[Errno 2] No such file"}) is None
