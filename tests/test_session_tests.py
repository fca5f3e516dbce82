"""The tests of cells: taken up, pinned, judged on every version; what breaks, and its repair."""

from collections.abc import Sequence

import pytest
from conftest import OWNER, STRANGER, Stage, wait_for

from app.session import Refused, Snapshot, evidence
from app.session.tested import State
from app.ui.tested import score
from storage.errors import NotFound
from storage.records import sha256_of

SORT = "```python\ndef sort_list(xs):\n    return sorted(xs)\n```\nIt sorts."
IN_PLACE = "```python\ndef sort_list(xs):\n    xs.sort()\n```\nIt sorts in place."
REVERSED = "```python\ndef sort_list(xs):\n    return sorted(xs, reverse=True)\n```\nIt sorts."
EXAMPLE = "Sort a list: sort([3, 1]) gives [1, 3]"


def states(snapshot: Snapshot, place: int = 0) -> Sequence[State]:
    tested = snapshot.tested.get(snapshot.cells[place].id)
    return tested.states if tested else ()


def judged(stage: Stage, session: str) -> Snapshot:
    """The session once every test was judged on what stands there."""

    def done() -> bool:
        snapshot = stage.playground.snapshot(OWNER, session)
        return not snapshot.testing and not any(its.waiting for its in snapshot.tested.values())

    stage.settled(session)
    wait_for(lambda: bool(stage.playground.snapshot(OWNER, session).tested))
    wait_for(done)
    return stage.playground.snapshot(OWNER, session)


def sorting(stage: Stage, request: str = EXAMPLE, reply: str = SORT) -> tuple[str, str]:
    """Ids of a session and of its one cell, with a test that the request brought."""
    session = stage.session()
    stage.ask(session, request, reply)
    return session, judged(stage, session).cells[0].id


def pinned(stage: Stage, session: str) -> str:
    """The id of the first test, pinned."""
    test = states(judged(stage, session))[0].test
    return stage.playground.tests.stand(OWNER, session, test.id, "pinned").id


def test_examples_of_request_docstring_and_answer_are_taken_up_and_judged(stage: Stage) -> None:
    code = 'def sort_list(xs):\n    """Sort.\n\n    >>> sort_list([2, 1])\n    [1, 2]\n    """\n    return sorted(xs)'
    session, _ = sorting(stage, EXAMPLE, f"```python\n{code}\n\nprint(sort_list([9, 8]))  # Output: [9, 8]\n```\nDone.")
    its = states(judged(stage, session))
    assert [(state.test.origin, state.test.standing) for state in its] == [
        ("request", "unconfirmed"),
        ("docstring", "unconfirmed"),
        ("answer", "unconfirmed"),
    ]
    assert [(state.verdict.passed, state.verdict.actual) for state in its if state.verdict] == [
        (True, "[1, 3]"),
        (True, "[1, 2]"),
        (False, "[8, 9]"),
    ]


def test_a_test_by_hand_binds_and_is_judged(stage: Stage) -> None:
    session = stage.session()
    cell = stage.add(session, "def f(x):\n    return x + 1")
    stage.playground.tests.add(OWNER, session, cell, "f(1)", "2")
    [state] = states(judged(stage, session))
    assert (state.test.standing, state.test.origin, state.failing) == ("pinned", "hand", False)


def test_what_cannot_be_judged_is_refused(stage: Stage) -> None:
    session = stage.session()
    cell = stage.add(session, "def f(x):\n    return x")
    with pytest.raises(Refused, match="is not Python"):
        stage.playground.tests.add(OWNER, session, cell, "f(", "2")


def test_a_stranger_finds_no_test(stage: Stage) -> None:
    session, _ = sorting(stage)
    test = states(judged(stage, session))[0].test
    with pytest.raises(NotFound):
        stage.playground.tests.stand(STRANGER, session, test.id, "pinned")


