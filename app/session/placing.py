"""Where an answer goes, decided while its code arrives."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.session.lineage import Piece, announced, definitions, does_work, redefined

PATIENCE = 12  # lines to wait for the name of a function before an answer counts as a script


@dataclass(frozen=True)
class Aim:
    """Where the request wanted its answer.

    Attributes:
        cell_id: the cell, or None for a new one.
        certain: the person named it; otherwise it is a guess that the code may correct.
    """

    cell_id: str | None
    certain: bool


@dataclass(frozen=True)
class Place:
    """The decision: a cell, or None for a new one."""

    cell_id: str | None


def place(code: str, aim: Aim, pieces: Sequence[Piece], *, finished: bool) -> Place | None:
    """Where `code` goes, or None while that cannot be told yet.

    The person's word comes first, then the cell whose function the code defines again, then the guess if it has no
    function of its own to lose, else a new cell. A program for a request of its own that merely brings a copy of
    another cell's function along goes to a new cell; that shows at its end.
    """
    if not code.strip():
        return None
    if aim.certain or not pieces:
        return Place(aim.cell_id)
    if again := redefined(code, pieces):
        return _again(code, aim, again, finished=finished)
    named = announced(code) is not None
    if not named and not finished and code.count("\n") < PATIENCE:
        return None
    guess = next((piece for piece in pieces if piece.id == aim.cell_id), None)
    if guess is None or definitions(guess.source):
        return Place(None)
    return Place(guess.id)


def _again(code: str, aim: Aim, cell_id: str, *, finished: bool) -> Place | None:
    if aim.cell_id is not None:
        return Place(cell_id)
    if not finished:
        return None
    return Place(None) if does_work(code) else Place(cell_id)
