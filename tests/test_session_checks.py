"""What is expected of code: read, run in a sealed process, compared outside of it."""

from collections.abc import Iterator

import pytest

from app.runner.oneshot import OneShot
from app.session.checks import Check, Verdict, harness, problem, returned
from app.session.judging import NOT_RUN, Judge
from app.session.lineage import Piece

SORT = "def sort_list(xs):\n    return sorted(xs)"
IN_PLACE = "def sort_list(xs):\n    xs.sort()"


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    runner = OneShot(workers=1)
    yield Judge(lambda: runner)
    runner.close()


def verdict(judge: Judge, source: str, call: str, expected: str = "") -> Verdict:
    return judge.judge_source(source, [Check(call, expected)])[0].verdict


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("sort_list([2, 1])", "[1, 2]"),
        ("sort_list(None)", "raises TypeError"),
        ("xs = [2, 1]\nsort_list(xs)\nxs", "[2, 1]"),
        ("len(sort_list(xs=[2]))", "1"),
        ("assert sort_list([2, 1]) == [1, 2]", ""),
        ("xs = [2, 1]\nassert sort_list(xs) != xs\nassert 1 in sort_list(xs)\nassert len(xs) > 1", ""),
        ("assert sort_list([0.1 + 0.2]) == pytest.approx([0.3])", ""),
        ("for n in range(3):\n    assert sort_list([n]) == [n]\nassert True", ""),
    ],
)
def test_what_holds_passes(judge: Judge, call: str, expected: str) -> None:
    assert problem(Check(call, expected)) == ""
    assert verdict(judge, SORT, call, expected).passed


@pytest.mark.parametrize(
    ("call", "expected", "actual"),
    [
        ("sort_list([2, 1])", "[2, 1]", "[1, 2]"),
        ("sort_list([2, 1])", "(1, 2)", "[1, 2]"),
        ("sort_list([2])", "raises TypeError", "[2]"),
        ("sort_list(None)", "[1]", "raises TypeError"),
        ("sort_list(None)", "raises ValueError", "raises TypeError"),
        ("assert sort_list([2, 1]) == [2, 1]", "", "[1, 2]"),
        ("assert sort_list([2]) is None", "", "[2]"),
        ("for n in range(3):\n    assert sort_list([n]) == []\nassert True", "", "raises AssertionError"),
        ("exit()", "0", "raises SystemExit"),
        ("missing([1])", "[1]", "raises NameError"),
    ],
)
def test_what_does_not_hold_fails_and_says_what_came(judge: Judge, call: str, expected: str, actual: str) -> None:
    its = verdict(judge, SORT, call, expected)
    assert (its.passed, its.actual) == (False, actual)


@pytest.mark.parametrize(
    "source",
    [
        "class Same(list):\n    def __eq__(self, other): return True\ndef f(): return Same()",
        "import sys\ndef f(): sys.exit(0)",
        "import os\ndef f(): os._exit(0)",
        "def f():\n    import inspect\n    return inspect.stack()",
        "def f():\n    while True: pass",
        "def f(: pass",
    ],
)
def test_code_that_cheats_hangs_or_does_not_parse_passes_nothing(source: str) -> None:
    runner = OneShot(OneShot.__init__.__defaults__[0].with_changes(["wall=1"]), workers=1)  # type: ignore[index]
    its = verdict(Judge(lambda: runner), source, "f()", "[1]")
    runner.close()
    assert not its.passed
    assert its.actual or its.detail


def test_what_hangs_again_and_again_is_not_run_for_every_test() -> None:
    runner = OneShot(OneShot.__init__.__defaults__[0].with_changes(["wall=0.2"]), workers=1)  # type: ignore[index]
    asked = [Check("f()", str(number)) for number in range(4)]
    judged = Judge(lambda: runner).judge_source("def f():\n    while True: pass", asked)
    runner.close()
    assert [its.hung for its in judged] == [True, True, False, False]
    assert judged[-1].verdict == Verdict(passed=False, actual="", detail=NOT_RUN)


def test_the_sealed_process_is_not_told_what_is_expected() -> None:
    assert "31337" not in harness(Check("f(1)", "31337"))
    assert "31337" not in harness(Check("assert f(1) == 31337\nassert 31337 < f(2)"))


@pytest.mark.parametrize(
    ("call", "expected", "words"),
    [
        ("f(", "1", "is not Python"),
        ("x = 1", "1", "must end in an expression"),
        ("f(1)", "", "needs an assert"),
        ("f(1)", "Counter()", "neither a Python literal"),
    ],
)
def test_a_check_that_cannot_be_judged_says_why(call: str, expected: str, words: str) -> None:
    assert words in problem(Check(call, expected))


def test_functions_of_earlier_cells_are_there_and_what_only_shows_something_is_not(judge: Judge) -> None:
    pieces = [
        Piece("one", "STEP = 2\ndef twice(n):\n    return STEP * n\nprint(open('numbers.csv').read())"),
        Piece("two", "def four_times(n):\n    return twice(twice(n))\nrows = open('rows.csv')\nrows.close()"),
    ]
    judged = judge.judge(pieces, "two", [Check("four_times(3)", "12")])[0]
    assert judged.verdict == Verdict(passed=True, actual="12")


def test_a_verdict_names_the_code_that_ran_and_nothing_else(judge: Judge) -> None:
    check = [Check("sort_list([1])", "[1]")]
    shas = {judge.judge_source(source, check)[0].sha256 for source in (SORT, SORT + "\nprint(1)", "k = 1\n" + SORT)}
    assert len(shas) == 1
    assert judge.judge_source(IN_PLACE, check)[0].sha256 not in shas


def test_state_that_a_function_leans_on_goes_along(judge: Judge) -> None:
    source = "seen = {}\nseen['a'] = 1\nseen.update(b=2)\ndef f():\n    return seen"
    assert verdict(judge, source, "f()", "{'a': 1, 'b': 2}").passed


def test_a_value_is_compared_by_type_and_not_by_name() -> None:
    assert not returned(Check("f()", "True"), "True").passed
