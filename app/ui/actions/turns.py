"""What the page can ask about turns."""

from app.session import Playground
from app.ui.actions.arguments import Id, Json, Keys, Target


class TurnActions:
    """Actions on turns.

    Args:
        playground: what carries them out.
    """

    def __init__(self, playground: Playground) -> None:
        self._playground = playground

    def ask(
        self,
        owner: str,
        session: Id,
        *,
        request: str,
        target: Target = "auto",
        without: Keys = (),
        candidates: int = 1,
        first_pass: bool = False,
    ) -> Json:
        """Begin a turn; its answer arrives over the live stream. The evidence named in `without` stays out of it."""
        turn = self._playground.turns.ask(
            owner, session, request, target, without=without, candidates=candidates, first_pass=first_pass
        )
        return {"turn": turn.id}

    def stop(self, owner: str, session: Id, turn: Id) -> Json:
        """End a turn now and keep what came."""
        self._playground.turns.stop(owner, session, turn)
        return {}

    def regenerate(self, owner: str, session: Id, turn: Id) -> Json:
        """Answer a turn's request once more, as a branch beside it."""
        return {"turn": self._playground.turns.again(owner, session, turn).id}

    def edit_turn(self, owner: str, session: Id, turn: Id, request: str) -> Json:
        """Ask something else in a turn's place, as a branch beside it."""
        return {"turn": self._playground.turns.again(owner, session, turn, request).id}

    def repeat(self, owner: str, session: Id, version: Id) -> Json:
        """Write a version once more from the same prompt and seed."""
        return {"turn": self._playground.turns.repeat(owner, session, version).id}

    def show_branch(self, owner: str, session: Id, turn: Id) -> Json:
        """Show the branch that goes through a turn."""
        self._playground.branches.show(owner, session, turn)
        return {}

    def move_answer(self, owner: str, session: Id, turn: Id, target: Target) -> Json:
        """Put a turn's answer into another cell."""
        self._playground.branches.move_answer(owner, session, turn, target)
        return {}

    def sees(
        self,
        owner: str,
        session: Id,
        *,
        request: str | None = None,
        target: Target = "auto",
        turn: Id | None = None,
        without: Keys = (),
    ) -> Json:
        """What the model would see, or what it saw in a past turn."""
        if turn is not None:
            return self._playground.prompts.saw(owner, session, turn)
        return self._playground.prompts.sees(owner, session, request or "", target, without=without)
