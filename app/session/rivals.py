"""Several answers to one turn: sampled at once, the same code dropped, judged by every test, the best one first."""

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace

from app.runner import RunnerError
from app.session import claims
from app.session.celltests import CellTests, with_source
from app.session.checks import Check, Verdict
from app.session.desk import Desk
from app.session.feed import Changes
from app.session.judging import Judge
from app.session.probes import probes
from app.session.ranking import Contender, disagreements, distinct, full_pass, leading, rank, votes_of
from app.session.snapshot import Snapshot
from app.session.tested import binds, concerns, weight_of
from app.session.words import storable
from app.session.work import Testing, Writing
from model.engine import Engine, Outcome, Sampling, TextStream
from model.prompt import Prompt
from model.reply import Reply, ReplyReader
from storage.errors import NotFound, StorageError
from storage.records import CellTest, Json

LIVELIER = 0.7  # temperature of all samples but the first: below it they are often the same
GLANCE = 0.1  # seconds between two looks at whether the turn was stopped


@dataclass(frozen=True)
class Sample:
    """One answer."""

    reply: Reply
    outcome: Outcome
    sampling: Sampling


class Rivals:
    """The other answers to a turn, for the job that writes its first one.

    Args:
        desk: the leaves.
        read: reads the session as it is now.
        tests: takes up the examples that come with the answers.
        judge: runs them.
        count: how many answers there are in all.
        first_pass: stop sampling as soon as one answer holds every test that binds.
    """

    def __init__(
        self,
        desk: Desk,
        read: Callable[[], Snapshot],
        *,
        tests: CellTests,
        judge: Judge,
        count: int,
        first_pass: bool,
    ) -> None:
        self._desk = desk
        self._read = read
        self._tests = tests
        self._judge = judge
        self._count = count
        self._first_pass = first_pass
        self._enough = threading.Event()
        self._threads: list[threading.Thread] = []
        self._samples: list[Sample | None] = []
        self._engine: Engine | None = None
        self._complete: Callable[[Reply], Reply] = lambda reply: reply

    def begin(
        self,
        engine: Engine,
        prompt: Prompt,
        sampling: Sampling,
        work: Writing,
        complete: Callable[[Reply], Reply],
    ) -> None:
        """Start sampling the others; the first answer has begun already.

        Args:
            engine: answers.
            prompt: the first answer's.
            sampling: the first answer's.
            work: the turn at work.
            complete: gives an answer with what it leaves out, once it is known where the first one goes.
        """
        self._engine, self._complete = engine, complete
        for place in range(1, self._count):
            its = replace(
                sampling, temperature=max(sampling.temperature, LIVELIER), seed=((sampling.seed or 0) + place) % 2**31
            )
            stream = engine.stream(prompt, its, self._enough)
            self._samples.append(None)
            sample = threading.Thread(
                target=self._sample, args=(place - 1, stream, prompt, its, work), name=f"candidate {place}", daemon=True
            )
            self._threads.append(sample)
            sample.start()

    def best(self, first: Sample, work: Writing) -> Sample:
        """Wait for the others, keep all that differ as candidates, and give the best; `first` if it was stopped."""
        self._look_at(first, work)
        while alive := [thread for thread in self._threads if thread.is_alive()]:
            if work.stop.is_set():
                self._enough.set()
            self._tell(work, f"{1 + sum(its is not None for its in self._samples)} of {self._count} candidates")
            alive[0].join(GLANCE)
        if work.stop.is_set() or work.cell_id is None:
            return first
        others = [replace(its, reply=self._complete(its.reply)) for its in self._samples if its is not None]
        came = [first, *others]
        try:
            return self._ranked([its for its in came if its.outcome.status in {"done", "length"}] or [first], work)
        except RunnerError:  # where no code can be run, nothing decides: the first answer stands
            return first

    def spent(self, best: Sample, first: Outcome) -> Outcome:
        """How the best answer ended, with what all of them cost together; the first began before the others."""
        others = [its.outcome for its in self._samples if its is not None]
        return replace(
            best.outcome,
            tokens_in=first.tokens_in + sum(its.tokens_in for its in others),
            tokens_out=first.tokens_out + sum(its.tokens_out for its in others),
            seconds=max([first.seconds, *(its.seconds for its in others)]),
            first_token_seconds=first.first_token_seconds,
            estimated=first.estimated or any(its.estimated for its in others),
        )

    def _sample(self, place: int, stream: TextStream, prompt: Prompt, sampling: Sampling, work: Writing) -> None:
        reader = ReplyReader(prompt.begun, prompt.style, prompt.stubs)
        with stream as pieces:
            for piece in pieces:
                reader.feed(piece)
                if work.stop.is_set():
                    break
        read = reader.finish()
        reply = replace(read, code=storable(read.code), prose=storable(read.prose))
        self._samples[place] = sample = Sample(reply, stream.outcome, sampling)
        self._look_at(sample, work)

    def _look_at(self, sample: Sample, work: Writing) -> None:
        """End the sampling once an answer holds every test that binds, where that is asked for."""
        if self._first_pass and work.cell_id and sample.reply.code and not work.stop.is_set():
            with suppress(RunnerError, StorageError, NotFound):  # then it does not end early
                code = self._complete(sample.reply).code
                changed = len(distinct([work.before or "", code])) > bool(work.before)
                if changed and full_pass(Contender(code, self._binding(work, work.cell_id, code))):
                    self._enough.set()

    def _ranked(self, samples: Sequence[Sample], work: Writing) -> Sample:
        assert work.cell_id is not None
        # Who asks for a change is not served with the code as it was, whatever it holds.
        before = work.before or ""
        places = distinct([before, *(its.reply.code for its in samples)])
        differing = [place - 1 for place in places if place or not before]
        kept = [samples[place] for place in differing]
        if not kept:
            return samples[0]
        self._tell(work, "running the tests")
        tests = self._gather(kept, work, work.cell_id)
        them = self._judged(kept, samples, tests, work.cell_id)
        if self._tell_apart(them, tests, work, work.cell_id):
            tests = self._known(work.cell_id, work.turn_id)
            them = self._judged(kept, samples, tests, work.cell_id)
        order = rank(them, [weight_of(test) for test in tests])
        ranks = {differing[n]: (order.index(n), stored(tests, its.verdicts)) for n, its in enumerate(them)}
        self._store(work.turn_id, samples, ranks if len(kept) > 1 else {})
        return kept[order[0]]

    def _judged(
        self, kept: Sequence[Sample], samples: Sequence[Sample], tests: Sequence[CellTest], cell_id: str
    ) -> list[Contender]:
        snapshot, sources = self._read(), [its.reply.code for its in samples]
        return [
            Contender(code, self._verdicts(snapshot, cell_id, code, tests), votes_of(code, sources))
            for code in (its.reply.code for its in kept)
        ]

    def _tell_apart(self, them: Sequence[Contender], tests: Sequence[CellTest], work: Writing, cell_id: str) -> bool:
        """Take up tests of inputs on which the leading answers differ; whether there are any."""
        front = [them[place] for place in leading(them, [weight_of(test) for test in tests])]
        calls = probes([test.call for test in tests], front[0].source) if len(front) > 1 else []
        if not calls:
            return False
        pieces = self._read().pieces
        results = [self._judge.results(with_source(pieces, cell_id, its.source), cell_id, calls) for its in front]
        found = disagreements(calls, results, [its.votes for its in front])
        self._tests.take_up(cell_id, work.turn_id, "candidates", found)
        self._desk.records_changed(work.session_id)
        return bool(found)

    def _gather(self, kept: Sequence[Sample], work: Writing, cell_id: str) -> list[CellTest]:
        """The tests to judge by: what the request says, what the answers claim, and where nobody says, the model."""
        request = _request(self._read(), work)
        self._tests.take_up(cell_id, work.turn_id, "request", claims.of_request(request, kept[0].reply.code))
        for its in kept:
            self._tests.take_up(cell_id, work.turn_id, "docstring", claims.of_source(its.reply.code))
            self._tests.take_up(cell_id, work.turn_id, "answer", claims.of_reply(its.reply.examples))
        self._desk.records_changed(work.session_id)
        if not self._known(cell_id, work.turn_id) and self._engine is not None and len(kept) > 1:
            asking = Testing(cell_id, work.session_id, "ask", stop=work.stop)
            found = self._tests.ask_for_tests(self._engine, kept[0].reply.code, kept[0].sampling, asking)
            self._tests.take_up(cell_id, work.turn_id, "model", found)
            self._desk.records_changed(work.session_id)
        return self._known(cell_id, work.turn_id)

    def _known(self, cell_id: str, turn_id: str) -> list[CellTest]:
        tested = self._read().tested.get(cell_id)
        return [state.test for state in tested.states if concerns(state.test, turn_id)] if tested else []

    def _binding(self, work: Writing, cell_id: str, source: str) -> list[Verdict]:
        """The verdicts on what binds already: pinned tests, and the examples of this and earlier requests."""
        snapshot = self._read()
        checks = [
            Check(test.call, test.expected) for test in self._known(cell_id, work.turn_id) if binds(test)
        ] + claims.of_request(_request(snapshot, work), source)
        pieces = with_source(snapshot.pieces, cell_id, source)
        return [judged.verdict for judged in self._judge.judge(pieces, cell_id, checks)]

    def _verdicts(self, snapshot: Snapshot, cell_id: str, source: str, tests: Sequence[CellTest]) -> list[Verdict]:
        pieces = with_source(snapshot.pieces, cell_id, source)
        asked = [Check(test.call, test.expected) for test in tests]
        return [judged.verdict for judged in self._judge.judge(pieces, cell_id, asked)]

    def _store(self, turn_id: str, samples: Sequence[Sample], places: Mapping[int, tuple[int, Json]]) -> None:
        """Keep every sample; `places` are rank and verdicts of those that compete, by the place of the sample."""
        with self._desk.database.begin() as tx:
            for place, its in enumerate(samples):
                reply, sampling = its.reply, asdict(its.sampling)
                candidate = tx.create_candidate(turn_id, reply.code, prose=reply.prose, sampling=sampling)
                position, verdicts = places.get(place, (None, {}))
                tx.update_candidate(
                    candidate.id,
                    rank=position,
                    verdicts=verdicts,
                    tokens_out=its.outcome.tokens_out,
                    seconds=its.outcome.seconds,
                )

    def _tell(self, work: Writing, message: str) -> None:
        if work.message != message:
            work.message = message
            self._desk.feed.tell(work.session_id, Changes(turns={work.turn_id}))


def _request(snapshot: Snapshot, work: Writing) -> str:
    return next((its.request for its in snapshot.turns if its.id == work.turn_id), "")


def stored(tests: Sequence[CellTest], verdicts: Sequence[Verdict]) -> Json:
    """Verdicts as a candidate keeps them, by the test's id."""
    return {
        test.id: {"passed": its.passed, "actual": storable(its.actual), "detail": storable(its.detail)}
        for test, its in zip(tests, verdicts, strict=True)
    }