def test_an_edited_test_binds_and_is_judged_again(stage: Stage) -> None:
    session, _ = sorting(stage)
    test = states(judged(stage, session))[0].test
    stage.playground.tests.edit(OWNER, session, test.id, "sort_list([2])", "[3]")
    [state] = states(judged(stage, session))
    assert (state.test.standing, state.test.number, state.failing) == ("pinned", 1, True)


def test_a_rejected_test_is_not_taken_up_again(stage: Stage) -> None:
    session, _ = sorting(stage)
    test = states(judged(stage, session))[0].test
    stage.playground.tests.stand(OWNER, session, test.id, "rejected")
    stage.ask(session, EXAMPLE + ", please", SORT)
    wait_for(lambda: not stage.playground.snapshot(OWNER, session).testing)
    assert states(stage.playground.snapshot(OWNER, session)) == ()


def test_a_version_that_breaks_a_pinned_test_is_told_and_can_be_kept(stage: Stage) -> None:
    session, cell = sorting(stage)
    pinned(stage, session)
    stage.ask(session, "Make it in-place", IN_PLACE, cell)
    snapshot = judged(stage, session)
    [state] = snapshot.tested[cell].broken
    assert snapshot.numbers[state.held or ""] == 1
    broken = snapshot.turns[1].version_id or ""
    assert snapshot.tested[cell].broke == {broken: [state.test.number]}
    stage.playground.tests.keep(OWNER, session, cell)
    kept = judged(stage, session)
    assert kept.tested[cell].broken == []
    # Though it stands in the request, somebody has decided: it neither fails nor goes to the model.
    assert [(its.test.standing, its.counts) for its in states(kept)] == [("unpinned", False)]
    assert [its for its in evidence.of_cell(kept, cell) if its.kind == "test"] == []


def test_going_back_to_the_version_before_mends_what_broke(stage: Stage) -> None:
    session, cell = sorting(stage)
    pinned(stage, session)
    stage.ask(session, "Make it in-place", IN_PLACE, cell)
    snapshot = judged(stage, session)
    held = snapshot.tested[cell].broken[0].held
    assert held
    stage.playground.cells.restore(OWNER, session, cell, held, snapshot.cells[0].revision)
    after = judged(stage, session)
    assert after.tested[cell].broken == []
    # What its version broke is still told of the turn that wrote it.
    assert [score(after, turn) for turn in after.turns] == [
        {"passed": 1, "of": 1, "broke": []},
        {"passed": 0, "of": 1, "broke": [1]},
    ]


def test_a_version_by_hand_is_judged_when_it_is_run(stage: Stage) -> None:
    session, cell = sorting(stage)
    pinned(stage, session)
    stage.run(session, cell, "def sort_list(xs):\n    return xs")
    assert len(judged(stage, session).tested[cell].broken) == 1


def test_a_cell_that_others_lean_on_changes_their_verdicts(stage: Stage) -> None:
    session = stage.session()
    first = stage.add(session, "def twice(n):\n    return 2 * n")
    second = stage.add(session, "def four_times(n):\n    return twice(twice(n))")
    stage.playground.tests.add(OWNER, session, second, "four_times(1)", "4")
    assert not states(judged(stage, session), 1)[0].failing
    stage.run(session, first, "def twice(n):\n    return 3 * n")
    assert states(judged(stage, session), 1)[0].failing


def test_tests_that_the_model_proposes_are_unconfirmed(stage: Stage) -> None:
    session = stage.session()
    cell = stage.ask(session, "Sort a list", SORT).cells[0].id
    stage.engine.enqueue("```python\nassert sort_list([2, 1]) == [1, 2]\nassert sort_list([]) == [0]\nassert sort_li")
    stage.playground.tests.propose(OWNER, session, cell)
    its = states(judged(stage, session))
    assert [(state.test.origin, state.test.standing, state.failing) for state in its] == [
        ("model", "unconfirmed", False),
        ("model", "unconfirmed", True),
    ]


