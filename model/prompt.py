"""The prompt, made from the state of the notebook and not from the transcript.

A small model that is shown the cell as it is now follows a change better than one that is shown the talk about it,
and the prompt then stays as short as the cell. `build` lays the parts out in the model's own style, fits them into its
window by dropping the least needed first, and reports what the model sees.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from model.engine import Engine, PromptStyle, Sampling


@dataclass(frozen=True, slots=True)
class TargetCell:
    """The cell that the request is about, as it is now (edits by hand included).

    `name` is the function or class that the cell is about, or None; `version` the number of the version.
    """

    number: int
    name: str | None
    source: str
    version: int | None = None

    @property
    def title(self) -> str:
        """What a person calls it."""
        return f"Cell {self.number}{f' · v{self.version}' if self.version else ''} as it is now"


@dataclass(frozen=True, slots=True)
class OtherCell:
    """Another cell of the notebook, whose names the answer may use."""

    number: int
    source: str


@dataclass(frozen=True, slots=True)
class PromptState:
    """All that a prompt is made from.

    Args:
        request: what the user asks now.
        target: the cell to be changed, or None for a new one.
        constraints: earlier requests about the target cell, oldest first; they still hold.
        others: the other cells, in the notebook's order.
        evidence: (title, text) of what running the cell showed, the most telling first.
        dialogue: (request, code) of the earlier turns, oldest first; read by the codegen style only.
        talk: the answer is to be words about the cell and not its code; chat models only.
    """

    request: str
    target: TargetCell | None = None
    constraints: tuple[str, ...] = ()
    others: tuple[OtherCell, ...] = ()
    evidence: tuple[tuple[str, str], ...] = ()
    dialogue: tuple[tuple[str, str], ...] = ()
    talk: bool = False


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a prompt that is tokenised by itself.

    Only in a `control` segment do the names of special tokens, such as "<|im_end|>", mean those tokens: whatever a
    user wrote is never control.
    """

    text: str
    control: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """One part of what the model sees, or of what was left out (`kept` is False).

    Args:
        name: system, frame, request, target, constraint, cell, evidence, turn or begun.
        title: the same for people, with the number it belongs to.
        text: the words as the model sees them; of a part that was left out, the words that it does not see.
        tokens: tokens of `text`; the kept parts add up to `Prompt.tokens`.
        kept: whether the model sees it.
        cut: tokens by which `text` was shortened to fit.
    """

    name: str
    title: str
    text: str
    tokens: int
    kept: bool
    cut: int = 0


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt that fits.

    Args:
        segments: what the engine tokenises, in order, `begun` included.
        begun: the beginning of the answer, written for the model; a `ReplyReader` starts from it.
        stop_strings: the answer ends before the first of them.
        parts: what the model sees and what was left out.
        tokens: tokens of the whole prompt.
        window: tokens that the model can hold.
        reserved: tokens of the window kept free for the answer.
        style: the layout, which the reader of the answer has to know.
        estimated: the tokens are estimates.
        stubs: lines that stand for what other cells define; an answer that repeats them means nothing by it.
    """

    segments: tuple[Segment, ...]
    begun: str
    stop_strings: tuple[str, ...]
    parts: tuple[Part, ...]
    tokens: int
    window: int
    reserved: int
    style: PromptStyle
    estimated: bool = False
    stubs: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The whole prompt as one text."""
        return "".join(segment.text for segment in self.segments)

    @property
    def before_request(self) -> tuple[Segment, ...]:
        """The segments before the person's words: with these begins whatever else is asked of the same state."""
        words = {part.text for part in self.parts if part.name == "request"}
        places = [place for place, segment in enumerate(self.segments) if segment.text in words]
        return self.segments[: places[-1]] if places else ()


def build(state: PromptState, engine: Engine, sampling: Sampling) -> Prompt:
    """Make the prompt for `state` in the style of `engine`'s model.

    Args:
        state: what to say.
        engine: counts tokens and knows the window and the template.
        sampling: `max_tokens` is kept free for the answer, up to half of the window.

    Raises:
        RequestTooLong: the request alone exceeds the window.
    """
    from model.layout import chat, codegen, talk
    from model.window import fit

    if engine.prompt_style == "codegen":
        return fit(codegen(state), engine, sampling)
    return fit(talk(state) if state.talk else chat(state, begin=engine.continues), engine, sampling)
