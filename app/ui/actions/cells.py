"""What the page can ask about cells and their runs."""

from typing import Annotated

from pydantic import Field

from app.session import Playground, Risky
from app.ui import view
from app.ui.actions.arguments import Id, Json, Source


class CellActions:
    """Actions on cells.

    Args:
        playground: what carries them out.
    """

    def __init__(self, playground: Playground) -> None:
        self._playground = playground

    def add_cell(self, owner: str, session: Id, after: Id | None, source: Source) -> Json:
        """Add a cell below another one, or on top."""
        return {"cell": self._playground.cells.add(owner, session, after, source).id}

    def delete_cell(self, owner: str, session: Id, cell: Id) -> Json:
        """Take a cell from the notebook; `restore_cell` brings it back."""
        self._playground.cells.delete(owner, session, cell)
        return {}

    def restore_cell(self, owner: str, session: Id, cell: Id) -> Json:
        """Undo `delete_cell`."""
        self._playground.cells.undelete(owner, session, cell)
        return {}

    def move_cell(self, owner: str, session: Id, cell: Id, index: Annotated[int, Field(ge=0)]) -> Json:
        """Put a cell at a place, counted from 0."""
        self._playground.cells.move(owner, session, cell, index)
        return {}

    def edit(self, owner: str, session: Id, cell: Id, source: Source, revision: int) -> Json:
        """Store what was typed into a cell."""
        return {"revision": self._playground.cells.edit(owner, session, cell, source, revision)}

    def versions(self, owner: str, session: Id, cell: Id) -> Json:
        """All versions of a cell, oldest first."""
        snapshot, versions = self._playground.cells.versions(owner, session, cell)
        return {"versions": [view.version(snapshot, it) for it in versions]}

    def restore(self, owner: str, session: Id, cell: Id, version: Id, revision: int) -> Json:
        """Make a new version of a cell from an old one."""
        return {"revision": self._playground.cells.restore(owner, session, cell, version, revision)}

    # Runs

    def run(  # noqa: PLR0917 - all are given by name
        self,
        owner: str,
        session: Id,
        cell: Id,
        source: Source,
        revision: int,
        anyway: bool = False,  # noqa: FBT001, FBT002 (given by name)
    ) -> Json:
        """Store what stands in a cell and run exactly that; `risky` tells why it first has to be asked `anyway`."""
        try:
            return {"run": self._playground.runs.run(owner, session, cell, source, revision, anyway=anyway)}
        except Risky as risky:
            return {"risky": str(risky)}

    def run_all(self, owner: str, session: Id) -> Json:
        """Run every cell from the top."""
        self._playground.runs.run_all(owner, session)
        return {}

    def run_stale(self, owner: str, session: Id) -> Json:
        """Run the cells whose output can no longer be trusted, from the top."""
        self._playground.runs.run_stale(owner, session)
        return {}

    def interrupt(self, owner: str, session: Id) -> Json:
        """Stop what runs and what waits to run."""
        self._playground.runs.interrupt(owner, session)
        return {}

    def restart(self, owner: str, session: Id) -> Json:
        """Begin with a fresh kernel."""
        self._playground.runs.restart(owner, session)
        return {}

    def answer(self, owner: str, session: Id, run: Id, text: Annotated[str, Field(max_length=100_000)]) -> Json:
        """Give a run the line that its `input()` waits for."""
        self._playground.runs.answer(owner, session, run, text)
        return {}
