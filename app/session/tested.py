"""How the tests of each cell stand: on the version shown, and on those before it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from app.session import claims
from app.session.checks import plain
from app.session.lineage import Piece
from app.session.programs import program
from app.session.ranking import Weight
from storage.records import CellTest, KeptVerdict, Version, sha256_of
from storage.transaction import Transaction


@dataclass(frozen=True)
class State:
    """One test of a cell.

    Attributes:
        verdict: on the code that stands there now, the cells it leans on included; None until it was judged.
        held: id of the newest version before the one shown on which it passed.
        written: of an example from a docstring, whether it stands in the docstrings of the version shown.
    """

    test: CellTest
    verdict: KeptVerdict | None
    held: str | None
    written: bool = True

    @property
    def pinned(self) -> bool:
        """Whether it binds."""
        return self.test.standing == "pinned"

    @property
    def counts(self) -> bool:
        """Whether a person stands for it: not where one took its pin out, nor for a model's claim nobody has pinned."""
        if self.test.standing == "unpinned":
            return False
        if self.test.origin == "docstring" and not self.written:
            return self.pinned
        return self.pinned or self.test.origin in {"hand", "request", "docstring", "question"}

    @property
    def failing(self) -> bool:
        """Whether it was judged and did not pass."""
        return self.verdict is not None and not self.verdict.passed

    @property
    def broken(self) -> bool:
        """Whether it is pinned, held on an earlier version, and fails on the one shown."""
        return self.pinned and self.failing and self.held is not None


def binds(test: CellTest) -> bool:
    """Whether a test decides between answers: it is pinned, or stands in the request itself."""
    return test.standing == "pinned" or (test.origin == "request" and test.standing != "unpinned")


def weight_of(test: CellTest) -> Weight:
    """What a test says where answers compete."""
    if binds(test):
        return "binds"
    return "asks" if test.origin == "candidates" else "claims"


def concerns(test: CellTest, turn_id: str) -> bool:
    """Whether a test says something of the answers to a turn; claims about an earlier version do not."""
    return binds(test) or test.turn_id in {turn_id, None}


@dataclass(frozen=True)
class Tested:
    """The tests of one cell.

    Attributes:
        states: those not rejected, in order.
        scores: of each version that was judged, by its id: how many tests that count passed, of how many judged.
        broke: numbers of the pinned tests that a version failed and an earlier one had passed, by the version's id.
    """

    states: Sequence[State] = ()
    scores: Mapping[str, tuple[int, int]] | None = None
    broke: Mapping[str, Sequence[int]] = field(default_factory=dict)

    @property
    def waiting(self) -> list[CellTest]:
        """The tests that were not judged on the code that stands there now."""
        return [state.test for state in self.states if state.verdict is None]

    @property
    def broken(self) -> list[State]:
        """The pinned tests that an earlier version held and the one shown does not."""
        return [state for state in self.states if state.broken]


def read(
    tx: Transaction, session_id: str, versions: Mapping[str, Version], pieces: Sequence[Piece]
) -> dict[str, Tested]:
    """The tests of each live cell of a session that has any, by cell id."""
    tests: dict[str, list[CellTest]] = {}
    for test in tx.tests_of_session(session_id):
        tests.setdefault(test.cell_id, []).append(test)
    verdicts: dict[str, list[KeptVerdict]] = {}
    for verdict in tx.verdicts([test.id for its in tests.values() for test in its]) if tests else ():
        verdicts.setdefault(verdict.test_id, []).append(verdict)
    shown = [(versions[cell_id], its) for cell_id, its in tests.items() if cell_id in versions]
    return {version.cell_id: _tested(its, verdicts, version, pieces) for version, its in shown}


def _tested(
    tests: Sequence[CellTest], verdicts: Mapping[str, Sequence[KeptVerdict]], shown: Version, pieces: Sequence[Piece]
) -> Tested:
    docstrings = any(test.origin == "docstring" for test in tests)
    written = {plain(its.call): its.expected for its in claims.of_source(shown.source)} if docstrings else {}
    states = [
        replace(
            _state(test, verdicts.get(test.id, ()), shown, pieces),
            written=test.origin != "docstring" or written.get(plain(test.call)) == test.expected,
        )
        for test in tests
    ]
    scores: dict[str, tuple[int, int]] = {}
    for verdict in (its for state in states if state.counts for its in verdicts.get(state.test.id, ())):
        passed, judged = scores.get(verdict.version_id, (0, 0))
        scores[verdict.version_id] = (passed + verdict.passed, judged + 1)
    return Tested(states, scores, _broke(states, verdicts))


def _broke(states: Sequence[State], verdicts: Mapping[str, Sequence[KeptVerdict]]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for test in (state.test for state in states if state.pinned):
        held = False
        for its in verdicts.get(test.id, ()):  # the oldest version first
            if held and not its.passed:
                found.setdefault(its.version_id, []).append(test.number)
            held = held or its.passed
    return found


def _state(test: CellTest, verdicts: Sequence[KeptVerdict], shown: Version, pieces: Sequence[Piece]) -> State:
    now = next((its for its in verdicts if its.version_id == shown.id), None)
    if now is not None and now.sha256 != sha256_of(program(pieces, shown.cell_id, test.call)):
        now = None
    held = [its.version_id for its in verdicts if its.passed and its.version_id != shown.id]
    return State(test, now, held[-1] if held else None)
