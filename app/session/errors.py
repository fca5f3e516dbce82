"""What can go wrong with a session, apart from what its leaves raise themselves.

SessionError
├── Refused    the request makes no sense or breaks a rule
├── Missing    there is no such thing, or it belongs to somebody else
├── Busy       it would be fine a little later
├── Risky      the audit advises against it; whoever asked may insist
└── Conflict   somebody else changed it first; carries what is stored now
"""


class SessionError(Exception):
    """Base of this package's errors; its text is meant for the person at the browser."""


class Refused(SessionError):
    """The request makes no sense as it stands."""


class Missing(SessionError):
    """The thing is not there for this owner; whether it exists for another is not told."""


class Busy(SessionError):
    """The thing is in use, or not ready yet."""


class Risky(SessionError):
    """The audit found something of high severity in code that has never run."""


class Conflict(SessionError):
    """A write named an older state than the stored one.

    Attributes:
        source: what is stored now.
        revision: the revision to name in the next write.
    """

    def __init__(self, message: str, *, source: str, revision: int) -> None:
        super().__init__(message)
        self.source = source
        self.revision = revision