def test_what_failed_goes_along_with_the_next_request_unless_it_is_left_out(stage: Stage) -> None:
    session, cell = sorting(stage)
    key = f"test:{pinned(stage, session)}"
    stage.ask(session, "Make it in-place", IN_PLACE, cell)
    snapshot = judged(stage, session)
    assert [(its.key, its.title) for its in evidence.of_cell(snapshot, cell)] == [(key, "test 1")]
    told = stage.playground.prompts.sees(OWNER, session, "Fix it", cell)
    silent = stage.playground.prompts.sees(OWNER, session, "Fix it", cell, without=[key])
    assert "should be [1, 3]. It gave None" in str(told["parts"])
    assert "should be [1, 3]" not in str(silent["parts"])


def test_a_claim_of_the_model_alone_is_no_evidence(stage: Stage) -> None:
    reply = "```python\ndef f(x):\n    return x\n\nprint(f(1))  # Output: 2\n```\nDone."
    session, cell = sorting(stage, "Write f", reply)
    snapshot = judged(stage, session)
    assert states(snapshot)[0].failing
    assert evidence.of_cell(snapshot, cell) == []


def test_an_error_goes_along_with_the_cells_it_may_come_from(stage: Stage) -> None:
    session = stage.session()
    stage.add(session, "def part(n):\n    return 1 / n")
    second = stage.add(session, "def whole(n):\n    return part(n)\nwhole(0)")
    stage.run(session, stage.playground.snapshot(OWNER, session).cells[0].id)
    snapshot = stage.run(session, second)
    found = evidence.of_cell(snapshot, second)
    assert [(its.kind, its.title) for its in found] == [
        ("traceback", "ZeroDivisionError, line 2"),
        ("upstream", "cell 1, part"),
    ]
    assert "cell 2, line 3: whole(0)" in found[0].text


def test_an_error_is_told_with_the_arguments_of_the_function_that_raised_it(stage: Stage) -> None:
    session = stage.session()
    source = (
        "class Odd:\n    def __repr__(self):\n        raise SystemExit\n"
        "def mean(xs, *rest, by=None, **more):\n    return sum(xs) / len(xs)\n"
        "print('so far')\nmean([], Odd(), by=Odd, text='t' * 9999)"
    )
    cell = stage.add(session, source)
    snapshot = stage.run(session, cell)
    error, output = evidence.of_cell(snapshot, cell)
    assert (
        "cell 1, line 5: return sum(xs) / len(xs)\nwith xs = [], by = <type>, rest = (<Odd>,), more = {" in error.text
    )
    assert len(error.text) < 500
    assert (output.kind, output.text) == ("output", "so far")


def test_a_turn_tells_which_evidence_it_carried(stage: Stage) -> None:
    session, cell = sorting(stage)
    pinned(stage, session)
    stage.ask(session, "Make it in-place", IN_PLACE, cell)
    judged(stage, session)
    snapshot = stage.ask(session, "Fix it: test 1 must hold.", SORT, cell)
    assert [turn.carried for turn in snapshot.turns] == [[], [], ["test 1"]]


def test_a_repair_ends_when_the_tests_hold(stage: Stage) -> None:
    session, cell = sorting(stage)
    pinned(stage, session)
    stage.ask(session, "Make it in-place", IN_PLACE, cell)
    judged(stage, session)
    stage.engine.enqueue(REVERSED, SORT)
    stage.playground.repairs.begin(OWNER, session, cell)
    wait_for(lambda: not stage.playground.snapshot(OWNER, session).testing)
    snapshot = judged(stage, session)
    assert [turn.request for turn in snapshot.turns[2:]] == [
        "Repair 1 of 3: make test 1 hold.",
        "Repair 2 of 3: make test 1 hold.",
    ]
    assert snapshot.tested[cell].broken == []


def test_a_repair_gives_up_after_three_attempts(stage: Stage) -> None:
    session, cell = sorting(stage)
    pinned(stage, session)
    stage.ask(session, "Make it in-place", IN_PLACE, cell)
    judged(stage, session)
    stage.engine.enqueue(REVERSED, IN_PLACE, REVERSED, SORT)
    stage.playground.repairs.begin(OWNER, session, cell)
    wait_for(lambda: not stage.playground.snapshot(OWNER, session).testing)
    assert len(judged(stage, session).turns) == 5
    assert len(stage.engine.replies) == 1


