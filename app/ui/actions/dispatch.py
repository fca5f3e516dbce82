"""Takes what a browser sends to the action that it names, and answers with what came of it."""

import hashlib
import inspect
from collections.abc import Callable

from pydantic import ValidationError, validate_call

from app.session import Conflict, Playground, Refused
from app.session.words import storable
from app.ui.actions.arguments import Json
from app.ui.actions.cells import CellActions
from app.ui.actions.evidence import EvidenceActions
from app.ui.actions.faults import FAULTS, fault
from app.ui.actions.sessions import SessionActions
from app.ui.actions.turns import TurnActions

GROUPS = (SessionActions, TurnActions, CellActions, EvidenceActions)  # every public method of theirs is an action
MINIMUM_KEY = 32  # characters; the page makes 64 hexadecimal ones from 256 random bits


def owner_of(key: str) -> str:
    """The owner that a browser's key stands for: its SHA-256, so that the database never holds the key itself."""
    if len(key) < MINIMUM_KEY:
        raise Refused("This browser sent no key of its own; reload the page and allow it to keep site data.")
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


class Actions:
    """Carries out what one page asks for; every answer is a dict for JSON.

    Args:
        playground: what carries it out.
    """

    def __init__(self, playground: Playground) -> None:
        methods = [it for group in GROUPS for it in inspect.getmembers(group(playground), inspect.ismethod)]
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


def _words(error: ValidationError) -> str:
    first = error.errors()[0]
    name = storable(str(first["loc"][-1]))[:40] if first["loc"] else "the action"
    return f"{name}: {first['msg']}. Reload the page if you did not send this by hand."
