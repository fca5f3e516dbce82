"""Examples that people and models write down: a call and what should come of it, read as checks that nobody confirmed.

They stand in docstrings (doctest), in requests (doctest and `prose`), and below the code of an answer.
"""

import ast
import builtins
import doctest
import re
from collections.abc import Iterator, Sequence

from app.session import prose
from app.session.checks import Check, problem
from app.session.lineage import definitions, names_of, parameters, tree_of
from model.examples import Example, lift

MOST = 12
READ = 10_000  # characters of a text that are searched for examples; the rest is taken for data
_BUILTINS = frozenset(dir(builtins))
_QUOTES = re.compile(r"^[ ]*(?:\"{3}|'{3})[ ]*$", re.MULTILINE)  # of a docstring in a request


def of_source(source: str) -> list[Check]:
    """The examples in the docstrings of the cell's functions and classes."""
    tree = tree_of(source)
    if tree is None:
        return []
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    texts = [ast.get_docstring(node) or "" for node in ast.walk(tree) if isinstance(node, kinds)]
    return _readable(check for text in texts for check in _doctests(text))


def of_request(request: str, source: str) -> list[Check]:
    """The examples in a request, for the functions that `source` defines.

    Where the request calls the function by another name than the answer does, and the answer defines but one, that
    one is meant.
    """
    names, request = definitions(source), request[:READ]
    if not names:
        return []
    found = [*_doctests(request), *prose.calls(request), *prose.assignments(request, parameters(source))]
    if len(names) == 1:
        found += prose.pairs(request, names[0])
    return _readable(check for its in found if (check := _named(its, names)))


def of_reply(examples: Sequence[Example]) -> list[Check]:
    """The results that an answer claims for its own code."""
    return _readable(Check(its.call, its.expected_text.rstrip(".")) for its in examples)


def of_proposal(code: str) -> list[Check]:
    """The asserts of an answer that was asked for tests; an end that was cut off is left out."""
    lines = code.split("\n")
    while lines and tree_of("\n".join(lines)) is None:
        lines.pop()
    return of_reply(lift("", "\n".join(lines))[1])


def _readable(found: Iterator[Check]) -> list[Check]:
    kept: dict[str, Check] = {}
    for check in found:
        if len(kept) == MOST:
            break
        if not problem(check):
            kept.setdefault(ast.unparse(ast.parse(check.call)), check)
    return list(kept.values())


def _doctests(text: str) -> Iterator[Check]:
    try:
        examples = doctest.DocTestParser().get_examples(_QUOTES.sub("", text[:READ].expandtabs()))
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


def _named(check: Check, names: Sequence[str]) -> Check | None:
    """The check with the function's own name in it; None if it calls something else."""
    needed = names_of(check.call).needed
    if needed <= set(names):
        return check if needed else None
    if len(names) != 1 or len(needed) != 1 or needed & _BUILTINS:
        return None
    old = next(iter(needed))
    return Check(re.sub(rf"\b{re.escape(old)}\b(?=\s*\()", names[0], check.call), check.expected)
