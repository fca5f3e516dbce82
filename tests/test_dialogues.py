"""The dialogues of tests/dialogues: every one can be solved, and every turn of it asks for something."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.evaluation.dialogue import Check, Dialogue, DialogueUnreadable, judge, read, read_all
from app.runner.oneshot import OneShot

FOLDER = Path(__file__).parent / "dialogues"
DIALOGUES = read_all(FOLDER)
TOPICS = {"strings", "numbers", "collections", "classes", "parsing", "recursion", "dates", "pandas"}


@pytest.fixture(scope="module")
def runner() -> Iterator[OneShot]:
    runner = OneShot(workers=1, preload=["pandas"])
    yield runner
    runner.close()


@pytest.mark.parametrize("dialogue", DIALOGUES, ids=lambda dialogue: dialogue.name)
def test_each_reference_meets_every_check_in_force(runner: OneShot, dialogue: Dialogue) -> None:
    for number, turn in enumerate(dialogue.turns, 1):
        checks = dialogue.in_force(number)
        met = judge(runner, turn.reference, checks, dialogue.given)
        assert all(met), (number, [check for check, good in zip(checks, met, strict=True) if not good])


@pytest.mark.parametrize("dialogue", DIALOGUES, ids=lambda dialogue: dialogue.name)
def test_each_turn_asks_for_something_that_was_not_there(runner: OneShot, dialogue: Dialogue) -> None:
    before = ""
    for turn in dialogue.turns:
        assert not all(judge(runner, before, turn.checks, dialogue.given)), turn.request
        before = turn.reference


def test_they_cover_the_topics() -> None:
    assert {dialogue.topic for dialogue in DIALOGUES} == TOPICS
    assert len(DIALOGUES) >= 30


def test_a_check_that_is_taken_back_holds_no_longer() -> None:
    dialogue = next(it for it in DIALOGUES if it.name == "sort-a-list")
    assert dialogue.turns[0].checks[0] in dialogue.in_force(1)
    assert dialogue.turns[0].checks[0] not in dialogue.in_force(2)


def test_a_value_of_another_type_does_not_meet_a_check(runner: OneShot) -> None:
    checks = (Check(call="f()", gives="1"), Check(call="f() == 1", gives="True"))
    assert judge(runner, "def f():\n    return True", checks) == (False, True)


def test_a_program_that_does_not_run_meets_nothing(runner: OneShot) -> None:
    assert judge(runner, "def f(:", (Check(call="1", gives="1"),)) == (False,)
    assert judge(runner, "raise ValueError", (Check(call="f()", raises="ValueError"),)) == (False,)


@pytest.mark.parametrize(
    "text",
    [
        "topic = 'strings'",
        "topic = 'strings'\n[[turns]]\nrequest = 'x'\nchecks = [{call = 'f(', gives = '1'}]\nreference = ''\n" * 2,
        "no toml",
    ],
)
def test_a_file_that_is_no_dialogue_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.toml").write_text(text)
    with pytest.raises(DialogueUnreadable, match=r"bad\.toml"):
        read(tmp_path / "bad.toml")
