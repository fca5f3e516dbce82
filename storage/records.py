"""What storage takes and gives: frozen records, their words, ids and times.

Times are aware and in UTC. Ids are 128 random bits in hexadecimal; the token of a share is 256 bits in URL-safe
Base64. A record is a copy: changing what its dictionaries hold changes nothing that is stored.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

TurnStatus = Literal["queued", "writing", "done", "stopped", "failed", "cut"]
Origin = Literal["model", "hand", "restored", "forked"]
VersionStatus = Literal["writing", "open", "whole", "stopped", "cut"]
RunStatus = Literal["queued", "running", "ok", "error", "interrupted", "limit", "died", "cut"]

Standing = Literal["unconfirmed", "pinned", "unpinned", "rejected"]
TestOrigin = Literal["hand", "request", "docstring", "answer", "model", "candidates", "question"]
CandidateStatus = Literal["writing", "whole", "stopped", "failed"]

NEW_CELL = "new"
"""A session's target where the next answer goes to a new cell."""

Json = dict[str, Any]


def new_id() -> str:
    """A new id: 128 random bits, usable in URLs, file names and HTML ids."""
    return secrets.token_hex(16)


def new_token() -> str:
    """A new share token: 256 random bits, usable in URLs."""
    return secrets.token_urlsafe(32)


def utcnow() -> datetime:
    """The time now, aware, in UTC."""
    return datetime.now(UTC)


def sha256_of(source: str) -> str:
    """The SHA-256 of `source` in UTF-8, in hexadecimal: how a run names the code that ran."""
    return hashlib.sha256(source.encode()).hexdigest()


@dataclass(frozen=True)
class Session:
    """One saved dialogue with its notebook.

    Attributes:
        owner: SHA-256 of the key that the owner's browser holds.
        head_turn_id: leaf of the branch shown; None before the first turn.
        target_cell_id: where the next answer goes: a cell, `NEW_CELL`, or None to let the request decide.
        draft: what stands in the composer.
        revision: counts the changes of everything above and of title, sampling and model.
        deleted_at: None unless its owner deleted it.
    """

    id: str
    owner: str
    title: str
    head_turn_id: str | None
    target_cell_id: str | None
    draft: str
    sampling: Json
    model_id: str
    revision: int
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None


@dataclass(frozen=True)
class SessionSummary:
    """One line of the list of sessions.

    Attributes:
        cells: how many live cells it has.
        failing: how many of them ended their newest run in an error, at a limit, or with a dead kernel.
        shared: whether a link shows it.
    """

    id: str
    title: str
    cells: int
    failing: int
    shared: bool
    revision: int
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None


@dataclass(frozen=True)
class Turn:
    """One request and the answer to it; turns form a tree through `parent_id`.

    Attributes:
        message: why it failed, or what it waits for.
        target_cell_id: the cell it was asked to change; None for a new one.
        cell_id: the cell that the answer went to.
        version_id: the version that the answer became.
        prompt_report: what the model saw, in parts; left out (empty) where many turns are read at once.
        carried: titles of the evidence among it.
        tokens_in: length of the prompt, None until it is known; `tokens_out` of the answer alike.
        seconds: how long the answer took, from the moment it was asked of the engine.
        first_token_seconds: how long until its first token; None where none came, or it was not kept.
        estimated: the tokens were not counted by the model's own tokenizer.
        price_per_hour: of the machine at that time; None if it was not known.
    """

    id: str
    session_id: str
    parent_id: str | None
    request: str
    prose: str
    status: TurnStatus
    message: str
    target_cell_id: str | None
    cell_id: str | None
    version_id: str | None
    model: str
    quantisation: str
    sampling: Json
    prompt_report: Json
    tokens_in: int | None
    tokens_out: int | None
    seconds: float | None
    first_token_seconds: float | None
    estimated: bool
    price_per_hour: float | None
    created_at: datetime
    carried: Sequence[str] = ()


@dataclass(frozen=True)
class TurnLink:
    """A turn's place in the tree, for paging through branches."""

    id: str
    parent_id: str | None
    created_at: datetime


@dataclass(frozen=True)
class Cell:
    """One place in the notebook.

    Attributes:
        position: sorts the cells of a session; has gaps, says nothing else.
        version_id: the version shown; None before the first.
        revision: counts the changes of what the cell shows: another version, or the source of an open one.
    """

    id: str
    session_id: str
    position: int
    title: str
    version_id: str | None
    revision: int
    created_at: datetime
    deleted_at: datetime | None


