"""The engine for models on this machine, over Transformers."""

from __future__ import annotations

import gc
import logging
from typing import TYPE_CHECKING, Final

from jinja2.exceptions import TemplateError

from model.batch import forward_of
from model.decode import Decoding, Ended, Task, Waits
from model.engine import Engine, Outcome, Stopwatch, TextStream
from model.errors import EngineCrowded
from model.likelihood import log_likelihood
from model.pace import Paces
from model.prefixes import Prefixes
from model.prompt import Segment
from model.scheduler import Scheduler
from model.tokens import Codec, Detokenizer, StopCutter

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from threading import Event

    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from model.batch import Forward
    from model.catalogue import ModelEntry
    from model.decode import Wrote
    from model.engine import Sampling
    from model.prompt import Prompt

log = logging.getLogger(__name__)
# Characters of the private use area mark where the template puts what people wrote.
_SYSTEM: Final = "\ue000"
_USER: Final = "\ue001"
MOST_LIVE: Final = 16
MOST_WAITING: Final = 64
KEPT_BYTES: Final = 256 * 2**20


class LocalEngine(Engine):
    """A model of Transformers with a decode loop of our own, which writes several answers at once.

    Args:
        entry: what the catalogue says of it. A tokenizer without a chat template is spoken to in the codegen style,
            whatever the entry says, and the shorter of the entry's and the model's window counts.
        model: loaded, in evaluation mode.
        tokenizer: the model's own.
        quantisation: how the weights are held.
        most_live: answers written at once.
        most_waiting: answers that may wait besides; one more fails at once.
        kept_bytes: memory for what is known of earlier prompts.

    Attributes:
        ends: tokens that end an answer.
    """

    def __init__(
        self,
        entry: ModelEntry,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        quantisation: str,
        *,
        most_live: int = MOST_LIVE,
        most_waiting: int = MOST_WAITING,
        kept_bytes: int = KEPT_BYTES,
    ) -> None:
        super().__init__(
            model_id=entry.id,
            model_name=entry.name,
            quantisation=quantisation,
            prompt_style="chat" if entry.prompt_style == "chat" and tokenizer.chat_template else "codegen",
            context_length=_window(entry, model),
        )
        self._model: PreTrainedModel | None = model
        self._codec = Codec(tokenizer)
        self.ends = _end_tokens(model, tokenizer, self._codec)
        self._template = _template(tokenizer) if self.prompt_style == "chat" else (_bos(tokenizer), "", "")
        self._forward: Forward | None = forward_of(model)
        self._scheduler = Scheduler(
            self._forward,
            Prefixes(kept_bytes),
            most_live=most_live,
            most_waiting=most_waiting,
            pace=Paces().step,
            explain=lambda error: _explain(entry.name, error),
        )

    def stream(self, prompt: Prompt, sampling: Sampling, stop: Event) -> TextStream:
        """Write the answer, together with others; it is submitted when the stream is first read."""
        return TextStream(self._answer(prompt, sampling, stop))

    def expect(self, prompt: Prompt) -> None:
        """Read all before the request, as long as nobody is being answered."""
        if tokens := self._codec.encode(prompt.before_request):
            self._scheduler.expect(tokens)

    def count_tokens(self, text: str, *, control: bool = False) -> int:
        """Tokens of `text` as one segment of a prompt."""
        return len(self._codec.tokens(text, control=control))

    def tokens(self, prompt: Prompt) -> list[int]:
        """The numbers of a prompt's tokens."""
        return self._codec.encode(prompt.segments)

    def text(self, tokens: Sequence[int]) -> str:
        """What these tokens stand for, special ones left out."""
        return self._codec.decode(tokens)

    def likelihood(self, before: str, text: str) -> tuple[float, int]:
        """How likely the model finds `text` behind `before`, whose special tokens mean themselves.

        Returns:
            The natural logarithm of its probability, and its tokens.
        """
        assert self._forward is not None
        tokens = self._codec.tokens(text)
        return log_likelihood(self._forward, self._codec.tokens(before, control=True), tokens), len(tokens)

    def frame(self, system: Segment, user: tuple[Segment, ...]) -> tuple[Segment, ...]:
        """Lay the tokenizer's chat template around the parts; in the codegen style at most a token goes before."""
        before, between, after = (Segment(text, control=True) for text in self._template)
        parts = (before, system, between, *user, after)
        return tuple(part for part in parts if part.text)

    def close(self) -> None:
        """Let the running answers end, then free the memory."""
        self._scheduler.close(f"{self.model_name} was unloaded. Ask again once the next model is ready.")
        self._model = self._forward = None
        gc.collect()

    def _answer(self, prompt: Prompt, sampling: Sampling, stop: Event) -> Generator[str | int, None, Outcome]:
        watch = Stopwatch(prompt.tokens)
        ids = self.tokens(prompt)
        watch.tokens_in = len(ids)
        if len(ids) >= self.context_length or not ids:
            return watch.outcome("failed", self._overrun(len(ids)))
        ids, bracket = self._codec.heal(ids) if prompt.begun else (ids, "")
        decoding = Decoding(self._task(prompt, ids, bracket, sampling, stop))
        try:
            self._scheduler.submit(decoding)
        except EngineCrowded as error:
            return watch.outcome("failed", str(error))
        try:
            text = _Text(self._codec, prompt.stop_strings, skip=len(bracket))
            outcome = yield from self._read(decoding, text, watch)
        finally:
            decoding.left = True
        self.tokens_per_second = outcome.tokens_per_second or self.tokens_per_second
        return outcome

    def _task(self, prompt: Prompt, ids: list[int], bracket: str, sampling: Sampling, stop: Event) -> Task:
        return Task(
            tokens=ids,
            sampling=sampling,
            limit=min(sampling.max_tokens, self.context_length - len(ids)),
            ends=self.ends,
            stop=stop,
            first=self._codec.beginning_with(bracket) if bracket else (),
            source=self._source(prompt),
        )

    def _source(self, prompt: Prompt) -> tuple[int, int]:
        """Where among the prompt's tokens the cell stands that is to be changed."""
        targets = {part.text for part in prompt.parts if part.name == "target" and part.kept}
        start = 0
        for segment in prompt.segments:
            length = self.count_tokens(segment.text, control=segment.control)
            if segment.text in targets:
                return start, start + length
            start += length
        return 0, 0

    def _read(self, decoding: Decoding, text: _Text, watch: Stopwatch) -> Generator[str | int, None, Outcome]:
        """Pass the answer on as it comes."""
        stop, end = decoding.task.stop, Ended("stopped")
        while not text.ended and not stop.is_set():
            news = decoding.news.get()
            if isinstance(news, Ended):
                end = news
                break
            if isinstance(news, Waits):
                yield news.ahead
            else:
                yield from self._written(news, text, watch, stop)
        if piece := text.finish():
            yield piece
        watch.tokens_known = decoding.known
        return watch.outcome("done") if text.ended else watch.outcome(end.status, end.message)

    def _written(self, news: Wrote, text: _Text, watch: Stopwatch, stop: Event) -> Iterator[str]:
        """The text of new tokens, up to the end of the answer or a stop."""
        for token in news.tokens:
            if text.ended or stop.is_set():
                return
            watch.tick()
            if token in self.ends:
                text.ended = True
            elif piece := text.add(token):
                yield piece

    def _overrun(self, tokens: int) -> str:
        return (
            f"The prompt has {tokens:,} tokens, and {self.model_name} holds {self.context_length:,}, answer included. "
            "Shorten the request or choose a model with a longer window."
        )


