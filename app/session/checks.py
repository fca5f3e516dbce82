"""Checks: what is expected of code, split into what a sealed process evaluates and what is compared outside.

A check is a call and the value expected of it, or a few statements with asserts in them. The sealed process is given
the call alone and answers with plain data; the expected value and the comparison stay on this side. The one exception
are asserts inside of loops, branches and `with` blocks, which are evaluated where they stand.
"""

import ast
import math
import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

FUNCTION = "__check__"
SEEN = "__seen__"
LONGEST = 400  # characters of a value as it is shown
TOLERANCE = 1e-9  # relative and absolute: 0.1 + 0.2 counts as 0.3
UNREADABLE = (SyntaxError, ValueError, TypeError, RecursionError, MemoryError)

_RAISES = re.compile(r"raises\s+(?:\w+\.)*(\w+)\s*")


@dataclass(frozen=True)
class Check:
    """What is expected of code.

    Attributes:
        call: Python whose last expression is evaluated, such as `sort([3, 1, 2])`, or statements with asserts.
        expected: a Python literal, `raises ValueError`, or "" where `call` holds asserts.
    """

    call: str
    expected: str = ""


@dataclass(frozen=True)
class Verdict:
    """What came of a check.

    Attributes:
        passed: whether it holds.
        actual: the value as Python source, or `raises ValueError`; "" where the process ended before it.
        detail: what more there is to say: the text of an exception, the limit that was hit, the assert that failed.
    """

    passed: bool
    actual: str
    detail: str = ""


@dataclass(frozen=True)
class _Claim:
    """One assert: how its sides compare; a side that is a literal is kept here, the other one is evaluated."""

    text: str
    compare: Callable[[Any, Any], bool] | None
    kept: tuple[Any, ...]  # one a side: () for a side that is evaluated, (value,) for a literal


def plain(call: str) -> str:
    """The call without its spaces: the same for calls that differ in nothing else."""
    return "".join(call.split())


def problem(check: Check) -> str:
    """Why the check cannot be judged, or ""."""
    try:
        tree = ast.parse(check.call)
    except UNREADABLE as error:
        return f"The call {check.call!r} is not Python: {error}."
    if not check.expected:
        held = any(isinstance(node, ast.Assert) for node in ast.walk(tree))
        return _too_deep(check) if held else "Without an expected value, the test needs an assert: assert f(1) == 2."
    if not tree.body or not isinstance(tree.body[-1], ast.Expr):
        return f"The call {check.call!r} must end in an expression, such as sort([3, 1, 2])."
    if not _RAISES.fullmatch(check.expected) and (words := _no_literal(check.expected)):
        return words
    return _too_deep(check)


def _too_deep(check: Check) -> str:
    try:
        harness(check)
    except RecursionError:
        return f"The call {shown(check.call)} nests too deeply. Build such values in a function, and call that."
    return ""


def _no_literal(expected: str) -> str:
    try:
        ast.literal_eval(expected.strip())
    except UNREADABLE:
        return (
            f"The expected value {expected!r} is neither a Python literal nor of the form raises ValueError. "
            "Write it as an assert instead, with no expected value."
        )
    return ""


def harness(check: Check) -> str:
    """A function, as source, that evaluates the check's call in a sealed process and returns what is to be compared."""
    body = list(ast.parse(check.call).body)
    if check.expected:
        last = body.pop()
        assert isinstance(last, ast.Expr)
        lines = [*map(ast.unparse, body), f"return {ast.unparse(last.value)}"]
    else:
        lines = [f"{SEEN} = []", *map(_watched, body), f"return {SEEN}"]
    return f"def {FUNCTION}():\n" + "\n".join(_indented(line) for line in lines)


def _watched(node: ast.stmt) -> str:
    """The statement; of an assert, what has to be evaluated of it."""
    if not isinstance(node, ast.Assert):
        return ast.unparse(node)
    sides = ", ".join("None" if _literal(side) else ast.unparse(side) for side in _sides(node))
    return f"{SEEN}.append(({sides},))"


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.split("\n"))