@dataclass(frozen=True)
class VersionHead:
    """A version without its source.

    Attributes:
        lines: how many lines the source has; 0 if it is empty.
    """

    id: str
    cell_id: str
    number: int
    sha256: str
    parent_id: str | None
    origin: Origin
    status: VersionStatus
    turn_id: str | None
    lines: int
    created_at: datetime


@dataclass(frozen=True)
class Version:
    """The exact source of a cell at one moment, with its provenance.

    Attributes:
        number: from 1, in the order of creation within the cell.
        sha256: of `source`, see `sha256_of`.
        parent_id: the version that it was made from.
        status: only `open` (typed by hand) and `writing` (by the model) versions may change.
        weights: SHA-256 of the weights that wrote it, or "" where they are not known.
        audit: what a scan said of exactly this source, or None before there was one.
    """

    id: str
    cell_id: str
    number: int
    source: str
    sha256: str
    parent_id: str | None
    origin: Origin
    status: VersionStatus
    turn_id: str | None
    model: str
    quantisation: str
    weights: str
    sampling: Json
    audit: Json | None
    created_at: datetime


@dataclass(frozen=True)
class Run:
    """What happened when one version was executed.

    Attributes:
        sha256: of the code that ran.
        kernel_id: the kernel it ran in; "" before it got one.
        upstream: the SHA-256 of what each cell that it leans on had run, by cell id.
        limit: name of the limit that it hit, or "".
        outputs: nbformat output dictionaries.
        failure: name, message, frames and hidden of the exception, or None.
        started_at: None while it is queued.
    """

    id: str
    session_id: str
    cell_id: str
    version_id: str
    sha256: str
    kernel_id: str
    upstream: dict[str, str]
    status: RunStatus
    limit: str
    message: str
    execution_count: int | None
    outputs: list[Json]
    failure: Json | None
    started_at: datetime | None
    milliseconds: float | None


@dataclass(frozen=True)
class CellTest:
    """An expectation about a cell.

    Attributes:
        number: from 1, in the order of creation within the cell.
        call: Python whose last expression is evaluated, or statements with asserts.
        expected: a literal, `raises Name`, or "" where `call` holds asserts.
        standing: only a `pinned` test binds; a `rejected` one is kept so that it is not proposed again.
        origin: who wrote it down: a person, the request, a docstring, the answer itself, the model when asked for
            tests, or a person who was asked to choose.
        turn_id: the turn in which it came up, if one did.
    """

    id: str
    cell_id: str
    number: int
    call: str
    expected: str
    standing: Standing
    origin: TestOrigin
    turn_id: str | None
    created_at: datetime


@dataclass(frozen=True)
class KeptVerdict:
    """What came of a test on one version.

    Attributes:
        sha256: of the program that ran: what the test needs of the version and of the cells it leans on.
        actual: the value as Python source, `raises Name`, or "" where the process ended before it.
        detail: the text of an exception, the limit that was hit, the assert that failed.
    """

    test_id: str
    version_id: str
    sha256: str
    passed: bool
    actual: str
    detail: str
    created_at: datetime


@dataclass(frozen=True)
class Candidate:
    """One of several answers to the same turn.

    Attributes:
        place: from 0, in the order in which they were sampled.
        rank: from 0, the best first; None until all were judged.
        verdicts: for each test by its id: passed, actual, detail.
        version_id: the version that it became, if it was chosen.
    """

    id: str
    turn_id: str
    place: int
    source: str
    prose: str
    status: CandidateStatus
    rank: int | None
    verdicts: Json
    sampling: Json
    tokens_out: int | None
    seconds: float | None
    version_id: str | None


@dataclass(frozen=True)
class SlotRow:
    """One row of a session's table of inputs: what its slots are filled with, and what should come of it.

    Attributes:
        inputs: a value for each slot, by the slot's name.
        expected: a Python literal, or "".
        result: of the newest replay: passed, actual, detail, and how it was made; None before the first.
    """

    id: str
    session_id: str
    inputs: Json
    expected: str
    result: Json | None


@dataclass(frozen=True)
class Share:
    """A link to a read-only copy of a session.

    Attributes:
        document: the copy that the link shows; empty once the link was revoked.
    """

    token: str
    session_id: str
    document: Json
    created_at: datetime
    updated_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True)
class Interrupted:
    """What was under way when the server last ended, as it stands now: marked `cut`."""

    turns: tuple[Turn, ...]
    versions: tuple[Version, ...]
    runs: tuple[Run, ...]
