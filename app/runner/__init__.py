"""The sandbox: sealed kernels and one-shot runs. It knows nothing of the rest of the application."""

from .errors import FileRefused, KernelStartFailed, LimitUnknown, NotAsking, Refused, RunnerClosed, RunnerError
from .events import (
    Cleared,
    Event,
    Finished,
    InputRequested,
    KernelStatus,
    Output,
    Queued,
    RunResult,
    Started,
)
from .files import FileEntry, Files
from .kernels import Kernels
from .limits import Limits

__all__ = [
    "Cleared",
    "Event",
    "FileEntry",
    "FileRefused",
    "Files",
    "Finished",
    "InputRequested",
    "KernelStartFailed",
    "KernelStatus",
    "Kernels",
    "LimitUnknown",
    "Limits",
    "NotAsking",
    "Output",
    "Queued",
    "Refused",
    "RunResult",
    "RunnerClosed",
    "RunnerError",
    "Started",
]
