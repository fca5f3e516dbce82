"""What the model sees of a session, part by part, and what it is not shown: dropped to fit, or left out by design."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from app.session.snapshot import Snapshot
from model.engine import Engine
from model.outline import outline
from model.prompt import Part, Prompt, PromptState
from storage.records import Turn

Json = dict[str, Any]
TOGETHER = {"cell": "Outline of", "constraint": "Standing constraints", "evidence": "Evidence"}
DROPPED = "dropped to fit the window"


def report_of(prompt: Prompt, left_out: Sequence[Json]) -> dict[str, object]:
    """What the model saw and what it did not, as it is stored with the turn and shown."""
    return {
        "parts": [*_parts(prompt), *left_out],
        "tokens": prompt.tokens,
        "window": prompt.window,
        "reserved": prompt.reserved,
        "estimated": prompt.estimated,
    }


def _parts(prompt: Prompt) -> list[Json]:
    """The parts as people read them: neighbours of one kind are one part, and what was dropped says why."""
    runs = groupby(prompt.parts, key=lambda part: (part.kept, part.name if part.name in TOGETHER else part))
    return [_joined(list(parts)) for _, parts in runs]


def _joined(parts: Sequence[Part]) -> Json:
    first = parts[0]
    cut = sum(part.cut for part in parts)
    return {
        "title": _title(parts),
        "text": "".join(part.text for part in parts),
        "tokens": sum(part.tokens for part in parts),
        "kept": first.kept,
        "why": f"{cut} tokens were cut to fit the window" if cut else "" if first.kept else DROPPED,
    }


def _title(parts: Sequence[Part]) -> str:
    first = parts[0]
    if first.name == "cell":
        return f"Outline of {numbered('cell', [int(part.title.split()[-1]) for part in parts])}"
    return TOGETHER.get(first.name, first.title)


def unseen(snapshot: Snapshot, earlier: Sequence[Turn], state: PromptState, engine: Engine) -> list[Json]:
    """What is left out by design, with the tokens it would have cost: turns as written, bodies of other cells."""
    return [part for part in _unseen(snapshot, earlier, state, engine) if part["tokens"] > 0]


def _unseen(snapshot: Snapshot, earlier: Sequence[Turn], state: PromptState, engine: Engine) -> Iterator[Json]:
    if earlier and engine.prompt_style == "chat":
        text = "\n\n".join(f"{turn.request}\n{turn.prose}".strip() for turn in earlier)
        title = f"{numbered('turn', range(1, len(earlier) + 1)).capitalize()}, as written"
        yield _left(title, "the cells carry their result", engine.count_tokens(text))
    numbers = [other.number for other in state.others]
    sources = [snapshot.pieces[number - 1].source for number in numbers]
    tokens = sum(engine.count_tokens(source) - engine.count_tokens(outline(source)) for source in sources)
    if numbers:
        word = "Bodies" if len(numbers) > 1 else "Body"
        yield _left(f"{word} of {numbered('cell', numbers)}", "callers need the signatures only", tokens)


def _left(title: str, why: str, tokens: int) -> Json:
    return {"title": title, "text": "", "tokens": tokens, "kept": False, "why": why}


def numbered(word: str, numbers: Sequence[int]) -> str:
    """Numbers after their word: "cell 2", "cells 1 and 2", "turns 1 to 4"."""
    many = list(numbers)
    if len(many) == 1:
        return f"{word} {many[0]}"
    if len(many) > 2 and many == list(range(many[0], many[-1] + 1)):  # noqa: PLR2004 - two are a pair, not a range
        return f"{word}s {many[0]} to {many[-1]}"
    return f"{word}s {', '.join(map(str, many[:-1]))} and {many[-1]}"
