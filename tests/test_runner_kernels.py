"""Kernels as the session layer uses them: events, failures, input, interrupts, order."""

import base64
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import wait_for

from app.runner import (
    Cleared,
    Event,
    Finished,
    InputRequested,
    Kernels,
    KernelStatus,
    Limits,
    NotAsking,
    Output,
    Queued,
    RunnerClosed,
    RunResult,
    Started,
)


@pytest.fixture(scope="module")
def kernels() -> Iterator[Kernels]:
    runner = Kernels(Limits(wall=120.0, cpu=60.0), preload=(), check=False)
    yield runner
    runner.shutdown()


@pytest.fixture(autouse=True)
def room(kernels: Kernels) -> Iterator[None]:
    """Give back the kernels of a test; those of key "a" stay for the next one."""
    yield
    for key in kernels.keys:
        if key != "a":
            kernels.close(key)


def result(events: list[Event]) -> RunResult:
    last = events[-1]
    assert isinstance(last, Finished)
    return last.result


def outputs(events: list[Event]) -> list[dict[str, Any]]:
    return [event.output for event in events if isinstance(event, Output)]


def text(events: list[Event]) -> str:
    return "".join(output.get("text", "") for output in outputs(events))


def run(kernels: Kernels, source: str, key: str = "a", **options: bool) -> list[Event]:
    return list(kernels.execute(key, source, **options))


def test_the_last_value_is_a_result_and_the_run_is_counted(kernels: Kernels) -> None:
    events = run(kernels, "1 + 1", "counted")
    assert isinstance(events[0], Started)
    assert events[0].execution_count == 1
    assert outputs(events) == [
        {"output_type": "execute_result", "data": {"text/plain": "2"}, "metadata": {}, "execution_count": 1}
    ]
    assert result(events).status == "ok"


def test_a_later_cell_uses_an_earlier_function_but_another_key_does_not(kernels: Kernels) -> None:
    run(kernels, "def double(n): return 2 * n")
    assert result(run(kernels, "assert double(4) == 8")).status == "ok"
    assert result(run(kernels, "double(4)", "b")).failure is not None


def test_output_arrives_while_the_cell_runs(kernels: Kernels) -> None:
    source = "import time\nprint('first', flush=True)\ntime.sleep(30)"
    for event in kernels.execute("a", source):
        if isinstance(event, Output) and event.output.get("text") == "first\n":
            kernels.interrupt("a")
    assert isinstance(event, Finished)
    assert event.result.status == "interrupted"


def test_a_failure_shows_the_frames_of_cells_and_counts_the_rest(kernels: Kernels) -> None:
    run(kernels, "import json\n\ndef read(text):\n    return json.loads(text)", "f")
    failure = result(run(kernels, "read('{')", "f")).failure
    assert failure is not None
    assert failure["name"] == "JSONDecodeError"
    assert failure["frames"] == [
        {"execution_count": 2, "line": 1, "function": "<module>", "text": "read('{')"},
        {"execution_count": 1, "line": 4, "function": "read", "text": "return json.loads(text)"},
    ]
    assert failure["hidden"] == 3


def test_a_syntax_error_points_at_its_line(kernels: Kernels) -> None:
    failure = result(run(kernels, "x = 1\ny = = 2", "syntax")).failure
    assert failure is not None
    assert (failure["name"], failure["message"]) == ("SyntaxError", "invalid syntax")
    assert [(frame["line"], frame["text"]) for frame in failure["frames"]] == [(2, "y = = 2")]


def test_equal_cells_run_twice_are_told_apart_in_a_failure(kernels: Kernels) -> None:
    for _ in range(2):
        failure = result(run(kernels, "1 / 0", "twice")).failure
    assert failure is not None
    assert [frame["execution_count"] for frame in failure["frames"]] == [2]


def test_deep_recursion_is_cut_to_a_few_frames(kernels: Kernels) -> None:
    failure = result(run(kernels, "def f(): f()\nf()", "deep")).failure
    assert failure is not None
    assert failure["name"] == "RecursionError"
    assert len(failure["frames"]) == 40
    assert failure["hidden"] > 900