class _Text:
    """The text of an answer: tokens go in, certain pieces come out, up to a stop string."""

    def __init__(self, codec: Codec, stop_strings: tuple[str, ...], skip: int) -> None:
        self._detokenizer = Detokenizer(codec)
        self._cutter = StopCutter(stop_strings)
        self._skip = skip
        self.ended = False

    def add(self, token: int) -> str:
        return self._pass(self._detokenizer.add(token))

    def finish(self) -> str:
        return self._pass(self._detokenizer.finish()) + self._cutter.finish()

    def _pass(self, text: str) -> str:
        skipped = min(self._skip, len(text))
        self._skip -= skipped
        certain = self._cutter.feed(text[skipped:])
        self.ended = self.ended or self._cutter.stopped
        return certain


def _window(entry: ModelEntry, model: PreTrainedModel) -> int:
    known = getattr(model.config, "max_position_embeddings", 0) or 0
    return min(length for length in (entry.context_length, known) if length) if entry.context_length or known else 2048


def _end_tokens(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, codec: Codec) -> frozenset[int]:
    """All tokens that end an answer: the model's own, and the usual ones that some configurations forget."""
    config = getattr(model, "generation_config", None) or model.config
    own = config.eos_token_id if isinstance(config.eos_token_id, list) else [config.eos_token_id]
    usual = [codec.token_id(token) for token in ("<|im_end|>", "<|endoftext|>")]
    return frozenset(token for token in (*own, tokenizer.eos_token_id, *usual) if token is not None)


def _template(tokenizer: PreTrainedTokenizerBase) -> tuple[str, str, str]:
    """The template's text before the system's words, between them and the user's, and after those."""
    system, user = {"role": "system", "content": _SYSTEM}, {"role": "user", "content": _USER}
    both = [{"role": "user", "content": f"{_SYSTEM}\n\n{_USER}"}]
    for messages in ([system, user], both):
        try:
            text = str(tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True))
        except TemplateError:  # some templates know no system role
            continue
        before, found, rest = text.partition(_SYSTEM)
        between, also_found, after = rest.partition(_USER)
        if found and also_found:
            return before, between, after
    return "", "\n\n", "\n\n"


def _bos(tokenizer: PreTrainedTokenizerBase) -> str:
    """The token that begins every text, for tokenizers that set one."""
    begins = tokenizer("a")["input_ids"][:1] == [tokenizer.bos_token_id]
    return str(tokenizer.bos_token) if begins and tokenizer.bos_token else ""


def _explain(name: str, error: Exception) -> str:
    if isinstance(error, MemoryError) or "memory" in str(error).lower():
        return f"{name} ran out of memory ({error}). Shorten the request, or choose a smaller model."
    return f"{name} failed: {error}. What came before is kept; try again."
