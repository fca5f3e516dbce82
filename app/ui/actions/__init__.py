"""What the page can ask the server to do: one method an action, named as in `editor/src/types.ts`.

Nothing that a browser sends is believed: arguments are validated against the method's annotations, and every action
carries the owner's key, by which `app.session` decides whether the thing exists for this browser at all.
"""

from app.ui.actions.dispatch import GROUPS, Actions, owner_of
from app.ui.actions.faults import FAULTS, fault

__all__ = ["FAULTS", "GROUPS", "Actions", "fault", "owner_of"]
