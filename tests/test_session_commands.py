"""What can be done with a cell by one word: what the model is told, and where its answer goes."""

import pytest
from conftest import OWNER, Stage

from app.session import Missing, Refused
from app.session.commands import command_of, unknown

CODE = "```python\ndef median(values):\n    return sorted(values)[len(values) // 2]\n```\nIt sorts."
TALK = "It sorts a copy.\n\n```rust\nfn median() {}\n```\nRust needs a type."


@pytest.fixture
def session(stage: Stage) -> str:
    session = stage.session()
    stage.ask(session, "The median", CODE)
    return session


@pytest.mark.parametrize(
    ("request_", "told"), [("/explain", "Explain what"), ("/translate Rust", "Translate this code to Rust:")]
)
def test_words_about_a_cell_change_no_cell(stage: Stage, session: str, request_: str, told: str) -> None:
    before = stage.playground.snapshot(OWNER, session).versions
    snapshot = stage.ask(session, request_, TALK)
    turn = snapshot.turns[-1]
    assert (turn.request, turn.prose, turn.status, turn.cell_id) == (request_, TALK, "done", None)
    assert {key: its.id for key, its in snapshot.versions.items()} == {key: its.id for key, its in before.items()}
    prompt = stage.engine.prompts[-1]
    assert next(part.text for part in prompt.parts if part.name == "request").startswith(told)
    assert [part.text for part in prompt.parts if part.name == "target"] == [
        snapshot.cells[0] and before[snapshot.cells[0].id].source
    ]
    assert prompt.begun == ""


@pytest.mark.parametrize("request_", ["/document", "/simplify"])
def test_a_change_makes_a_version_and_is_no_constraint_later(stage: Stage, session: str, request_: str) -> None:
    stage.ask(session, request_, CODE.replace("(values):", "(values: list[int]) -> int:"))
    snapshot = stage.ask(session, "Return 0 for []", CODE.replace("sorted", "values and sorted"))
    assert len(snapshot.cells) == 1
    assert snapshot.counts[snapshot.cells[0].id] == 3
    texts = [part.text for part in stage.engine.prompts[-1].parts if part.name == "constraint"]
    assert texts == ["- The median\n"]


def test_words_asked_again_speak_of_the_same_cell(stage: Stage, session: str) -> None:
    cell = stage.playground.snapshot(OWNER, session).cells[0].id
    stage.ask(session, "/explain", TALK)
    stage.ask(session, "Another", "```python\ndef other():\n    pass\n```", "new")
    turn = stage.playground.snapshot(OWNER, session).turns[1]
    stage.engine.enqueue("Again.")
    stage.playground.turns.again(OWNER, session, turn.id)
    again = stage.settled(session).turns[-1]
    assert (again.prose, again.target_cell_id, again.cell_id) == ("Again.", cell, None)


def test_what_cannot_be_done_says_why(stage: Stage, session: str) -> None:
    with pytest.raises(Refused, match="/translate needs a language, as in /translate Rust"):
        stage.playground.turns.ask(OWNER, session, "/translate", "auto")
    with pytest.raises(Missing, match="no cell yet"):
        stage.playground.turns.ask(OWNER, stage.session(), "/explain", "auto")
    stage.engine.prompt_style = "codegen"
    with pytest.raises(Refused, match="only goes on with code"):
        stage.playground.turns.ask(OWNER, session, "/explain", "auto")


@pytest.mark.parametrize("request_", ["/etc/passwd", "explain", "/ explain", "1/2 as a fraction"])
def test_other_requests_are_no_commands(request_: str) -> None:
    assert command_of(request_) is None
    assert not unknown(request_)


@pytest.mark.parametrize(
    ("request_", "words"),
    [("/explan", "no command /explan. There are /explain"), ("/sort x", "in words"), ("/tests of it", "stands alone")],
)
def test_a_command_that_there_is_not_is_named(stage: Stage, session: str, request_: str, words: str) -> None:
    with pytest.raises(Refused, match=words):
        stage.playground.turns.ask(OWNER, session, request_, "auto")


def test_signs_of_a_template_in_what_was_typed_are_plain_text() -> None:
    assert "{0.__class__}" in command_of("/translate {0.__class__}").told  # type: ignore[union-attr]
