"""Runs a suite of hostile programs and judges each by the harm seen from outside.

A suite is a file of JSON lines `{id, group, name, code, must}`, `must` being blocked (no harm is done), killed (it is
stopped, or no harm is done) or survives (the session goes on). Group `oneshot` runs in the one-shot mode. Of group
`xss` only the runner's part is judged here, that nothing but the allowed mime types leaves it; the rest is the page's.
"""

import ast
import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

from .events import Event, Finished, Output, RunResult
from .kernels import Kernels
from .limits import Limits
from .oneshot import OneShot
from .outcome import Call, Failed, Outcome, Returned
from .outputs import ALLOWED_MIME
from .setting import Setting
from .victim import Victim, burns

SUITE_LIMITS = Limits(wall=5.0, cpu=2.5, background=0.7, interrupt=1.0)
LANES = 3
OTHER = "another session"
ATTACKER = "attacker"
SHARED = ("fs-read", "fs-write", "secrets", "network", "process", "kernel-surface", "harmless")
"""Groups whose cases follow each other in one session, as the cells of an attacker would."""

STOPPED = ("limit", "died", "interrupted")
BACKGROUND_SECONDS = 30.0


@dataclass(frozen=True)
class Verdict:
    """How one case went.

    Attributes:
        held: the case did what it must, and nothing was harmed.
        got: blocked, survives, ended, limit:<name>, or the harm.
        usable: the session ran another cell afterwards.
    """

    id: int
    group: str
    name: str
    must: str
    got: str
    held: bool
    usable: bool
    seconds: float


class Lane:
    """Runs cases one after the other, in sessions of its own, against a victim of its own."""

    def __init__(self, setting: Setting | None = None, limits: Limits = SUITE_LIMITS) -> None:
        self._victim = Victim()
        self._setting = setting
        self._kernels = Kernels(limits, spare=1, preload=(), setting=setting, check=False)
        try:
            self._values = self._victim.placeholders(self._kernels, OTHER)
        except BaseException:
            self.close()
            raise

    def run(self, cases: "SimpleQueue[dict[str, Any]]") -> Iterator[Verdict]:
        """Judge cases until there are none left."""
        while True:
            try:
                yield self.judge(cases.get_nowait())
            except Empty:
                return

    def judge(self, case: dict[str, Any]) -> Verdict:
        """Run one case and look at the harm."""
        source = self._victim.fill(case["code"], self._values)
        self._victim.watch()
        began = time.monotonic()
        got, usable = self._oneshot_case(source) if case["group"] == "oneshot" else self._cell_case(source)
        harm = self._victim.harm()
        got = f"harm: {'; '.join(harm)}" if harm else got
        held = usable and holds(case["must"], got)
        if case["group"] not in SHARED:
            self._kernels.close(ATTACKER)
        seconds = round(time.monotonic() - began, 2)
        return Verdict(case["id"], case["group"], case["name"], case["must"], got, held, usable, seconds)

    def _cell_case(self, source: str) -> tuple[str, bool]:
        key = ATTACKER
        events = list(self._kernels.execute(key, source, allow_input=False))
        result, printed = ending(events), shown(events)
        got = judge(result, printed, leaked=self._victim.leaked(source, printed))
        if strange := {mime for mime in mimes(events) if mime not in ALLOWED_MIME}:
            got = f"harm: output of type {', '.join(strange)}"
        if result.status in ("ok", "error") and self._goes_on(key):
            got = "limit:background"
        after = ending(list(self._kernels.execute(key, "1 + 1")))
        return got, after.status == "ok"

    def _goes_on(self, key: str) -> bool:
        """Whether threads of the cell kept on after its end, until the kernel was ended for it."""
        kernel = self._kernels.kernel(key)
        if kernel is None or not burns(kernel.pid):
            return False
        deadline = time.monotonic() + BACKGROUND_SECONDS
        while kernel.alive and time.monotonic() < deadline:
            time.sleep(0.05)
        return not kernel.alive

    def _oneshot_case(self, source: str) -> tuple[str, bool]:
        program, checks = split_checks(source)
        runner = OneShot(workers=1, setting=self._setting)
        try:
            outcome = runner.run(program, [call for call, _ in checks])
            after = runner.run("def f(n): return n + 1", [Call("f", (1,))])
        finally:
            runner.close()
        return judge_oneshot(outcome, [expected for _, expected in checks]), after.answers == (Returned(2),)

    def close(self) -> None:
        """End everything."""
        self._kernels.shutdown()
        self._victim.close()


def holds(must: str, got: str) -> bool:
    """Whether what a case got is what it must get."""
    if got.startswith("harm"):
        return False
    stopped = got == "ended" or got.startswith("limit:")
    if must == "survives":
        return not stopped
    return stopped or got == "blocked" or (must == "blocked" and got == "ok")


