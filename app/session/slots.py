"""Dialogues with slots: `{A}` in a request stands for a value that a table of inputs gives, one row a replay.

The form is that of the Multi-Turn Programming Benchmark (Nijkamp et al., CodeGen, ICLR 2023): a JSON line with
`prompts`, `inputs` and `outputs`.
"""

import ast
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.session.checks import UNREADABLE, same
from app.session.errors import Refused
from app.session.lineage import tree_of

Json = dict[str, Any]
MOST_TURNS, MOST_ROWS = 20, 50
INPUTS = "inputs"  # the part of a turn's report that tells with which values its slots were filled
_SLOT = re.compile(r"\{([A-Za-z_]\w*)\}")


@dataclass(frozen=True)
class Dialogue:
    """Requests with slots, and the rows that fill them: inputs by slot, and the expected value as Python source."""

    name: str
    requests: Sequence[str]
    rows: Sequence[tuple[Json, str]]


def slots_of(requests: Sequence[str]) -> list[str]:
    """The names of the slots, in the order in which they come up."""
    return list(dict.fromkeys(name for request in requests for name in _SLOT.findall(request)))


def filled(request: str, inputs: Mapping[str, Any]) -> str:
    """The request with its slots filled; a slot that has no value stays as it is."""
    return _SLOT.sub(lambda found: str(inputs.get(found[1], found[0])), request)


def parsed(line: str) -> Dialogue:
    """A problem of MTPB from its JSON line.

    Raises:
        Refused: it is not of that form.
    """
    try:
        data = json.loads(line)
        requests = [str(its) for its in _listed(data, "prompts")]
        inputs, outputs = [dict(its) for its in _listed(data, "inputs")], _listed(data, "outputs")
        rows = [(its, repr(output)) for its, output in zip(inputs, outputs, strict=False)]
        name = str(data.get("name", ""))
    except (ValueError, TypeError, RecursionError) as error:
        raise Refused(f"This is no JSON object with the lists prompts, inputs and outputs: {error}.") from error
    if len(inputs) != len(outputs):
        raise Refused(f"The dialogue has {len(inputs)} inputs and {len(outputs)} outputs; each row needs one of both.")
    if not requests or len(requests) > MOST_TURNS or len(rows) > MOST_ROWS:
        raise Refused(
            f"The dialogue has {len(requests)} requests and {len(rows)} rows; it may have 1 to {MOST_TURNS} and up to "
            f"{MOST_ROWS}."
        )
    for number, given in enumerate(inputs, 1):
        if lacking := [slot for slot in slots_of(requests) if slot not in given]:
            raise Refused(f"Row {number} of the inputs has no value for {named(lacking)}, which the prompts ask for.")
    return Dialogue(name, requests, rows)


def _listed(data: object, name: str) -> list[Any]:
    found = data.get(name) if isinstance(data, dict) else None
    if not isinstance(found, list):
        raise TypeError(f"{name} is missing" if found is None else f"{name} is no list")
    return found


def named(slots: Sequence[str]) -> str:
    """Slots as they stand in requests: "{A}, {B}"."""
    return ", ".join(f"{{{slot}}}" for slot in slots)


def substituted(source: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, set[str]]:
    """Code that was written for the inputs `old`, with the inputs `new` in their places.

    Every literal that equals an old value is replaced; a value given as text also stands for what it spells, so that
    "[1, 2]" is found as a list.

    Returns:
        The code, and the names of the slots whose value was found in it.
    """
    tree = tree_of(source)
    if tree is None:
        return source, set()
    put = _Put([(name, mine, theirs) for name in old if name in new for mine, theirs in _forms(old[name], new[name])])
    try:
        return ast.unparse(put.visit(tree)), put.found
    except UNREADABLE:  # it nests too deeply, or a value is too long to be written down
        return source, set()


def _forms(old: object, new: object) -> list[tuple[object, object]]:
    """The pairs of values that a slot may stand for: as given, and as they read.

    What was a number or a list is one again, though it was typed into a field: there, how it reads comes first.
    """
    pairs = [(old, new)]
    try:
        read = ast.literal_eval(str(old)), ast.literal_eval(str(new))
    except UNREADABLE:
        return pairs
    return [*pairs, read] if isinstance(old, str) else [read, *pairs]


class _Put(ast.NodeTransformer):
    """Replaces literals."""

    def __init__(self, pairs: Sequence[tuple[str, object, object]]) -> None:
        self._pairs = pairs
        self.found: set[str] = set()

    def visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, ast.expr):
            try:
                value = ast.literal_eval(node)
            except UNREADABLE:
                return self.generic_visit(node)
            for name, old, new in self._pairs:
                if type(value) is type(old) and same(value, old):
                    self.found.add(name)
                    return ast.copy_location(ast.parse(repr(new), mode="eval").body, node)
        return self.generic_visit(node)


def agrees(printed: str, expected: str) -> bool:
    """Whether what a program printed last is the expected value: as Python reads it, or letter for letter."""
    last = printed.strip().split("\n")[-1].strip()
    try:
        wanted = ast.literal_eval(expected)
    except UNREADABLE:
        return last == expected.strip()
    if last == str(wanted) or printed.strip() == str(wanted):
        return True
    try:
        return same(ast.literal_eval(last), wanted)
    except UNREADABLE:
        return False
