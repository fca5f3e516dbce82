"""Leaves out what a model thinks aloud before its answer, where its server does not keep the two apart."""

from __future__ import annotations

from typing import Final

OPEN: Final = "<think>"
CLOSE: Final = "</think>"


class ThoughtCutter:
    """Passes text on, but for a stretch between `<think>` and `</think>` with which it begins."""

    def __init__(self) -> None:
        self._held = ""
        self._inside = False
        self._passing = False

    def feed(self, text: str) -> str:
        """The text that belongs to the answer for certain."""
        if self._passing:
            return text
        self._held += text
        if not self._inside and self._held.lstrip().startswith(OPEN):
            self._inside, self._held = True, self._held.lstrip().removeprefix(OPEN)
        if self._inside:
            return self._after_thoughts()
        return "" if OPEN.startswith(self._held.lstrip()) else self.finish()

    def finish(self) -> str:
        """What was held back, now that it turns out to be no thought; unfinished thoughts are dropped."""
        held, self._held, self._passing = self._held, "", True
        return "" if self._inside else held

    def _after_thoughts(self) -> str:
        before, closed, after = self._held.partition(CLOSE)
        if not closed:
            self._held = before[-len(CLOSE) :]
            return ""
        self._inside, self._held = False, after.lstrip()
        return self.finish()
