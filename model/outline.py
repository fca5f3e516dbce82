"""What of a cell's source other cells need to know: its signatures, and what it gives names to."""

from __future__ import annotations

import ast
import re

_DEFINITION = re.compile(r"^(?:async\s+def|def|class)\s+\w+.*$", re.MULTILINE)
LONGEST = 100_000  # characters; while Python parses, every other thread waits
SHORT = 80  # characters of an assignment that is shown whole
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def outline(source: str, *, docstrings: bool = True) -> str:
    """The definitions of `source` without their bodies, each with the first line of its docstring, and its assignments.

    An assignment at the top level stands whole where it is short, as its value tells what can be done with the name,
    and as `name = ...` elsewhere. Source that does not parse gives the lines on which a definition starts.
    """
    tree = parse(source)
    if tree is None:
        return "\n".join(_DEFINITION.findall(source))
    try:
        found = [_line(node, docstrings=docstrings) for node in tree.body]
    except RecursionError:  # a default value that nests too deeply to be written down again
        return "\n".join(_DEFINITION.findall(source))
    return "\n".join(dict.fromkeys(line for line in found if line))


def parse(source: str) -> ast.Module | None:
    """The syntax tree, or None for source that is not (yet) Python, or is longer than `LONGEST`."""
    try:
        return ast.parse(source) if len(source) <= LONGEST else None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def definitions(source: str) -> tuple[str, ...]:
    """Names of the functions and classes that `source` defines at its top level, in order."""
    tree = parse(source)
    if tree is None:
        return tuple(re.findall(r"^(?:async\s+def|def|class)\s+(\w+)", source, re.MULTILINE))
    return tuple(node.name for node in tree.body if isinstance(node, Definition))


def _signature(node: Definition, *, docstrings: bool, indent: str = "") -> str:
    lines = [f"{indent}{_head(node)}: ..."]
    text = (ast.get_docstring(node) or "").strip() if docstrings else ""
    if text:
        lines[0] += f"  # {text.splitlines()[0]}"
    if isinstance(node, ast.ClassDef):
        methods = [child for child in node.body if isinstance(child, Definition)]
        lines += [_signature(child, docstrings=False, indent=indent + "    ") for child in methods]
        lines[0] = lines[0].replace(": ...", ":", 1) if methods else lines[0]
    return "\n".join(lines)


def _head(node: Definition) -> str:
    if isinstance(node, ast.ClassDef):
        bases = ", ".join(ast.unparse(base) for base in node.bases)
        return f"class {node.name}({bases})" if bases else f"class {node.name}"
    word = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
    result = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"{word} {node.name}({ast.unparse(node.args)}){result}"


def _line(node: ast.stmt, *, docstrings: bool) -> str:
    """What a statement leaves behind; empty for one that defines nothing."""
    if isinstance(node, Definition):
        return _signature(node, docstrings=docstrings)
    if not isinstance(node, ast.Assign | ast.AnnAssign) or not (names := _names(node)):
        return ""
    text = ast.unparse(node)
    return text if len(text) <= SHORT else f"{', '.join(names)} = ..."


def _names(node: ast.Assign | ast.AnnAssign) -> list[str]:
    """The names that get a value, those within a tuple too; not attributes and items of something else."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    found = [part for target in targets for part in ast.walk(target)]
    return [part.id for part in found if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)]