def test_an_exception_without_a_working_text_is_still_a_failure(kernels: Kernels) -> None:
    source = "class Odd(Exception):\n    def __str__(self): raise RuntimeError\nraise Odd"
    assert result(run(kernels, source, "odd")).status == "error"
    assert result(run(kernels, "1", "odd")).status == "ok"


def test_text_that_has_no_utf8_is_made_visible_and_nothing_is_said_of_it(kernels: Kernels) -> None:
    events = run(kernels, "print('a' + chr(0xd800))\nraise ValueError(chr(0xdfff))")
    assert [output.get("text") for output in outputs(events)] == ["a\ufffd\n", None]
    assert result(events).message == "ValueError: \ufffd"


def test_a_figure_is_shown_as_png(kernels: Kernels) -> None:
    events = run(kernels, "import matplotlib.pyplot as plt\nplt.plot([1, 3, 2]);")
    (figure,) = outputs(events)
    assert base64.b64decode(figure["data"]["image/png"]).startswith(b"\x89PNG")


def test_a_table_is_shown_as_html_and_as_text(kernels: Kernels) -> None:
    (table,) = outputs(run(kernels, "import pandas as pd\npd.DataFrame({'height': [1.5]})"))
    assert "<table" in table["data"]["text/html"]
    assert "height" in table["data"]["text/plain"]


def test_a_display_can_be_updated_and_outputs_cleared(kernels: Kernels) -> None:
    source = "h = display('old', display_id='d')\nh.update('new')\nclear_output(wait=True)"
    events = run(kernels, "from IPython.display import clear_output\n" + source)
    shown, updated = (event for event in events if isinstance(event, Output))
    assert (shown.display_id, shown.update) == ("d", False)
    assert (updated.display_id, updated.update) == ("d", True)
    assert updated.output["data"]["text/plain"] == "'new'"
    assert Cleared(wait=True) in events


def test_input_is_asked_and_answered(kernels: Kernels) -> None:
    events = []
    for event in kernels.execute("a", "name = input('Name? ')\nprint('Hello', name)"):
        events.append(event)
        if isinstance(event, InputRequested):
            assert event == InputRequested("Name? ", password=False)
            assert kernels.status("a").state == "asking"
            kernels.answer_input("a", "Ada")
    assert text(events) == "Hello Ada\n"


def test_input_raises_where_nobody_can_be_asked(kernels: Kernels) -> None:
    ended = result(run(kernels, "input()", allow_input=False))
    assert ended.failure is not None
    assert ended.failure["name"] == "StdinNotImplementedError"


def test_an_answer_to_nothing_is_refused(kernels: Kernels) -> None:
    with pytest.raises(NotAsking, match="'nobody'"):
        kernels.answer_input("nobody", "text")


def test_a_cell_that_ignores_the_interrupt_is_killed_and_the_key_works_on(kernels: Kernels) -> None:
    source = (
        "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nprint('deaf', flush=True)\ntime.sleep(60)"
    )
    before = result(run(kernels, "1", "deaf"))
    assert before.status == "ok"
    for event in kernels.execute("deaf", source):
        if isinstance(event, Output):
            kernels.interrupt("deaf")
    assert isinstance(event, Finished)
    assert (event.result.status, event.result.kernel_lost) == ("interrupted", True)
    assert result(run(kernels, "2", "deaf")).execution_count == 1


def test_a_kernel_that_dies_is_told_and_replaced(kernels: Kernels) -> None:
    events = run(kernels, "import os\nprint('last words', flush=True)\nos.abort()", "dies")
    ended = result(events)
    assert text(events) == "last words\n"
    assert (ended.status, ended.kernel_lost) == ("died", True)
    assert "SIGABRT" in ended.message
    wait_for(lambda: kernels.kernel("dies") is None)
    assert kernels.status("dies").message == ended.message
    assert result(run(kernels, "1", "dies")).status == "ok"


def test_restart_forgets_variables_and_interrupts_what_runs(kernels: Kernels) -> None:
    run(kernels, "x = 1", "restarted")
    old = kernels.status("restarted").kernel_id
    running = kernels.execute("restarted", "import time\ntime.sleep(60)")
    assert isinstance(next(running), Started)
    kernels.restart("restarted")
    assert result(list(running)).status in ("interrupted", "died")
    failure = result(run(kernels, "x", "restarted")).failure
    assert failure is not None
    assert failure["name"] == "NameError"
    assert kernels.status("restarted").kernel_id != old


