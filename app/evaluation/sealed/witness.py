"""Runs a candidate's program in a one-shot and gives what its calls return, as plain data.

Everything in here shares its process with hostile code, which may change any of it. That gains nothing: what leaves
the process is only ever taken for a value that the program returned.
"""

import builtins
import contextlib
import sys
from collections.abc import Iterable
from typing import Any

space: dict[str, Any] = {"__name__": "program"}
GROUPS: tuple[Any, ...] = (list, tuple, set, frozenset)
CASTS = {"str": str, "int": int, "float": float, "list": list, "set": set, "tuple": tuple}


def load(program: str) -> None:
    """Run the program in its own namespace."""
    exec(compile(program, "<program>", "exec"), space)  # noqa: S102 - that is the purpose; the process is sealed


def answer(function: str, arguments: tuple[Any, ...]) -> object:
    """What a call of one of the program's functions returns."""
    return plainly(space[function](*arguments))


def plainly(value: Any) -> object:  # noqa: ANN401 - the program's own
    """The value as Python's own types, where it is of a type derived from one: a Counter is a dict, a NumPy int an int.

    Whatever equality such a type claims is lost on the way. Values of other types are returned as they are.
    """
    if type(value).__module__ == "numpy" and getattr(value, "ndim", None) == 0:
        value = value.item()
    if isinstance(value, dict):
        return {plainly(key): plainly(item) for key, item in dict.items(value)}
    for kind in GROUPS:
        if isinstance(value, kind):
            return kind(plainly(item) for item in kind.__iter__(value))
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return int.__index__(value)
    return float.__float__(value) if isinstance(value, float) else value


def printed(program: str, kind: str) -> dict[str, Any]:
    """Run a script and give the first argument of its last `print`, as mtpb_exec.py of salesforce/CodeGen sees it.

    Args:
        program: where it does not end with a print, its last expression is printed (`referee.with_print`).
        kind: name of the type that is expected; what was printed is turned into it.

    Returns:
        `{"value": ...}`, with `"array": True` for a pandas series; `{}` if nothing was printed.
    """
    calls: list[tuple[Any, ...]] = []

    def note(*values: object, **options: Any) -> None:  # noqa: ANN401 - whatever print takes
        calls.append(values)
        builtins.print(*values, **options)  # noqa: T201 - a script may print

    script = {"__name__": "__main__", "print": note}
    # There, what was printed before a failure counts.
    with contextlib.suppress(Exception):
        exec(compile(program, "<program>", "exec"), script)  # noqa: S102 - as above
    return _shown(calls[-1][0], kind) if calls else {}


def _shown(value: Any, kind: str) -> dict[str, Any]:  # noqa: ANN401 - the program's own
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(value, pandas.Series):
        return {"array": True, "value": plainly(value.to_numpy().tolist())}
    if type(value).__module__ == "numpy" and hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list) and value and isinstance(value[0], tuple):
        value = [list(item) if isinstance(item, Iterable) else item for item in value]
    if type(value).__name__ != kind:
        value = str(value) if kind == "bool" else CASTS[kind](value)
    return {"value": plainly(value)}
