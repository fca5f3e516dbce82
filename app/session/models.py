"""Which models can be chosen, and choosing one; the model is the whole server's, not one session's."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import psutil

from app.session.desk import Desk
from app.session.errors import Refused
from model.catalogue import MODELS, ModelEntry
from model.errors import DoesNotFit
from model.placement import Machine, ModelSize, place

PARTS = 10  # before a model is here, its largest layer is taken for such a part of it


@dataclass(frozen=True)
class Choice:
    """One model of the catalogue, as far as this machine goes.

    Attributes:
        on_disk: it need not be fetched.
        fits: it can be placed on what is free now, the present model's memory included.
        note: why it does not work here and what would help, or why it will be slow.
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
        machine: tells what is free.
    """

    def __init__(
        self, desk: Desk, on_disk: Callable[[ModelEntry], bool], *, fixed: bool, machine: Callable[[], Machine]
    ) -> None:
        self._desk = desk
        self._on_disk = on_disk
        self._fixed = fixed
        self._machine = machine

    def choices(self) -> list[Choice]:
        """The catalogue, seen from this machine."""
        machine = self._free()
        return [self._choice(entry, machine) for entry in MODELS]

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
        entry = next((entry for entry in MODELS if entry.id == model_id), None)
        if entry is None:
            raise Refused(f"There is no model {model_id!r} in the list. Choose one of those shown.")
        choice = self._choice(entry, self._free())
        if not choice.fits:
            raise Refused(choice.note)

    def _free(self) -> Machine:
        """What a model could have: the present one is let go before the next is loaded."""
        machine = self._machine()
        return replace(machine, cpu_bytes=machine.cpu_bytes + psutil.Process().memory_info().rss)

    def _choice(self, entry: ModelEntry, machine: Machine) -> Choice:
        if entry.caveat:
            return Choice(entry, self._on_disk(entry), fits=False, note=entry.caveat)
        size = ModelSize(entry.name, entry.parameters, entry.parameters // PARTS)
        try:
            placement = place(size, machine)
        except DoesNotFit as error:
            return Choice(entry, self._on_disk(entry), fits=False, note=str(error))
        return Choice(entry, self._on_disk(entry), fits=True, note=placement.reason if placement.offload else "")
