"""What an answer repeats of its prompt: small models copy the words around a request, and signatures of other cells.

Neither belongs into a cell: a copied signature would even replace the function that it stands for.
"""

from __future__ import annotations

import re
from collections.abc import Collection

CHANGE = "Change it: "
KEEP = "Keep everything else as it is."
DEFINED = "Already defined in this notebook"
EARLIER = "Earlier requests, which still hold:"
CURRENT_FUNCTION = "Current function:"
CURRENT_CODE = "Current code:"
HAPPENED = "What happened when it ran:"

_LABEL = "explanation:"  # above a single sentence it says nothing
_WORDS = tuple(
    words.strip().lower() for words in (CHANGE, KEEP, DEFINED, EARLIER, CURRENT_FUNCTION, CURRENT_CODE, HAPPENED)
)
_STUB = re.compile(r"^(?:[ \t]*(?:async def|def|class)\b.*:|\w+ =) \.\.\.(?:  # .*)?$", re.MULTILINE)
_MARKUP = "#* \t"


def stubs(outline: str) -> tuple[str, ...]:
    """The lines of an outline that stand for something defined elsewhere."""
    return tuple(match[0] for match in _STUB.finditer(outline))


class Echo:
    """Knows which lines of an answer only repeat its prompt.

    Args:
        stubs: lines of the prompt that stand for what other cells define.
    """

    def __init__(self, stubs: Collection[str] = ()) -> None:
        self._stubs = frozenset(stubs)

    def in_code(self, line: str) -> bool:
        """Whether a whole line of code is such an echo."""
        return line.rstrip() in self._stubs or (_is_comment(line) and _bare(line).startswith(_WORDS))

    def in_prose(self, line: str) -> bool:
        """Whether a whole line of prose is such an echo, or a label without a word of its own."""
        bare = _bare(line)
        return bare.startswith(_WORDS) or bare == _LABEL

    def may_be_in_code(self, tail: str) -> bool:
        """Whether an unfinished line of code may yet become one."""
        if not tail.strip():
            return False
        return any(stub.startswith(tail.rstrip()) for stub in self._stubs) or (_is_comment(tail) and _may_be(tail))

    def may_be_in_prose(self, tail: str) -> bool:
        """Whether an unfinished line of prose may yet become one."""
        return _may_be(tail) or (bool(_bare(tail)) and _LABEL.startswith(_bare(tail)))


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith("#")


def _bare(line: str) -> str:
    return line.strip(_MARKUP).lower()


def _may_be(tail: str) -> bool:
    bare = _bare(tail)
    return bool(bare) and (bare.startswith(_WORDS) or any(words.startswith(bare) for words in _WORDS))
