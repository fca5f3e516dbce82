"""Choosing among the candidates of a turn."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from app.runner import RunnerError
from app.session.cells import close_open
from app.session.celltests import CellTests, checked, with_source
from app.session.checks import Check
from app.session.comparing import Column, comparison, verdict_of
from app.session.contest import stored
from app.session.desk import Desk
from app.session.errors import Missing
from app.session.feed import Changes
from app.session.judging import Judge
from app.session.lineage import title_of
from app.session.provenance import weights_of
from app.session.ranking import Contender, rank
from app.session.snapshot import Snapshot
from app.session.tested import Tested, weight_of
from app.session.work import Testing
from storage.errors import NotFound, StorageError
from storage.records import CellTest


class Choices:
    """The service for candidates.

    Args:
        desk: the leaves.
        read: reads a session of an owner as it is now.
        tests: keeps what a person decided as a test.
        judge: runs the candidates again when the tests have changed.
    """

    def __init__(self, desk: Desk, read: Callable[[str, str], Snapshot], *, tests: CellTests, judge: Judge) -> None:
        self._desk = desk
        self._read = read
        self._tests = tests
        self._judge = judge

    def accept(self, owner: str, session_id: str, candidate_id: str) -> None:
        """Make a candidate the version that its cell shows, and close the comparison."""
        with self._desk.database.begin() as tx:
            session = tx.session_of(owner, session_id)
            candidate = tx.candidate(candidate_id, session_id=session.id)
            turn = tx.turn(candidate.turn_id, session_id=session.id)
            if turn.cell_id is None:
                raise Missing("The cell of this candidate is not there any more.")
            cell = tx.cell(turn.cell_id, session_id=session.id)
            version = close_open(tx, cell)
            if version is None or version.source != candidate.source:
                version = tx.create_version(
                    cell.id,
                    candidate.source,
                    origin="model",
                    parent_id=version.parent_id if version else None,
                    turn_id=turn.id,
                    model=turn.model,
                    quantisation=turn.quantisation,
                    weights=weights_of(turn.model),
                    sampling=candidate.sampling,
                )
                tx.show_version(cell.id, version.id)
                tx.rename_cell(cell.id, title_of(candidate.source))
                tx.update_turn(turn.id, version_id=version.id, prose=candidate.prose)
            tx.update_candidate(candidate.id, version_id=version.id)
        self._desk.records_changed(session_id)
        self._tests.judge(owner, session_id)

    def decide(self, owner: str, session_id: str, test_id: str, expected: str) -> None:
        """Answer the question in which candidates differ: the answer is pinned, and the candidates ranked by it.

        Raises:
            Refused: the answer cannot be a test; the text says why.
        """
        with self._desk.database.read() as tx:
            test = tx.test(test_id, session_id=tx.session_of(owner, session_id).id)
        answer = checked(test.call, expected).expected
        self._desk.start(lambda: self._rank_again(owner, session_id, test, answer), name=f"rank {session_id[:8]}")

    def refresh(self, owner: str, session_id: str, test: CellTest) -> None:
        """Rank the candidates of a cell again, where nobody has chosen yet, as one of its tests has changed."""
        if comparison(self._read(owner, session_id), test.cell_id) is not None:
            self._desk.start(lambda: self._rank_again(owner, session_id, test), name=f"rank {session_id[:8]}")

    def _rank_again(self, owner: str, session_id: str, test: CellTest, answer: str | None = None) -> None:
        """Rank the candidates after whatever was decided before: with an answer, or with a test that has changed."""
        work = Testing(test.cell_id, session_id, "rank", "ranking the candidates")
        while (before := self._desk.at_work.begin_testing(work)) is not work:
            before.ended.wait()
        self._desk.feed.tell(session_id, Changes(cells={test.cell_id}))
        try:
            with suppress(RunnerError, NotFound, StorageError):  # the candidates stay in the order that they had
                self._rank(owner, session_id, test, answer, work)
        finally:
            self._desk.at_work.end_testing(work)
        self._desk.records_changed(session_id)
        self._tests.judge(owner, session_id)

    def _rank(self, owner: str, session_id: str, test: CellTest, answer: str | None, work: Testing) -> None:
        """Judge and rank the candidates by the tests as they are now, with the answer, and store both at once."""
        snapshot = self._read(owner, session_id)
        cell_id, tested = test.cell_id, snapshot.tested.get(test.cell_id, Tested())
        tests = [_answered(state.test, answer) if state.test.id == test.id else state.test for state in tested.states]
        found = comparison(snapshot, cell_id)
        columns = found.columns if found else []
        contenders = [self._judged(snapshot, its, tests, test) for its in columns if not work.stop.is_set()]
        if work.stop.is_set():
            return
        order = rank(contenders, [weight_of(test) for test in tests])
        with self._desk.database.begin() as tx:
            if answer is not None:
                tx.update_test(test.id, expected=answer, standing="pinned")
            for place, its in enumerate(columns):
                verdicts = stored(tests, contenders[place].verdicts)
                tx.update_candidate(its.candidate.id, rank=order.index(place), verdicts=verdicts)

    def _judged(self, snapshot: Snapshot, column: Column, tests: Sequence[CellTest], changed: CellTest) -> Contender:
        """The candidate with its verdicts; only what is new is run, as a person waits for it."""
        candidate, cell_id = column.candidate, changed.cell_id
        known = {its.id: verdict_of(candidate.verdicts[its.id]) for its in tests if its.id in candidate.verdicts}
        fresh = [its for its in tests if its.id == changed.id or its.id not in known]
        pieces = with_source(snapshot.pieces, cell_id, candidate.source)
        judged = self._judge.judge(pieces, cell_id, [Check(its.call, its.expected) for its in fresh])
        known |= {test.id: its.verdict for test, its in zip(fresh, judged, strict=True)}
        return Contender(candidate.source, [known[its.id] for its in tests], column.votes)


def _answered(test: CellTest, answer: str | None) -> CellTest:
    """The test as the answer to its question makes it."""
    return test if answer is None else replace(test, expected=answer, standing="pinned")
