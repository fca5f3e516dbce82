"""Plain Python data as JSON that keeps its types: what may cross the wall between a one-shot run and its judge.

Values are None, bool, int, float, complex, str, bytes, and lists, tuples, sets, frozensets and dicts of them, of
exactly these types. NumPy's numbers and arrays cross as the numbers and lists that they stand for. Anything else, such
as an object that claims to equal everything, does not cross.
"""

import json
from collections.abc import Callable
from typing import Any

DEPTH = 50

GROUPS: dict[str, Callable[[list[Any]], Any]] = {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}


class NotPlain(TypeError):
    """The value is not plain data, or nested too deeply."""


def dump(value: object) -> str:
    """The value as text.

    Raises:
        NotPlain: if it is something else than plain data.
    """
    return json.dumps(encode(value, DEPTH))


def load(text: str) -> Any:  # noqa: ANN401 - any plain data
    """The value that `dump` was given.

    Raises:
        NotPlain: if the text is not what `dump` makes; it comes from hostile code.
    """
    try:
        return decode(json.loads(text), DEPTH)
    except (ValueError, TypeError, RecursionError) as error:
        raise NotPlain(f"not plain data: {error}") from None


def encode(value: object, depth: int) -> Any:  # noqa: ANN401 - JSON
    """JSON for the value: `[type, content]`, or the value itself for None, bool and str."""
    kind = type(value)
    if depth == 0:
        raise NotPlain(f"nested more than {DEPTH} deep")
    if value is None or kind is bool or kind is str:
        return value
    if kind in (int, float, complex):
        return [kind.__name__, repr(value)]
    if isinstance(value, bytes) and kind is bytes:
        return ["bytes", value.hex()]
    if isinstance(value, dict) and kind is dict:
        return ["dict", [[encode(k, depth - 1), encode(v, depth - 1)] for k, v in value.items()]]
    if kind.__name__ in GROUPS and isinstance(value, list | tuple | set | frozenset) and kind.__module__ == "builtins":
        return [kind.__name__, [encode(item, depth - 1) for item in value]]
    if kind.__module__ == "numpy" and hasattr(value, "tolist"):
        return encode(value.tolist(), depth - 1)
    raise NotPlain(f"{kind.__name__} is not plain data")


def decode(data: object, depth: int) -> Any:  # noqa: ANN401 - whatever was encoded
    """The value for the JSON that `encode` makes."""
    if data is None or isinstance(data, bool | str):
        return data
    if depth == 0 or not isinstance(data, list):
        raise NotPlain("not what encode makes")
    kind, content = data
    if kind in NUMBERS:
        return NUMBERS[kind](content)
    if kind == "dict":
        return {decode(k, depth - 1): decode(v, depth - 1) for k, v in content}
    if kind not in GROUPS:
        raise NotPlain(f"no plain type {kind!r}")
    return GROUPS[kind]([decode(item, depth - 1) for item in content])


NUMBERS: dict[str, Callable[[str], Any]] = {"int": int, "float": float, "complex": complex, "bytes": bytes.fromhex}
