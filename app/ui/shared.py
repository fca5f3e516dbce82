"""The document behind a share link, checked when it is read, and what the page says about its parts."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_validator

from app.ui import audits

_SECOND = 1000
_MINUTE = 60 * _SECOND
_SHORT = 7  # characters of a digest, enough to compare by eye

ENDINGS = {
    "ok": "ran",
    "error": "failed",
    "interrupted": "interrupted",
    "limit": "stopped at a limit",
    "died": "the kernel died",
    "cut": "cut off when the server ended",
}


class DamagedCopy(ValueError):
    """The stored document is not one that this version can read."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Frame(_Record):
    """One step of a traceback."""

    execution_count: int | None = None
    line: int
    function: str = ""
    text: str = ""


class Failure(_Record):
    """What a run raised; `hidden` counts the frames in libraries."""

    name: str
    message: str
    frames: list[Frame] = Field(default_factory=list)
    hidden: int = 0


class Finding(_Record):
    """One thing that the audit says; low ones are notes."""

    line: int
    severity: str
    rule: str = ""
    reason: str


class Audit(_Record):
    """What the scan of the code shown said before it ran."""

    state: str
    message: str = ""
    findings: list[Finding] = Field(default_factory=list)

    @property
    def words(self) -> str:
        """The audit in a chip."""
        return audits.words(self.state, [finding.severity for finding in self.findings])

    @property
    def warns(self) -> bool:
        """Whether it says more than notes."""
        return self.state != "read" or any(finding.severity != "low" for finding in self.findings)


class Tested(_Record):
    """One test of a cell, and what came of it on the code shown; `passed` is None where it was not run on that."""

    number: int
    call: str
    expected: str = ""
    standing: str
    origin: str = ""
    passed: bool | None = None
    actual: str = ""

    @property
    def wanted(self) -> str:
        """What is expected, in words: "should be [1, 2]", "should raise ValueError", "should hold"."""
        if not self.expected:
            return "should hold"
        raised = self.expected.removeprefix("raises ")
        return f"should be {self.expected}" if raised == self.expected else f"should raise {raised}"

    @property
    def came(self) -> str:
        """What came of it, in words."""
        if self.passed is None:
            return "not run on this code"
        if self.passed:
            return "passes"
        if not self.actual:
            return "fails"
        return f"fails, {self.actual}" if self.actual.startswith("raises ") else f"fails, gives {self.actual}"


class Run(_Record):
    """The newest run of a cell when the copy was made; `sha256` is that of the code that ran."""

    status: str
    limit: str | None = None
    message: str | None = None
    sha256: str
    exact: bool
    execution_count: int | None = None
    milliseconds: int | None = None
    outputs: list[object] = Field(default_factory=list)
    failure: Failure | None = None

    @property
    def summary(self) -> str:
        """How it ended, and after how long: "ran 12 ms", "failed after 2.1 s"."""
        ending = ENDINGS.get(self.status, self.status)
        if self.milliseconds is None or self.status in {"died", "cut"}:
            return ending
        return f"{ending} {'' if self.status == 'ok' else 'after '}{duration(self.milliseconds)}"


class Turn(_Record):
    """One request; `cell` is the id of the cell that its answer went to."""

    number: int
    request: str
    prose: str = ""
    cell: str | None = None
    version: int | None = None


