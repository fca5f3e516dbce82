"""The tests of cells: written, taken up from what people and models say, pinned, judged on every version."""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

from app.runner import RunnerError
from app.session import claims
from app.session.checks import Check, plain, problem
from app.session.desk import Desk
from app.session.errors import Busy, Refused
from app.session.feed import Changes
from app.session.judging import Judge
from app.session.lineage import Piece, title_of
from app.session.proposals import proposals
from app.session.sessions import sampling_of
from app.session.snapshot import Snapshot
from app.session.words import storable
from app.session.work import Testing
from model.engine import Engine
from model.examples import Example
from storage.errors import NotFound, StorageError
from storage.records import CellTest, Standing, TestOrigin
from storage.transaction import Transaction

LONGEST = 4000  # characters of a call or an expected value
MOST = 40  # tests of one cell
CLAIMED = frozenset({"docstring", "answer", "model", "candidates"})  # origins that nobody has to have looked at


class CellTests:
    """The service for tests.

    Args:
        desk: the leaves.
        read: reads a session of an owner as it is now.
        judge: runs checks.
    """

    def __init__(self, desk: Desk, read: Callable[[str, str], Snapshot], judge: Judge) -> None:
        self._desk = desk
        self._read = read
        self._judge = judge
        self._asking = threading.Lock()
        self._asked: dict[str, int] = {}  # how often, by session: whoever waits sees whether somebody came later

    def add(self, owner: str, session_id: str, cell_id: str, call: str, expected: str) -> CellTest:
        """A test that a person wrote: it binds at once.

        Raises:
            Refused: it cannot be judged; the text says why.
        """
        check = checked(call, expected)
        with self._desk.database.begin() as tx:
            session = tx.session_of(owner, session_id)
            cell = tx.cell(cell_id, session_id=session.id)
            if len([test for test in tx.tests(cell.id) if test.standing != "rejected"]) >= MOST:
                raise Refused(f"The cell has {MOST} tests, which is the most. Reject one that says little.")
            test = tx.create_test(cell.id, check.call, check.expected, origin="hand", standing="pinned")
        self._changed(owner, session_id, cell_id)
        return test

    def edit(self, owner: str, session_id: str, test_id: str, call: str, expected: str) -> CellTest:
        """Another call or expected value; a test that a person has edited binds.

        Raises:
            Refused: it cannot be judged; the text says why.
        """
        check = checked(call, expected)
        with self._desk.database.begin() as tx:
            test = self._test(tx, owner, session_id, test_id)
            test = tx.update_test(test.id, call=check.call, expected=check.expected, standing="pinned")
        self._changed(owner, session_id, test.cell_id)
        return test

    def stand(self, owner: str, session_id: str, test_id: str, standing: Standing) -> CellTest:
        """Pin a test, take the pin out again, or reject it."""
        with self._desk.database.begin() as tx:
            test = tx.update_test(self._test(tx, owner, session_id, test_id).id, standing=standing)
        self._changed(owner, session_id, test.cell_id)
        return test

    def keep(self, owner: str, session_id: str, cell_id: str) -> None:
        """Keep a version that broke pinned tests: those no longer bind."""
        broken = self._read(owner, session_id).tested
        with self._desk.database.begin() as tx:
            tx.cell(cell_id, session_id=tx.session_of(owner, session_id).id)
            for state in broken[cell_id].broken if cell_id in broken else ():
                tx.update_test(state.test.id, standing="unpinned")
        self._changed(owner, session_id, cell_id)

    def judge(self, owner: str, session_id: str, *, pause: float = 0.0) -> None:
        """Judge whatever was not judged on the code that stands there, in a job of its own.

        Args:
            owner: whose session.
            session_id: the session.
            pause: seconds in which nobody may ask again before it begins.
        """
        if not self._read(owner, session_id).tested:
            return
        with self._asking:
            self._asked[session_id] = asked = self._asked.get(session_id, 0) + 1

        def job() -> None:
            if pause and (self._desk.closing.wait(pause) or self._asked.get(session_id) != asked):
                return
            with suppress(StorageError, NotFound):  # the tests stay unjudged until somebody asks again
                self.judge_now(owner, session_id)

        self._desk.start(job, name=f"tests {session_id[:8]}")

    def judge_now(self, owner: str, session_id: str) -> Snapshot:
        """Judge whatever was not judged on the code that stands there; the session as it is then."""
        snapshot = self._read(owner, session_id)
        if snapshot.kernel.state == "refused":
            return snapshot
        for cell_id, tested in snapshot.tested.items():
            if tested.waiting and not self._written(snapshot, cell_id):
                self._judge_cell(owner, session_id, cell_id)
        return self._read(owner, session_id)

    def propose(self, owner: str, session_id: str, cell_id: str) -> None:
        """Ask the model for tests of a cell; they arrive as unconfirmed ones.

        Raises:
            Refused: the cell defines nothing that could be tested.
            Busy: the cell is being written or tested.
            EngineNotReady: no model is loaded.
        """
        engine = self._desk.engines.engine()
        snapshot = self._read(owner, session_id)
        source = snapshot.versions[cell_id].source if cell_id in snapshot.versions else ""
        if not title_of(source):
            raise Refused("The cell defines no function or class that tests could call. Write one first.")
        work = Testing(cell_id, session_id, "ask", "asking the model for tests")
        if self._written(snapshot, cell_id) or self._desk.at_work.begin_testing(work) is not work:
            raise Busy("The cell is being written or tested. Wait for its end, or stop it.")

        def job() -> None:
            try:
                self._propose(engine, snapshot, cell_id, source, work)
            finally:
                self._end(work)
            with suppress(StorageError, NotFound):  # the session may have been deleted meanwhile
                self.judge_now(owner, session_id)

        self._tell(work)
        self._desk.start(job, name=f"propose {cell_id[:8]}")

    def stop(self, owner: str, session_id: str, cell_id: str) -> None:
        """End what is being done about the tests of a cell."""
        self._read(owner, session_id)
        for work in self._desk.at_work.testing(session_id).get(cell_id, ()):
            work.stop.set()

    def landed(
        self, owner: str, session_id: str, turn_id: str, examples: Sequence[Example], *, judged: bool = True
    ) -> None:
        """A turn has written a version: take up the examples that came with it, and judge."""
        with suppress(StorageError, NotFound, RunnerError):  # the version stands, with whatever tests were taken up
            snapshot = self._read(owner, session_id)
            turn = next((turn for turn in snapshot.turns if turn.id == turn_id), None)
            if turn is None or turn.cell_id is None or turn.cell_id not in snapshot.versions:
                return
            source = snapshot.versions[turn.cell_id].source
            self.take_up(turn.cell_id, turn_id, "request", claims.of_request(turn.request, source))
            self.take_up(turn.cell_id, turn_id, "docstring", claims.of_source(source))
            self.take_up(turn.cell_id, turn_id, "answer", claims.of_reply(examples))
            self._desk.records_changed(session_id)
            if judged:
                self.judge_now(owner, session_id)

    def take_up(self, cell_id: str, turn_id: str | None, origin: TestOrigin, found: Sequence[Check]) -> None:
        """Keep checks as unconfirmed tests, except for calls that the cell has a test for or had one rejected.

        What was only claimed of an earlier version gives way to what is said of the same call now.
        """
        with self._desk.database.begin() as tx:
            tests = tx.tests(cell_id)
            known = {plain(test.call): test for test in tests}
            room = MOST - sum(test.standing != "rejected" for test in tests)
            for check in found:
                old = known.get(plain(check.call))
                if old and _gives_way(old, turn_id, origin):
                    tx.update_test(old.id, expected=storable(check.expected), origin=origin, turn_id=turn_id)
            fresh = [check for check in found if plain(check.call) not in known]
            for check in fresh[: max(room, 0)]:
                tx.create_test(cell_id, storable(check.call), storable(check.expected), origin=origin, turn_id=turn_id)

    def _propose(self, engine: Engine, snapshot: Snapshot, cell_id: str, source: str, work: Testing) -> None:
        found = proposals(engine, source, sampling_of(snapshot.session.sampling), work.stop)
        self.take_up(cell_id, None, "model", found)
        self._desk.records_changed(work.session_id)

    def _judge_cell(self, owner: str, session_id: str, cell_id: str) -> None:
        work = Testing(cell_id, session_id, "judge", "running the tests")
        known = self._desk.at_work.begin_testing(work)
        if known is not work:
            known.ended.wait()
            return
        try:
            going = True
            while going:
                self._tell(work)
                self._judge_waiting(self._read(owner, session_id), cell_id, work)
                going = not self._desk.at_work.end_testing_unless_again(work)
        except RunnerError:
            pass  # the tests stay unjudged until somebody asks again
        finally:
            if not work.ended.is_set():
                self._end(work)
        self._tell(work)

    def _judge_waiting(self, snapshot: Snapshot, cell_id: str, work: Testing) -> None:
        version = snapshot.versions.get(cell_id)
        tested = snapshot.tested.get(cell_id)
        waiting = tested.waiting if tested and version else []
        verdicts = self._judge.each(snapshot.pieces, cell_id, [Check(test.call, test.expected) for test in waiting])
        for test in waiting:
            if work.stop.is_set():
                return
            judged = next(verdicts)
            its = judged.verdict
            # The test, or its cell, may have been removed meanwhile.
            with suppress(NotFound), self._desk.database.begin() as tx:
                assert version is not None
                tx.record_verdict(
                    test.id,
                    version.id,
                    judged.sha256,
                    passed=its.passed,
                    actual=storable(its.actual),
                    detail=storable(its.detail),
                )
            self._desk.records_changed(work.session_id)

    def _written(self, snapshot: Snapshot, cell_id: str) -> bool:
        return any(work.cell_id == cell_id for work in snapshot.writing.values())

    def _changed(self, owner: str, session_id: str, cell_id: str) -> None:
        self._desk.records_changed(session_id)
        self._desk.feed.tell(session_id, Changes(cells={cell_id}))
        self.judge(owner, session_id)

    def _tell(self, work: Testing) -> None:
        self._desk.feed.tell(work.session_id, Changes(cells={work.cell_id}))

    def _end(self, work: Testing) -> None:
        self._desk.at_work.end_testing(work)
        self._tell(work)

    def _test(self, tx: Transaction, owner: str, session_id: str, test_id: str) -> CellTest:
        return tx.test(test_id, session_id=tx.session_of(owner, session_id).id)


def with_source(pieces: Sequence[Piece], cell_id: str, source: str) -> list[Piece]:
    """The cells, one of them with another source."""
    return [Piece(piece.id, source) if piece.id == cell_id else piece for piece in pieces]


def checked(call: str, expected: str) -> Check:
    """A check that a person typed.

    Raises:
        Refused: it cannot be judged.
    """
    check = Check(storable(call).strip(), storable(expected).strip())
    if len(check.call) > LONGEST or len(check.expected) > LONGEST:
        raise Refused(f"A test may have {LONGEST} characters on either side. Build large values within the call.")
    if words := problem(check):
        raise Refused(words)
    return check


def _gives_way(old: CellTest, turn_id: str | None, origin: TestOrigin) -> bool:
    """Whether a test is a claim of another turn that is no more trustworthy than the new one."""
    later = old.standing == "unconfirmed" and old.turn_id not in {turn_id, None}
    return later and (old.origin in CLAIMED or (old.origin == origin == "request"))
