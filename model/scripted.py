"""An engine that plays given replies, for demonstrations and for whatever does not depend on a model's wits."""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING

from model.engine import Engine, Outcome, Stopwatch, TextStream
from model.prompt import Segment

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from threading import Event

    from model.engine import PromptStyle, Sampling
    from model.prompt import Prompt

_TOKEN = re.compile(r"\s?\w{1,6}|\s+|[^\w\s]")
OUT_OF_REPLIES = "The script has no reply left for this request. Queue one more."


class ScriptedEngine(Engine):
    """Plays queued replies token by token; a token is a short word, a run of spaces or a sign.

    Args:
        replies: played in this order, one a request; what the prompt has begun already is left out of them. An
            exception among them is a model that fails at that point.
        tokens_per_second: the speed; 0 means as fast as possible.
        prompt_style: as for any engine.
        context_length: as for any engine.
        model_id: as for any engine.

    Attributes:
        pause: seconds before each token; may be changed at any time.
    """

    def __init__(
        self,
        replies: Iterable[str | Exception] = (),
        *,
        tokens_per_second: float = 0.0,
        prompt_style: PromptStyle = "chat",
        context_length: int = 32768,
        model_id: str = "scripted",
    ) -> None:
        super().__init__(
            model_id=model_id,
            model_name="Scripted replies",
            quantisation="none",
            prompt_style=prompt_style,
            context_length=context_length,
        )
        self.replies = deque[str | Exception](replies)
        self.prompts: list[Prompt] = []
        self.samplings: list[Sampling] = []
        self.pause = 1 / tokens_per_second if tokens_per_second else 0.0

    def enqueue(self, *replies: str | Exception) -> None:
        """Add replies to those not yet played."""
        self.replies.extend(replies)

    def stream(self, prompt: Prompt, sampling: Sampling, stop: Event) -> TextStream:
        """Play the next reply; `prompts` and `samplings` keep what was asked."""
        self.prompts.append(prompt)
        self.samplings.append(sampling)
        reply = self.replies.popleft() if self.replies else RuntimeError(OUT_OF_REPLIES)
        if isinstance(reply, str):
            reply = _after(prompt.begun, reply)
        return TextStream(self._play(reply, prompt, sampling, stop))

    def count_tokens(self, text: str, *, control: bool = False) -> int:  # noqa: ARG002 - it has no special tokens
        """Tokens as this engine plays them."""
        return len(_TOKEN.findall(text))

    def frame(self, system: Segment, user: tuple[Segment, ...]) -> tuple[Segment, ...]:
        """The layout of ChatML (the template of the Qwen models); none in the codegen style."""
        if self.prompt_style == "codegen":
            return user
        before = Segment("<|im_start|>system\n", control=True)
        between = Segment("<|im_end|>\n<|im_start|>user\n", control=True)
        after = Segment("<|im_end|>\n<|im_start|>assistant\n", control=True)
        return (before, system, between, *user, after)

    def close(self) -> None:
        """Nothing is held."""

    def _play(
        self, reply: str | Exception, prompt: Prompt, sampling: Sampling, stop: Event
    ) -> Generator[str, None, Outcome]:
        watch = Stopwatch(prompt.tokens)
        if isinstance(reply, Exception):
            return watch.outcome("failed", str(reply))
        for token in _TOKEN.findall(_until_stop(reply, prompt.stop_strings)):
            if stop.wait(self.pause):
                return watch.outcome("stopped")
            if watch.tokens_out == sampling.max_tokens:
                return watch.outcome("length")
            watch.tick()
            yield token
        outcome = watch.outcome("done")
        self.tokens_per_second = outcome.tokens_per_second
        return outcome


def _after(begun: str, reply: str) -> str:
    """What of `reply` is still to come; a reply may begin with the fence or with the code."""
    code = begun.partition("\n")[2] if begun.startswith("```") else begun
    start = next((start for start in (begun, code) if reply.startswith(start)), "")
    return reply.removeprefix(start)


def _until_stop(reply: str, stop_strings: tuple[str, ...]) -> str:
    return reply[: min((reply.find(text) for text in stop_strings if text in reply), default=len(reply))]
