"""Every action as a hostile browser would send it: another's things, nonsense, and everything at once."""

import inspect
import itertools
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from conftest import OWNER, Stage, wait_for

from app.ui.actions import GROUPS, Actions, owner_of

Json = dict[str, Any]
KEY, OTHER_KEY = "k" * 64, "s" * 64
SORT = "```python\ndef sort_list(xs):\n    return sorted(xs)\n```\nIt sorts."
UNKNOWN = "f" * 32
HARMLESS = {"new_session", "sessions", "models", "fork"}  # they name no session


@pytest.fixture
def act(stage: Stage) -> Callable[..., Json]:
    actions = Actions(stage.playground)

    def act(kind: object, key: object = KEY, **args: object) -> Json:
        answer = actions({"kind": kind, "owner": key, **args})
        json.dumps(answer).encode()  # it can be sent
        return answer

    return act


def filled(stage: Stage, act: Callable[..., Json]) -> Json:
    """A session with one of everything, and how to speak of it."""
    session = act("new_session")["session"]
    stage.engine.enqueue(SORT)
    turn = act("ask", session=session, request="Sort a list")["turn"]
    wait_for(lambda: not stage.playground.snapshot(owner_of(KEY), session).writing)
    snapshot = stage.playground.snapshot(owner_of(KEY), session)
    cell = snapshot.cells[0]
    with stage.database.begin() as tx:
        candidate = tx.create_candidate(turn, "candidate = 1")
    return {
        "test": act("add_test", session=session, cell=cell.id, call="sort_list([])", expected="[]")["test"],
        "row": act("add_row", session=session, inputs={"A": 1}, expected="1")["row"],
        "candidate": candidate.id,
        "call": "stolen()",
        "expected": "1",
        "standing": "rejected",
        "inputs": {"A": "stolen"},
        "line": '{"prompts": ["Steal"], "inputs": [{}], "outputs": [1]}',
        "anew": False,
        "without": [],
        "candidates": 1,
        "first_pass": False,
        "session": session,
        "turn": turn,
        "cell": cell.id,
        "version": cell.version_id,
        "revision": cell.revision,
        "run": UNKNOWN,
        "token": act("share", session=session)["share"]["token"],
        "title": "Stolen",
        "text": "stolen",
        "target": "new",
        "sampling": {"temperature": 1.5},
        "model": "qwen2.5-coder-0.5b-instruct",
        "request": "Steal it",
        "after": None,
        "source": "stolen = 1",
        "index": 0,
        "query": "",
        "name": "stolen.csv",
        "kept": True,
        "anyway": True,
    }


METHODS = {
    name: it
    for group in GROUPS
    for name, it in inspect.getmembers(group, inspect.isfunction)
    if not name.startswith("_")
}


def kinds() -> list[str]:
    return list(METHODS)


def arguments(kind: str, of: Json) -> Json:
    names = list(inspect.signature(METHODS[kind]).parameters)[2:]
    return {name: of[name] for name in names if name != "_"}


def everything(stage: Stage) -> list[object]:
    """All that is stored."""
    with stage.database.read() as tx:
        return [
            (
                *(s, tx.session(s.id), tx.turns(s.id), tx.cells(s.id, deleted=True), tx.version_heads(s.id)),
                *(tx.shares(s.id), tx.tests_of_session(s.id), tx.candidates(s.id), tx.slot_rows(s.id)),
            )
            for s in tx.sessions_of(owner_of(KEY))
        ]


def test_a_stranger_cannot_do_anything_with_anothers_session(stage: Stage, act: Callable[..., Json]) -> None:
    mine = filled(stage, act)
    before = everything(stage)
    for kind in set(kinds()) - HARMLESS:
        args = arguments(kind, mine)
        stolen = act(kind, OTHER_KEY, **args)
        nothing = act(kind, OTHER_KEY, **{**args, "session": UNKNOWN})
        assert stolen["fault"]["kind"] == "missing", kind
        assert json.dumps(stolen).replace(mine["session"], UNKNOWN) == json.dumps(nothing), kind
        assert everything(stage) == before, kind


def test_an_own_session_does_not_lead_to_anothers_things(stage: Stage, act: Callable[..., Json]) -> None:
    mine = filled(stage, act)
    before = everything(stage)
    for kind in set(kinds()) - HARMLESS:
        own = act("new_session", OTHER_KEY)["session"]
        act(kind, OTHER_KEY, **{**arguments(kind, mine), "session": own, "after": mine["cell"], "target": mine["cell"]})
        assert everything(stage) == before, kind


