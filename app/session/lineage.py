"""Which cell defines what, which cell leans on which, and when an output can no longer be trusted.

Only Python's own symbol tables are asked; nothing is executed. What they cannot tell (names made by `exec`,
attributes of objects, star imports) stays unknown here too, and so does what is longer than `LONGEST`: while Python
parses, every other thread of the server waits.
"""

import ast
import builtins
import symtable
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

BUILTINS = frozenset(dir(builtins))
# What the parser raises: the last two for code that is nested too deeply.
UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)
LONGEST = 100_000  # characters that are parsed: some 0.3 s where they are all short statements
TRIED = 3 * LONGEST  # characters parsed in all to find out how much of a text is whole
KNOWN = 256  # texts that need not be parsed again: a page is drawn anew with every change


@dataclass(frozen=True)
class Names:
    """The global names that a piece of code binds, and those that it needs from elsewhere."""

    bound: frozenset[str] = frozenset()
    needed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Piece:
    """One cell as far as lineage goes: its id and the source it shows."""

    id: str
    source: str


def tree_of(source: str) -> ast.Module | None:
    """The tree of `source`; None if it does not parse or is longer than `LONGEST`."""
    try:
        return ast.parse(source) if len(source) <= LONGEST else None
    except UNREADABLE:
        return None


def names_of(source: str) -> Names:
    """Names bound and needed at the top level of `source`; none if it does not parse or is longer than `LONGEST`."""
    return _names_of(source) if len(source) <= LONGEST else Names()


@lru_cache(KNOWN)
def _names_of(source: str) -> Names:
    try:
        table = symtable.symtable(source, "cell", "exec")
    except UNREADABLE:
        return Names()
    bound = frozenset(s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_imported())
    return Names(bound, frozenset(_globals_used(table)) - bound - BUILTINS)


def _globals_used(table: symtable.SymbolTable) -> set[str]:
    top = table.get_type() == "module"
    used = {s.get_name() for s in table.get_symbols() if s.is_referenced() and (top or s.is_global())}
    for child in table.get_children():
        used |= _globals_used(child)
    return used


def definitions(source: str) -> tuple[str, ...]:
    """Functions and classes defined at the top level, in order; the complete ones where the end is missing."""
    return _definitions(source) if len(source) <= LONGEST else ()


@lru_cache(KNOWN)
def _definitions(source: str) -> tuple[str, ...]:
    tree = _parsed(source)
    if tree is None:
        return ()
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return tuple(dict.fromkeys(node.name for node in tree.body if isinstance(node, kinds)))


def functions(source: str) -> tuple[ast.FunctionDef, ...]:
    """The functions at the top level, in order."""
    tree = _parsed(source)
    return tuple(node for node in tree.body if isinstance(node, ast.FunctionDef)) if tree else ()


def parameters(source: str) -> dict[str, tuple[str, ...]]:
    """The names of the parameters of each function at the top level, as far as they can be given by name."""
    return {its.name: tuple(arg.arg for arg in (*its.args.args, *its.args.kwonlyargs)) for its in functions(source)}


def unread(source: str) -> int:
    """How many parameters of the functions at the top level nothing in them reads."""
    found = 0
    for its in functions(source):
        read = {node.id for node in ast.walk(its) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
        named = [*its.args.posonlyargs, *its.args.args, *its.args.kwonlyargs]
        found += sum(arg.arg not in read for arg in named)
    return found


def readable(source: str) -> str:
    """As much of the beginning of `source` as parses: of a stream that has not ended, of code that prose follows."""
    lines, left = source.split("\n"), TRIED
    for end in (len(lines), *_top_level_starts(lines)):
        text = "\n".join(lines[:end])
        left -= len(text)
        if left < 0:
            break
        if tree_of(text):
            return text
    return ""


def _parsed(source: str) -> ast.Module | None:
    """The tree of as much as is readable; None where nothing is."""
    text = readable(source)
    return tree_of(text) if text or not source else None


def _top_level_starts(lines: list[str]) -> list[int]:
    """Line numbers, last first, where a statement may begin: the code before them may be whole."""
    starts = [n for n, line in enumerate(lines) if line[:1].strip() and line[0] not in ")]}#"]
    return starts[:0:-1][:20]


def announced(source: str) -> str | None:
    """The first function or class that `source` begins to define, as soon as its line is whole."""
    for line in source.split("\n")[:-1]:
        words = line.removeprefix("async ").split(maxsplit=1)
        if len(words) == 2 and words[0] in {"def", "class"}:  # noqa: PLR2004 - a keyword and a name
            return words[1].split("(")[0].split(":")[0].strip() or None
    return None


def does_work(source: str) -> bool:
    """Whether running `source` does more than import and define: calls, loops, prints at the top level."""
    tree = _parsed(source)
    quiet = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign)
    return tree is not None and any(not isinstance(node, quiet) and not _is_text(node) for node in tree.body)


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def title_of(source: str) -> str:
    """What a cell is called: the last function or class it defines is what the others lead up to."""
    names = definitions(source)
    return names[-1] if names else ""


def retitled(source: str, before: str) -> str:
    """What a cell is called now that its source is another: its function, else the words it was named after."""
    return title_of(source) or ("" if before.isidentifier() else before)


def upstream(pieces: Sequence[Piece], cell_id: str) -> frozenset[str]:
    """Ids of the cells that `cell_id` leans on, directly or through others.

    A name bound in several cells is taken from the nearest one above, else from the nearest one below.
    """
    names = {piece.id: names_of(piece.source) for piece in pieces}
    places = {piece.id: place for place, piece in enumerate(pieces)}
    found: set[str] = set()
    waiting = [cell_id]
    while waiting:
        for up in _direct(names, places, waiting.pop()) - found - {cell_id}:
            found.add(up)
            waiting.append(up)
    return frozenset(found)


def _direct(names: Mapping[str, Names], places: Mapping[str, int], cell_id: str) -> set[str]:
    here = places[cell_id]

    def distance(other: str) -> tuple[bool, int]:
        return places[other] > here, abs(places[other] - here)

    sources = set()
    for name in names[cell_id].needed:
        binders = [other for other, its in names.items() if name in its.bound and other != cell_id]
        if binders:
            sources.add(min(binders, key=distance))
    return sources


def redefined(source: str, pieces: Sequence[Piece]) -> str | None:
    """The cell whose function or class `source` defines again, the nearest to the end if there are several."""
    names = set(definitions(source))
    announced_name = announced(source)
    if announced_name:
        names.add(announced_name)
    for piece in reversed(pieces):
        if names & set(definitions(piece.source)):
            return piece.id
    return None
