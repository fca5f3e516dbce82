"""Inputs that tell answers apart: variations of the inputs that examples name, or of some that the signature allows.

Examples say what a function is for, and seldom what becomes of an empty list, a negative number or a double entry:
there, answers differ. What an answer returns there is evidence even while nobody knows what is right: answers that are
right agree, and those that are wrong are mostly wrong each in its own way (Chen et al., CodeT, arXiv 2207.10397).
"""

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice, zip_longest
from typing import Any

from app.runner.outcome import Call
from app.session.checks import UNREADABLE, plain
from app.session.lineage import functions, tree_of

MOST = 12
EXAMPLES = 4  # that are varied
LARGEST = 10_000  # a number that is grown beyond may keep a program busy for long

# Arguments for parameters whose annotation begins so, in the order of these lines.
_BY_ANNOTATION: Sequence[tuple[str, Any]] = (
    (r"(list|sequence|iterable|collection)\[str", ["b", "a", "ab"]),
    (r"(list|sequence|iterable|collection)\[float", [2.5, 1.0, 2.0]),
    (r"(list|sequence|iterable|collection)\[(list|tuple)", [[1, 2], [3, 4]]),
    (r"list|sequence|iterable|collection", [3, 1, 2]),
    (r"tuple", (3, 1, 2)),
    (r"dict|mapping", {"a": 1, "b": 2}),
    (r"set", {1, 2}),
    (r"str", "aba b"),
    (r"bool", True),
    (r"int", 3),
    (r"float", 1.5),
)


def probes(examples: Iterable[str], source: str) -> list[str]:
    """Calls that differ from each example in one argument, at most `MOST`, in a fixed order.

    Args:
        examples: calls with literal arguments; others are passed over.
        source: the code; where no example can be varied, arguments follow from the annotations of its last function.
    """
    known = list(examples)
    calls = [call for text in known if (call := read(text))][:EXAMPLES] or _from_signature(source)
    seen = {plain(text) for text in known}
    found: list[str] = []
    for text in _by_turns([_varied(call) for call in calls]):
        if plain(text) not in seen:
            seen.add(plain(text))
            found.append(text)
    return found[:MOST]


def read(text: str) -> Call | None:
    """A call of a function by its name with literal arguments; None for anything else."""
    tree = tree_of(text)
    body = tree.body if tree else []
    try:
        node = body[0].value if len(body) == 1 and isinstance(body[0], ast.Expr) else None
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            return None
        named = {str(its.arg): ast.literal_eval(its.value) for its in node.keywords if its.arg}
        return Call(node.func.id, tuple(ast.literal_eval(its) for its in node.args), named)
    except UNREADABLE:
        return None


def _from_signature(source: str) -> list[Call]:
    last = next(reversed(functions(source)), None)
    if last is None or not last.args.args:
        return []
    values = [_by_annotation(ast.unparse(its.annotation) if its.annotation else "") for its in last.args.args]
    return [Call(last.name, tuple(values))] if all(value is not None for value in values) else []


def _by_annotation(annotation: str) -> Any:  # noqa: ANN401 - any literal
    text = annotation.lower().removeprefix("typing.")
    return next((value for begins, value in _BY_ANNOTATION if re.match(begins, text)), None)


def _varied(call: Call) -> Iterator[str]:
    """The call with one argument changed, arguments by turns."""
    by_place = [_changed_at(call, place) for place in range(len(call.arguments))]
    return _by_turns([*by_place, *(_changed_named(call, name) for name in call.named)])


def _changed_at(call: Call, place: int) -> Iterator[str]:
    before, after = call.arguments[:place], call.arguments[place + 1 :]
    return (_text(call, (*before, new, *after), {}) for new in variants(call.arguments[place]))


def _changed_named(call: Call, name: str) -> Iterator[str]:
    return (_text(call, call.arguments, {name: new}) for new in variants(call.named[name]))


def _text(call: Call, arguments: Sequence[Any], changed: dict[str, Any]) -> str:
    named = [f"{name}={value!r}" for name, value in {**call.named, **changed}.items()]
    return f"{call.function}({', '.join([*map(repr, arguments), *named])})"


def variants(value: Any) -> Iterator[Any]:  # noqa: ANN401 - any literal
    """Values of the same type that are empty, turned round, doubled, shortened, smaller or larger."""
    match value:
        case bool():
            yield not value
        case int() | float():
            yield from (its for its in (value - value, -value, value + 1, 2 * value + 1) if abs(its) <= LARGEST)
        case str() | list() | tuple():
            yield from _reshaped(value)
            if value and not isinstance(value, str):
                yield from (type(value)([new, *value[1:]]) for new in islice(variants(value[0]), 2))
        case dict():
            yield {}
            yield dict(islice(value.items(), 1))


def _reshaped(value: Any) -> Iterator[Any]:  # noqa: ANN401 - any sequence
    return iter((value[:0], value[::-1], value + value, value[:1]))


def _by_turns(each: Sequence[Iterable[str]]) -> Iterator[str]:
    """The first of each, then the second of each, and so on."""
    return (text for text in chain.from_iterable(zip_longest(*each)) if text is not None)
