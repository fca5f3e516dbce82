"""The engine for models on another machine, behind any OpenAI-compatible server: vLLM, TGI, llama.cpp's own.

In the chat style the server lays out its model's template, so a prompt is a list of messages; whether it goes on with
a begun answer is found out when the engine is made (`model.greeting`). In the codegen style the prompt is plain text.
"""

from __future__ import annotations

import re
import threading
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from model.dialect import Delta, chat_body, read, text_body
from model.engine import Engine, Outcome, Stopwatch, StreamStatus, TextStream
from model.errors import BrokenOff, Nonsense, Rejected, RemoteError, Stalled, Unreachable
from model.prompt import Segment
from model.thoughts import ThoughtCutter
from model.tokens import StopCutter

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator
    from threading import Event

    from model.background import Background
    from model.dialect import Dialect, Json
    from model.engine import PromptStyle, Sampling
    from model.prompt import Prompt
    from model.wire import Wire

# Pieces that tokenizers of code models seldom join: the estimate errs on the side of too many.
_PIECE: Final = re.compile(r" ?[A-Za-z]{1,6}|\d|\s+|[\x21-\x7e]|[^\x00-\x7f]")
_MESSAGE_TOKENS: Final = 5  # of a role and its marks in the usual templates
_LONGEST_TOKEN: Final = 128  # characters; a server that sends more than this for each token ignores the limit


@dataclass(frozen=True, slots=True)
class Served:
    """A model as a server offers it.

    Args:
        id: what the server calls it.
        style: how it is spoken to.
        window: tokens of prompt and answer together.
        dialect: what the server understands.
    """

    id: str
    style: PromptStyle
    window: int
    dialect: Dialect


class RemoteEngine(Engine):
    """Asks a server; any number of answers at once.

    Args:
        served: the model.
        name: host and port of the server.
        wire: the connections to it.
        background: where `wire` works; both are closed with the engine.
    """

    exact = False

    def __init__(self, served: Served, name: str, wire: Wire, background: Background) -> None:
        super().__init__(
            model_id=served.id,
            model_name=served.id.rpartition("/")[2],
            quantisation="remote",
            prompt_style=served.style,
            context_length=served.window,
        )
        self.continues = served.style == "codegen" or served.dialect.continues
        self._dialect = served.dialect
        self._name = name
        self._wire = wire
        self._background = background
        self._idle = threading.Condition()
        self._answering = 0
        self._closed = False

    def stream(self, prompt: Prompt, sampling: Sampling, stop: Event) -> TextStream:
        """Ask when the stream is read first; `stop` closes the connection, also while the server is silent."""
        return TextStream(self._answer(prompt, sampling, stop))

    def count_tokens(self, text: str, *, control: bool = False) -> int:
        """An estimate, since the server's tokenizer is not here."""
        return _MESSAGE_TOKENS if control else estimate(text)

    def frame(self, system: Segment, user: tuple[Segment, ...]) -> tuple[Segment, ...]:
        """Name the role of each message in a control segment before it; nothing in the codegen style."""
        if self.prompt_style == "codegen":
            return user
        return (_role("system"), system, _role("user"), *user, _role("assistant"))

    def close(self) -> None:
        """Let the running answers end, then close the connections."""
        with self._idle:
            self._closed = True
            self._idle.wait_for(lambda: self._answering == 0)
        self._background.run(self._wire.close(), threading.Event())
        self._background.close()

    def _answer(self, prompt: Prompt, sampling: Sampling, stop: Event) -> Generator[str, None, Outcome]:
        with self._idle:
            if self._closed:
                return Outcome("failed", f"{self.model_name} was left. Ask again once the next model is ready.")
            self._answering += 1
        try:
            outcome = yield from self._write(prompt, sampling, stop)
        finally:
            with self._idle:
                self._answering -= 1
                self._idle.notify_all()
        self.tokens_per_second = outcome.tokens_per_second or self.tokens_per_second
        return outcome

    def _write(self, prompt: Prompt, sampling: Sampling, stop: Event) -> Generator[str, None, Outcome]:
        watch, heard = Stopwatch(prompt.tokens), _Heard(prompt.stop_strings, sampling.max_tokens)
        try:
            with closing(self._background.iterate(self._ask(prompt, sampling), stop)) as events:
                for event in events:
                    delta = read(event)
                    if delta.text:
                        watch.tick()
                    if piece := heard.take(delta):
                        yield piece
                    if heard.enough:
                        break
        except RemoteError as error:
            if piece := heard.rest():
                yield piece
            return self._outcome(watch, heard, "failed", explain(self._name, error))
        if piece := heard.rest():
            yield piece
        return self._outcome(watch, heard, *heard.ending(self._name, stopped=stop.is_set()))

    def _ask(self, prompt: Prompt, sampling: Sampling) -> AsyncGenerator[Json]:
        if self.prompt_style == "codegen":
            return self._wire.stream("completions", text_body(self.model_id, prompt, sampling, self._dialect))
        return self._wire.stream("chat/completions", chat_body(self.model_id, prompt, sampling, self._dialect))

    @staticmethod
    def _outcome(watch: Stopwatch, heard: _Heard, status: StreamStatus, message: str) -> Outcome:
        tokens_in, tokens_out = heard.usage or (watch.tokens_in, heard.tokens)
        outcome = replace(watch.outcome(status, message), tokens_in=tokens_in, tokens_out=tokens_out)
        return replace(outcome, estimated=heard.usage is None)


