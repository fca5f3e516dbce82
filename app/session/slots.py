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
        requests = [str(its) for its in data["prompts"]]
        inputs, outputs = list(data["inputs"]), list(data["outputs"])
        rows = [(dict(its), repr(output)) for its, output in zip(inputs, outputs, strict=True)]
        name = str(data.get("name", ""))
    except (ValueError, KeyError, TypeError) as error:
        raise Refused(
            f"This is not a dialogue with slots: {type(error).__name__}: {error}. Give one JSON object with the lists "
            "prompts, inputs and outputs, as in a line of MTPB."
        ) from error
    if not requests or len(requests) > MOST_TURNS or len(rows) > MOST_ROWS:
        raise Refused(
            f"The dialogue has {len(requests)} requests and {len(rows)} rows; it may have 1 to {MOST_TURNS} and up to "
            f"{MOST_ROWS}."
        )
    return Dialogue(name, requests, rows)


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
    """The pairs of values that a slot may stand for: as given, and as they read."""
    pairs = [(old, new)]
    try:
        pairs.append((ast.literal_eval(str(old)), ast.literal_eval(str(new))))
    except UNREADABLE:
        return pairs
    return pairs


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
