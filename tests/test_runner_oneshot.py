"""One-shot runs: values cross as plain data, verdicts are made outside."""

import os
import resource
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from app.runner.errors import JobTooLarge, RunnerClosed
from app.runner.limits import Limits
from app.runner.oneshot import OneShot
from app.runner.outcome import Call, Failed, Outcome, Returned
from app.runner.sealed import plain

LIMITS = Limits(wall=60.0, cpu=30.0, memory=256 << 20, output=1 << 20, message_size=1 << 20)


@pytest.fixture(scope="module")
def oneshot() -> Iterator[OneShot]:
    runner = OneShot(LIMITS, workers=1)
    yield runner
    runner.close()


def failure_of(outcome: Outcome) -> dict[str, object]:
    (answer,) = outcome.answers
    assert isinstance(answer, Failed)
    return answer.failure


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        3,
        -(10**30),
        2.5,
        float("inf"),
        1j,
        "text\0\ud800",
        b"\xff",
        [1, [2]],
        (1,),
        {1: (2,)},
        {3},
        frozenset(),
    ],
)
def test_plain_data_crosses_with_its_types(oneshot: OneShot, value: object) -> None:
    outcome = oneshot.run("def same(value): return value", [Call("same", (value,))])
    (answer,) = outcome.answers
    assert isinstance(answer, Returned)
    assert (answer.value, type(answer.value)) == (value, type(value))


def test_an_object_that_equals_everything_does_not_cross(oneshot: OneShot) -> None:
    source = "class Any(int):\n    def __eq__(self, other): return True\ndef f(): return Any()"
    assert failure_of(oneshot.run(source, [Call("f")]))["name"] == "NotPlain"


def test_what_a_call_raises_is_told_with_its_line(oneshot: OneShot) -> None:
    failure = failure_of(oneshot.run("def f():\n    return 1 / 0", [Call("f")]))
    assert failure["name"] == "ZeroDivisionError"
    assert failure["frames"] == [{"execution_count": 0, "line": 2, "function": "f", "text": "return 1 / 0"}]


def test_later_calls_are_made_after_one_that_failed(oneshot: OneShot) -> None:
    outcome = oneshot.run("def f(n): return 1 // n", [Call("f", (0,)), Call("f", (1,)), Call("g")])
    assert [type(answer) for answer in outcome.answers] == [Failed, Returned, Failed]


def test_a_program_that_fails_is_an_error_and_keeps_its_output(oneshot: OneShot) -> None:
    outcome = oneshot.run("print('before')\nraise ValueError('no')")
    assert (outcome.status, outcome.output) == ("error", "before\n")
    assert outcome.message == "ValueError: no"


@pytest.mark.parametrize("end", ["import os; os._exit(0)", "import sys; sys.exit(0)", "raise SystemExit"])
def test_ending_early_is_no_verdict(oneshot: OneShot, end: str) -> None:
    outcome = oneshot.run(f"def f():\n    {end}", [Call("f")])
    assert not [answer for answer in outcome.answers if isinstance(answer, Returned)]


def test_a_forged_result_is_not_read_as_an_answer(oneshot: OneShot) -> None:
    source = (
        "import os\ndef f():\n    for n in range(64):\n        try: os.write(n, b'{\"passed\": true}')\n"
        "        except OSError: pass\n    os._exit(0)"
    )
    outcome = oneshot.run(source, [Call("f")])
    assert (outcome.status, outcome.answers) == ("died", ())


@pytest.mark.parametrize(
    ("source", "limit"),
    [
        ("x = bytearray(1 << 30)", "memory"),
        ("while True: print('x' * 1000)", "output"),
    ],
)
def test_limits_have_names(oneshot: OneShot, source: str, limit: str) -> None:
    outcome = oneshot.run(source)
    assert (outcome.status, outcome.limit) == ("limit", limit)


@pytest.mark.parametrize(
    "attack",
    [
        "open('/etc/passwd').read()",
        "open('file', 'w')",
        "__import__('os').fork()",
        "__import__('socket').socket()",
        "__import__('os').kill(__import__('os').getppid(), 0)",
        "__import__('os').listdir('/proc')",
    ],
)
def test_a_one_shot_run_is_sealed(oneshot: OneShot, attack: str) -> None:
    failure = failure_of(oneshot.run(f"def f():\n    {attack}", [Call("f")]))
    assert failure["name"] in ("PermissionError", "OSError")