class _Heard:
    """What came of one answer: text up to a stop string, why it ended, what the server counted."""

    def __init__(self, stop_strings: tuple[str, ...], max_tokens: int) -> None:
        self._thoughts = ThoughtCutter()
        self._cutter = StopCutter(stop_strings)
        self._room = max_tokens * _LONGEST_TOKEN
        self._finish = ""
        self._said = False
        self.tokens = 0
        self.usage: tuple[int, int] | None = None

    @property
    def enough(self) -> bool:
        """Nothing that may still come is wanted."""
        return self._cutter.stopped or self._room < 0

    def take(self, delta: Delta) -> str:
        """The text that is certain now."""
        self._finish = delta.finish or self._finish
        self.usage = delta.usage or self.usage
        self.tokens += estimate(delta.text)
        self._room -= len(delta.text)
        said = self._thoughts.feed(delta.text)
        self._said = self._said or bool(said.strip())
        return self._cutter.feed(said)

    def rest(self) -> str:
        """What was held back, now that nothing follows."""
        return self._cutter.feed(self._thoughts.finish()) + self._cutter.finish()

    def ending(self, name: str, *, stopped: bool) -> tuple[StreamStatus, str]:
        """How the answer ended, in a word and, where one is needed, a sentence."""
        if self._finish == "length" or self._room < 0:
            return "length", ""
        if self._finish == "content_filter":
            return "failed", f"A filter of the engine at {name} ended the answer. Say it in other words."
        if stopped and not self._finish and not self._cutter.stopped:
            return "stopped", ""
        if not self._said:
            return "failed", f"The engine at {name} ended its answer without a word. Ask again."
        return "done", ""


def estimate(text: str) -> int:
    """About how many tokens `text` has; rather too many than too few."""
    return len(_PIECE.findall(text))


def explain(name: str, error: RemoteError) -> str:
    """A sentence on what the server did, and one on the way out."""
    return f"The engine at {name} {error}. {_way_out(error)}"


def _way_out(error: RemoteError) -> str:
    if isinstance(error, Rejected):
        return _after_status(error)
    if isinstance(error, Unreachable):
        return "Ask again once it runs; its address is ENGINE_URL."
    if isinstance(error, Nonsense):
        return "Whoever runs this page should see that ENGINE_URL names an OpenAI-compatible server."
    assert isinstance(error, Stalled | BrokenOff)
    return "What came before is kept; ask again."


def _after_status(error: Rejected) -> str:
    if error.status in {401, 403}:
        return "Whoever runs this page should check ENGINE_KEY."
    if error.status == 404 or error.status < 400:  # noqa: PLR2004 - HTTP's own numbers
        return "Whoever runs this page should check ENGINE_URL and ENGINE_MODEL."
    if error.status == 429 or error.status >= 500:  # noqa: PLR2004 - as above
        return f"Ask again in {error.retry_after:.0f} s." if error.retry_after else "Ask again in a moment."
    return "Shorten the request, lower the maximum length, or choose other settings."


def _role(name: str) -> Segment:
    return Segment(f"{name}\n", control=True)
