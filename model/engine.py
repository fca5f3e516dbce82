"""What turns a prompt into a stream of text, whichever way that is done."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, Self

from model.errors import InvalidSampling

if TYPE_CHECKING:
    from collections.abc import Generator
    from threading import Event
    from types import TracebackType

    from model.prompt import Prompt, Segment

PromptStyle = Literal["chat", "codegen"]
StreamStatus = Literal["done", "stopped", "length", "failed"]
_RANGES: Final[dict[str, tuple[float, float]]] = {
    "temperature": (0, 5),
    "top_p": (0.01, 1),
    "top_k": (0, 100_000),
    "repetition_penalty": (0.5, 2),
    "max_tokens": (1, 1_000_000),
    "seed": (0, 2**63 - 1),
}


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is chosen.

    Args:
        temperature: 0 takes the likeliest token; above that, logits are divided by it.
        top_p: keeps the smallest set of tokens whose probability reaches this share; 1 keeps all.
        top_k: keeps this many of the likeliest tokens; 0 keeps all.
        repetition_penalty: divides the logits of tokens already seen; 1 leaves them alone.
        max_tokens: the answer is cut after this many tokens.
        seed: equal seeds give equal text on the same machine; None draws anew each time.

    Raises:
        InvalidSampling: a value lies outside its range.
    """

    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    repetition_penalty: float = 1.0
    max_tokens: int = 1024
    seed: int | None = None

    def __post_init__(self) -> None:
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise InvalidSampling(f"{name} is {value}; it must lie between {low} and {high}.")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a stream ended and what it cost.

    `status` is done (the model ended its answer, or a stop string came), stopped (the caller's event), length (the
    token limit or the end of the window was reached) or failed (`message` says why and what to do). The text that
    came before stays valid in every case. `estimated` says that the tokens were not counted by the model's tokenizer.
    `tokens_known` of `tokens_in` did not have to be read, since an earlier prompt began with them.
    """

    status: StreamStatus
    message: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    seconds: float = 0.0
    first_token_seconds: float | None = None
    estimated: bool = False
    tokens_known: int = 0

    @property
    def tokens_per_second(self) -> float | None:
        """Decoding speed after the first token, or None if fewer than two tokens came."""
        if self.first_token_seconds is None or self.tokens_out < 2:  # noqa: PLR2004 - a rate needs an interval
            return None
        return (self.tokens_out - 1) / max(self.seconds - self.first_token_seconds, 1e-9)


class TextStream:
    """The text of one answer as it comes: an iterator of pieces, then an `outcome`.

    Iterating never raises on account of the model: a failure ends the iteration and stands in `outcome`. A consumer
    that leaves early calls `close()` (or uses the stream as a context manager), which frees the engine for the next
    request. While the request waits for its turn, empty pieces come whenever `ahead` changes.

    Args:
        pieces: yields the text, or how many requests are served before this one, and returns the outcome.

    Attributes:
        ahead: requests that are served before this one; 0 once it is being answered.
    """

    def __init__(self, pieces: Generator[str | int, None, Outcome]) -> None:
        self._pieces = pieces
        self._outcome: Outcome | None = None
        self.ahead = 0

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        try:
            piece = next(self._pieces)
        except StopIteration as end:
            if self._outcome is None:
                self._outcome = end.value or Outcome("stopped")
            raise StopIteration from None
        self.ahead = piece if isinstance(piece, int) else 0
        return piece if isinstance(piece, str) else ""

    @property
    def outcome(self) -> Outcome:
        """How it ended; a stream that was left early counts as stopped."""
        return self._outcome or Outcome("stopped")

    def close(self) -> None:
        """Give the rest of the answer up."""
        self._pieces.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Engine(ABC):
    """A loaded model.

    Args:
        model_id: the catalogue's id.
        model_name: what people call it.
        quantisation: how its weights are held, such as "bf16".
        prompt_style: which kind of prompt it was trained for.
        context_length: tokens of prompt and answer together.

    Attributes:
        tokens_per_second: decoding speed of the last answer; None before there was one.
        continues: it goes on with an answer that was begun for the model; otherwise prompts begin none.
        exact: `count_tokens` counts as the model does, and is no estimate.
    """

    continues: bool = True
    exact: bool = True

    def __init__(
        self, *, model_id: str, model_name: str, quantisation: str, prompt_style: PromptStyle, context_length: int
    ) -> None:
        self.model_id = model_id
        self.model_name = model_name
        self.quantisation = quantisation
        self.prompt_style = prompt_style
        self.context_length = context_length
        self.tokens_per_second: float | None = None

    @abstractmethod
    def stream(self, prompt: Prompt, sampling: Sampling, stop: Event) -> TextStream:
        """Write the answer to `prompt`; ends within one token of `stop` being set. Called by the session's job.

        The text does not repeat `prompt.begun`, and holds neither a stop string nor anything after it.
        """

    def expect(self, prompt: Prompt) -> None:  # noqa: B027 - an engine need not do anything
        """The next prompt will probably be this one but for the request. Called after an answer.

        An engine that has nothing else to do may read it, so that the next answer begins sooner; this one does not.
        """

    @abstractmethod
    def count_tokens(self, text: str, *, control: bool = False) -> int:
        """Tokens of `text` as one segment of a prompt. Called by `prompt.build`.

        Names of special tokens in it count as those tokens only where it is `control`.
        """

    @abstractmethod
    def frame(self, system: Segment, user: tuple[Segment, ...]) -> tuple[Segment, ...]:
        """Lay the model's chat template around the parts, up to where its answer begins. Called by `prompt.build`.

        In the codegen style there is no template, and `system` is empty.
        """

    @abstractmethod
    def close(self) -> None:
        """Let the running answers end, then free the memory. Called by the host before it loads another model."""


class Stopwatch:
    """Times one answer: `tick` once a token, `outcome` at the end."""

    def __init__(self, tokens_in: int = 0) -> None:
        self.tokens_in = tokens_in
        self.tokens_out = 0
        self.tokens_known = 0
        self._start = time.monotonic()
        self._first: float | None = None

    def tick(self) -> None:
        """Count one token of the answer."""
        self.tokens_out += 1
        if self._first is None:
            self._first = time.monotonic() - self._start

    def outcome(self, status: StreamStatus, message: str = "") -> Outcome:
        """The outcome as of now."""
        spent = time.monotonic() - self._start
        return Outcome(
            status,
            message,
            self.tokens_in,
            self.tokens_out,
            spent,
            self._first,
            tokens_known=self.tokens_known,
        )
