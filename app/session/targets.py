"""What the target of a request stands for: a cell, a new one, or whichever the request is most likely about."""

from app.session.aiming import aim
from app.session.commands import command_of
from app.session.errors import Missing
from app.session.placing import Aim
from app.session.snapshot import Snapshot
from storage.records import NEW_CELL

AUTO = "auto"  # the target that lets the request and the answer decide


def resolved(snapshot: Snapshot, request: str, target: str) -> Aim:
    """Where a request wants its answer.

    Args:
        snapshot: the session as it is now.
        request: the words of the person.
        target: a cell's id, `new`, or `auto`.

    Raises:
        Missing: the cell that is meant is not there, or the request is a command and there is no cell for it.
    """
    if command_of(request):
        return _of_command(snapshot, _last(snapshot) if target in {AUTO, NEW_CELL} else target)
    if target == AUTO:
        return Aim(aim(request, snapshot.pieces, _last(snapshot)), certain=False)
    if target != NEW_CELL and snapshot.number_of(target) is None:
        raise Missing("The cell that the request was meant for is not there any more. Choose another target.")
    return exactly(target)


def exactly(target: str) -> Aim:
    """The cell of that id, or the new one, whatever the answer defines."""
    return Aim(None if target == NEW_CELL else target, certain=True)


def _of_command(snapshot: Snapshot, cell_id: str | None) -> Aim:
    if snapshot.number_of(cell_id or "") is None:
        raise Missing("There is no cell yet to do this with. Ask for some code first, or choose a cell.")
    return Aim(cell_id, certain=True)


def _last(snapshot: Snapshot) -> str | None:
    """The cell that was answered last, else the last one."""
    written = [turn.cell_id for turn in snapshot.turns if snapshot.number_of(turn.cell_id or "")]
    return (written or [cell.id for cell in snapshot.cells] or [None])[-1]
