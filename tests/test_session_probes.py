"""Inputs that tell answers apart."""

import pytest

from app.session.probes import MOST, probes, read, variants


def test_each_probe_differs_from_an_example_in_one_argument() -> None:
    assert probes(["f([3, 1], 2)"], "") == [
        "f([], 2)",
        "f([3, 1], 0)",
        "f([1, 3], 2)",
        "f([3, 1], -2)",
        "f([3, 1, 3, 1], 2)",
        "f([3, 1], 3)",
        "f([3], 2)",
        "f([3, 1], 5)",
        "f([0, 1], 2)",
        "f([-3, 1], 2)",
    ]


def test_named_arguments_keep_their_names() -> None:
    assert probes(["f(n=3)"], "")[0] == "f(n=0)"


def test_several_examples_take_turns_and_are_not_repeated() -> None:
    found = probes(["f('')", "f('ab')", "f('ba')"], "")
    assert found[:2] == ["f('baba')", "f('abab')"] or "f('')" not in found
    assert len(found) == len(set(found)) <= MOST


def test_without_examples_the_annotations_tell_what_may_be_given() -> None:
    source = "def g(): ...\ndef f(xs: list[str], n: int = 1) -> str:\n    return xs[n]"
    assert probes([], source)[:2] == ["f([], 3)", "f(['b', 'a', 'ab'], 0)"]
    assert probes(["f(x)"], "def f(x):\n    return x") == []


@pytest.mark.parametrize("text", ["f(x)", "f(1) + 1", "a.f(1)", "x = f(1)", "f(", "f(*[1])", "f(1)\nf(2)"])
def test_what_is_no_call_with_literals_is_not_varied(text: str) -> None:
    assert read(text) is None


def test_numbers_do_not_grow_without_end() -> None:
    assert list(variants(9_000)) == [0, -9_000, 9_001]
