"""What runs in the sealed process: Bandit over one text, and which imports lead nowhere. Nothing of the text is run.

`app.audit.scanner` sends this module's own text to a one-shot run, so it imports nothing of ours.
"""

import ast
import importlib.util
import io
import logging
import re
from collections.abc import Iterator
from typing import Any

from bandit.core import config, manager

# What IPython takes beside Python: commands on a line, and commands whose output is a value.
COMMAND = re.compile(r"^([ \t]*)[%!].*$", re.MULTILINE)
CAPTURE = re.compile(r"^([ \t]*[\w, ]+=[ \t]*)[%!].*$", re.MULTILINE)
CATCHES = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}


def scan(source: str) -> dict[str, Any]:
    """What there is to say of a text: `{"unreadable": [line, why]}`, or `issues` and `missing` modules.

    An issue is `[rule, severity, confidence, line, words]`, a missing module `[name, line]`. `issues` is None where
    Bandit itself could not read the text. A cell that IPython hands to something else gives `{"magic": its name}`.
    """
    if source.lstrip().startswith("%%"):
        return {"magic": source.split(maxsplit=1)[0]}
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        python = CAPTURE.sub(r"\1None", COMMAND.sub(r"\1pass", source))
        if python != source:
            return scan(python)
        return {"unreadable": [error.lineno or 1, error.msg or "invalid syntax"]}
    except (ValueError, RecursionError, MemoryError):
        return {"unreadable": [1, "it is nested too deeply"]}
    return {"issues": issues(source), "missing": [[name, line] for name, line in missing(tree)]}


def issues(source: str) -> list[list[Any]] | None:
    """What Bandit finds. Its comments that switch rules off count for nothing: the text is not our own."""
    logging.disable()
    scanner = manager.BanditManager(config.BanditConfig(), "file", ignore_nosec=True)
    names = ["cell.py"]
    scanner._parse_file(names[0], io.BytesIO(source.encode()), names)  # noqa: SLF001 - its public way reads files
    if scanner.skipped:
        return None
    found = [[it.test_id, it.severity, it.confidence, it.lineno, it.text] for it in scanner.results]
    return sorted(found, key=lambda issue: (issue[3], issue[0]))


def missing(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Top-level names of imports that cannot be found, each once; those that the text itself is ready for left out."""
    seen: set[str] = set()
    for name, line in _imported(tree):
        top = name.partition(".")[0]
        if top not in seen and not _is_there(top):
            seen.add(top)
            yield top, line


def _imported(node: ast.AST) -> Iterator[tuple[str, int]]:
    waiting = [node]
    while waiting:
        its = waiting.pop()
        if isinstance(its, ast.Import):
            yield from ((alias.name, its.lineno) for alias in its.names)
        elif isinstance(its, ast.ImportFrom) and not its.level and its.module:
            yield its.module, its.lineno
        guarded = set(its.body) if isinstance(its, ast.Try) and any(map(_catches, its.handlers)) else set()
        waiting += [child for child in reversed(list(ast.iter_child_nodes(its))) if child not in guarded]


def _catches(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    return any(isinstance(node, ast.Name) and node.id in CATCHES for node in ast.walk(handler.type))


def _is_there(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ValueError, ImportError):  # a module without a specification, such as the program itself
        return True
