"""Usage examples at the end of an answer's code: taken out as claims that nobody has checked.

Small models like to end with `print(f(x))  # Output: ...`. As code it would run with the cell; as a claim it can be
offered as a test.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from model.outline import Definition, parse

_OUTPUT = re.compile(
    r"#\s*(?:expected(?:\s+output)?|outputs?|returns?|prints?|should\s+(?:return|print|be)|=>|->|==)\s*[:=]?\s*(.+)$",
    re.IGNORECASE,
)
_HEADER = re.compile(r"^#+\s*(examples?|usage|tests?|testing|test cases?|sample|demo|driver|try it)\b", re.IGNORECASE)
_TALK = re.compile(r"^#+[\s*]*(explanation|changes made|this (function|method|class|code|program))\b", re.IGNORECASE)
_HIDDEN = re.compile(r"^(print\s*\(|assert\b|#|$|if __name__\s*==)")
_TOP_DEFINITION = re.compile(r"^(async\s+def|def|class)\s")
_USAGE = (ast.Assign, ast.Expr, ast.Assert)


@dataclass(frozen=True, slots=True)
class Example:
    """A call and the text of the result that the model claims for it, both as Python source where that was given."""

    call: str
    expected_text: str


def lift(code: str, usage: str = "") -> tuple[str, tuple[Example, ...]]:
    """Take the usage examples off the end of `code`.

    Only statements after the last definition are taken, and only if all of them are examples: under a heading such as
    "# Example usage", or prints with a claimed output, or asserts. Code that defines nothing is a script and stays.

    Args:
        code: an answer's code.
        usage: code of further blocks, read for examples only.

    Returns:
        The code without them, and the examples whose call can stand alone; the code as it is and no examples where
        something nests too deeply to be written down again.
    """
    try:
        return _lifted(code, usage)
    except RecursionError:
        return code, ()


def _lifted(code: str, usage: str) -> tuple[str, tuple[Example, ...]]:
    tree = parse(code)
    extra = _read(usage)
    if tree is None:
        return code, extra
    lines = code.split("\n")
    end = max((node.end_lineno or 0 for node in tree.body if isinstance(node, Definition)), default=0)
    if not end or not _all_examples(tree, lines, end):
        return code, extra
    return "\n".join(lines[:end]).rstrip(), _dedupe((*_read("\n".join(lines[end:])), *extra))


def spoken(code: str) -> tuple[str, str]:
    """Take a closing block of comments that talks about the code, as "# Explanation: ...", off its end.

    Returns:
        The code without it, and its words; the code as it is and no words where it closes with none.
    """
    tree = parse(code)
    if tree is None or not tree.body:
        return code, ""
    lines, end = code.split("\n"), tree.body[-1].end_lineno or 0
    first = next((place for place, line in enumerate(lines[end:], end) if _TALK.match(line)), None)
    if first is None:
        return code, ""
    return "\n".join(lines[:first]).rstrip(), "\n".join(line.lstrip("#").strip() for line in lines[first:]).strip()


def hidden_tail(lines: list[str]) -> int:
    """How many lines at the end look like examples, while the code is still being written."""
    count = 0
    for line in reversed(lines):
        if _HIDDEN.match(line) or (count == 0 and line and not line[0].isspace() and line[0] not in ")]}"):
            count += 1
        else:
            break
    before = lines[: len(lines) - count]
    return count if any(_TOP_DEFINITION.match(line) for line in before) else 0


def _all_examples(tree: ast.Module, lines: list[str], end: int) -> bool:
    trailing = [node for node in tree.body if node.lineno > end]
    headed = any(_HEADER.match(line) for line in lines[end:])
    names = {node.name for node in tree.body if isinstance(node, Definition)}
    flat = _flat(trailing)
    if not flat or not all(isinstance(node, _USAGE) for node in flat):
        return False
    return headed or _claims(flat, lines, names)


def _claims(statements: list[ast.stmt], lines: list[str], names: set[str]) -> bool:
    """Whether the statements are claims about the defined names, and what prepares those claims."""
    claims = [node for node in statements if _is_claim(node, lines, names)]
    used = {child.id for node in claims for child in ast.walk(node) if isinstance(child, ast.Name)}
    rest = [node for node in statements if node not in claims]
    return bool(claims) and all(_prepares(node, names, used) for node in rest)


def _flat(statements: list[ast.stmt]) -> list[ast.stmt]:
    """The statements, those of an `if __name__ == "__main__":` block taken out of it."""
    return [child for node in statements for child in (_main_body(node) or [node])]


def _main_body(node: ast.stmt) -> list[ast.stmt]:
    return node.body if isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'" else []


def _is_claim(node: ast.stmt, lines: list[str], names: set[str]) -> bool:
    if isinstance(node, ast.Assert):
        return _uses(node, names)
    return isinstance(node, ast.Expr) and _OUTPUT.search(lines[(node.end_lineno or node.lineno) - 1]) is not None


def _prepares(node: ast.stmt, names: set[str], used: set[str]) -> bool:
    """An assignment that a claim uses, or a call that changes what it uses."""
    if isinstance(node, ast.Assign):
        return all(isinstance(target, ast.Name) and target.id in used for target in node.targets)
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and _uses(node, names)


def _uses(node: ast.AST, names: set[str]) -> bool:
    return any(isinstance(child, ast.Name) and child.id in names for child in ast.walk(node))


def _read(source: str) -> tuple[Example, ...]:
    tree = parse(source)
    if tree is None:
        return ()
    lines, values, found = source.split("\n"), dict[str, ast.expr](), list[Example]()
    for node in _flat(tree.body):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            values[node.targets[0].id] = node.value
        example = _example(node, lines)
        if example:
            found.append(Example(_with_values(example.call, values), example.expected_text))
    return tuple(found)


def _example(node: ast.stmt, lines: list[str]) -> Example | None:
    match node:
        case ast.Assert(test=ast.Compare(left=ast.Call() as call, ops=[ast.Eq() | ast.Is()], comparators=[expected])):
            return Example(ast.unparse(call), ast.unparse(expected))
        case ast.Expr(value=ast.Call(func=ast.Name(id="print"), args=[ast.Call() as call], keywords=[])):
            claim = _OUTPUT.search(lines[(node.end_lineno or node.lineno) - 1])
            return Example(ast.unparse(call), claim.group(1).strip()) if claim else None
        case _:
            return None


def _with_values(call: str, values: dict[str, ast.expr]) -> str:
    """Put the assigned values in the place of the names, so that the call stands alone."""

    class _Put(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.expr:
            return values.get(node.id, node)

    return ast.unparse(_Put().visit(ast.parse(call, mode="eval")))


def _dedupe(examples: tuple[Example, ...]) -> tuple[Example, ...]:
    return tuple(dict.fromkeys(examples))
