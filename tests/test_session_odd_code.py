"""Code and requests that no person writes: what nests too deeply, is too long, or meets a bug stops no session."""

from collections.abc import Iterator
from threading import Event

import pytest
from conftest import OWNER, Stage, wait_for

from app.session import Refused, Snapshot
from app.session.claims import READ, of_request, of_source
from app.session.lineage import LONGEST, definitions, names_of
from app.session.slots import substituted
from model.engine import Sampling, TextStream
from model.outline import outline
from model.prompt import Prompt
from model.reply import ReplyReader

SORT = "```python\ndef sort_list(xs):\n    return sorted(xs)\n```\nIt sorts."
DEEP = "1" + "+1" * 1200  # Python parses it; what walks the tree in Python does not get to its end


def judged(stage: Stage, session_id: str) -> Snapshot:
    wait_for(lambda: not stage.playground.snapshot(OWNER, session_id).testing)
    return stage.playground.snapshot(OWNER, session_id)


def test_a_cell_that_nests_deeply_does_not_keep_others_from_being_asked_for(stage: Stage) -> None:
    session = stage.session()
    stage.add(session, f"def f(x={DEEP}):\n    return x")
    assert stage.ask(session, "Sort a list", SORT, "new").turns[-1].status == "done"
    assert "def f" in outline(f"def f(x={DEEP}):\n    return x")


def test_deep_examples_in_an_answer_or_a_docstring_are_no_examples() -> None:
    reader = ReplyReader("", "chat")
    reader.feed(f"```python\ndef f(x):\n    return x\nassert f({DEEP}) == 1\n```")
    assert reader.finish().examples == ()
    assert of_source(f'def f(x):\n    """\n    >>> f({DEEP})\n    1\n    """') == []
    assert substituted(f"x = {DEEP}", {"A": 1}, {"A": 2}) == (f"x = {DEEP}", set())


def test_a_test_that_nests_too_deeply_is_refused_and_the_others_are_judged(stage: Stage) -> None:
    session = stage.session()
    cell = stage.add(session, "def f(x):\n    return x")
    for call, expected in ((f"f({DEEP})", "3"), (f"assert f({DEEP}) == 3", "")):
        with pytest.raises(Refused, match="nests too deeply"):
            stage.playground.tests.add(OWNER, session, cell, call, expected)
    stage.playground.tests.add(OWNER, session, cell, "f(3)", "3")
    states = judged(stage, session).tested[cell].states
    assert [its.verdict.passed for its in states if its.verdict] == [True]


def test_a_bug_in_the_engine_ends_the_turn_and_not_the_session(stage: Stage) -> None:
    def broken(prompt: Prompt, sampling: Sampling, stop: Event) -> TextStream:
        def pieces() -> Iterator[str]:
            yield "def sort_list(xs):\n"
            raise ZeroDivisionError("a bug")

        return TextStream(pieces())  # type: ignore[arg-type]

    session, stream = stage.session(), stage.engine.stream
    stage.engine.stream = broken  # type: ignore[method-assign]
    turn = stage.ask(session, "Sort a list", SORT).turns[-1]
    assert turn.status == "failed"
    assert "ZeroDivisionError: a bug" in turn.message
    stage.engine.stream = stream  # type: ignore[method-assign]
    assert stage.ask(session, "Sort a list", SORT).turns[-1].status == "done"


def test_code_of_a_hundred_thousand_characters_is_looked_at_and_longer_code_is_not() -> None:
    code = "def f():\n    return g()\n" + "x = 1\n" * (LONGEST // 7)
    assert definitions(code) == definitions(f"{code}x = (") == ("f",)
    assert names_of(code).needed == {"g"}
    assert definitions(code + code) == ()
    assert names_of(code + code).needed == frozenset()


def test_examples_are_looked_for_where_people_write_them() -> None:
    source = "def f(x):\n    return x"
    assert len(of_request("f(1) returns 1" + " " * READ, source)) == 1
    assert of_request("x" * READ + " f(1) returns 1", source) == []