def test_work_in_progress_is_not_told_to_strangers(stage: Stage, act: Callable[..., Json]) -> None:
    mine = filled(stage, act)
    stage.engine.pause = 0.05
    stage.engine.enqueue("xs):\n    xs.sort()\n```")
    turn = act("ask", session=mine["session"], request="Make it in-place", target=mine["cell"])["turn"]
    wait_for(lambda: act("edit", **arguments("edit", mine)).get("fault", {}).get("kind") == "busy")
    for kind in ("edit", "delete_cell", "restore", "run", "run_all", "move_answer", "show_branch", "regenerate"):
        args = {**arguments(kind, mine), **({"turn": turn} if "turn" in arguments(kind, mine) else {})}
        assert act(kind, OTHER_KEY, **args)["fault"]["kind"] == "missing", kind
    act("stop", session=mine["session"], turn=turn)
    wait_for(lambda: not stage.playground.snapshot(owner_of(KEY), mine["session"]).writing)


@pytest.mark.parametrize("key", ["", "short", None, 7, ["k" * 64], {"k": "k" * 64}])
def test_without_a_key_nothing_is_done(act: Callable[..., Json], key: object) -> None:
    assert "no key" in act("new_session", key)["fault"]["message"]


def test_the_key_itself_is_not_stored(stage: Stage, act: Callable[..., Json]) -> None:
    act("new_session")
    stage.database.close()
    assert all(KEY.encode() not in path.read_bytes() for path in stage.folder.iterdir() if path.is_file())


@pytest.mark.parametrize("payload", [None, 1, "ask", [], [["kind", "ask"]], {}, {"kind": None}, {1: 2}, {"kind": {}}])
def test_what_is_no_action_is_refused(stage: Stage, payload: object) -> None:
    assert Actions(stage.playground)(payload)["fault"]["kind"] == "refused"


@pytest.mark.parametrize(
    "kind", ["__class__", "__init__", "__call__", "_answer", "_methods", "_playground", "ask\0", "\ud800", "x" * 10_000]
)
def test_only_public_actions_exist(act: Callable[..., Json], kind: str) -> None:
    message = act(kind)["fault"]["message"]
    assert "There is no action" in message
    assert len(message) < 300


def deep(levels: int) -> object:
    value: object = "x"
    for _ in range(levels):
        value = [value]
    return value


NONSENSE: list[object] = [
    None, True, -1, 10**400, float("nan"), float("inf"), "", "\0", "\ud800", "a b", "../..", "x" * 100_001, [], {},
    ["x"], {"a": {"b": 1}}, {"\ud800": 1}, deep(5000), b"bytes", "0" * 5000, "' OR '1'='1",
]  # fmt: skip


def test_nonsense_in_any_argument_is_answered_in_words(stage: Stage, act: Callable[..., Json]) -> None:
    mine = filled(stage, act)
    for kind in kinds():
        args = arguments(kind, mine)
        for name, value in itertools.product(args, NONSENSE):
            fault = act(kind, **{**args, name: value}).get("fault")
            assert fault is None or (len(fault["message"]) < 1000 and fault["kind"] in {"refused", "missing", "busy"})
    settled(stage, mine["session"])


def test_arguments_that_are_missing_or_unknown_are_named(stage: Stage, act: Callable[..., Json]) -> None:
    mine = filled(stage, act)
    for kind in kinds():
        args = arguments(kind, mine)
        parameters = inspect.signature(METHODS[kind]).parameters
        for name in args:
            if parameters[name].default is inspect.Parameter.empty:
                fault = act(kind, **{key: value for key, value in args.items() if key != name})["fault"]
                assert name in fault["message"], kind
        for name in ("surprise", "_owner", "_", "owner_", "*") if kind not in HARMLESS else ():
            assert name in act(kind, **args, **{name: 1})["fault"]["message"], kind


@pytest.mark.parametrize("kind", sorted(HARMLESS))
def test_arguments_that_python_keeps_for_itself_do_no_harm(act: Callable[..., Json], kind: str) -> None:
    for name in ("self", "_owner", "_", "*", "__class__"):
        json.dumps(act(kind, **{"token": "x", name: 1}))


def test_what_is_typed_is_never_refused_for_its_characters(act: Callable[..., Json]) -> None:
    session = act("new_session")["session"]
    cell = act("add_cell", session=session, after=None, source="x = '\ud800\0'")
    assert "cell" in cell
    assert act("draft", session=session, text="\ud800\0") == {}


def test_a_conflict_brings_what_is_stored(act: Callable[..., Json]) -> None:
    session = act("new_session")["session"]
    cell = act("add_cell", session=session, after=None, source="x = 1")["cell"]
    conflict = act("edit", session=session, cell=cell, source="x = 2", revision=99)["conflict"]
    assert conflict["source"] == "x = 1"
    assert act("edit", session=session, cell=cell, source="x = 2", revision=conflict["revision"])["revision"]


def test_the_key_of_the_stage_is_an_owner_and_not_a_key() -> None:
    assert owner_of(OWNER) != OWNER