def repaired(stage: Stage, session: str, cell: str, *replies: str) -> Snapshot:
    """The session after attempts that answered with `replies`."""
    judged(stage, session)
    stage.engine.enqueue(*replies)
    stage.playground.repairs.begin(OWNER, session, cell)
    wait_for(lambda: not stage.playground.snapshot(OWNER, session).testing)
    return judged(stage, session)


def last_of(stage: Stage, cell: str, number: int) -> str:
    """The id of a version of a cell."""
    with stage.database.read() as tx:
        return next(its.id for its in tx.versions(cell) if its.number == number)


def halves(stage: Stage, body: str) -> tuple[str, str]:
    """Ids of a session and of its cell, whose function has three pinned tests."""
    session = stage.session()
    cell = stage.add(session, f"def f(n):\n    return {body}")
    for n in (2, 3, 4):
        stage.playground.tests.add(OWNER, session, cell, f"f({n})", str(n // 2))
    return session, cell


def body(expression: str) -> str:
    return f"```python\ndef f(n):\n    return {expression}\n```\nDone."


def test_after_repairs_the_version_that_holds_most_is_shown(stage: Stage) -> None:
    session, cell = halves(stage, "0")
    snapshot = repaired(stage, session, cell, body("7"), body("n / 2"), body("1"))
    assert [turn.message for turn in snapshot.turns] == [
        "",
        "",
        "The cell shows v3 again, as v5. It holds 2 tests, and this answer, v4, no more.",
    ]
    version = snapshot.versions[cell]
    assert (version.number, version.origin, version.source) == (5, "restored", "def f(n):\n    return n / 2")


def test_repairs_that_mend_nothing_leave_the_version_from_before(stage: Stage) -> None:
    session, cell = halves(stage, "n / 2")
    snapshot = repaired(stage, session, cell, body("0"), body("0"), body("7"))
    assert snapshot.versions[cell].source == "def f(n):\n    return n / 2"
    assert snapshot.turns[-1].message.startswith("The cell shows v1 again, as v7. It holds 2 tests")


def test_an_attempt_starts_from_the_best_version_so_far(stage: Stage) -> None:
    session, cell = halves(stage, "n / 2")
    snapshot = repaired(stage, session, cell, body("0"), body("n // 2"))
    assert [turn.message for turn in snapshot.turns] == [
        "The cell shows v1 again, as v3. It holds 2 tests, and this answer, v2, 0.",
        "",
    ]
    second = stage.playground.prompts.saw(OWNER, session, snapshot.turns[1].id)
    told = "".join(part["text"] for part in second["parts"])
    assert ("return n / 2" in told, "return 0" in told) == (True, False)
    assert (snapshot.versions[cell].number, snapshot.versions[cell].parent_id) == (4, last_of(stage, cell, 3))


def test_the_last_version_stays_where_it_holds_most(stage: Stage) -> None:
    session, cell = halves(stage, "0")
    snapshot = repaired(stage, session, cell, body("7"), body("9"), body("n / 2"))
    assert (snapshot.versions[cell].number, snapshot.turns[-1].message) == (4, "")


def test_a_version_that_runs_is_kept_before_one_that_does_not(stage: Stage) -> None:
    session = stage.session()
    cell = stage.add(session, 'def f():\n    """\n    >>> f()\n    2\n    """\n    return 1 / 0\nf()')
    stage.run(session, cell)
    stage.playground.tests.add(OWNER, session, cell, "f()", "2")
    wrong, failing = body("1").replace("f(n)", "f()"), "```python\ndef f():\n    return 1\nf() / 0\n```\nDone."
    snapshot = repaired(stage, session, cell, wrong.replace("\n```", "\nf()\n```"), failing, failing)
    assert snapshot.versions[cell].source == "def f():\n    return 1\nf()"
    assert "runs without an error" in snapshot.turns[-1].message


def test_a_repair_runs_again_what_had_failed(stage: Stage) -> None:
    session = stage.session()
    cell = stage.add(session, "def f():\n    return 1 / 0\nf()")
    stage.run(session, cell)
    stage.engine.enqueue("```python\ndef f():\n    return 1\nf()\n```\nFixed.")
    stage.playground.repairs.begin(OWNER, session, cell)
    wait_for(lambda: not stage.playground.snapshot(OWNER, session).testing)
    assert stage.settled(session).runs[cell].status == "ok"


def test_whoever_interrupts_the_run_of_an_attempt_ends_the_repairs(stage: Stage) -> None:
    session = stage.session()
    cell = stage.add(session, "1 / 0")
    stage.run(session, cell)
    stage.engine.enqueue("```python\nprint('begun')\nwhile True:\n    pass\n```\nFixed.", "```python\n1\n```\nFixed.")
    stage.playground.repairs.begin(OWNER, session, cell)
    wait_for(lambda: any(work.outputs for work in stage.playground.snapshot(OWNER, session).running.values()))
    stage.playground.runs.interrupt(OWNER, session)
    wait_for(lambda: not stage.playground.snapshot(OWNER, session).testing)
    assert (len(stage.settled(session).turns), len(stage.engine.replies)) == (1, 1)


def test_there_is_nothing_to_repair_where_nothing_failed(stage: Stage) -> None:
    session, cell = sorting(stage)
    with pytest.raises(Refused, match="nothing to repair"):
        stage.playground.repairs.begin(OWNER, session, cell)


def test_a_version_that_is_typed_is_judged_when_the_typing_pauses(stage: Stage) -> None:
    session, cell = sorting(stage)
    pinned(stage, session)
    revision = judged(stage, session).cells[0].revision
    for body in ("xs", "xs[::", "xs[::-1]"):
        revision = stage.playground.cells.edit(OWNER, session, cell, f"def sort_list(xs):\n    return {body}", revision)
    [state] = states(judged(stage, session))
    assert state.verdict is not None
    assert state.verdict.sha256 == sha256_of("def sort_list(xs):\n    return xs[::-1]")
    assert (state.failing, state.verdict.actual) == (False, "[1, 3]")
    assert stage.playground.snapshot(OWNER, session).versions[cell].status == "open"


def test_an_example_counts_as_long_as_the_docstring_holds_it(stage: Stage) -> None:
    code = (
        '```python\ndef sort_list(xs):\n    """Sort.\n\n    >>> sort_list([2, 1])\n    {}\n    """\n    {}\n```\nDone.'
    )
    session, cell = sorting(stage, "Sort a list", code.format("[1, 2]", "return sorted(xs)"))
    stage.ask(session, "Make it in-place", IN_PLACE, cell)
    [state] = states(judged(stage, session))
    assert (state.failing, state.counts) == (True, False)
    stage.ask(session, "Say so", code.format("[2, 1]", "return list(xs)"), cell)
    [state] = states(judged(stage, session))
    assert (state.test.expected, state.failing, state.counts) == ("[2, 1]", False, True)


def test_a_later_request_overrules_the_example_of_an_earlier_one(stage: Stage) -> None:
    session, cell = sorting(stage)
    stage.ask(session, "Descending: sort([3, 1]) gives [3, 1]", REVERSED, cell)
    [state] = states(judged(stage, session))
    assert (state.test.expected, state.failing) == ("[3, 1]", False)


def test_a_repair_that_came_to_the_same_code_is_asked_more_freely(stage: Stage) -> None:
    session, cell = halves(stage, "0")
    repaired(stage, session, cell, body("1"), body("1 "), body("n / 2"))
    assert [its.temperature for its in stage.engine.samplings] == [0.2, 0.2, 0.7]


def test_requests_for_repairs_are_no_standing_constraints(stage: Stage) -> None:
    session, cell = halves(stage, "0")
    repaired(stage, session, cell, body("7"), body("9"), body("n / 2"))
    told = stage.playground.prompts.sees(OWNER, session, "Go on", cell)
    assert "Repair 1" not in str(told["parts"])
