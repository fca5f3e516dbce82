"""What cells define and need, which lean on which, and where a request and its answer go."""

import pytest

from app.session.aiming import aim
from app.session.lineage import Piece, announced, definitions, names_of, redefined, title_of, upstream
from app.session.placing import Aim, Place, place

SORT = "def sort_list(xs):\n    return sorted(xs)\n"
MEAN = "import math\n\n\ndef mean(xs):\n    return math.fsum(xs) / len(xs)\n"
DEEP = ["-" * 100_000 + "1", "(" * 1000, "x = " + "a." * 50_000 + "b", "not " * 50_000 + "x"]


def test_names_come_from_assignments_definitions_and_imports() -> None:
    names = names_of("import os.path\nfrom math import pi as tau\nx = y + 1\nfor i in z: pass\nclass A(B): pass\n")
    assert names.bound == {"os", "tau", "x", "i", "A"}
    assert names.needed == {"y", "z", "B"}


def test_names_used_only_inside_functions_are_needed_too() -> None:
    assert names_of("def f(a):\n    return [g(b, a) for b in c]\n").needed == {"g", "c"}


def test_locals_parameters_and_builtins_are_not_needed() -> None:
    assert names_of("def f(a, *b, **c):\n    d = a\n    return len([d, b, c, e := 1, e])\n").needed == frozenset()


@pytest.mark.parametrize("source", ["def f(:\n", "x = = 1", "%matplotlib inline", "a\0b", "", *DEEP])
def test_code_that_does_not_parse_names_nothing(source: str) -> None:
    assert names_of(source).needed == names_of(source).bound == frozenset()


@pytest.mark.parametrize("source", DEEP)
def test_code_nested_too_deeply_has_no_title(source: str) -> None:
    assert title_of(source) == ""


def test_a_stream_that_has_not_ended_defines_what_is_whole() -> None:
    assert definitions("def f():\n    return 1\n\n\ndef g(x):\n    return (x +") == ("f",)


def test_the_first_definition_is_announced_when_its_line_is_whole() -> None:
    assert announced("import os\nasync def fetch(url)") is None
    assert announced("import os\nasync def fetch(url):\n    return") == "fetch"


def test_a_cell_is_titled_after_its_last_definition() -> None:
    assert title_of(f"{MEAN}\n\nclass Report:\n    pass\n") == "Report"
    assert title_of("print(1)") == ""


def test_upstream_goes_through_other_cells() -> None:
    pieces = [Piece("1", "a = 1"), Piece("2", "def f():\n    return a"), Piece("3", "print(f())"), Piece("4", "b = 2")]
    assert upstream(pieces, "3") == {"1", "2"}
    assert upstream(pieces, "4") == frozenset()


def test_a_name_bound_twice_comes_from_the_nearest_cell_above() -> None:
    pieces = [Piece("1", "x = 1"), Piece("2", "x = 2"), Piece("3", "x + 1"), Piece("4", "x = 4")]
    assert upstream(pieces, "3") == {"2"}


def test_a_name_bound_only_below_comes_from_there() -> None:
    assert upstream([Piece("1", "f()"), Piece("2", "def f(): pass"), Piece("3", "def f(): pass")], "1") == {"2"}


def test_cells_that_lean_on_each_other_end_the_search() -> None:
    pieces = [Piece("1", "def even(n): return odd(n - 1)"), Piece("2", "def odd(n): return even(n - 1)")]
    assert upstream(pieces, "1") == {"2"}
    assert upstream(pieces, "2") == {"1"}


def test_redefinition_prefers_the_cell_nearest_to_the_end() -> None:
    pieces = [Piece("1", SORT), Piece("2", MEAN), Piece("3", SORT)]
    assert redefined("def sort_list(xs):\n    xs.sort()", pieces) == "3"
    assert redefined("def mean(xs):\n    ret", pieces) == "2"
    assert redefined("print(1)", pieces) is None


PIECES = [Piece("1", SORT), Piece("2", MEAN), Piece("3", "print(mean([1]))")]


@pytest.mark.parametrize(
    ("request_", "target"),
    [
        ("Make it in-place and return None", "3"),
        ("Now change cell 2 to skip None", "2"),
        ("sort_list should be stable", "1"),
        ("`mean` of an empty list is 0", "2"),
        ("mean() must raise ValueError", "2"),
        ("Write a function that reverses a string", None),
        ("Write a function that takes a list and sorts it", None),
        ("Could you make a small recursive function for the same thing?", None),
        ("Make a generator instead", "3"),
        ("please create another one for tuples", None),
        ("Write it as a generator", "3"),
        ("Call it on [1, 2, 3] and show the mean value", "3"),
        ("What does cell 99 do?", "3"),
    ],
)
def test_a_request_is_aimed_at_the_cell_it_speaks_of(request_: str, target: str | None) -> None:
    assert aim(request_, PIECES, "3") == target


def test_the_first_request_is_aimed_at_a_new_cell() -> None:
    assert aim("Make it faster", [], None) is None


def test_a_request_without_an_active_cell_means_the_last_one() -> None:
    assert aim("Make it faster", PIECES, "deleted") == "3"


def test_the_cell_that_a_person_named_wins_over_everything() -> None:
    assert place(SORT, Aim("2", certain=True), PIECES, finished=True) == Place("2")
    assert place(SORT, Aim(None, certain=True), PIECES, finished=True) == Place(None)


def test_a_redefinition_goes_to_its_cell_as_soon_as_it_is_announced() -> None:
    assert place("def sort_list(xs)", Aim("3", certain=False), PIECES, finished=False) is None
    assert place("def sort_list(xs):\n", Aim("3", certain=False), PIECES, finished=False) == Place("1")


def test_a_new_function_does_not_replace_another_one() -> None:
    assert place("def median(xs):\n", Aim("2", certain=False), PIECES, finished=False) == Place(None)


def test_a_new_function_may_take_the_place_of_a_script() -> None:
    assert place("def show():\n", Aim("3", certain=False), PIECES, finished=False) == Place("3")


def test_a_script_waits_for_a_name_and_then_goes_where_it_was_aimed() -> None:
    script = "import math\nprint(math.pi)\n"
    assert place(script, Aim("3", certain=False), PIECES, finished=False) is None
    assert place(script, Aim("3", certain=False), PIECES, finished=True) == Place("3")
    assert place(script * 12, Aim("3", certain=False), PIECES, finished=False) == Place("3")


def test_no_code_has_no_place() -> None:
    assert place(" \n", Aim("1", certain=True), PIECES, finished=True) is None
