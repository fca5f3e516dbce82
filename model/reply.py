"""Reads code and prose out of an answer while it is written.

Models fence their code in many ways: a fence with "python" on a line of its own, no closing fence, prose first, a
second block with a usage example, everything indented. The reader takes the text in pieces of any size and at every
moment gives the code and the prose that are certain: a line that might become a fence is held back until it is known.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from model.echo import Echo
from model.examples import Example, hidden_tail, lift, spoken
from model.outline import definitions

if TYPE_CHECKING:
    from collections.abc import Collection

    from model.engine import PromptStyle

_FENCE = re.compile(r"^([ \t]*)```+[ \t]*(.*)$")
_LANGUAGE = re.compile(r"^(python ?\d?(\.\d+)?|py\d?|pycon|code)$", re.IGNORECASE)
_SENTENCE = re.compile(r"^[A-Z]\w*(?:['\u2019]\w+)?,? [a-zA-Z]+")
_CODE_WORDS = (
    "def ",
    "class ",
    "import ",
    "from ",
    "@",
    "async ",
    "if ",
    "for ",
    "while ",
    "with ",
    "try:",
    "#",
    '"""',
)
_BARE_CODE = ("def ", "class ", "import ", "from ", "@", "async def ", "assert ")


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer.

    Args:
        code: ends without a line break; empty if the answer holds none.
        prose: what was said around the code.
        examples: calls with the results that the model claims for them, taken out of the code; often wrong.
    """

    code: str
    prose: str
    examples: tuple[Example, ...]


class TalkReader:
    """Reads an answer that is words: all of it is prose, code blocks in it included."""

    code = ""

    def __init__(self) -> None:
        self.prose = ""

    def feed(self, text: str) -> None:
        """Take the next piece of the answer."""
        self.prose += text

    def finish(self) -> Reply:
        """The whole answer."""
        return Reply("", self.prose.strip(), ())


class ReplyReader:
    """Splits an answer into code and prose as it comes.

    Args:
        begun: the beginning of the answer that was written for the model (`Prompt.begun`).
        style: in the codegen style everything is code.
        stubs: lines of the prompt that do not count where the answer repeats them (`Prompt.stubs`).
    """

    def __init__(self, begun: str = "", style: PromptStyle = "chat", stubs: Collection[str] = ()) -> None:
        self._echo = Echo(stubs)
        self._tail = ""
        self._code: list[str] = []
        self._prose: list[str] = []
        self._block: list[str] = []
        self._indent: str | None = None
        self._usage: list[str] = []
        self._lead = begun.rpartition("\n")[2]
        first = self._in_prose if begun else self._at_first
        self._read = first if style == "chat" else self._at_start
        self.feed(begun)

    def feed(self, text: str) -> None:
        """Take the next piece of the answer."""
        *lines, self._tail = (self._tail + text).split("\n")
        for line in lines:
            self._read(line.rstrip("\r"))

    @property
    def code(self) -> str:
        """The code that is certain so far; what it will be begins with it. Trailing examples are not shown."""
        lines = [*self._code, self._visible_tail()] if self._read == self._in_code else self._code
        shown = lines[: len(lines) - hidden_tail(lines)]
        return "\n".join(shown).strip("\n") if any(line.strip() for line in shown) else ""

    @property
    def prose(self) -> str:
        """The prose that is certain so far."""
        tail = self._tail if self._speaking() and self._tells(self._tail) else ""
        return "\n".join([*self._prose, tail.rstrip("\r")]).strip()

    def _speaking(self) -> bool:
        """Whether the unfinished line is prose for certain, but for a fence."""
        if self._read == self._at_first:
            return not any(self._tail.startswith(word) or word.startswith(self._tail) for word in _BARE_CODE)
        return self._read == self._in_prose

    def _tells(self, tail: str) -> bool:
        """Whether the unfinished line is neither the beginning of a fence nor of an echo."""
        return not tail.lstrip().startswith("`") and not self._echo.may_be_in_prose(tail)

    def finish(self) -> Reply:
        """Take what was held back and close every open block."""
        last, self._tail = self._tail.rstrip("\r"), ""
        if last:
            self._read(last)
        if self._read == self._in_second:
            self._close_second()
        code, said = spoken("\n".join(self._code).strip("\n").rstrip())
        code, examples = lift(code, "\n".join(self._usage))
        told = [line for line in said.split("\n") if not self._echo.in_prose(line)]
        return Reply(code, "\n".join([*self._prose, "", *told]).strip(), examples)

    def _at_first(self, line: str) -> None:
        """Nothing has come yet, and no fence was written for the model: it may forget it and begin with bare code."""
        if line.strip():
            self._read = self._in_bare if line.startswith(_BARE_CODE) else self._in_prose
            self._read(line)

    def _in_bare(self, line: str) -> None:
        """In code without a fence, which ends where a sentence begins."""
        if _SENTENCE.match(line) or _FENCE.match(line):
            self._read = self._in_prose
            self._prose.append("" if _FENCE.match(line) else line)
        elif not self._echo.in_code(line):
            self._code.append(line)

    def _in_prose(self, line: str) -> None:
        """Outside of any block; a fence opens the code, or a second block once there is code."""
        fence = _FENCE.match(line)
        if fence is None:
            self._prose += [] if self._echo.in_prose(line) else [line]
        elif any(text.strip() for text in self._code):
            self._read, self._block, self._indent = self._in_second, [line], fence.group(1)
        else:
            self._code, self._indent, self._read = [], None, self._at_start

    def _at_start(self, line: str) -> None:
        """In a block that has no code yet: the language may stand on a line of its own, or the fence be repeated."""
        fence = _FENCE.match(line)
        if not line.strip() or _LANGUAGE.match(line.strip()):
            return
        if fence:
            self._read = self._at_start if _LANGUAGE.match(fence.group(2).strip()) else self._after_empty
        elif _SENTENCE.match(line):
            self._read = self._in_prose
            self._in_prose(line)
        else:
            self._indent = line[: len(line) - len(line.lstrip())]
            self._read = self._in_code
            self._in_code(line)

    def _after_empty(self, line: str) -> None:
        """After a bare fence in a block without code: it closed the block, or opened it once more."""
        if not line.strip():
            return
        again = _LANGUAGE.match(line.strip()) or _FENCE.match(line) or line.lstrip().startswith(_CODE_WORDS)
        self._read = self._at_start if again else self._in_prose
        self._read(line)

    def _in_code(self, line: str) -> None:
        if not self._code and self._anew(line):
            self._read = self._at_start
            return
        fence = _FENCE.match(line)
        if fence and len(fence.group(1)) <= len(self._indent or ""):
            self._read = self._in_prose
            if fence.group(2) and not _LANGUAGE.match(fence.group(2)):
                self._prose.append(fence.group(2))
            elif fence.group(2):
                self._in_prose(line)
        elif not self._echo.in_code(self._dedented(line)):
            self._code.append(self._dedented(line))

    def _anew(self, line: str) -> bool:
        """Whether the model did not go on with what was begun for it, but opened a block of its own."""
        return bool(self._lead) and line.startswith(f"{self._lead}```")

    def _in_second(self, line: str) -> None:
        fence = _FENCE.match(line)
        self._block.append(line)
        if fence and len(fence.group(1)) <= len(self._indent or ""):
            self._close_second()

    def _close_second(self) -> None:
        """A later block that defines new names belongs to the code; a usage example or an alternative does not."""
        body = [line for line in self._block if not _FENCE.match(line) and not _LANGUAGE.match(line.strip())]
        text, known = "\n".join(body), definitions("\n".join(self._code))
        names = definitions(text)
        if names and not set(names) & set(known):
            self._code += ["", "", *body]
        elif names:
            self._prose += self._block
        else:
            self._usage += body
        self._read, self._block = self._in_prose, []

    def _dedented(self, line: str) -> str:
        indent = self._indent or ""
        return line[len(indent) :] if line.startswith(indent) else line.lstrip() if indent else line

    def _visible_tail(self) -> str:
        """The unfinished line, as far as it cannot become a fence."""
        if self._tail.strip(" \t\r`") == "":
            return ""
        tail = self._lead if not self._code and self._anew(self._tail) else self._tail
        if self._echo.may_be_in_code(self._dedented(tail)):
            return ""
        return self._dedented(tail).rstrip("\r`")