def judge(result: RunResult, printed: str, *, leaked: bool) -> str:
    """One word for the end of a cell."""
    if leaked:
        return "harm: the secret was printed"
    if "ESCAPED" in printed:
        return "harm: the program says that it got through"
    if result.limit is not None:
        return f"limit:{result.limit}"
    if result.status in STOPPED:
        return "ended"
    return "ok" if result.status == "ok" and "BLOCKED" not in printed else "blocked"


def judge_oneshot(outcome: Outcome, expected: list[Any]) -> str:
    """One word for the end of a one-shot run: harm if the program got a verdict that it did not earn."""
    for answer, wanted in zip(outcome.answers, expected, strict=False):
        if isinstance(answer, Returned) and (wanted is NOTHING or answer.value == wanted):
            return "harm: the program passed"
    if outcome.limit is not None:
        return f"limit:{outcome.limit}"
    return "ended" if outcome.status == "died" or not all_answered(outcome) else "blocked"


def all_answered(outcome: Outcome) -> bool:
    """Whether every call was answered, by whatever."""
    return all(isinstance(answer, Returned | Failed) for answer in outcome.answers)


NOTHING = object()


def split_checks(source: str) -> tuple[str, list[tuple[Call, Any]]]:
    """Take the checks out of a program: what is expected must not be where the program runs.

    Returns:
        The program without its asserts and calls of `candidate`, and for each the call and the value that an
        unearned pass would have; `NOTHING` for a call that nothing is expected of.
    """
    tree = ast.parse(source)
    kept, checks = [], []
    for statement in tree.body:
        call = find_call(statement)
        if call is None:
            kept.append(statement)
        else:
            checks.append((call, expected_of(statement)))
    return ast.unparse(ast.Module(kept, [])), checks


def find_call(statement: ast.stmt) -> Call | None:
    """The call of `candidate` in an assert or an expression statement."""
    if not isinstance(statement, ast.Assert | ast.Expr):
        return None
    for node in ast.walk(statement):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "candidate":
            return Call("candidate", tuple(ast.literal_eval(each) for each in node.args))
    return None


def expected_of(statement: ast.stmt) -> Any:  # noqa: ANN401 - any literal
    """The literal that the call is compared with."""
    test = statement.test if isinstance(statement, ast.Assert) else None
    if isinstance(test, ast.Compare) and isinstance(test.comparators[0], ast.Constant):
        return test.comparators[0].value
    return NOTHING if isinstance(statement, ast.Expr) else True


def ending(events: list[Event]) -> RunResult:
    """The result at the end of the events."""
    last = events[-1]
    assert isinstance(last, Finished)
    return last.result


def shown(events: list[Event]) -> str:
    """All that was printed or displayed, without tracebacks, which quote the program."""
    outputs = [event.output for event in events if isinstance(event, Output)]
    texts = [output.get("text", "") or json.dumps(output.get("data", "")) for output in outputs]
    return "".join(texts) + "".join(output.get("evalue", "") for output in outputs)


def mimes(events: list[Event]) -> set[str]:
    """The mime types of everything displayed."""
    return {mime for event in events if isinstance(event, Output) for mime in event.output.get("data", {})}


def read_cases(path: Path) -> list[dict[str, Any]]:
    """The cases of a suite file."""
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]


def judge_all(cases: list[dict[str, Any]], setting: Setting | None = None) -> Iterator[Verdict]:
    """Judge the cases, a few at a time, each as it is done."""
    waiting: SimpleQueue[dict[str, Any]] = SimpleQueue()
    for case in cases:
        waiting.put(case)
    done: SimpleQueue[Verdict | None] = SimpleQueue()
    lanes = [Thread(target=run_lane, args=(waiting, done, setting)) for _ in range(LANES)]
    for lane in lanes:
        lane.start()
    running = len(lanes)
    while running:
        verdict = done.get()
        if verdict is None:
            running -= 1
        else:
            yield verdict


def run_lane(
    waiting: "SimpleQueue[dict[str, Any]]", done: "SimpleQueue[Verdict | None]", setting: Setting | None
) -> None:
    """The work of one thread; ends with None."""
    try:
        lane = Lane(setting)
        try:
            for verdict in lane.run(waiting):
                done.put(verdict)
        finally:
            lane.close()
    finally:
        done.put(None)


def run_suite(path: Path, setting: Setting | None = None) -> int:
    """Run a suite file, print a line a case and a summary as JSON; 1 if not every case held, else 0."""
    cases = read_cases(path)
    held = set()
    for verdict in judge_all(cases, setting):
        print(json.dumps(asdict(verdict)), flush=True)  # noqa: T201 - a command's output
        if verdict.held:
            held.add(verdict.id)
    failed = [case["id"] for case in cases if case["id"] not in held]
    summary = {"cases": len(cases), "held": len(held), "failed": failed}
    print(json.dumps({"summary": summary}), flush=True)  # noqa: T201 - as above
    return 1 if failed else 0
