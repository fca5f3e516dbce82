"""What went wrong with an action, as the page takes it."""

from app.runner import RunnerError
from app.session import Busy, Missing, SessionError
from app.ui.actions.arguments import Json
from model.errors import ModelError
from storage.errors import NotFound, StorageError

FAULTS = (SessionError, StorageError, RunnerError, ModelError)  # what is told to the person at the browser

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
