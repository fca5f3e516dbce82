"""What the page can ask the server to do: one method an action, named as in `editor/src/types.ts`.

Nothing that a browser sends is believed: arguments are validated against the method's annotations, and every action
carries the owner's key, by which `app.session` decides whether the thing exists for this browser at all.
"""

import hashlib
import inspect
from collections.abc import Callable, Sequence
from typing import Annotated, Any

from pydantic import Field, ValidationError, validate_call

from app.runner import RunnerError
from app.session import Busy, Conflict, Missing, Playground, Refused, Risky, SessionError
from app.session.words import storable
from app.ui import view
from app.ui.judged_actions import JudgedActions
from model.errors import ModelError
from storage.errors import NotFound, StorageError

Json = dict[str, Any]
Id = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
Target = Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
FileName = Annotated[str, Field(min_length=1, max_length=500)]
Source = Annotated[str, Field(max_length=1_000_000)]

Keys = Annotated[Sequence[Annotated[str, Field(max_length=200)]], Field(max_length=200)]

FAULTS = (SessionError, StorageError, RunnerError, ModelError)  # what is told to the person at the browser
MINIMUM_KEY = 32  # characters; the page makes 64 hexadecimal ones from 256 random bits


def owner_of(key: str) -> str:
    """The owner that a browser's key stands for: its SHA-256, so that the database never holds the key itself."""
    if len(key) < MINIMUM_KEY:
        raise Refused("This browser sent no key of its own; reload the page and allow it to keep site data.")
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


