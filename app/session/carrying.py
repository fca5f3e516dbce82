"""What an answer needs but leaves out: taken over from the code in the request and from the version that it changes.

A person who pastes a function below its imports, or asks for a change of one function among helpers, means the rest to
stay. Models often answer with the function alone, which then fails for a name that stands a few lines above.
"""

import ast
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from app.session.lineage import UNREADABLE, names_of, readable
from app.session.programs import sliced
from model.reply import Reply

_FENCED = re.compile(r"^[ \t]*```[^\n`]*\n(.*?)^[ \t]*```", re.MULTILINE | re.DOTALL)
_BEGINS = re.compile(r"^(?:import |from |def |class |async def |@)")
_READ = 30_000  # characters of a request that are searched for code
_MOST_BEGINNINGS = 20  # lines of a request that may be where its code begins


def code_of(request: str) -> str:
    """The Python that stands in a request: in its fenced blocks, else from the first line on that begins some."""
    request = request[:_READ]
    if blocks := [readable(block) for block in _FENCED.findall(request)]:
        return "\n".join(blocks)
    lines = request.split("\n")
    starts = [place for place, line in enumerate(lines) if _BEGINS.match(line)][:_MOST_BEGINNINGS]
    return next((code for place in starts if (code := readable("\n".join(lines[place:])))), "")


def completed(reply: Reply, given: Sequence[str], elsewhere: Iterable[str] = ()) -> Reply:
    """The answer with what it needs of `given` before its own code, and a line of prose that says so.

    Args:
        reply: an answer.
        given: sources to take it from, the first that has a name gives it.
        elsewhere: sources of cells that the answer may lean on; what they define is not missing.
    """
    added: list[str] = []
    names = names_of(reply.code)
    others = frozenset[str]().union(*(names_of(source).bound for source in elsewhere))
    missing, known = names.needed - others, names.bound | others
    for source in given:
        found = names_of(source).bound & missing
        if text := sliced([source], found, known=known) if found else "":
            added.append(text)
            bound = names_of(text).bound
            missing, known = missing - bound, known | bound
    return _joined(reply, "\n".join(added)) if added else reply


def _joined(reply: Reply, added: str) -> Reply:
    try:
        body, more = ast.parse(reply.code).body, ast.parse(added).body
    except UNREADABLE:
        return reply
    lines = reply.code.split("\n")
    top = next((place for place, node in enumerate(body) if not _first(node)), len(body))
    end = (body[top - 1].end_lineno or 0) if top else 0
    close = all(map(_imports, more)) and top < len(body) and _imports(body[top])
    parts = ["\n".join(lines[:end]), added + ("\n" if close else "\n\n\n") + "\n".join(lines[end:]).lstrip("\n")]
    names = ", ".join(f"`{name}`" for name in sorted(names_of(added).bound))
    prose = f"{reply.prose}\n\nTaken over from before, as the code needs it: {names}.".strip()
    return replace(reply, code="\n\n".join(part for part in parts if part), prose=prose)


def _first(node: ast.stmt) -> bool:
    """Whether it has to stand before everything else: the docstring, what comes from `__future__`."""
    text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return text or (isinstance(node, ast.ImportFrom) and node.module == "__future__")


def _imports(node: ast.stmt) -> bool:
    return isinstance(node, ast.Import | ast.ImportFrom)
