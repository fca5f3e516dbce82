"""Everything that can go wrong with a model, as a tree.

    ModelError
    ├── UnknownModel            no entry of that id
    ├── WeightsError
    │   ├── WeightsUnreachable  no source could give the file
    │   ├── DigestMismatch      the bytes are not the published ones
    │   ├── TruncatedFile       fewer bytes than the published size
    │   ├── DiskFull            no room for the file
    │   └── ConversionFailed    the file could not be turned into what the engine loads
    ├── LoadingError
    │   ├── DoesNotFit          no placement over GPU, CPU and disk holds the model
    │   └── OutOfMemory         the placement was made, but memory ran out while loading
    ├── EngineNotReady          no model is loaded yet
    ├── EngineCrowded           more answers are asked for than may wait
    ├── RequestTooLong          the request alone exceeds the window
    ├── InvalidSampling         a sampling setting outside its range
    ├── RemoteError
    │   ├── Unreachable         nobody answers at the remote engine's address
    │   ├── Rejected            the remote engine answered with an error status
    │   ├── Stalled             the remote engine fell silent
    │   ├── BrokenOff           the connection ended before the answer did
    │   └── Nonsense            what came is not what an OpenAI-compatible server sends
    └── Cancelled               the caller gave the work up

A model that fails while it writes is not an exception: the stream ends with an `Outcome` that carries the message.
"""


class ModelError(Exception):
    """Base of all errors of this package; the text names the thing, the value and the way out."""


class UnknownModel(ModelError):
    """No model of that id in the catalogue, and no such folder or repository name either."""


class WeightsError(ModelError):
    """The weights of a model could not be brought into a usable state."""


class WeightsUnreachable(WeightsError):
    """Every source of a file was tried and none could give it; the text lists each with its reason."""


class DigestMismatch(WeightsError):
    """A file's SHA-256 is not the published one."""


class TruncatedFile(WeightsError):
    """A file is shorter or longer than the published size."""


class DiskFull(WeightsError):
    """The disk has no room for a file; the text says how much is needed and free."""


class ConversionFailed(WeightsError):
    """A verified file could not be converted into the form that the engine loads."""


class LoadingError(ModelError):
    """A model could not be brought into memory."""


class DoesNotFit(LoadingError):
    """No placement holds the model; the text says what would."""


class OutOfMemory(LoadingError):
    """Memory ran out while the model was loaded."""


class EngineNotReady(ModelError):
    """A request came while no model was loaded; the text says how far the model is."""


class EngineCrowded(ModelError):
    """An engine takes no more answers in; the text says how many wait, or that it was unloaded."""


class RequestTooLong(ModelError):
    """The request alone does not fit the model's window.

    Args:
        tokens: tokens the request and the indispensable frame need.
        limit: tokens there is room for.
    """

    def __init__(self, tokens: int, limit: int) -> None:
        super().__init__(
            f"The request needs {tokens:,} tokens, but this model's window has room for {limit:,}. "
            "Shorten it, lower the maximum length, or choose a model with a longer window."
        )
        self.tokens = tokens
        self.limit = limit


class InvalidSampling(ModelError):
    """A sampling setting lies outside its range."""


class RemoteError(ModelError):
    """A remote engine did not do what it was asked; the text is what it did, as the end of a sentence."""


class Unreachable(RemoteError):
    """No connection to the server came about."""


class Rejected(RemoteError):
    """The server answered with an error status.

    Args:
        status: of HTTP.
        reason: what the server said.
        retry_after: seconds after which it wants to be asked again, if it said so.
    """

    def __init__(self, status: int, reason: str, retry_after: float | None = None) -> None:
        super().__init__(f"answered {status}: {reason}")
        self.status = status
        self.retry_after = retry_after


class Stalled(RemoteError):
    """The server sent nothing for too long."""


class BrokenOff(RemoteError):
    """The connection ended before the answer did."""


class Nonsense(RemoteError):
    """What came is not what an OpenAI-compatible server sends."""


class Cancelled(ModelError):
    """The caller cancelled the work, for example by choosing another model."""