class Actions(JudgedActions):
    """Carries out what one page asks for; every answer is a dict for JSON."""

    def __init__(self, playground: Playground) -> None:
        self._playground = playground
        methods = inspect.getmembers(self, inspect.ismethod)
        self._methods: dict[str, Callable[..., Json]] = {
            name: validate_call(method) for name, method in methods if not name.startswith("_")
        }

    def __call__(self, payload: object) -> Json:
        """Answer `{"kind": ..., "owner": key, "session": id, ...arguments}` with a result or `{"fault": ...}`."""
        try:
            return self._answer(payload)
        except Conflict as conflict:
            return {"conflict": {"source": conflict.source, "revision": conflict.revision}}
        except FAULTS as error:
            return fault(error)
        except ValidationError as error:
            return {"fault": {"message": _words(error), "kind": "refused"}}

    def _answer(self, payload: object) -> Json:
        if not isinstance(payload, dict):
            raise Refused("An action is an object with a kind; reload the page.")
        args = {str(name): storable(value) if isinstance(value, str) else value for name, value in payload.items()}
        args.pop("self", None)  # the methods' own
        kind, key = args.pop("kind", ""), args.pop("owner", "")
        if not isinstance(kind, str) or kind not in self._methods:
            name = kind[:40] if isinstance(kind, str) else type(kind).__name__
            raise Refused(f"There is no action {name!r}; reload the page to get the version this server speaks.")
        return self._methods[kind](owner_of(key if isinstance(key, str) else ""), **args)

    # Sessions

    def new_session(self, owner: str, **_: object) -> Json:
        """Make a session for this browser."""
        return {"session": self._playground.sessions.create(owner).id}

    def fork(self, owner: str, token: Target, **_: object) -> Json:
        """Copy what a link shows into a session of this browser."""
        return {"session": self._playground.shares.fork(owner, token).id}

    def sessions(self, owner: str, query: Annotated[str, Field(max_length=1000)] = "", **_: object) -> Json:
        """This browser's sessions whose title, requests or code hold the query."""
        return {"sessions": [view.row(it) for it in self._playground.sessions.rows(owner, query)]}

    def rename(self, owner: str, session: Id, title: str) -> Json:
        """Give a session another title."""
        self._playground.sessions.rename(owner, session, title)
        return {}

    def delete_session(self, owner: str, session: Id) -> Json:
        """Take a session from the list; `restore_session` brings it back."""
        self._playground.sessions.delete(owner, session)
        return {}

    def restore_session(self, owner: str, session: Id) -> Json:
        """Undo `delete_session`."""
        self._playground.sessions.restore(owner, session)
        return {}

    def draft(self, owner: str, session: Id, text: Source) -> Json:
        """Keep what stands in the composer."""
        self._playground.sessions.keep_draft(owner, session, text)
        return {}

    def aim(self, owner: str, session: Id, target: Target) -> Json:
        """Keep where the next answer is to go."""
        self._playground.sessions.keep_target(owner, session, target)
        return {}

    def settings(self, owner: str, session: Id, sampling: dict[str, float | int | None]) -> Json:
        """Keep the sampling settings of a session."""
        self._playground.sessions.keep_sampling(owner, session, sampling)
        return {}

    def export(self, owner: str, session: Id) -> Json:
        """The session as a Jupyter notebook."""
        name, notebook = self._playground.sessions.export(owner, session)
        return {"name": name, "notebook": notebook}

    # The model

    def models(self, _owner: str, **_: object) -> Json:
        """The models that can be chosen."""
        return {"models": [view.model(it) for it in self._playground.models.choices()]}

    def use_model(self, owner: str, session: Id, model: Annotated[str, Field(max_length=300)]) -> Json:
        """Load another model, for everybody on this server."""
        self._playground.models.use(owner, session, model)
        return {}

    def retry_model(self, owner: str, session: Id) -> Json:
        """Try once more to load the model."""
        self._playground.models.retry(owner, session)
        return {}

    # Turns

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
        self._playground.turns.show_branch(owner, session, turn)
        return {}

    def move_answer(self, owner: str, session: Id, turn: Id, target: Target) -> Json:
        """Put a turn's answer into another cell."""
        self._playground.turns.move_answer(owner, session, turn, target)
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
            return self._playground.turns.saw(owner, session, turn)
        return self._playground.turns.sees(owner, session, request or "", target, without=without)

    # Cells

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

    def run(  # noqa: PLR0917
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

    # Files; their bytes go by `app.ui.files`

    def files(self, owner: str, session: Id) -> Json:
        """The files of a session, newest first, and how much room they take."""
        return view.files(self._playground.files.list(owner, session))

    def remove_file(self, owner: str, session: Id, name: FileName) -> Json:
        """Remove a file for good."""
        self._playground.files.remove(owner, session, name)
        return {}

    def keep_files(self, owner: str, session: Id, kept: bool) -> Json:  # noqa: FBT001 (given by name)
        """Let the files of a session outlive its kernel, or no longer."""
        self._playground.files.keep(owner, session, kept=kept)
        return {}

    # Shares

    def share(self, owner: str, session: Id) -> Json:
        """Make a link to a copy of the session as it is, or bring the copy behind its link up to date."""
        snapshot, share = self._playground.shares.share(owner, session)
        return {"share": view.share(share, snapshot)}

    def revoke(self, owner: str, session: Id, token: Target) -> Json:
        """Withdraw a link at once."""
        self._playground.shares.revoke(owner, session, token)
        return {}


_KINDS: tuple[tuple[type[Exception], str], ...] = (
    (Missing, "missing"),
    (NotFound, "missing"),
    (Busy, "busy"),
    (StorageError, "storage"),
)


def fault(error: Exception) -> Json:
    """One of `FAULTS` as the page takes it."""
    return {"fault": {"message": str(error), "kind": _kind(error)}}


def _kind(error: Exception) -> str:
    return next((kind for type_, kind in _KINDS if isinstance(error, type_)), "refused")


def _words(error: ValidationError) -> str:
    first = error.errors()[0]
    name = storable(str(first["loc"][-1]))[:40] if first["loc"] else "the action"
    return f"{name}: {first['msg']}. Reload the page if you did not send this by hand."
