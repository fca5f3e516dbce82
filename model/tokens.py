"""Text to tokens and back: segments in, pieces of text out."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from transformers import PreTrainedTokenizerBase

    from model.prompt import Segment

REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"
# A character is at most four bytes, and a token at least one: what is still broken after that will not be mended.
_LONGEST_CHARACTER: Final = 4


class Decodes(Protocol):
    """Whatever turns tokens into text."""

    def decode(self, ids: Sequence[int]) -> str:
        """The text of these tokens."""


class Codec:
    """A model's tokenizer, used from several threads at once.

    Args:
        tokenizer: a fast tokenizer of Transformers, given up to this object. Its Rust backend is switched between
            reading the names of special tokens as those tokens and as text: a second one took 0.4 s to build.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._backend = tokenizer.backend_tokenizer
        self._switch = threading.Lock()
        self._beginning: dict[str, list[int]] = {}

    def encode(self, segments: Iterable[Segment]) -> list[int]:
        """The tokens of all segments, each tokenised by itself."""
        return [token for segment in segments for token in self.tokens(segment.text, control=segment.control)]

    def tokens(self, text: str, *, control: bool = False) -> list[int]:
        """The tokens of one stretch of text."""
        with self._switch:
            self._backend.encode_special_tokens = not control
            return list(self._backend.encode(text, add_special_tokens=False).ids)

    def decode(self, ids: Sequence[int]) -> str:
        """The text of these tokens, without special ones."""
        return str(self._backend.decode(list(ids), skip_special_tokens=True))

    def heal(self, ids: list[int]) -> tuple[list[int], str]:
        """Take an opening bracket off the end of a prompt, to be written by the model as the start of its first token.

        Left alone, the bracket would stand as a token of its own, after which the natural next one (such as "(self")
        can no longer come, and the model goes on with something odd.

        Returns:
            The prompt without it and the bracket, or the prompt and an empty text.
        """
        last = self.decode(ids[-1:])
        return (ids[:-1], last) if last == "(" else (ids, "")

    def beginning_with(self, text: str) -> list[int]:
        """All tokens whose text begins with `text`, which is ASCII without spaces."""
        if text not in self._beginning:
            vocabulary = self._backend.get_vocab()
            self._beginning[text] = [number for token, number in vocabulary.items() if token.startswith(text)]
        return self._beginning[text]

    def token_id(self, token: str) -> int | None:
        """The number of a token, or None if there is no such token."""
        found = self._backend.token_to_id(token)
        return None if found is None else int(found)


class Detokenizer:
    """Gives the text of each new token, and keeps a character back until all of its bytes have come.

    A few tokens of context are decoded again each time, because tokenizers write some tokens differently at the
    beginning of a text.
    """

    def __init__(self, codec: Decodes) -> None:
        self._codec = codec
        self._ids: list[int] = []
        self._context = 0
        self._given = 0

    def add(self, token: int) -> str:
        """The text that this token completes."""
        self._ids.append(token)
        text = self._rest()
        waiting = len(self._ids) - self._given
        if text.endswith(REPLACEMENT) and waiting < _LONGEST_CHARACTER:
            return ""
        self._context, self._given = self._given, len(self._ids)
        return text

    def finish(self) -> str:
        """What is still held back, broken characters replaced."""
        return self._rest()

    def _rest(self) -> str:
        known = self._codec.decode(self._ids[self._context : self._given])
        return self._codec.decode(self._ids[self._context :])[len(known) :]


class StopCutter:
    """Passes text on up to the first stop string, and holds back what might become one.

    Args:
        stop_strings: any of them ends the text; none of an empty tuple does.
    """

    def __init__(self, stop_strings: Iterable[str]) -> None:
        self._stops = tuple(text for text in stop_strings if text)
        self._held = ""
        self.stopped = False

    def feed(self, text: str) -> str:
        """The text that is certain now."""
        if self.stopped:
            return ""
        self._held += text
        # Of two that overlap, the one that ends first: so the size of the pieces makes no difference.
        ends = [(place + len(stop), place) for stop in self._stops if (place := self._held.find(stop)) >= 0]
        if ends:
            self.stopped = True
            certain, self._held = self._held[: min(ends)[1]], ""
            return certain
        keep = max((_overlap(self._held, stop) for stop in self._stops), default=0)
        certain, self._held = self._held[: len(self._held) - keep], self._held[len(self._held) - keep :]
        return certain

    def finish(self) -> str:
        """What was held back, now that nothing follows."""
        held, self._held = self._held, ""
        return held


def _overlap(text: str, stop: str) -> int:
    """Length of the longest end of `text` with which `stop` begins."""
    return next((size for size in range(min(len(text), len(stop) - 1), 0, -1) if stop.startswith(text[-size:])), 0)
