"""Dialogues with hidden checks: how they are read from their files, and how a program is judged by them.

A file of `tests/dialogues/` is one dialogue in TOML; tests/dialogues/README.md describes the format. A check is an
expression over the program's names and what it must give. The expression runs sealed, behind the program; the value
that is expected never enters that process.
"""

import ast
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from app.evaluation.errors import DataDamaged
from app.runner.oneshot import OneShot
from app.runner.outcome import Call, Failed, Outcome, Returned


class DialogueUnreadable(DataDamaged):
    """A file holds no dialogue; the message names the file, the place in it and what is wrong there."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Check(_Record):
    """One expectation.

    Attributes:
        call: a Python expression over the names of the program; its value must be plain data.
        gives: the value it must equal, as a Python literal.
        raises: instead of `gives`, the name of the exception that it must raise.
        until: the last turn, from 1, at which it holds; to the end of the dialogue if it is not given.
    """

    call: str
    gives: str | None = None
    raises: str | None = None
    until: int | None = None

    @field_validator("call")
    @classmethod
    def _is_an_expression(cls, call: str) -> str:
        ast.parse(call, mode="eval")
        return call

    @model_validator(mode="after")
    def _expects_one_thing(self) -> Self:
        if (self.gives is None) == (self.raises is None):
            raise ValueError(f"the check {self.call!r} needs either `gives` or `raises`")
        if self.gives is not None:
            ast.literal_eval(self.gives)
        return self

    @property
    def expected(self) -> str:
        """What must happen, in words."""
        return f"raises {self.raises}" if self.raises else f"gives {self.gives}"

    def met_by(self, answer: Returned | Failed | None) -> bool:
        """Whether this is what the check expects; None stands for a call that was not made."""
        if isinstance(answer, Failed):
            return bool(answer.failure["name"] == self.raises)
        if answer is None or self.gives is None:
            return False
        wanted: Any = ast.literal_eval(self.gives)
        return type(answer.value) is type(wanted) and bool(answer.value == wanted)


class Turn(_Record):
    """One request, the checks that begin with it, and a whole program that meets every check in force then."""

    request: str = Field(min_length=1)
    checks: tuple[Check, ...] = Field(min_length=1)
    reference: str


class Dialogue(_Record):
    """Requests that build on each other.

    Attributes:
        name: the file's, without its suffix.
        given: code that runs between the program and the checks, such as imports and data.
    """

    name: str
    topic: str
    given: str = ""
    turns: tuple[Turn, ...] = Field(min_length=2, max_length=5)

    def in_force(self, number: int) -> tuple[Check, ...]:
        """The checks that hold after turn `number` (from 1): its own last, the earlier ones that still hold before."""
        begun = [check for turn in self.turns[:number] for check in turn.checks]
        return tuple(check for check in begun if check.until is None or check.until >= number)


def read(path: Path) -> Dialogue:
    """The dialogue in a file.

    Raises:
        DialogueUnreadable: it is not one.
    """
    try:
        return Dialogue.model_validate({"name": path.stem, **tomllib.loads(path.read_text(encoding="utf-8"))})
    except (OSError, ValueError, SyntaxError, ValidationError) as error:
        raise DialogueUnreadable(f"{path} holds no dialogue: {error}. See tests/dialogues/README.md.") from error


def read_all(folder: Path) -> list[Dialogue]:
    """The dialogues of a folder, by name.

    Raises:
        DialogueUnreadable: there is none, or one of its files is not one.
    """
    found = [read(path) for path in sorted(folder.glob("*.toml"))]
    if not found:
        raise DialogueUnreadable(f"{folder} holds no dialogue: there is no .toml file in it.")
    return found


def judge(runner: OneShot, program: str, checks: Sequence[Check], given: str = "") -> tuple[bool, ...]:
    """Whether `program` meets each check, in order; none is met by a program that does not run to its end."""
    outcome = run(runner, program, checks, given)
    answers = (*outcome.answers, *(None for _ in checks[len(outcome.answers) :]))
    return tuple(check.met_by(answer) for check, answer in zip(checks, answers, strict=True))


def run(runner: OneShot, program: str, checks: Sequence[Check], given: str = "") -> Outcome:
    """Run the program, what is given, then every check's expression; one answer for each in the outcome."""
    names = [f"_check_{number}" for number, _ in enumerate(checks, 1)]
    asked = [f"def {name}():\n    return (\n{check.call}\n)\n" for name, check in zip(names, checks, strict=True)]
    return runner.run("\n".join([program, given, *asked]), [Call(name) for name in names])
