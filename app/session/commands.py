"""Requests that are one word: what can be done with a cell, as `/simplify` in the composer or from the cell's menu.

A turn keeps the word as it was typed, so that it can be asked again; the model is told what it stands for.
"""

import re
from dataclasses import dataclass

_FIX = re.compile(r"(?:Fix(?: it| this| the error)?|Repair \d+ of \d+): ")
_WORD = re.compile(r"/([a-z]+)(?:\s+(.*))?\Z", re.DOTALL)


@dataclass(frozen=True)
class Command:
    """One thing to do with a cell.

    Attributes:
        told: what the model is told; `{}` stands for what was typed behind the word.
        talk: the answer is words (and code that is only shown); it changes no cell and is not run.
        needs: what must stand behind the word, with an example; "" if nothing must.
    """

    told: str
    talk: bool = False
    needs: str = ""


COMMANDS = {
    "explain": Command("Explain what this code does and how, in a few plain sentences. {}", talk=True),
    "document": Command("Add a docstring and type hints. Do not change what it does. {}"),
    "simplify": Command("Make it simpler and shorter. It must still do exactly the same. {}"),
    "translate": Command(
        "Translate this code to {}: the complete program in one code block, then one sentence on what differs.",
        talk=True,
        needs="a language, as in /translate Rust",
    ),
}

TESTS = "tests"  # not a turn: the page asks for them by an action of their own


@dataclass(frozen=True)
class Commanded:
    """A request that is a command.

    Attributes:
        its: the command.
        told: what the model is told.
        complete: what it needs stands behind the word.
    """

    its: Command
    told: str
    complete: bool


def command_of(request: str) -> Commanded | None:
    """The command that a request is, or None."""
    found = _WORD.match(request.strip())
    command = COMMANDS.get(found[1]) if found else None
    if found is None or command is None:
        return None
    rest = (found[2] or "").strip()
    return Commanded(command, command.told.replace("{}", rest).strip(), bool(rest) or not command.needs)


def unknown(request: str) -> str:
    """Why a request that begins like a command is none, or ""."""
    found = _WORD.match(request.strip())
    if found is None or found[1] in COMMANDS:
        return ""
    if found[1] == TESTS:
        return f"/{TESTS} stands alone: it asks for tests of the cell. Ask for anything else in words."
    words = ", ".join(f"/{word}" for word in (*COMMANDS, TESTS))
    return f"There is no command /{found[1]}. There are {words}. To ask for it in words, do not begin with a slash."


def is_momentary(request: str) -> bool:
    """Whether a request is about how things stand now, and asks for nothing that has to hold later."""
    return command_of(request) is not None or _FIX.match(request) is not None


def is_talk(request: str) -> bool:
    """Whether the answer to a request is words."""
    command = command_of(request)
    return command is not None and command.its.talk
