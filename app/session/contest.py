"""Decides between the answers to one turn: the same code dropped, the rest judged by every test, the best one first."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial

from app.session import claims
from app.session.celltests import CellTests, with_source
from app.session.checks import Check, Verdict
from app.session.desk import Desk
from app.session.feed import Changes
from app.session.judging import Judge
from app.session.probes import probes
from app.session.proposals import proposals
from app.session.ranking import Contender, disagreements, distinct, leading, rank, votes_of
from app.session.snapshot import Snapshot
from app.session.tested import binds, concerns, weight_of
from app.session.together import together
from app.session.words import storable
from app.session.work import Writing
from model.engine import Engine, Outcome, Sampling
from model.reply import Reply
from storage.records import CellTest, Json, TestOrigin

UNCHANGED = "The answer is the code as it was, so there is no new version."


@dataclass(frozen=True)
class Sample:
    """One answer."""

    reply: Reply
    outcome: Outcome
    sampling: Sampling

    def told(self, message: str) -> "Sample":
        """The answer with a message to the person, where it came to its end and has none of its own."""
        if self.outcome.message or self.outcome.status != "done":
            return self
        return replace(self, outcome=replace(self.outcome, message=message))


class Contest:
    """The judgement on the answers to one turn.

    Args:
        desk: the leaves.
        read: reads the session as it is now.
        work: the turn at work.
        cell_id: the cell that its answer goes to.
        tests: takes up the examples that come with the answers.
        judge: runs them.
    """

    def __init__(
        self,
        desk: Desk,
        read: Callable[[], Snapshot],
        work: Writing,
        cell_id: str,
        *,
        tests: CellTests,
        judge: Judge,
    ) -> None:
        self._desk = desk
        self._read = read
        self._work = work
        self._cell_id = cell_id
        self._tests = tests
        self._judge = judge

    def best(self, samples: Sequence[Sample], engine: Engine) -> Sample:
        """The best answer; all that differ are kept as candidates.

        Raises:
            Interrupted: the turn was stopped.
            RunnerError: no code can be run.
        """
        # Who asks for a change is not served with the code as it was, whatever it holds.
        before = self._work.before or ""
        sources = [its.reply.code for its in samples]
        places = [place - 1 for place in distinct([before, *sources]) if place or not before]
        if len(places) < 2:  # noqa: PLR2004 - one has no rival
            chosen = samples[places[0] if places else 0]
            self._store(samples, {})
            return chosen.told(alone(sources, before))
        kept = [samples[place] for place in places]
        self._tell("running the tests")
        tests = self._gather(kept, engine)
        them = self._judged(kept, sources, tests)
        if self._tell_apart(them, tests):
            tests = self._known()
            them = self._judged(kept, sources, tests)
        order = rank(them, [weight_of(test) for test in tests])
        self._store(samples, {places[n]: (order.index(n), stored(tests, its.verdicts)) for n, its in enumerate(them)})
        return kept[order[0]]

    def binding(self, source: str) -> list[Verdict]:
        """The verdicts of what binds already: pinned tests, and the examples of this and earlier requests."""
        snapshot = self._read()
        asked = [Check(test.call, test.expected) for test in self._known() if binds(test)]
        asked += claims.of_request(self._request(snapshot), source)
        pieces = with_source(snapshot.pieces, self._cell_id, source)
        return [judged.verdict for judged in self._judge.judge(pieces, self._cell_id, asked)]

    def _judged(self, kept: Sequence[Sample], sources: Sequence[str], tests: Sequence[CellTest]) -> list[Contender]:
        codes, pieces = [its.reply.code for its in kept], self._read().pieces
        asked = [Check(test.call, test.expected) for test in tests]
        deeds = [
            partial(self._judge.judge, with_source(pieces, self._cell_id, code), self._cell_id, asked) for code in codes
        ]
        return [
            Contender(code, [its.verdict for its in judged], votes_of(code, sources))
            for code, judged in zip(codes, together(deeds, self._work.stop), strict=True)
        ]

    def _tell_apart(self, them: Sequence[Contender], tests: Sequence[CellTest]) -> bool:
        """Take up tests of inputs on which the leading answers differ; whether there are any."""
        front = [them[place] for place in leading(them, [weight_of(test) for test in tests])]
        calls = probes([test.call for test in tests], front[0].source) if len(front) > 1 else []
        if not calls:
            return False
        pieces = self._read().pieces
        deeds = [
            partial(self._judge.results, with_source(pieces, self._cell_id, its.source), self._cell_id, calls)
            for its in front
        ]
        found = disagreements(calls, together(deeds, self._work.stop), [its.votes for its in front])
        self._take_up("candidates", found)
        return bool(found)

    def _gather(self, kept: Sequence[Sample], engine: Engine) -> list[CellTest]:
        """The tests to judge by: what the request says, what the answers claim, and where nobody says, the model."""
        first = kept[0]
        self._take_up("request", claims.of_request(self._request(self._read()), first.reply.code))
        for its in kept:
            self._take_up("docstring", claims.of_source(its.reply.code))
            self._take_up("answer", claims.of_reply(its.reply.examples))
        if not self._known():
            self._take_up("model", proposals(engine, first.reply.code, first.sampling, self._work.stop))
        return self._known()

    def _take_up(self, origin: TestOrigin, found: Sequence[Check]) -> None:
        if found:
            self._tests.take_up(self._cell_id, self._work.turn_id, origin, found)
            self._desk.records_changed(self._work.session_id)

    def _known(self) -> list[CellTest]:
        """The tests that say something of answers to this turn."""
        tested = self._read().tested.get(self._cell_id)
        return [state.test for state in tested.states if concerns(state.test, self._work.turn_id)] if tested else []

    def _request(self, snapshot: Snapshot) -> str:
        return next((its.request for its in snapshot.turns if its.id == self._work.turn_id), "")

    def _store(self, samples: Sequence[Sample], places: Mapping[int, tuple[int, Json]]) -> None:
        """Keep every sample; `places` are rank and verdicts of those that compete, by the place of the sample."""
        with self._desk.database.begin() as tx:
            for place, its in enumerate(samples):
                reply, sampling = its.reply, asdict(its.sampling)
                candidate = tx.create_candidate(self._work.turn_id, reply.code, prose=reply.prose, sampling=sampling)
                position, verdicts = places.get(place, (None, {}))
                tx.update_candidate(
                    candidate.id,
                    rank=position,
                    verdicts=verdicts,
                    tokens_out=its.outcome.tokens_out,
                    seconds=its.outcome.seconds,
                )

    def _tell(self, message: str) -> None:
        self._work.message = message
        self._desk.feed.tell(self._work.session_id, Changes(turns={self._work.turn_id}))


def stored(tests: Sequence[CellTest], verdicts: Sequence[Verdict]) -> Json:
    """Verdicts as a candidate keeps them, by the test's id."""
    return {
        test.id: {"passed": its.passed, "actual": storable(its.actual), "detail": storable(its.detail)}
        for test, its in zip(tests, verdicts, strict=True)
    }


def alone(sources: Sequence[str], before: str) -> str:
    """What the person should know of answers that are no change, or come to one code where several were asked for."""
    count = len(sources)
    if count < 2:  # noqa: PLR2004 - of one, only that is a wonder
        return UNCHANGED if same_text("".join(sources), before) else ""
    empty = sum(not source.strip() for source in sources)
    same = votes_of(before, sources) if before else 0
    if empty + same == count:
        return f"None of the {count} answers {'changes the code' if same else 'holds code'}."
    if not empty + same:
        return f"All {count} answers are the same code."
    rest = [f"{same} left it as it was" if same else "", f"{empty} held none" if empty else ""]
    return f"{count} answers came to one code: {' and '.join(filter(None, rest))}."


def same_text(source: str, before: str) -> bool:
    """Whether an answer is the code that it was to change, the white space around it apart."""
    return bool(before.strip()) and source.strip() == before.strip()