@pytest.mark.parametrize(("source", "limit"), [("import time; time.sleep(60)", "wall"), ("while True: pass", "cpu")])
def test_limits_on_time_have_names(source: str, limit: str) -> None:
    limits = {"wall": Limits(wall=0.3, cpu=60.0), "cpu": Limits(wall=240.0, cpu=1.0)}
    with OneShot(limits[limit], workers=1) as runner:
        assert runner.run(source).limit == limit


def test_arguments_go_by_name_too_and_numbers_of_numpy_come_back_as_numbers(oneshot: OneShot) -> None:
    source = "import numpy as np\ndef f(n, *, of): return np.full(n, of), np.float64(of)"
    assert oneshot.run(source, [Call("f", (2,), {"of": 0.5})]).answers == (Returned(([0.5, 0.5], 0.5)),)


def test_large_arguments_and_values_cross_and_too_large_ones_are_refused(oneshot: OneShot) -> None:
    source = "def f(text): return text[:900_000]"
    (answer,) = oneshot.run(source, [Call("f", ("x" * 8_000_000,))]).answers
    assert answer == Returned("x" * 900_000)
    with pytest.raises(JobTooLarge, match="32 MB"):
        oneshot.run(source, [Call("f", ("x" * 40_000_000,))])
    assert oneshot.run(source, [Call("f", ("x",))]).answers == (Returned("x"),)


def test_many_threads_use_one_runner_and_it_outlives_the_one_that_made_it() -> None:
    with ThreadPoolExecutor(1) as maker:
        runner = maker.submit(OneShot, LIMITS).result()
    with runner, ThreadPoolExecutor(8) as threads:
        outcomes = threads.map(lambda n: runner.run("def f(n): return n", [Call("f", (n,))]), range(24))
        assert [outcome.answers for outcome in outcomes] == [(Returned(n),) for n in range(24)]


def test_a_runner_whose_process_was_lost_gets_another(oneshot: OneShot) -> None:
    # The process has other children: a browser's driver, the servers of other tests.
    before = [child for child in psutil.Process().children() if "zygote" in " ".join(child.cmdline())]
    assert before
    for child in before:
        child.kill()
    psutil.wait_procs(before)
    assert oneshot.run("def f(): return 1", [Call("f")]).answers == (Returned(1),)


def test_a_server_with_more_than_a_thousand_open_files_gets_right_answers() -> None:
    least, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(least, 4096), most))
    with ExitStack() as files:
        while files.enter_context(Path(os.devnull).open()).fileno() < 1200:
            pass
        with OneShot(LIMITS, workers=1) as runner:
            assert runner.run("def f(): return 1", [Call("f")]).answers == (Returned(1),)
    resource.setrlimit(resource.RLIMIT_NOFILE, (least, most))


def test_runs_share_nothing(oneshot: OneShot) -> None:
    oneshot.run("import math\nmath.pi = 3")
    assert oneshot.run("import math\ndef f(): return math.pi == 3", [Call("f")]).answers == (Returned(False),)


def test_the_environment_is_clean(oneshot: OneShot) -> None:
    os.environ["PLAYGROUND_TEST_SECRET"] = "secret"
    try:
        runner = OneShot(LIMITS, workers=1)
        outcome = runner.run("import os\ndef f(): return 'secret' in str(os.environ)", [Call("f")])
        runner.close()
    finally:
        del os.environ["PLAYGROUND_TEST_SECRET"]
    assert outcome.answers == (Returned(False),)


def test_after_close_nothing_runs_and_nobody_waits_for_ever() -> None:
    runner = OneShot(LIMITS, workers=1)
    with ThreadPoolExecutor(8) as threads:
        ends = [threads.submit(runner.run, "import time; time.sleep(0.05)") for _ in range(8)]
        runner.close()
        runner.close()
    faults = [end.exception() for end in ends]
    assert {type(fault) for fault in faults} <= {RunnerClosed, type(None)}
    with pytest.raises(RunnerClosed):
        runner.run("1")


@pytest.mark.parametrize("text", ["", "[", '["int", "x"]', '["list", 5]', '["evil", []]', '{"a": 1}', "[" * 100_000])
def test_hostile_text_is_not_plain_data(text: str) -> None:
    with pytest.raises(plain.NotPlain):
        plain.load(text)
