"""The program in which a check of a cell runs: what the check needs of the cell and of the cells it leans on.

A cell is often a function with a line below it that shows something, or reads a file of the session. A check asks for
the function, so only statements that bind what it needs go along: a slice of the notebook, found by Python's own
symbol tables. Its text is what a verdict is about; it stays the same where an edit does not touch what was checked.
"""

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from app.session.lineage import KNOWN, Names, Piece, names_of, tree_of, upstream


@dataclass(frozen=True)
class _Statement:
    text: str
    names: Names
    always: bool  # goes along whatever is needed


def program(pieces: Sequence[Piece], cell_id: str, checked: str) -> str:
    """What of the notebook `checked` needs, as one program: cells leaned on first, then the cell itself.

    Args:
        pieces: the cells in order, with the source that is to be judged.
        cell_id: the cell that is checked.
        checked: the Python of the check.
    """
    asked = [Piece(piece.id, f"{piece.source}\n{checked}" if piece.id == cell_id else piece.source) for piece in pieces]
    leaned = upstream(asked, cell_id)
    sources = [piece.source for piece in pieces if piece.id in leaned]
    sources += [piece.source for piece in pieces if piece.id == cell_id]
    return sliced(sources, names_of(checked).needed)


def sliced(sources: Iterable[str], needed: Iterable[str], *, known: frozenset[str] = frozenset()) -> str:
    """The statements of `sources` that bind what is needed, directly or through each other, in their order.

    Args:
        sources: the code to choose from.
        needed: names that are looked for.
        known: names that somebody else binds; what binds nothing else is left out.
    """
    statements = [statement for source in sources for statement in _statements(source)]
    kept = {place for place, statement in enumerate(statements) if statement.always}
    wanted = set(needed).union(*(statements[place].names.needed for place in kept)) - known
    grew = True
    while grew:
        more = {place for place, its in enumerate(statements) if place not in kept and _serves(its, wanted)}
        kept |= more
        wanted = wanted.union(*(statements[place].names.needed for place in more)) - known
        grew = bool(more)
    chosen = [statements[place] for place in sorted(kept)]
    future = [its.text for its in chosen if its.text.startswith("from __future__")]
    return "\n".join([*future, *(its.text for its in chosen if its.text not in future)])


@lru_cache(KNOWN)  # each test of a cell is held against its code whenever the session is read
def _statements(source: str) -> tuple[_Statement, ...]:
    """The top-level statements; a source that does not parse is one, so that its error shows."""
    tree = tree_of(source)
    if tree is None:
        return (_Statement(source, Names(), always=True),)
    lines = source.split("\n")
    found = [(_first_line(node), node.end_lineno or node.lineno, node) for node in tree.body]
    return tuple(
        _Statement("\n".join(lines[start - 1 : end]), _names(lines[start - 1 : end], nodes), any(map(_always, nodes)))
        for start, end, nodes in _joined(found)
    )


def _joined(found: list[tuple[int, int, ast.stmt]]) -> list[tuple[int, int, list[ast.stmt]]]:
    """Statements that share a line belong together."""
    joined: list[tuple[int, int, list[ast.stmt]]] = []
    for start, end, node in found:
        if joined and start <= joined[-1][1]:
            first, last, nodes = joined[-1]
            joined[-1] = (first, max(last, end), [*nodes, node])
        else:
            joined.append((start, end, [node]))
    return joined


def _first_line(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min(node.lineno, *(its.lineno for its in decorators)) if decorators else node.lineno


def _names(lines: list[str], nodes: Sequence[ast.stmt]) -> Names:
    """The names of the statement; a method called on a name (`cache.clear()`) counts as binding it."""
    names = names_of("\n".join(lines))
    return Names(names.bound | {root for node in nodes if (root := _changed(node))}, names.needed)


def _changed(node: ast.stmt) -> str:
    if isinstance(node, ast.Assign | ast.AugAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return next((_root(target) for target in targets if not isinstance(target, ast.Name)), "")
    call = node.value if isinstance(node, ast.Expr) else None
    return _root(call.func) if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) else ""


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _always(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and (node.module == "__future__" or node.names[0].name == "*")


def _serves(statement: _Statement, wanted: set[str]) -> bool:
    return bool(statement.names.bound & wanted)
