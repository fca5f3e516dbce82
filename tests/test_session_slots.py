"""Dialogues with slots: read, filled, replayed on every row."""

import json

import pytest
from conftest import OWNER, Stage, wait_for

from app.session import Refused, Snapshot
from app.session.slots import agrees, filled, parsed, slots_of, substituted
from app.ui import tested

PROBLEM = {
    "prompts": ['Assign "{A}" to a variable named "text".', "Print its letters, each once and sorted."],
    "inputs": [{"A": "cab"}, {"A": "bb"}],
    "outputs": [["a", "b", "c"], ["b"]],
    "name": "letters",
}
ASSIGN = "```python\ntext = {0!r}\n```\nDone."
PRINT = "```python\nprint(sorted(set(text)))\n```\nDone."


def test_slots_are_named_filled_and_left_where_they_have_no_value() -> None:
    assert slots_of(["Sort {A} by {B}", "{A} again, {} and {2}"]) == ["A", "B"]
    assert filled("Sort {A} by {B}", {"A": [1, 2]}) == "Sort [1, 2] by {B}"


def test_a_problem_of_mtpb_is_read() -> None:
    dialogue = parsed(json.dumps(PROBLEM))
    assert dialogue.rows == [({"A": "cab"}, "['a', 'b', 'c']"), ({"A": "bb"}, "['b']")]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "no JSON object"),
        ("[]", "prompts is missing"),
        ('{"prompts": [], "inputs": [], "outputs": []}', "0 requests"),
        ('{"prompts": 1}', "prompts is no list"),
        ("[" * 100_000, "no JSON object"),
        ('{"prompts": ["x"], "inputs": [{"A": 1}], "outputs": []}', "1 inputs and 0 outputs"),
        ('{"prompts": ["{A} {B}"], "inputs": [{"B": 1}], "outputs": [1]}', r"Row 1 .* no value for {A}"),
    ],
)
def test_what_is_no_problem_is_refused_with_the_reason(line: str, words: str) -> None:
    with pytest.raises(Refused, match=words):
        parsed(line)


@pytest.mark.parametrize(
    ("source", "old", "new", "expected"),
    [
        ("text = 'cab'", {"A": "cab"}, {"A": "x"}, "text = 'x'"),
        ("xs = [1, 2]", {"A": "[1, 2]"}, {"A": "[3]"}, "xs = [3]"),
        ("f(2, 13)", {"a": 2, "b": 13}, {"a": 5, "b": 7}, "f(5, 7)"),
        ("f(-2)", {"a": -2}, {"a": 5}, "f(5)"),
        ("f(2)", {"a": 2}, {"a": "5"}, "f(5)"),
    ],
)
def test_a_rows_values_take_the_places_of_the_first_rows(source: str, old: dict, new: dict, expected: str) -> None:
    assert substituted(source, old, new) == (expected, set(old))


@pytest.mark.parametrize(
    ("printed", "expected", "holds"),
    [
        ("one\n['a', 'b']\n", "['a', 'b']", True),
        ("3.0", "3", True),
        ("abc", "'abc'", True),
        ("a\nb", "'a\\nb'", True),
        ("4", "3", False),
        ("", "3", False),
    ],
)
def test_what_was_printed_last_is_compared(printed: str, expected: str, *, holds: bool) -> None:
    assert agrees(printed, expected) is holds


def loaded(stage: Stage) -> str:
    session = stage.session()
    stage.engine.enqueue(ASSIGN.format("cab"), PRINT)
    stage.playground.replays.load(OWNER, session, json.dumps(PROBLEM))
    wait_for(lambda: not stage.playground.snapshot(OWNER, session).testing)
    assert len(stage.playground.snapshot(OWNER, session).turns) == 2
    return session


def replayed(stage: Stage, session: str, *, anew: bool) -> Snapshot:
    stage.playground.replays.replay(OWNER, session, anew=anew)
    wait_for(lambda: not stage.playground.snapshot(OWNER, session).testing)
    return stage.playground.snapshot(OWNER, session)


def test_a_loaded_dialogue_is_asked_with_the_first_row_and_kept_with_its_slots(stage: Stage) -> None:
    session = loaded(stage)
    snapshot = stage.playground.snapshot(OWNER, session)
    assert [turn.request for turn in snapshot.turns] == PROBLEM["prompts"]
    assert len(snapshot.cells) == 2
    assert 'Assign "cab" to a variable' in stage.engine.prompts[0].text


def test_the_code_as_it_stands_is_replayed_on_every_row(stage: Stage) -> None:
    session = loaded(stage)
    results = [row.result or {} for row in replayed(stage, session, anew=False).rows]
    assert [(its["passed"], its["actual"]) for its in results] == [(True, "['a', 'b', 'c']"), (True, "['b']")]


