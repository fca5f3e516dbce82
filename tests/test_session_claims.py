"""Examples that stand in requests, docstrings and answers."""

import pytest

from app.session.checks import Check
from app.session.claims import of_proposal, of_reply, of_request, of_source
from model.examples import Example

SORT = "def sort_list(xs):\n    return sorted(xs)"
ONE = [Check("sort_list([3, 1])", "[1, 3]")]


@pytest.mark.parametrize(
    "request_",
    [
        "Sort it: sort([3, 1]) gives [1, 3].",
        "`sort_list([3, 1])` should return `[1, 3]`",
        "sort_list([3, 1]) == [1, 3]",
        "sort_list([3, 1]) => [1, 3]",
        "sort_list([3, 1]) \u279e [1, 3]",
        "the result of sort_list([3, 1]) is [1, 3]",
        ">>> sort_list([3, 1])\n[1, 3]",
        "[3, 1] -> [1, 3]",
        "For example [3, 1] becomes [1, 3]",
        "sort_list([3, 1])  # returns [1, 3]",
        "sort_list([3, 1]) # => [1, 3]",
        "Input: [3, 1]\nOutput: [1, 3]",
    ],
)
def test_an_example_in_a_request_is_read(request_: str) -> None:
    assert of_request(request_, SORT) == ONE


@pytest.mark.parametrize(
    "request_",
    [
        "For xs = [3, 1] the output should be [1, 3].",
        "for xs=[3, 1], the result is [1, 3]",
        "Example 1:\n    Input: xs = [3, 1]\n    Output: [1, 3]\n    Explanation: sorted",
        "Input:\n  xs : [3, 1]\nOutput: [1, 3]",
    ],
)
def test_an_example_that_names_its_arguments_is_read(request_: str) -> None:
    assert of_request(request_, SORT) == [Check("sort_list(xs=[3, 1])", "[1, 3]")]


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ("f(3, 4) => true", "True"),
        ("f(3, 4) ==> null", "None"),
        ("f(3, 4) -> 3 + 4 = 7", "7"),
        ("f(3, 4) = 3 + (4 / 2) = 5.", "5"),
        ('for a = 3 and b = 4 the answer should be "7"', '"7"'),
        ("f(3, 4) gives 7.", "7"),
    ],
)
def test_values_are_read_as_people_write_them(request_: str, expected: str) -> None:
    [check] = of_request(request_, "def f(a, b):\n    return a + b")
    assert check.expected == expected


def test_an_exception_is_an_example() -> None:
    assert of_request("sort(None) raises a TypeError", SORT) == [Check("sort_list(None)", "raises TypeError")]


@pytest.mark.parametrize(
    "request_",
    [
        "the function sort_list(xs) returns a list",
        "len([1]) is 1",
        "sort([3, 1]) is nice",
        "sort([3, 1",
        "sort_list(xs) == [1]",
        "make it stable (see [1])",
        "sort_list([3, 1]) == [1] + [3]",
        'sort_list([3, 1]) == ""abc""',
        "for ys = [3, 1] the output should be [1, 3]",
        "for xs = [3, 1] be quick about it",
        "Input: [3, 1], 2\nOutput: [1, 3]",
        "",
    ],
)
def test_what_is_no_example_is_left_alone(request_: str) -> None:
    assert of_request(request_, SORT) == []


def test_a_prompt_of_humaneval_gives_its_examples() -> None:
    prompt = 'def f(xs):\n    """Sort.\n    >>> f([2, 1])\n    [1, 2]\n    >>> f([])\n    []\n    """\n'
    assert of_request(prompt, "def f(xs):\n    return xs") == [Check("f([2, 1])", "[1, 2]"), Check("f([])", "[]")]


def test_docstrings_are_read_with_what_prepares_their_examples() -> None:
    source = 'def f(xs):\n    """Sort.\n\n    >>> xs = [2, 1]\n    >>> f(xs)\n    >>> xs\n    [1, 2]\n    """'
    assert of_source(source) == [Check("xs = [2, 1]\nf(xs)\nxs", "[1, 2]")]


def test_an_exception_in_a_docstring_is_read() -> None:
    source = (
        'def f(x):\n    """Do.\n\n    >>> f("")\n    Traceback (most recent call last):\n    ValueError: empty\n    """'
    )
    assert of_source(source) == [Check('f("")', "raises ValueError")]


def test_claims_that_are_no_values_are_left_out() -> None:
    assert of_reply([Example("f(1)", "2"), Example("f(2)", "a sorted list")]) == [Check("f(1)", "2")]


def test_a_proposal_that_was_cut_off_keeps_its_whole_lines() -> None:
    code = "assert f(1) == 2\nassert f(0) == 0\nassert f("
    assert of_proposal(code) == [Check("f(1)", "2"), Check("f(0)", "0")]
