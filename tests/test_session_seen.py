"""What the model sees and does not see, as it is told to people."""

from conftest import OWNER, Stage

from app.session.seen import numbered


def test_parts_of_one_kind_are_told_together_and_what_is_left_out_says_why(stage: Stage) -> None:
    session = stage.session()
    stage.ask(session, "One", "```python\ndef one(n):\n    return n + 1\n```\nIt adds one.")
    stage.ask(session, "Two", "```python\ndef two(n):\n    return n + 2\n```\nIt adds two.", "new")
    stage.ask(session, "Three", "```python\ndef three(n):\n    return n + 3\n```\nIt adds three.", "new")
    cell = stage.playground.snapshot(OWNER, session).cells[2].id
    sees = stage.playground.prompts.sees(OWNER, session, "Make it faster", cell)
    told = {part["title"]: part for part in sees["parts"]}
    assert told["Outline of cells 1 and 2"]["text"] == "- one(n)\n- two(n)\n"
    assert told["Standing constraints"]["text"] == "- Three\n"
    assert told["Cell 3 · v1 as it is now"]["text"] == "def three(n):\n    return n + 3"
    left = {part["title"]: part["why"] for part in sees["parts"] if not part["kept"]}
    assert left == {
        "Turns 1 to 3, as written": "the cells carry their result",
        "Bodies of cells 1 and 2": "callers need the signatures only",
    }
    assert sum(part["tokens"] for part in sees["parts"] if part["kept"]) == sees["tokens"]
    snapshot = stage.ask(session, "Make it faster", "```python\ndef three(n):\n    return 3 + n\n```", cell)
    saw = stage.playground.prompts.saw(OWNER, session, snapshot.turns[-1].id)
    assert saw["parts"] == sees["parts"]


def test_a_turn_that_waited_is_told_nothing_of_those_asked_after_it(stage: Stage) -> None:
    session = stage.session()
    stage.engine.pause = 0.05
    stage.engine.enqueue("It adds. " * 2000, "It adds two.", "It adds three.")
    first, second, _ = (
        stage.playground.turns.ask(OWNER, session, request, "new") for request in ("One", "Two", "Three")
    )
    stage.playground.turns.stop(OWNER, session, first.id)
    stage.settled(session)
    saw = stage.playground.prompts.saw(OWNER, session, second.id)
    assert [it["title"] for it in saw["parts"] if it["title"].endswith("as written")] == ["Turn 1, as written"]


def test_numbers_are_told_as_people_say_them() -> None:
    assert [numbered("cell", it) for it in ([2], [1, 2], [1, 2, 3], [1, 3, 4])] == [
        "cell 2",
        "cells 1 and 2",
        "cells 1 to 3",
        "cells 1, 3 and 4",
    ]
