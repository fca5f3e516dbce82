"""What an OpenAI-compatible server is sent and what it answers, as JSON.

Sources: OpenAI API reference, "Chat Completions" and "Completions"; vLLM, "OpenAI-Compatible Server", for
`continue_final_message`, which llama.cpp's server takes as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from model.engine import Sampling
from model.errors import Nonsense

if TYPE_CHECKING:
    from collections.abc import Sequence

    from model.prompt import Prompt, Segment

Json = dict[str, Any]
_MOST_STOPS: Final = 4  # OpenAI takes no more; all of them are looked for here as well
_PLAIN: Final = Sampling()


@dataclass(frozen=True, slots=True)
class Dialect:
    """What one server understands beyond the common ground.

    Args:
        continues: it goes on with an answer that was begun for the model, instead of starting anew.
        flags: it takes vLLM's two words for that.
        usage: it takes `stream_options`, and so counts tokens for us.
    """

    continues: bool = True
    flags: bool = True
    usage: bool = True


@dataclass(frozen=True, slots=True)
class Delta:
    """What one event adds to an answer.

    Args:
        text: of the answer itself; what a model thinks before it is not shown.
        finish: why the answer ended, or empty.
        usage: tokens of prompt and answer, where the event tells them.
    """

    text: str = ""
    finish: str = ""
    usage: tuple[int, int] | None = None


def chat_body(model: str, prompt: Prompt, sampling: Sampling, dialect: Dialect) -> Json:
    """The body for `chat/completions`; an answer that was begun is the last message."""
    messages = messages_of(prompt.segments)
    begun = messages[-1]["role"] == "assistant"
    flags = {"continue_final_message": True, "add_generation_prompt": False} if begun and dialect.flags else {}
    return {"messages": messages, **_common(model, sampling, dialect), **flags}


def text_body(model: str, prompt: Prompt, sampling: Sampling, dialect: Dialect) -> Json:
    """The body for `completions`, which goes on with the prompt as it is."""
    stops = list(prompt.stop_strings[:_MOST_STOPS])
    return {"prompt": prompt.text, "stop": stops, **_common(model, sampling, dialect)}


def messages_of(segments: Sequence[Segment]) -> list[dict[str, str]]:
    """Messages from a prompt in which control segments name the role of what follows; empty ones are left out."""
    messages: list[dict[str, str]] = []
    for segment in segments:
        if segment.control:
            messages.append({"role": segment.text.strip(), "content": ""})
        else:
            messages[-1]["content"] += segment.text
    return [message for message in messages if message["content"]]


def read(event: Json) -> Delta:
    """What an event says, streamed or whole.

    Raises:
        Nonsense: it has another shape than events of the protocol.
    """
    choices = event.get("choices")
    if not isinstance(choices, list) or not all(isinstance(choice, dict) for choice in choices):
        raise Nonsense(f"sent an event without choices: {str(event)[:200]}")
    usage = _usage(event.get("usage"))
    if not choices:
        return Delta(usage=usage)
    choice = choices[0]
    said = choice.get("delta") or choice.get("message") or {}
    text = said.get("content") if isinstance(said, dict) and said else choice.get("text")
    finish = choice.get("finish_reason")
    return Delta(text if isinstance(text, str) else "", finish if isinstance(finish, str) else "", usage)


def _usage(value: object) -> tuple[int, int] | None:
    if not isinstance(value, dict):
        return None
    counts = (value.get("prompt_tokens"), value.get("completion_tokens"))
    # bool is a kind of int, and a server of nonsense may send one
    return counts if all(type(it) is int and it >= 0 for it in counts) else None  # type: ignore[return-value]  # `all` narrows nothing


def _common(model: str, sampling: Sampling, dialect: Dialect) -> Json:
    """What all bodies hold. Words that OpenAI does not know, and refuses, are sent only where they say something."""
    beyond = {
        name: getattr(sampling, name)
        for name in ("top_k", "repetition_penalty")
        if getattr(sampling, name) != getattr(_PLAIN, name)
    }
    return {
        "model": model,
        "stream": True,
        "max_tokens": sampling.max_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        **({} if sampling.seed is None else {"seed": sampling.seed}),
        **({"stream_options": {"include_usage": True}} if dialect.usage else {}),
        **beyond,
    }
