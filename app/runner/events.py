"""What `Kernels.execute` tells while a cell runs, and how the run ended."""

from dataclasses import dataclass
from typing import Any, Literal

RunStatus = Literal["ok", "error", "interrupted", "limit", "died"]
KernelState = Literal["none", "queued", "starting", "idle", "running", "asking", "refused"]


@dataclass(frozen=True)
class Queued:
    """The run waits; `place` is 1 for the next one to go."""

    place: int


@dataclass(frozen=True)
class Started:
    """The kernel has begun with the cell.

    Attributes:
        execution_count: the number shown beside the cell; 0 where history is not stored.
        kernel_id: another id than last time means that the session's variables are gone.
    """

    execution_count: int
    kernel_id: str


@dataclass(frozen=True)
class Output:
    """One output in the form of nbformat 4 (`stream`, `display_data`, `execute_result`, `error`).

    Stream outputs are pieces: consecutive pieces of one stream name are to be joined.

    Attributes:
        output: the nbformat output.
        display_id: name of the display, if the cell gave it one.
        update: replace data and metadata of every earlier output of `display_id` instead of adding one.
    """

    output: dict[str, Any]
    display_id: str | None = None
    update: bool = False


@dataclass(frozen=True)
class Cleared:
    """The cell cleared its outputs: at once, or when the next one comes if `wait`."""

    wait: bool


@dataclass(frozen=True)
class InputRequested:
    """The cell called `input()` or `getpass()`; `Kernels.answer_input` lets it go on."""

    prompt: str
    password: bool


@dataclass(frozen=True)
class RunResult:
    """How a run ended.

    Attributes:
        status: ok, error (the cell raised), interrupted, limit, or died (the process ended by itself).
        limit: name of the limit that was hit, for status limit.
        message: one sentence for the reader; empty for ok.
        execution_count: as in `Started`; None if the cell never began.
        milliseconds: wall time from the start of the cell to its end.
        failure: `{name, message, frames: [{execution_count, line, function, text}], hidden}` for status error.
        kernel_lost: the kernel had to be replaced, the session's variables are gone.
    """

    status: RunStatus
    limit: str | None
    message: str
    execution_count: int | None
    milliseconds: int
    failure: dict[str, Any] | None
    kernel_lost: bool = False


@dataclass(frozen=True)
class Finished:
    """The last event of every run."""

    result: RunResult


Event = Queued | Started | Output | Cleared | InputRequested | Finished


@dataclass(frozen=True)
class KernelStatus:
    """The state of one session's kernel.

    Attributes:
        state: none (no kernel: the next run starts one), queued, starting, idle, running, asking or refused.
        kernel_id: None where there is no kernel.
        memory_bytes: resident memory of the kernel process.
        place: place in the queue for a kernel, 0 if not queued.
        tier: what the self-test found: strong, standard or refused; checking until it is known.
        message: one sentence for the page; empty if there is nothing to say.
    """

    state: KernelState
    kernel_id: str | None
    memory_bytes: int
    place: int
    tier: str
    message: str
