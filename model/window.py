"""Fits the pieces of a prompt into a window, the least needed dropped first."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from model.echo import stubs
from model.errors import RequestTooLong
from model.prompt import Part, Prompt, Segment

if TYPE_CHECKING:
    from model.engine import Engine, PromptStyle, Sampling


@dataclass(frozen=True, slots=True)
class Group:
    """Words around a run of pieces, there as long as one of the pieces is."""

    heading: str = ""
    closing: str = ""


@dataclass(slots=True)
class Piece:
    """One part of a prompt with the shorter forms it may fall back to.

    Args:
        name: as in `Part`.
        title: as in `Part`.
        forms: the fullest first; an empty text means left out.
        group: the words around it, shared with its neighbours of the same group.
    """

    name: str
    title: str
    forms: tuple[str, ...]
    group: Group = field(default_factory=Group)
    level: int = 0

    @property
    def text(self) -> str:
        """The words in the form chosen so far."""
        return self.forms[self.level]


@dataclass(frozen=True, slots=True)
class Draft:
    """A prompt before it is fitted.

    Args:
        style: chat or codegen.
        system: text of the system role; empty in the codegen style.
        pieces: in the order in which the model reads them.
        drops: which piece to shorten by one form, in this order, until the prompt fits.
        squeezed: the piece that is cut in its middle when all drops are spent, if there is one.
        begun: the beginning of the answer.
        stop_strings: the answer ends before the first of them.
    """

    style: PromptStyle
    system: str
    pieces: tuple[Piece, ...]
    drops: tuple[Piece, ...]
    squeezed: Piece | None
    begun: str
    stop_strings: tuple[str, ...]


def cut_middle(text: str, size: int, mark: str) -> str:
    """Keep about `size` characters of `text`, half from each end and whole lines where it has some, around `mark`."""
    if len(text) <= size:
        return text
    head, tail = text[: (size + 1) // 2], text[len(text) - size // 2 :]
    if "\n" in head:
        head = head[: head.rindex("\n")]
    if "\n" in tail:
        tail = tail[tail.index("\n") + 1 :]
    return f"{head}\n{mark}\n{tail}"


def fit(draft: Draft, engine: Engine, sampling: Sampling) -> Prompt:
    """Shorten the draft until it fits beside the answer, and report its parts.

    Raises:
        RequestTooLong: what cannot be dropped does not fit.
    """
    return _Fitting(draft, engine, sampling).prompt()


class _Fitting:
    def __init__(self, draft: Draft, engine: Engine, sampling: Sampling) -> None:
        self.draft = draft
        self.engine = engine
        self.reserved = min(sampling.max_tokens, engine.context_length // 2)
        self.limit = engine.context_length - self.reserved
        self._counts: dict[tuple[str, bool], int] = {}

    def prompt(self) -> Prompt:
        self._shorten()
        segments = self._segments()
        tokens = self._total(segments)
        return Prompt(
            segments=segments,
            begun=self.draft.begun,
            stop_strings=self.draft.stop_strings,
            parts=self._parts(tokens),
            tokens=tokens,
            window=self.engine.context_length,
            reserved=self.reserved,
            style=self.draft.style,
            estimated=not self.engine.exact,
            stubs=tuple(stub for piece in self.draft.pieces if piece.name == "cell" for stub in stubs(piece.text)),
        )

    def _shorten(self) -> None:
        for piece in self.draft.drops:
            if self._fits():
                return
            piece.level += 1
        if not self._fits():
            self._squeeze()

    def _squeeze(self) -> None:
        """Cut the squeezed piece in its middle, keeping as much as fits (found by bisection)."""
        piece = self.draft.squeezed
        if piece is None:
            raise RequestTooLong(self._total(self._segments()), self.limit)
        whole = piece.text
        low, high = 0, len(whole)
        piece.forms += ("",)
        piece.level = len(piece.forms) - 1
        while low < high:
            size = (low + high + 1) // 2
            self._put(piece, whole, size)
            low, high = (size, high) if self._fits() else (low, size - 1)
        self._put(piece, whole, low)
        if not self._fits():
            raise RequestTooLong(self._total(self._segments()), self.limit)

    @staticmethod
    def _put(piece: Piece, whole: str, size: int) -> None:
        mark = "# ... the middle of this cell is left out here ...\n"
        piece.forms = (*piece.forms[:-1], cut_middle(whole, size, mark))

    def _fits(self) -> bool:
        return self._total(self._segments()) <= self.limit

    def _total(self, segments: tuple[Segment, ...]) -> int:
        return sum(self._count(segment.text, control=segment.control) for segment in segments)

    def _count(self, text: str, *, control: bool = False) -> int:
        key = (text, control)
        if key not in self._counts:
            self._counts[key] = self.engine.count_tokens(text, control=control)
        return self._counts[key]

    def _segments(self) -> tuple[Segment, ...]:
        body = self.engine.frame(Segment(self.draft.system), tuple(Segment(text) for text in self._texts()))
        return (*body, Segment(self.draft.begun)) if self.draft.begun else body

    def _texts(self) -> list[str]:
        kept = [piece for piece in self.draft.pieces if piece.text]
        texts: list[str] = []
        for index, piece in enumerate(kept):
            if index == 0 or kept[index - 1].group is not piece.group:
                texts.append(piece.group.heading)
            texts.append(piece.text)
            if index == len(kept) - 1 or kept[index + 1].group is not piece.group:
                texts.append(piece.group.closing)
        return [text for text in texts if text]

    def _parts(self, tokens: int) -> tuple[Part, ...]:
        parts = [self._part(piece) for piece in self.draft.pieces]
        for name, title, text in (
            ("system", "Instructions", self.draft.system),
            ("begun", "Beginning of the answer", self.draft.begun),
        ):
            if text:
                parts.append(Part(name, title, text, self._count(text), kept=True))
        rest = tokens - sum(part.tokens for part in parts if part.kept)
        parts.append(Part("frame", "Template and headings", "", rest, kept=True))
        rank = {"system": 0, "frame": 1, "begun": 3}
        return tuple(sorted(parts, key=lambda part: rank.get(part.name, 2)))

    def _part(self, piece: Piece) -> Part:
        full = self._count(piece.forms[0])
        if not piece.text:
            return Part(piece.name, piece.title, piece.forms[0], full, kept=False)
        tokens = self._count(piece.text)
        return Part(piece.name, piece.title, piece.text, tokens, kept=True, cut=max(full - tokens, 0))
