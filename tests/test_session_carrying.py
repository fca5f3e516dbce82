"""What an answer leaves out is taken over from the request's code and from the version that it changes."""

import pytest
from conftest import OWNER, Stage, wait_for

from app.session.carrying import code_of, completed
from model.reply import Reply

HEAD = "def double(xs: List[int]) -> List[int]:"
STUB = f'from typing import List\n\n\n{HEAD}\n    """Twice each.\n    >>> double([2])\n    [4]\n    """'
ALONE = f"{HEAD}\n    return [2 * x for x in xs]"
WHOLE = f"from typing import List\n\n\n{ALONE}"


def whole(code: str, *given: str, elsewhere: str = "") -> str:
    return completed(Reply(code, "", ()), given, [elsewhere]).code


@pytest.mark.parametrize(
    "request_text",
    [
        f"Complete this function:\n```python\n{STUB}\n```",
        f"Complete this function:\n\n{STUB}\n\nIt must be fast.",
        STUB,
        f"From the list below, go on:\n{STUB}",
    ],
)
def test_code_is_found_in_requests(request_text: str) -> None:
    assert whole(ALONE, code_of(request_text)) == WHOLE


@pytest.mark.parametrize("request_text", ["Sort a list", "from a list of numbers, import nothing", "def", "```\n```"])
def test_words_are_no_code(request_text: str) -> None:
    assert whole(ALONE, code_of(request_text)) == ALONE


def test_helpers_come_along_with_what_they_need_themselves() -> None:
    part = "def part(n):\n    return math.log(n, BASE)"
    before = f"import math\nimport os\n\nBASE = 2\n\n{part}\n\ndef f(n):\n    return part(n)"
    code = whole("def f(n):\n    return part(n) + 1", before)
    assert code.startswith(f"import math\nBASE = 2\n{part}\n\n\ndef f(n):")
    assert "os" not in code


def test_what_the_answer_or_another_cell_defines_is_not_taken_over() -> None:
    assert whole("def g(n):\n    return n\n\ndef f(n):\n    return g(n)", "def g(n):\n    return 0") == (
        "def g(n):\n    return n\n\ndef f(n):\n    return g(n)"
    )
    assert whole(ALONE, STUB, elsewhere="from typing import List") == ALONE
    assert whole("def f(n):\n    return part(n)", "def part(n):\n    return f(n)\n\ndef f(n):\n    return 0") == (
        "def part(n):\n    return f(n)\n\n\ndef f(n):\n    return part(n)"
    )


def test_the_request_comes_before_the_version() -> None:
    assert whole("print(N)", "N = 1", "N = 2") == "N = 1\n\n\nprint(N)"


def test_docstring_and_future_imports_stay_first() -> None:
    top = '"""Doubles."""\n\nfrom __future__ import annotations\n\n'
    code = "import os\n\ndef double():\n    return List"
    assert whole(top + code, STUB) == f"{top}from typing import List\n{code}"


def test_code_that_does_not_parse_is_left_as_it_is() -> None:
    assert whole("def f(:\n    List", STUB) == "def f(:\n    List"


def test_a_cell_keeps_the_import_that_the_next_answer_forgets(stage: Stage) -> None:
    session = stage.session()
    first = "```python\nimport math\n\ndef area(r):\n    return math.pi * r * r\n```\nDone."
    cell = stage.ask(session, "Area of a circle", first).cells[0].id
    forgets = "```python\ndef area(r):\n    return round(math.pi * r * r, 2)\n```\nDone."
    snapshot = stage.ask(session, "Round it", forgets, cell)
    assert snapshot.versions[cell].source.startswith("import math\n\n\ndef area(r):")
    assert "as the code needs it: `math`" in snapshot.turns[-1].prose


def test_candidates_are_judged_with_what_the_request_holds(stage: Stage) -> None:
    session = stage.session()
    wrong = ALONE.replace("2 * x", "x")
    stage.engine.enqueue(f"```python\n{wrong}\n```\nDone.", f"```python\n{ALONE}\n```\nDone.")
    stage.playground.turns.ask(OWNER, session, f"Complete this:\n```python\n{STUB}\n```", "new", candidates=2)
    snapshot = stage.settled(session)
    wait_for(lambda: not stage.playground.snapshot(OWNER, session).testing)
    assert snapshot.versions[snapshot.cells[0].id].source == WHOLE


def test_repeating_a_version_takes_nothing_over_from_later_ones(stage: Stage) -> None:
    session = stage.session()
    bare = "```python\ndef area(r):\n    return math.pi * r * r\n```\nDone."
    snapshot = stage.ask(session, "Area of a circle", bare)
    cell, version = snapshot.cells[0].id, snapshot.versions[snapshot.cells[0].id]
    stage.run(session, cell, f"import math\n{version.source}")
    stage.engine.enqueue(bare)
    stage.playground.turns.repeat(OWNER, session, version.id)
    assert stage.settled(session).versions[cell].source == version.source
