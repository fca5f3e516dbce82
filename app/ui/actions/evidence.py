"""What the page can ask about tests, candidates, repairs and replays."""

from typing import Annotated, Literal

from pydantic import Field

from app.session import Playground
from app.ui.actions.arguments import Id, Inputs, Json, Side


class EvidenceActions:
    """Actions on what running code proves.

    Args:
        playground: what carries them out.
    """

    def __init__(self, playground: Playground) -> None:
        self._playground = playground

    def add_test(self, owner: str, session: Id, cell: Id, call: Side, expected: Side) -> Json:
        """Write a test of a cell."""
        return {"test": self._playground.tests.add(owner, session, cell, call, expected).id}

    def edit_test(self, owner: str, session: Id, test: Id, call: Side, expected: Side) -> Json:
        """Change what a test calls or expects."""
        changed = self._playground.tests.edit(owner, session, test, call, expected)
        self._playground.choices.refresh(owner, session, changed)
        return {}

    def stand(self, owner: str, session: Id, test: Id, standing: Literal["pinned", "unpinned", "rejected"]) -> Json:
        """Pin a test, take the pin out, or reject it."""
        changed = self._playground.tests.stand(owner, session, test, standing)
        self._playground.choices.refresh(owner, session, changed)
        return {}

    def judge(self, owner: str, session: Id) -> Json:
        """Run the tests that were not run on the code that stands there."""
        self._playground.tests.judge(owner, session)
        return {}

    def propose_tests(self, owner: str, session: Id, cell: Id) -> Json:
        """Ask the model for tests of a cell."""
        self._playground.tests.propose(owner, session, cell)
        return {}

    def stop_tests(self, owner: str, session: Id, cell: Id) -> Json:
        """End what is being done about the tests of a cell."""
        self._playground.tests.stop(owner, session, cell)
        return {}

    def repair(self, owner: str, session: Id, cell: Id) -> Json:
        """Have the model try up to three times to mend a cell."""
        self._playground.repairs.begin(owner, session, cell)
        return {}

    def load_dialogue(self, owner: str, session: Id, line: Annotated[str, Field(max_length=200_000)]) -> Json:
        """Ask the requests of a dialogue with slots, and keep its table of inputs."""
        self._playground.replays.load(owner, session, line)
        return {}

    def add_row(self, owner: str, session: Id, inputs: Inputs, expected: Side) -> Json:
        """Add a row to the table of inputs."""
        return {"row": self._playground.replays.add(owner, session, inputs, expected).id}

    def edit_row(self, owner: str, session: Id, row: Id, inputs: Inputs, expected: Side) -> Json:
        """Change a row of the table of inputs."""
        self._playground.replays.edit(owner, session, row, inputs, expected)
        return {}

    def remove_row(self, owner: str, session: Id, row: Id) -> Json:
        """Remove a row of the table of inputs."""
        self._playground.replays.remove(owner, session, row)
        return {}

    def replay(self, owner: str, session: Id, *, anew: bool) -> Json:
        """Run the dialogue on every row: with the code as it stands, or asked anew."""
        self._playground.replays.replay(owner, session, anew=anew)
        return {}

    def stop_replay(self, owner: str, session: Id) -> Json:
        """End a replay."""
        self._playground.replays.stop(owner, session)
        return {}

    def accept(self, owner: str, session: Id, candidate: Id) -> Json:
        """Make a candidate the version that its cell shows."""
        self._playground.choices.accept(owner, session, candidate)
        return {}

    def decide(self, owner: str, session: Id, test: Id, expected: Side) -> Json:
        """Say what a call on which candidates differ should come to."""
        self._playground.choices.decide(owner, session, test, expected)
        return {}

    def keep_broken(self, owner: str, session: Id, cell: Id) -> Json:
        """Keep a version that broke pinned tests: take their pins out."""
        self._playground.tests.keep(owner, session, cell)
        return {}
