"""Several answers to one turn, sampled at once, until all have come or one is good enough."""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial

from app.runner import RunnerError
from app.session.contest import Contest, Sample
from app.session.desk import Desk
from app.session.feed import Changes
from app.session.ranking import Contender, distinct, full_pass
from app.session.together import Interrupted
from app.session.words import storable
from app.session.work import Writing
from model.engine import Engine, Outcome, Sampling, TextStream
from model.prompt import Prompt
from model.reply import Reply, ReplyReader
from storage.errors import NotFound, StorageError

LIVELIER = 0.7  # temperature of all samples but the first: below it they are often the same
GLANCE = 0.1  # seconds between two looks at whether the turn was stopped


class Rivals:
    """The other answers to a turn, for the job that writes its first one.

    Args:
        desk: the leaves.
        work: the turn at work.
        contest: makes the judgement on answers that go to a cell, once it is known to which.
        count: how many answers there are in all.
        first_pass: stop sampling as soon as one answer holds every test that binds.
    """

    def __init__(
        self,
        desk: Desk,
        work: Writing,
        contest: Callable[[str], Contest],
        *,
        count: int,
        first_pass: bool,
    ) -> None:
        self._desk = desk
        self._work = work
        self._contest = contest
        self._count = count
        self._first_pass = first_pass
        self._enough = threading.Event()
        self._threads: dict[int, threading.Thread] = {}  # each samples an answer, then looks at it
        self._samples: dict[int, Sample] = {}
        self._complete: Callable[[Reply], Reply] = lambda reply: reply

    def begin(
        self,
        engine: Engine,
        prompt: Prompt,
        sampling: Sampling,
        complete: Callable[[Reply], Reply],
    ) -> None:
        """Start sampling the others; the first answer has begun already.

        Args:
            engine: answers.
            prompt: the first answer's.
            sampling: the first answer's.
            complete: gives an answer with what it leaves out, once it is known where the first one goes.
        """
        self._complete = complete
        for place in range(1, self._count):
            its = replace(
                sampling, temperature=max(sampling.temperature, LIVELIER), seed=((sampling.seed or 0) + place) % 2**31
            )
            self._start(place, partial(self._sample, place, engine.stream(prompt, its, self._enough), prompt, its))

    def best(self, engine: Engine, first: Sample) -> Sample:
        """Wait for the others, keep all that differ as candidates, and give the best; `first` if it was stopped."""
        self._samples[0] = first
        self._start(0, partial(self._look_at, first))
        while going := self._going():
            self._tell()
            going[0].join(GLANCE)
        if self._work.stop.is_set() or self._work.cell_id is None:
            return self._uncompared(first) if self._work.stop.is_set() else first
        try:
            return self._contest(self._work.cell_id).best(self._ended() or [first], engine)
        except Interrupted:
            return self._uncompared(first)
        except RunnerError:  # where no code can be run, nothing decides: the first answer stands
            return first

    def _uncompared(self, first: Sample) -> Sample:
        words = f"Stopped before the candidates were compared: this is the first of {self._count}."
        return first.told(words)

    def end(self) -> None:
        """Stop whoever still samples: nobody waits for it any more."""
        self._enough.set()

    def spent(self, best: Sample, first: Outcome) -> Outcome:
        """How the best answer ended, with what all of them cost together; the first began before the others."""
        others = [its.outcome for place, its in self._samples.items() if place]
        return replace(
            best.outcome,
            tokens_in=first.tokens_in + sum(its.tokens_in for its in others),
            tokens_out=first.tokens_out + sum(its.tokens_out for its in others),
            seconds=max([first.seconds, *(its.seconds for its in others)]),
            first_token_seconds=first.first_token_seconds,
            estimated=first.estimated or any(its.estimated for its in others),
        )

    def _start(self, place: int, deed: Callable[[], None]) -> None:
        self._threads[place] = threading.Thread(target=deed, name=f"candidate {place}", daemon=True)
        self._threads[place].start()

    def _going(self) -> list[threading.Thread]:
        """Who still writes an answer or looks at one; once the turn was stopped, only who still writes."""
        stopped = self._work.stop.is_set()
        if stopped:
            self._enough.set()
        threads = [its for place, its in self._threads.items() if not (stopped and place in self._samples)]
        return [its for its in threads if its.is_alive()]

    def _ended(self) -> list[Sample]:
        """The answers that came to an end, in order, with what they leave out."""
        came = [self._samples[place] for place in sorted(self._samples)]
        whole = [its for its in came if its.outcome.status in {"done", "length"}]
        return [replace(its, reply=self._complete(its.reply)) for its in whole]

    def _sample(self, place: int, stream: TextStream, prompt: Prompt, sampling: Sampling) -> None:
        reader = ReplyReader(prompt.begun, prompt.style, prompt.stubs)
        with stream as pieces:
            for piece in pieces:
                reader.feed(piece)
                if self._work.stop.is_set():
                    break
        read = reader.finish()
        reply = replace(read, code=storable(read.code), prose=storable(read.prose))
        self._samples[place] = sample = Sample(reply, stream.outcome, sampling)
        self._look_at(sample)

    def _look_at(self, sample: Sample) -> None:
        """End the sampling once an answer holds every test that binds, where that is asked for."""
        if self._first_pass and self._work.cell_id and sample.reply.code and not self._work.stop.is_set():
            with suppress(RunnerError, StorageError, NotFound):  # then it does not end early
                code = self._complete(sample.reply).code
                changed = len(distinct([self._work.before or "", code])) > bool(self._work.before)
                if changed and full_pass(Contender(code, self._contest(self._work.cell_id).binding(code))):
                    self._enough.set()

    def _tell(self) -> None:
        message = f"{len(self._samples)} of {self._count} candidates"
        if self._work.message != message:
            self._work.message = message
            self._desk.feed.tell(self._work.session_id, Changes(turns={self._work.turn_id}))