class Cell(_Record):
    """One cell as it stood when the copy was made."""

    id: str
    number: int
    title: str = ""
    source: str
    sha256: str
    version: int
    origin: str
    edited: bool = False
    stale: str | None = None
    audit: Audit | None = None
    tests: list[Tested] = Field(default_factory=list)
    run: Run | None = None

    @field_validator("run")
    @classmethod
    def _begun(cls, run: Run | None) -> Run | None:
        """A run that waited behind one that failed never ran: nothing can be said of the code."""
        return None if run and run.status == "interrupted" and run.execution_count is None else run

    @property
    def exact(self) -> bool:
        """Whether the outputs came from exactly the code shown: the digest is taken anew, not believed."""
        digest = hashlib.sha256(self.source.encode("utf-8", "surrogatepass")).hexdigest()
        return self.run is not None and self.run.exact and self.run.sha256 == digest

    @property
    def pinned(self) -> list[Tested]:
        """The tests that bind and were run on the code shown."""
        return [test for test in self.tests if test.standing == "pinned" and test.passed is not None]

    @property
    def ran(self) -> str:
        """The first characters of the digest of the code that ran."""
        return self.run.sha256[:_SHORT] if self.run else ""

    @property
    def warning(self) -> str:
        """Why outputs that are exact may still differ in a new run; what the truth line says is not said twice."""
        return self.stale or "" if self.exact else ""

    @property
    def provenance(self) -> str:
        """The version and where it came from: "v4, edited by hand"."""
        if self.edited or self.origin == "hand":
            return f"v{self.version}, {'edited' if self.version > 1 else 'written'} by hand"
        return f"v{self.version}" + (f", {self.origin}" if self.origin in {"restored", "forked"} else "")

    @property
    def failing_line(self) -> int | None:
        """The line where the cell itself failed last, if the code shown is the code that ran."""
        if not self.exact or self.run is None or self.run.failure is None:
            return None
        own = [f.line for f in self.run.failure.frames if f.execution_count == self.run.execution_count]
        return own[-1] if own else None


class SharedDocument(_Record):
    """A read-only copy of a session."""

    title: str
    made_at: AwareDatetime
    models: list[str] = Field(default_factory=list)
    turns: list[Turn] = Field(default_factory=list)
    cells: list[Cell] = Field(default_factory=list)

    def turns_of(self, cell: Cell) -> list[Turn]:
        """The requests whose answers went to the cell, oldest first."""
        return [turn for turn in self.turns if turn.cell == cell.id]

    @property
    def turns_elsewhere(self) -> list[Turn]:
        """Requests without a cell: it was deleted, or the answer held no code."""
        known = {cell.id for cell in self.cells}
        return [turn for turn in self.turns if turn.cell not in known]

    @property
    def authors(self) -> str:
        """Who wrote the code, in words."""
        by_hand = any(cell.edited or cell.origin == "hand" for cell in self.cells)
        if not self.models:
            return "Written by hand"
        names = self.models[0] if len(self.models) == 1 else f"{', '.join(self.models[:-1])} and {self.models[-1]}"
        return f"Written with {names}" + (", by turns and by hand" if by_hand else "")

    def place(self, frame: Frame, cell: Cell) -> str:
        """Where a frame of the cell's traceback stands: "cell 3, line 5"."""
        if cell.run is not None and frame.execution_count == cell.run.execution_count:
            return f"cell {cell.number}, line {frame.line}"
        counts = Counter(other.run.execution_count for other in self.cells if other.run)
        if frame.execution_count is not None and counts[frame.execution_count] == 1:
            number = next(it.number for it in self.cells if it.run and it.run.execution_count == frame.execution_count)
            return f"cell {number}, line {frame.line}"
        return f"an earlier run, line {frame.line}"


def read(document: Mapping[str, object]) -> SharedDocument:
    """Check a stored document.

    Raises:
        DamagedCopy: a part is missing or of another type; the message names the part, never its contents.
    """
    try:
        return SharedDocument.model_validate(dict(document))
    except ValidationError as error:
        places = {".".join(map(str, one["loc"])) for one in error.errors(include_input=False, include_url=False)}
        raise DamagedCopy(f"The stored copy cannot be read: {', '.join(sorted(places))}.") from None


def duration(milliseconds: int) -> str:
    """A duration in the largest fitting unit: "12 ms", "1.2 s", "2 min 5 s"."""
    if milliseconds < _SECOND:
        return f"{milliseconds} ms"
    if milliseconds < _MINUTE:
        return f"{milliseconds / _SECOND:.1f} s"
    minutes, rest = divmod(milliseconds, _MINUTE)
    return f"{minutes} min {rest // _SECOND} s"


def moment(at: datetime) -> str:
    """A time for readers anywhere: "23 November 2026, 10:42 UTC"."""
    return f"{at.astimezone(UTC):%-d %B %Y, %H:%M} UTC"
