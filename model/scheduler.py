"""Makes the steps of all answers that are being written, together.

One thread computes. Before each step, answers that ended or were given up leave, and others take their places. A step
holds the next row of every answer, rows that are guessed for it, and a piece of at most one prompt, so that nobody
waits for another one's long prompt. Where there is no answer to write, what will probably be asked is read. Results do
not depend on the company, as far as the model's rows do not.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Final

import torch

from model.ahead import Ahead
from model.batch import Rows
from model.decode import Decoding
from model.errors import EngineCrowded
from model.pace import on_one_thread
from model.prefixes import Known, Prefixes, common
from model.steptime import StepTime

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from model.batch import Forward

log = logging.getLogger(__name__)
# Rows of a prompt that one step reads: few enough that a stop is obeyed within about a second on two cores, and fewer
# while others write, so that their text does not come in jerks.
ROWS_ALONE: Final = 256
ROWS_SHARED: Final = 64
# Below this many tokens, reading a prompt's beginning again is no worse than waiting for another text to have read it.
WORTH_WAITING: Final = 32
# How long the thread stays without work: its processor threads are warm for the next turn.
IDLE_SECONDS: Final = 2.0


class Scheduler:
    """Takes answers in, and writes up to `most_live` of them at once.

    Whoever waits is served in the order of arrival, except that answers to the same prompt (candidates of one turn)
    count as one asker: the next place goes to the prompt that has fewest.

    Args:
        forward: computes a step.
        prefixes: keeps what is known of ended texts.
        most_live: answers in one step.
        most_waiting: answers that may wait besides; one more is refused.
        pace: wraps each step of so many rows.
        explain: the sentence for a failure.
    """

    def __init__(
        self,
        forward: Forward,
        prefixes: Prefixes,
        *,
        most_live: int,
        most_waiting: int,
        pace: Callable[[int], AbstractContextManager[None]],
        explain: Callable[[Exception], str],
    ) -> None:
        self._forward = forward
        self._prefixes = prefixes
        self._most_live = most_live
        self._most_waiting = most_waiting
        self._pace = pace
        self._explain = explain
        self._changed = threading.Condition()
        self._waiting: list[Decoding] = []
        self._live: list[Decoding] = []
        self._thread: threading.Thread | None = None
        self._closed = ""
        self._time = StepTime()
        self._ahead = Ahead(forward, prefixes, pace)

    def submit(self, decoding: Decoding) -> None:
        """Take an answer in; its `news` tell the rest, up to an `Ended` in any case.

        Raises:
            EngineCrowded: too many wait already, or the scheduler is closed.
        """
        with self._changed:
            if self._closed:
                raise EngineCrowded(self._closed)
            if len(self._waiting) >= self._most_waiting:
                raise EngineCrowded(
                    f"{len(self._live)} answers are being written and {len(self._waiting)} wait, which is as many as "
                    "this machine takes on. Try again in a minute."
                )
            self._waiting.append(decoding)
            self._tell_places()
            self._wake()

    def expect(self, tokens: Sequence[int]) -> None:
        """Read a text that will probably be asked for, as long as nobody is being answered."""
        with self._changed:
            if not self._closed:
                self._ahead.expect(tokens)
                self._wake()

    def close(self, message: str) -> None:
        """Let the answers that are being written end; those that wait, and later ones, are refused with `message`."""
        with self._changed:
            self._closed = message
            waiting, self._waiting = self._waiting, []
            thread = self._thread
            self._changed.notify_all()
        for decoding in waiting:
            decoding.end("failed", message)
        if thread is not None:
            thread.join()
        self._prefixes.clear()
        del self._forward, self._ahead  # and with them the model

    def _wake(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="model-steps")
            self._thread.start()
        self._changed.notify_all()

    def _work(self) -> None:
        try:
            with torch.inference_mode():
                while self._next():
                    self._step()
        except Exception as error:
            # Whoever reads must not be left waiting, whatever went wrong here.
            log.exception("Writing answers failed")
            with self._changed:
                given_up, self._live, self._waiting = [*self._live, *self._waiting], [], []
                self._thread = None
            for decoding in given_up:
                decoding.end("failed", self._explain(error))

    def _next(self) -> bool:
        """Settle who takes part in the next step; False once there has been nobody for a while."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._live or self._ahead or self._closed, IDLE_SECONDS)
            self._leave()
            self._enter()
            going = bool(self._live or (self._ahead and not self._closed))
            if not going:
                self._thread = None
            return going

    def _leave(self) -> None:
        for decoding in [its for its in (*self._live, *self._waiting) if its.gone and not its.status]:
            decoding.end("stopped")
        for decoding in [its for its in self._live if its.status]:
            self._keep(decoding)
        self._live = [its for its in self._live if not its.status]
        self._waiting = [its for its in self._waiting if not its.status]

    def _enter(self) -> None:
        line = order(self._live, self._waiting)
        free = self._most_live - len(self._live)
        for decoding in line[:free]:
            decoding.wait(0)
        self._live += line[:free]
        self._waiting = [its for its in self._waiting if its not in line[:free]]
        self._tell_places()

    def _tell_places(self) -> None:
        free = self._most_live - len(self._live)
        for ahead, decoding in enumerate(order(self._live, self._waiting)[free:], 1):
            decoding.wait(ahead)

    def _keep(self, decoding: Decoding) -> None:
        if decoding.cache is not None and decoding.status != "failed":
            self._prefixes.keep(decoding.tokens, decoding.cache)

    def _step(self) -> None:
        if not self._live:
            self._ahead.step()
            return
        writing = [its for its in self._live if not its.reading]
        work = self._guesses(writing)
        reader = self._reader()
        if reader is not None:
            work.append((reader, reader.next(ROWS_SHARED if writing else ROWS_ALONE)))
        if not work:
            return
        rows = sum(len(its.tokens) for _, its in work)
        start = time.perf_counter()
        self._compute(work)
        if reader is None:
            self._time.learn(rows, time.perf_counter() - start)

    def _guesses(self, writing: Sequence[Decoding]) -> list[tuple[Decoding, Rows]]:
        """The next rows of those who write, with as many guessed ones as pay."""
        work, rows, tokens = [], len(writing), float(len(writing))
        for decoding in writing:
            chances = decoding.chances()
            extra = self._time.more(rows, tokens, chances)
            work.append((decoding, decoding.next(1, extra)))
            rows, tokens = rows + extra, tokens + sum(chances[:extra])
        return work

    def _reader(self) -> Decoding | None:
        """Whose prompt is read next: the first one's that cannot copy its beginning from another that is being read."""
        for place, decoding in enumerate(self._live):
            if not decoding.reading:
                continue
            if decoding.cache is None:
                known = self._known(decoding)
                if self._better_soon(decoding, known, self._live[:place]):
                    continue
                self._begin(decoding, known)
            return decoding
        return None

    def _known(self, decoding: Decoding) -> Known | None:
        """The text, ended or not, that begins like this one for longest."""
        live = [Known(its.tokens[: its.cache.length], its.cache) for its in self._live if its.cache is not None]
        texts = [*live, *self._ahead.known]
        if kept := self._prefixes.longest(decoding.tokens):
            texts.append(kept)
        return max(texts, key=lambda known: known.shared(decoding.tokens), default=None)

    @staticmethod
    def _better_soon(decoding: Decoding, known: Known | None, before: Sequence[Decoding]) -> bool:
        """Whether another prompt that is being read will give more of the beginning than is known now."""
        now = (known.shared(decoding.tokens) if known else 0) + WORTH_WAITING
        return any(its.reading and its.shareable and common(its.tokens, decoding.tokens) > now for its in before)

    def _begin(self, decoding: Decoding, known: Known | None) -> None:
        # The last token is always read, since its logits are needed.
        lent = known and known.lend(decoding.tokens, len(decoding.tokens) - 1)
        decoding.begin(lent or self._forward.new_cache())

    def _compute(self, work: Sequence[tuple[Decoding, Rows]]) -> None:
        """Make one step; if it fails, try each answer alone, so that only those end that cannot go on."""
        if len(work) > 1 and not self._forward.together:
            self._compute_each(work)
            return
        try:
            with self._pace(sum(len(rows.tokens) for _, rows in work)):
                logits = self._forward([rows for _, rows in work])
        except Exception as error:
            # PyTorch raises whatever it likes, and what one answer meets must not end the others.
            if len(work) > 1:
                self._compute_each(work)
                return
            log.exception("A step failed")
            work[0][0].end("failed", self._explain(error))
            return
        with on_one_thread():
            for (decoding, rows), its in zip(work, logits, strict=True):
                if rows.wanted:
                    self._take(decoding, its)

    def _compute_each(self, work: Sequence[tuple[Decoding, Rows]]) -> None:
        for one in work:
            self._compute([one])

    def _take(self, decoding: Decoding, logits: torch.Tensor) -> None:
        try:
            decoding.take(logits)
        except Exception as error:
            # As above: this answer's matter alone.
            log.exception("A token could not be chosen")
            decoding.end("failed", self._explain(error))
            return
        if decoding.status:
            decoding.end(decoding.status)


def order(live: Sequence[Decoding], waiting: Sequence[Decoding]) -> list[Decoding]:
    """Those who wait, in the order in which they will be served: each prompt's first, then each one's second, ..."""
    if not waiting:
        return []
    counts: dict[int, int] = {}
    for decoding in live:
        counts[decoding.task.asker] = counts.get(decoding.task.asker, 0) + 1
    turns = []
    for decoding in waiting:
        turns.append(counts.get(decoding.task.asker, 0))
        counts[decoding.task.asker] = turns[-1] + 1
    return [waiting[place] for place in sorted(range(len(waiting)), key=turns.__getitem__)]
