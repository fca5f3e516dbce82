"""The life of a session: ask, refine, run, save, share.

`Playground` is the way in; `Snapshot` is what the page draws; errors stand in `app.session.errors`.
"""

from app.session.auditing import audit_of
from app.session.commands import is_talk
from app.session.costs import Cost, cost_of
from app.session.document import is_current
from app.session.errors import Busy, Conflict, Missing, Refused, Risky, SessionError
from app.session.feed import Changes, Feed, Watch
from app.session.files import Listing
from app.session.lineage import title_of
from app.session.models import Choice
from app.session.playground import Playground
from app.session.snapshot import Snapshot
from app.session.work import Running, Writing

__all__ = [
    "Busy",
    "Changes",
    "Choice",
    "Conflict",
    "Cost",
    "Feed",
    "Listing",
    "Missing",
    "Playground",
    "Refused",
    "Risky",
    "Running",
    "SessionError",
    "Snapshot",
    "Watch",
    "Writing",
    "audit_of",
    "cost_of",
    "is_current",
    "is_talk",
    "title_of",
]
