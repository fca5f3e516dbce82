"""Which models can be chosen, and choosing one; the model is the whole server's, not one session's."""

from collections.abc import Callable
from dataclasses import dataclass

import psutil

from app.session.desk import Desk
from app.session.errors import Refused
from model.catalogue import MODELS, ModelEntry


@dataclass(frozen=True)
class Choice:
    """One model of the catalogue, as far as this machine goes.

    Attributes:
        on_disk: it need not be fetched.
        fits: its weights fit into the memory that is free now, the present model's included.
        note: why it may not work here, or what it needs.
    """

    entry: ModelEntry
    on_disk: bool
    fits: bool
    note: str


class Models:
    """The service for models.

    Args:
        desk: the leaves.
        on_disk: tells whether a model's weights are here already.
        fixed: False where people may choose; True where whoever runs the server decided.
    """

    def __init__(self, desk: Desk, on_disk: Callable[[ModelEntry], bool], *, fixed: bool) -> None:
        self._desk = desk
        self._on_disk = on_disk
        self._fixed = fixed

    def choices(self) -> list[Choice]:
        """The catalogue, seen from this machine."""
        free = psutil.virtual_memory().available + psutil.Process().memory_info().rss
        return [self._choice(entry, free) for entry in MODELS]

    def use(self, owner: str, session_id: str, model_id: str) -> None:
        """Load another model of the catalogue; answers being written end first.

        Folders and other repositories are for whoever runs the server (`PLAYGROUND_MODEL`), not for its visitors.
        """
        with self._desk.database.begin() as tx:
            session = tx.session_of(owner, session_id)
            self._check(model_id)
            tx.update_session(session.id, model_id=model_id)
        self._desk.engines.use(model_id)
        self._desk.records_changed(session_id)

    def retry(self, owner: str, session_id: str) -> None:
        """Try once more to load a model that failed."""
        with self._desk.database.read() as tx:
            tx.session_of(owner, session_id)
        self._desk.engines.retry()

    def _check(self, model_id: str) -> None:
        if self._fixed:
            raise Refused("The model of this server is fixed by whoever runs it.")
        if model_id not in {entry.id for entry in MODELS}:
            raise Refused(f"There is no model {model_id!r} in the list. Choose one of those shown.")

    def _choice(self, entry: ModelEntry, free: int) -> Choice:
        need = entry.memory_bytes()
        fits = need <= free
        note = entry.caveat or (
            "" if fits else f"needs about {need / 1e9:.1f} GB of memory, {free / 1e9:.1f} GB are free"
        )
        return Choice(entry, self._on_disk(entry), fits and not entry.caveat, note)
