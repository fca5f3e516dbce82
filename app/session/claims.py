"""Examples that people and models write down: a call and what should come of it, read as checks that nobody confirmed.

They stand in docstrings (doctest), in requests ("sort([3, 1, 2]) gives [1, 2, 3]", prompts as HumanEval has them), and
below the code of an answer.
"""

import ast
import builtins
import doctest
import re
from collections.abc import Iterator, Sequence

from app.session.checks import UNREADABLE, Check, problem
from app.session.lineage import definitions, names_of
from model.examples import Example, lift

MOST = 12
_BUILTINS = frozenset(dir(builtins))
_CALL = re.compile(r"(?<![\w.])([A-Za-z_]\w*)\s*\(")
_LINK = re.compile(
    r"`?\s*(?:,\s*)?(?:[=\u2013-]{1,2}>|={2,3}|[\u2192\u279e\u21d2\u2794]|=(?!=)"
    r"|(?:(?:it|the (?:result|answer|output))\s+)?(?:should\s+|must\s+|will\s+|would\s+)?"
    r"(?:gives?(?:\s+back)?|returns?|be(?:comes?)?|is|equals?|yields?|produces?|results?\s+in|evaluates?\s+to))"
    r"(?:\s+(?:equal\s+to|the\s+(?:list|string|value|number)))?\s*`?\s*",
    re.IGNORECASE,
)
_ERROR = re.compile(
    r"`?\s*(?:should\s+|must\s+)?(?:raises?|throws?)\s+(?:an?\s+)?`?(\w+(?:Error|Exception|Exit|Stop\w*))"
)
_ARROW = re.compile(
    r"\s*`?\s*(?:[=-]>|[\u2192\u279e\u21d2\u2794]|gives|becomes|should\s+(?:give|return|become))\s*`?\s*"
)


def of_source(source: str) -> list[Check]:
    """The examples in the docstrings of the cell's functions and classes."""
    try:
        tree = ast.parse(source)
    except UNREADABLE:
        return []
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    texts = [ast.get_docstring(node) or "" for node in ast.walk(tree) if isinstance(node, kinds)]
    return _readable(check for text in texts for check in _doctests(text))


def of_request(request: str, source: str) -> list[Check]:
    """The examples in a request, for the functions that `source` defines.

    Where the request calls the function by another name than the answer does, and the answer defines but one, that
    one is meant.
    """
    names = definitions(source)
    if not names:
        return []
    found = [*_doctests(request), *_calls(request), *_pairs(request, names)]
    return _readable(check for its in found if (check := _named(its, names)))


def of_reply(examples: Sequence[Example]) -> list[Check]:
    """The results that an answer claims for its own code."""
    return _readable(Check(its.call, its.expected_text.rstrip(".")) for its in examples)


def of_proposal(code: str) -> list[Check]:
    """The asserts of an answer that was asked for tests; an end that was cut off is left out."""
    lines = code.split("\n")
    while lines and not _parses("\n".join(lines)):
        lines.pop()
    return of_reply(lift("", "\n".join(lines))[1])


def _readable(found: Iterator[Check]) -> list[Check]:
    kept: dict[str, Check] = {}
    for check in found:
        if not problem(check):
            kept.setdefault(ast.unparse(ast.parse(check.call)), check)
    return list(kept.values())[:MOST]


def _doctests(text: str) -> Iterator[Check]:
    try:
        examples = doctest.DocTestParser().get_examples(_QUOTES.sub("", text.expandtabs()))
    except ValueError:
        return
    prepared: list[str] = []
    for its in examples:
        code, want = its.source.strip(), its.want.strip()
        if its.exc_msg is not None:
            yield Check(_with_setup(prepared, code), f"raises {its.exc_msg.split(':')[0].strip()}")
        elif want:
            yield Check(_with_setup(prepared, code), want)
        else:
            prepared.append(code)


def _with_setup(prepared: Sequence[str], code: str) -> str:
    """The lines before it go along where it needs what they bind."""
    bound = frozenset[str]().union(*(names_of(line).bound for line in prepared))
    return "\n".join([*prepared, code]) if bound & names_of(code).needed else code


def _calls(text: str) -> Iterator[Check]:
    """`f(1, 2) == 3` and the like, wherever they stand in prose."""
    for found in _CALL.finditer(text):
        end = _closing(text, found.end() - 1)
        call = text[found.start() : end]
        if not end or not _parses(call):
            continue
        if error := _ERROR.match(text, end):
            yield Check(" ".join(call.split()), f"raises {error[1]}")
        elif (link := _LINK.match(text, end)) and (value := _literal_at(text, link.end())):
            yield Check(" ".join(call.split()), value)


def _pairs(text: str, names: Sequence[str]) -> Iterator[Check]:
    """`[3, 1, 2] -> [1, 2, 3]`: a literal for the only argument of the only function."""
    if len(names) != 1:
        return
    for found in re.finditer(r"(?<![\w(\[{,=])\s*([\[\"'{(])", text):
        start = found.start(1)
        value = _literal_at(text, start)
        link = _ARROW.match(text, start + len(value)) if value else None
        if link and (wanted := _literal_at(text, link.end())):
            yield Check(f"{names[0]}({value})", wanted)


def _named(check: Check, names: Sequence[str]) -> Check | None:
    """The check with the function's own name in it; None if it calls something else."""
    needed = names_of(check.call).needed
    if needed <= set(names):
        return check if needed else None
    if len(names) != 1 or len(needed) != 1 or needed & _BUILTINS:
        return None
    old = next(iter(needed))
    return Check(re.sub(rf"\b{re.escape(old)}\b(?=\s*\()", names[0], check.call), check.expected)


def _closing(text: str, start: int) -> int:
    """Where the bracket that opens at `start` is closed, one behind; 0 if it is not, within a sensible distance."""
    depth, quote = 0, ""
    for place in range(start, min(len(text), start + 2000)):
        sign = text[place]
        if quote:
            quote = "" if sign == quote and text[place - 1] != "\\" else quote
        elif sign in "\"'":
            quote = sign
        elif sign in "([{":
            depth += 1
        elif sign in ")]}":
            depth -= 1
            if not depth:
                return place + 1
    return 0


_QUOTES = re.compile(r"^[ ]*(?:\"{3}|'{3})[ ]*$", re.MULTILINE)  # of a docstring in a request
_ATOM = re.compile(r"-?\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?|True\b|False\b|None\b|set\(\)")
_QUOTED = re.compile(r"[rb]?(?:'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\")")


def _literal_at(text: str, start: int) -> str:
    """The Python literal that begins there, or ""."""
    found = _ATOM.match(text, start) or _QUOTED.match(text, start)
    end = found.end() if found else _closing(text, start) if text[start : start + 1] in {"[", "(", "{"} else 0
    value = text[start:end] if end else ""
    try:
        ast.literal_eval(value)
    except UNREADABLE:
        return ""
    return value


def _parses(code: str) -> bool:
    try:
        ast.parse(code)
    except UNREADABLE:
        return False
    return True