def at_once(*jobs: Callable[[], object], times: int = 1) -> list[object]:
    """Do the jobs in threads that begin together; what each gave."""
    answers: list[object] = []
    barrier = threading.Barrier(len(jobs) * times)

    def work(job: Callable[[], object]) -> None:
        barrier.wait()
        answers.append(job())

    threads = [threading.Thread(target=work, args=(job,)) for job in jobs * times]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == len(threads)  # none raised
    return answers


def settled(stage: Stage, session: str) -> Any:
    def idle() -> bool:
        snapshot = stage.playground.snapshot(owner_of(KEY), session)
        return not snapshot.writing and not snapshot.running

    wait_for(idle)
    return stage.playground.snapshot(owner_of(KEY), session)


def test_a_double_click_on_run_runs_once(stage: Stage, act: Callable[..., Json]) -> None:
    session = act("new_session")["session"]
    cell = act("add_cell", session=session, after=None, source="import time; time.sleep(0.2)")["cell"]
    source = "import time; time.sleep(0.2)"
    answers = at_once(lambda: act("run", session=session, cell=cell, source=source, revision=2), times=6)
    assert sum("run" in answer for answer in answers if isinstance(answer, dict)) == 1
    assert settled(stage, session).runs[cell].execution_count == 1
    stage.kernels.close(session)


def test_requests_of_many_threads_are_answered_one_after_the_other(stage: Stage, act: Callable[..., Json]) -> None:
    session = act("new_session")["session"]
    stage.engine.enqueue(*[SORT] * 6)
    at_once(lambda: act("ask", session=session, request="Write a function to sort", target="new"), times=6)
    snapshot = settled(stage, session)
    assert [turn.status for turn in snapshot.turns] == ["done"] * 6
    assert [turn.cell_id for turn in snapshot.turns] == [cell.id for cell in snapshot.cells]


def test_edits_of_many_tabs_never_overwrite_each_other(stage: Stage, act: Callable[..., Json]) -> None:
    session = act("new_session")["session"]
    cell = act("add_cell", session=session, after=None, source="x")["cell"]
    revision = stage.playground.snapshot(owner_of(KEY), session).cells[0].revision
    jobs = [
        lambda n=n: (n, act("edit", session=session, cell=cell, source=f"tab {n}", revision=revision)) for n in range(6)
    ]
    answers: Any = at_once(*jobs)
    winners = [n for n, answer in answers if "revision" in answer]
    assert len(winners) == 1
    assert {a["conflict"]["source"] for _, a in answers if "conflict" in a} == {f"tab {winners[0]}"}


def test_everything_at_once_leaves_a_session_that_works(stage: Stage, act: Callable[..., Json]) -> None:
    mine = filled(stage, act)
    session = mine["session"]
    stage.engine.enqueue(*[SORT] * 40)
    stage.engine.pause = 0.001
    known = {name: mine[name] for name in ("cell", "turn", "version")}

    def noise(kind: str) -> Callable[[], object]:
        def once() -> None:
            for _ in range(3):
                revision = stage.playground.snapshot(owner_of(KEY), session).cells[0].revision
                act(kind, **{**arguments(kind, mine), **({"revision": revision} if "revision" in mine else {})})

        return once

    names = ["ask", "edit", "regenerate", "stop", "run", "run_all", "interrupt", "restart", "add_cell", "move_cell"]
    names += ["restore", "share", "versions", "sees", "draft", "show_branch", "rename", "export"]
    at_once(*(noise(kind) for kind in names if kind != "delete_session"))
    act("interrupt", session=session)
    snapshot = settled(stage, session)
    assert known["cell"] in {cell.id for cell in snapshot.cells}
    assert {turn.status for turn in snapshot.turns} <= {"done", "stopped"}
    assert {run.status for run in snapshot.runs.values()} <= {"ok", "interrupted", "error"}
    numbers = [version["number"] for version in act("versions", session=session, cell=mine["cell"])["versions"]]
    assert numbers == list(range(1, len(numbers) + 1))
    stage.engine.replies.clear()
    stage.engine.enqueue(SORT)
    act("ask", session=session, request="Once more", target="new")
    assert settled(stage, session).turns[-1].status == "done"
    stage.kernels.close(session)


def test_deleting_a_session_at_work_ends_its_work(stage: Stage, act: Callable[..., Json]) -> None:
    mine = filled(stage, act)
    session, owner = mine["session"], owner_of(KEY)
    stage.engine.pause = 0.02
    stage.engine.enqueue(SORT)
    act("ask", session=session, request="Once more", target="new")
    act("add_cell", session=session, after=None, source="import time; time.sleep(50)")
    act("run_all", session=session)
    at_once(lambda: act("delete_session", session=session), lambda: act("stop", session=session, turn=mine["turn"]))
    wait_for(lambda: not stage.playground._desk.at_work.running(session))
    wait_for(lambda: not stage.playground._desk.at_work.writing(session))
    act("restore_session", session=session)
    assert len(stage.playground.snapshot(owner, session).turns) == 2
