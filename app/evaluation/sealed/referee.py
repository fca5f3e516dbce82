"""Carries out a problem's check in a one-shot of its own, with answers that were given elsewhere.

The check and the problem's helper functions run here; the program that is judged does not. So the check may be any
code at all (loops, tolerances, random inputs), and a program has no verdict within its reach that it could forge.
"""

import ast
import copy
import random
from collections import defaultdict, deque
from typing import Any, NoReturn

OPERATIONS = (
    *(
        "bool",
        "eq",
        "ne",
        "lt",
        "le",
        "gt",
        "ge",
        "hash",
        "iter",
        "next",
        "len",
        "getitem",
        "contains",
        "call",
        "float",
    ),
    *("int", "index", "abs", "neg", "round", "str", "repr", "format", "add", "radd", "sub", "rsub", "mul", "rmul"),
    *("truediv", "rtruediv", "floordiv", "rfloordiv", "mod", "rmod", "pow", "rpow", "and", "rand", "or", "ror", "xor"),
)


class Missing(BaseException):
    """The check uses an answer that was not given yet."""


class Blank:
    """Stands for an answer that was not given yet: it can be passed on, and any use of it is `Missing`."""


def _refuse(*_: object) -> NoReturn:
    raise Missing


for _name in OPERATIONS:
    setattr(Blank, f"__{_name}__", _refuse)


class Candidate:
    """Called in the place of the function that is judged.

    Args:
        answers: (arguments, returned value) in the order in which they were asked for; equal calls are told apart by
            their order.
    """

    def __init__(self, answers: list[tuple[tuple[Any, ...], Any]]) -> None:
        self.missing: list[tuple[Any, ...]] = []
        self._known: defaultdict[str, deque[Any]] = defaultdict(deque)
        for arguments, value in answers:
            self._known[repr(arguments)].append(value)

    def __call__(self, *arguments: object) -> object:
        """The answer to this call, or a `Blank` that is noted as missing."""
        known = self._known[repr(arguments)]
        if known:
            return known.popleft()
        self.missing.append(copy.deepcopy(arguments))
        return Blank()


class _Tolerant(ast.NodeTransformer):
    """Lets the check go on after an assert while answers are missing, so that one pass asks for many."""

    def visit_Assert(self, node: ast.Assert) -> ast.stmt:
        guard = ast.parse("try: pass\nexcept BaseException:\n    if not missing: raise").body[0]
        assert isinstance(guard, ast.Try)
        guard.body = [node]
        return guard


def review(prompt: str, test: str, entry_point: str, answers: list[tuple[tuple[Any, ...], Any]]) -> dict[str, Any]:
    """Carry the check out as far as the answers go.

    Args:
        prompt: the problem's prompt, whose imports and helper functions the check may use.
        test: source that defines `check(candidate)`.
        entry_point: name of the function that is judged, which the check may use as well.
        answers: see `Candidate`.

    Returns:
        `missing`: the arguments of the calls without an answer; `failed`: why the check failed, or None. It has been
        passed if there is neither. While answers are missing, nothing counts as failed: `is` cannot tell a `Blank`.
    """
    candidate = Candidate(answers)
    space: dict[str, Any] = {"__name__": "check", "missing": candidate.missing}
    exec(compile(prompt, "<prompt>", "exec"), space)  # noqa: S102 - the benchmark's own code, in a sealed process
    tree = ast.fix_missing_locations(_Tolerant().visit(ast.parse(test)))
    exec(compile(tree, "<check>", "exec"), space)  # noqa: S102 - as above
    space[entry_point] = candidate
    random.seed(0)
    failed = None
    try:
        space["check"](candidate)
    except BaseException as error:  # noqa: BLE001 - whatever a check raises fails it
        failed = f"{type(error).__name__}: {error}"[:500]
    return {"missing": candidate.missing, "failed": None if candidate.missing else failed}