def returned(check: Check, value: object) -> Verdict:
    """The verdict on a value that came back as plain data."""
    if not check.expected:
        return _asserted(check, value)
    if _RAISES.fullmatch(check.expected):
        return Verdict(passed=False, actual=shown(value), detail="It raised nothing.")
    return Verdict(passed=same(value, ast.literal_eval(check.expected.strip())), actual=shown(value))


def raised(check: Check, name: str, text: str) -> Verdict:
    """The verdict on an exception that the call raised."""
    wanted = _RAISES.fullmatch(check.expected)
    return Verdict(passed=bool(wanted and wanted[1] == name), actual=f"raises {name}", detail=text)


def same(left: Any, right: Any) -> bool:  # noqa: ANN401 - any plain data
    """Whether two plain values are equal as Python has it, floating point numbers up to `TOLERANCE`."""
    match left, right:
        case (list(), list()) | (tuple(), tuple()):
            return len(left) == len(right) and all(map(same, left, right))
        case dict(), dict():
            return left.keys() == right.keys() and all(same(value, right[key]) for key, value in left.items())
        case (float(), float() | int()) | (int(), float()):
            return bool(left == right) or math.isclose(left, right, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
        case _:
            return bool(left == right)


def shown(value: object) -> str:
    """A value as Python source, cut where it is long; sets in order, so that equal ones look equal."""
    text = repr(value)
    if isinstance(value, set | frozenset) and value:
        inside = ", ".join(sorted(map(repr, value)))
        text = f"{{{inside}}}" if isinstance(value, set) else f"frozenset({{{inside}}})"
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _asserted(check: Check, value: object) -> Verdict:
    claims = [_claim(node) for node in ast.parse(check.call).body if isinstance(node, ast.Assert)]
    if not isinstance(value, list) or len(value) != len(claims):
        return Verdict(passed=False, actual="", detail="Not every assert was reached.")
    values: list[tuple[Any, ...]] = []
    for claim, came in zip(claims, value, strict=True):
        values.append(came)
        if not _holds(claim, came):
            return Verdict(passed=False, actual=_seen(claim, came), detail=f"{claim.text} does not hold.")
    last = _seen(claims[-1], values[-1]) if claims else ""
    return Verdict(passed=True, actual=last)


def _holds(claim: _Claim, came: object) -> bool:
    if not isinstance(came, tuple) or len(came) != len(claim.kept):
        return False
    sides = [kept[0] if kept else value for kept, value in zip(claim.kept, came, strict=True)]
    if claim.compare is None:
        return bool(sides[0])
    try:
        return bool(claim.compare(sides[0], sides[1]))
    except TypeError:
        return False


def _seen(claim: _Claim, came: Sequence[Any]) -> str:
    return ", ".join(shown(value) for kept, value in zip(claim.kept, came, strict=True) if not kept)


def _claim(node: ast.Assert) -> _Claim:
    sides = _sides(node)
    compare = _COMPARISONS[type(node.test.ops[0])] if isinstance(node.test, ast.Compare) and len(sides) > 1 else None
    return _Claim(ast.unparse(node.test), compare, tuple(_literal(side) for side in sides))


def _sides(node: ast.Assert) -> list[ast.expr]:
    test = node.test
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        return [test.left, test.comparators[0]]
    return [test]


def _literal(node: ast.expr) -> tuple[Any, ...]:
    """The value of a literal, `pytest.approx` around it or not, as a tuple of one; () for anything else."""
    if isinstance(node, ast.Call) and ast.unparse(node.func) in {"approx", "pytest.approx"} and node.args:
        node = node.args[0]
    try:
        return (ast.literal_eval(node),)
    except UNREADABLE:
        return ()


def _unlike(left: object, right: object) -> bool:
    return not same(left, right)


# Identity is lost on the way out of the process: `is` asks for an equal value of the same type.
_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: same,
    ast.NotEq: _unlike,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda left, right: left in right,
    ast.NotIn: lambda left, right: left not in right,
    ast.Is: lambda left, right: type(left) is type(right) and same(left, right),
    ast.IsNot: lambda left, right: type(left) is not type(right) or not same(left, right),
}