def test_runs_of_one_key_wait_in_order(kernels: Kernels) -> None:
    run(kernels, "seen = []", "order")
    first = kernels.execute("order", "import time\ntime.sleep(0.5)\nseen.append(1)")
    next(first)
    second = kernels.execute("order", "seen.append(2)\nseen")
    queued = next(second)
    assert queued == Queued(1)
    rest: list[Event] = []
    waiting = threading.Thread(target=lambda: rest.extend(second))
    waiting.start()
    assert result(list(first)).status == "ok"
    waiting.join()
    assert outputs(rest)[0]["data"]["text/plain"] == "[1, 2]"


def test_an_iterator_that_is_dropped_stops_its_cell(kernels: Kernels) -> None:
    abandoned = kernels.execute("dropped", "import time\ntime.sleep(60)")
    assert isinstance(next(abandoned), Started)
    abandoned.close()  # type: ignore[attr-defined]
    assert result(run(kernels, "1", "dropped")).status == "ok"


def test_status_follows_the_kernel_and_listeners_hear_of_it(kernels: Kernels) -> None:
    heard: list[tuple[str, str]] = []
    stop = kernels.listen(lambda key: heard.append((key, kernels.status(key).state)))
    assert kernels.status("heard") == KernelStatus("none", None, 0, 0, kernels.tier, "")
    run(kernels, "1", "heard")
    stop()
    assert kernels.status("heard").memory_bytes > 10_000_000
    states = [state for key, state in heard if key == "heard"]
    assert states.index("running") < len(states) - 1 - states[::-1].index("idle")


def test_who_comes_when_all_kernels_are_taken_waits_in_line() -> None:
    runner = Kernels(most=1, spare=0, preload=(), check=False)
    try:
        assert result(run(runner, "1", "holder")).status == "ok"
        waiting = runner.execute("waiter", "2")
        assert next(waiting) == Queued(1)
        assert "place 1" in runner.status("waiter").message
        threading.Timer(0.2, lambda: runner.close("holder")).start()
        assert result(list(waiting)).status == "ok"
    finally:
        runner.shutdown()


def test_waiting_for_a_kernel_can_be_interrupted() -> None:
    runner = Kernels(most=1, spare=0, preload=(), check=False)
    try:
        run(runner, "1", "holder")
        waiting = runner.execute("waiter", "2")
        next(waiting)
        runner.interrupt("waiter")
        assert result(list(waiting)).status == "interrupted"
    finally:
        runner.shutdown()


def test_an_idle_kernel_is_given_to_who_waits() -> None:
    runner = Kernels(most=1, spare=0, preload=(), check=False, yield_seconds=0.1)
    try:
        run(runner, "1", "holder")
        assert result(run(runner, "2", "waiter")).status == "ok"
        assert "somebody else" in runner.status("holder").message
    finally:
        runner.shutdown()


def test_an_idle_kernel_is_ended_and_the_next_run_gets_another() -> None:
    runner = Kernels(spare=0, preload=(), check=False, idle_seconds=0.1)
    try:
        run(runner, "x = 1", "idle")
        wait_for(lambda: runner.status("idle").state == "none")
        assert result(run(runner, "x", "idle")).status == "error"
    finally:
        runner.shutdown()


def test_after_shutdown_nothing_runs() -> None:
    runner = Kernels(spare=0, preload=(), check=False)
    runner.shutdown()
    with pytest.raises(RunnerClosed):
        next(runner.execute("late", "1"))


def test_a_key_closed_while_its_kernel_starts_leaves_no_kernel() -> None:
    before = set(threading.enumerate())
    runner = Kernels(spare=0, preload=("pandas",), check=False)  # which takes its time
    ends: list[RunResult] = []
    waiting = threading.Thread(target=lambda: ends.append(result(list(runner.execute("a", "1")))))
    waiting.start()
    try:
        wait_for(lambda: runner.status("a").state == "starting")
        runner.close("a")
        waiting.join()
        assert ends[0].status == "interrupted"
        assert runner.keys == []
    finally:
        runner.shutdown()
    assert set(threading.enumerate()) <= before
