"""What the model would see of a request, and what it saw in a past turn."""

from collections.abc import Callable, Sequence
from typing import Any

from app.session import prompting
from app.session.desk import Desk
from app.session.errors import Missing
from app.session.provenance import REPLAY
from app.session.seen import report_of, unseen
from app.session.sessions import sampling_of
from app.session.slots import INPUTS
from app.session.snapshot import Snapshot
from app.session.targets import resolved
from app.session.words import request_of
from model.prompt import build


class Prompts:
    """The service for looking at prompts.

    Args:
        desk: the leaves.
        read: reads a session of an owner as it is now.
    """

    def __init__(self, desk: Desk, read: Callable[[str, str], Snapshot]) -> None:
        self._desk = desk
        self._read = read

    def sees(
        self, owner: str, session_id: str, request: str, target: str, *, without: Sequence[str] = ()
    ) -> dict[str, Any]:
        """What the model would see of this request: parts, tokens, what is left out, and the cell it would change."""
        snapshot = self._read(owner, session_id)
        engine = self._desk.engines.engine()
        words = request_of(request) if request.strip() else "…"
        where = resolved(snapshot, words, target)
        state = prompting.state(snapshot, words, where.cell_id, base=None, earlier=snapshot.turns, without=without)
        prompt = build(state, engine, sampling_of(snapshot.session.sampling))
        return {**report_of(prompt, unseen(snapshot, snapshot.turns, state, engine)), "cell": where.cell_id}

    def saw(self, owner: str, session_id: str, turn_id: str) -> dict[str, Any]:
        """What the model saw in a past turn."""
        with self._desk.database.read() as tx:
            turn = tx.turn(turn_id, session_id=tx.session_of(owner, session_id).id)
        if not turn.prompt_report:
            raise Missing("What the model saw in this turn was not kept: the turn ended before it was answered.")
        return {name: value for name, value in turn.prompt_report.items() if name not in {REPLAY, INPUTS}}