def test_other_values_in_the_first_row_take_the_places_of_those_that_the_code_was_written_for(stage: Stage) -> None:
    session = loaded(stage)
    replays, first = stage.playground.replays, stage.playground.snapshot(OWNER, session).rows[0]
    replays.edit(OWNER, session, first.id, {"A": "zy"}, "['y', 'z']")
    assert [row.result and row.result["passed"] for row in replayed(stage, session, anew=False).rows] == [True, True]
    replays.remove(OWNER, session, first.id)
    assert [row.result and row.result["passed"] for row in replayed(stage, session, anew=False).rows] == [True]


def test_a_result_speaks_for_the_code_that_it_came_of(stage: Stage) -> None:
    session = loaded(stage)
    snapshot = replayed(stage, session, anew=False)
    assert [row["result"]["current"] for row in tested.replays(snapshot)["rows"]] == [True, True]
    cell = snapshot.cells[1]
    stage.playground.cells.edit(OWNER, session, cell.id, "print(text)", cell.revision)
    after = stage.playground.snapshot(OWNER, session)
    assert [row["result"]["current"] for row in tested.replays(after)["rows"]] == [False, False]


def test_a_replay_can_ask_the_whole_dialogue_anew(stage: Stage) -> None:
    session = loaded(stage)
    stage.engine.enqueue(ASSIGN.format("cab"), PRINT, ASSIGN.format("wrong"), PRINT)
    rows = replayed(stage, session, anew=True).rows
    assert [row.result and row.result["passed"] for row in rows] == [True, False]
    assert 'Assign "bb" to a variable' in stage.engine.prompts[4].text


def test_code_that_does_not_hold_the_value_says_so(stage: Stage) -> None:
    session = loaded(stage)
    snapshot = stage.playground.snapshot(OWNER, session)
    cell = snapshot.cells[0]
    stage.playground.cells.edit(OWNER, session, cell.id, "text = 'c' + 'ab'", cell.revision)
    first, second = (row.result for row in replayed(stage, session, anew=False).rows)
    assert first
    assert first["passed"]
    assert second
    assert second["detail"] == "{A} was cab when the code was written, and that is not found in it."


def test_a_row_without_a_value_says_so(stage: Stage) -> None:
    session = loaded(stage)
    stage.playground.replays.add(OWNER, session, {}, "")
    assert (replayed(stage, session, anew=False).rows[2].result or {})["detail"] == "The row has no value for {A}."


def test_asked_anew_the_model_is_told_what_it_was_told(stage: Stage) -> None:
    session = loaded(stage)
    snapshot = stage.ask(session, "/simplify", PRINT, stage.playground.snapshot(OWNER, session).cells[1].id)
    stage.engine.prompts.clear()
    stage.engine.enqueue(ASSIGN.format("cab"), PRINT, PRINT, ASSIGN.format("bb"), PRINT, PRINT)
    replayed(stage, session, anew=True)
    assert len(snapshot.turns) == 3
    assert "Make it simpler and shorter" in stage.engine.prompts[2].text
    assert "Print its letters" in stage.engine.prompts[2].text
    assert [row.result and row.result["passed"] for row in replayed(stage, session, anew=False).rows] == [True, True]


def test_asked_anew_of_a_model_that_fails_each_row_says_why(stage: Stage) -> None:
    session = loaded(stage)
    stage.engine.enqueue(*[RuntimeError("The server is crowded.")] * 2)
    details = [(row.result or {})["detail"] for row in replayed(stage, session, anew=True).rows]
    assert details == ["The server is crowded."] * 2


def test_a_session_without_rows_has_nothing_to_replay(stage: Stage) -> None:
    with pytest.raises(Refused, match="needs a table"):
        stage.playground.replays.replay(OWNER, stage.session(), anew=False)


def test_rows_are_added_changed_and_removed(stage: Stage) -> None:
    session = loaded(stage)
    row = stage.playground.replays.add(OWNER, session, {"A": "zz"}, "['z']")
    replayed(stage, session, anew=False)
    stage.playground.replays.edit(OWNER, session, row.id, {"A": "zy"}, "['y', 'z']")
    assert stage.playground.snapshot(OWNER, session).rows[-1].result is None
    stage.playground.replays.remove(OWNER, session, row.id)
    assert len(stage.playground.snapshot(OWNER, session).rows) == 2


def test_a_cell_that_does_not_parse_is_named_instead_of_a_line_of_the_program(stage: Stage) -> None:
    session = loaded(stage)
    stage.add(session, "def broken(:")
    assert [(row.result or {})["detail"] for row in replayed(stage, session, anew=False).rows] == [
        "Cell 3 does not parse, so there is no program to replay. Mend it, or delete it."
    ] * 2
