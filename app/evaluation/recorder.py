"""An engine that writes down what another one is asked and answers, word for word."""

from collections.abc import Generator
from dataclasses import dataclass
from threading import Event, Lock

from model.engine import Engine, Outcome, Sampling, TextStream
from model.prompt import Prompt, Segment


@dataclass(frozen=True)
class Exchange:
    """One prompt and the answer to it; `seed` and `temperature` are those that were used."""

    prompt: str
    completion: str
    status: str
    message: str
    seed: int | None
    temperature: float
    tokens_in: int
    tokens_out: int
    seconds: float


class Recorder(Engine):
    """Passes every request on to `engine`, which it shares with others: closing it closes nothing.

    What is expected next is not passed on: a benchmark's next request comes at once, and others wait for the engine.

    Args:
        engine: the one that answers.
    """

    def __init__(self, engine: Engine) -> None:
        super().__init__(
            model_id=engine.model_id,
            model_name=engine.model_name,
            quantisation=engine.quantisation,
            prompt_style=engine.prompt_style,
            context_length=engine.context_length,
        )
        self.continues, self.exact = engine.continues, engine.exact
        self._engine = engine
        self._lock = Lock()
        self._exchanges: list[Exchange] = []

    def take(self) -> tuple[Exchange, ...]:
        """The exchanges since the last time, in the order in which they ended."""
        with self._lock:
            taken, self._exchanges = tuple(self._exchanges), []
        return taken

    def stream(self, prompt: Prompt, sampling: Sampling, stop: Event) -> TextStream:
        """The other engine's answer, written down at its end."""
        return TextStream(self._noted(prompt, sampling, stop))

    def count_tokens(self, text: str, *, control: bool = False) -> int:
        """As the other engine counts."""
        return self._engine.count_tokens(text, control=control)

    def frame(self, system: Segment, user: tuple[Segment, ...]) -> tuple[Segment, ...]:
        """The other engine's template."""
        return self._engine.frame(system, user)

    def close(self) -> None:
        """Leave the other engine to whoever made it."""

    def _noted(self, prompt: Prompt, sampling: Sampling, stop: Event) -> Generator[str, None, Outcome]:
        pieces: list[str] = []
        stream = self._engine.stream(prompt, sampling, stop)
        try:
            with stream:
                for piece in stream:
                    pieces.append(piece)
                    yield piece
        finally:
            self._note(prompt, "".join(pieces), sampling, stream.outcome)
        return stream.outcome

    def _note(self, prompt: Prompt, text: str, sampling: Sampling, outcome: Outcome) -> None:
        exchange = Exchange(
            prompt.text,
            text,
            outcome.status,
            outcome.message,
            sampling.seed,
            sampling.temperature,
            outcome.tokens_in,
            outcome.tokens_out,
            round(outcome.seconds, 3),
        )
        with self._lock:
            self._exchanges.append(exchange)
