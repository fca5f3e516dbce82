"""What the page can ask about a session as a whole: its settings, model, files and links."""

from typing import Annotated

from pydantic import Field

from app.session import Playground
from app.ui import engines, view
from app.ui.actions.arguments import FileName, Id, Json, Source, Target


class SessionActions:
    """Actions on a session.

    Args:
        playground: what carries them out.
    """

    def __init__(self, playground: Playground) -> None:
        self._playground = playground

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
        return {"models": [engines.model(it) for it in self._playground.models.choices()]}

    def use_model(self, owner: str, session: Id, model: Annotated[str, Field(max_length=300)]) -> Json:
        """Load another model, for everybody on this server."""
        self._playground.models.use(owner, session, model)
        return {}

    def retry_model(self, owner: str, session: Id) -> Json:
        """Try once more to load the model."""
        self._playground.models.retry(owner, session)
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
