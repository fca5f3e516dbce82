"""Text that comes from outside, made fit to be shown: no control character acts, and none hides.

Controls appear as Unicode's pictures of them, lone surrogates as U+FFFD. Characters that reorder what stands
around them are spelled out, since they can make code read differently from how it runs (Boucher and Anderson,
"Trojan Source", 2021). Real right-to-left text is left as it is.
"""

import re
from collections.abc import Iterable

REORDERING = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
"""Code points of the bidirectional embeddings, overrides and isolates (Unicode Annex 9)."""

_SHOWN: dict[int, str] = {
    **{code: chr(0x2400 + code) for code in range(32) if chr(code) not in "\t\n"},
    0x7F: "\u2421",
    **dict.fromkeys(range(0x80, 0xA0), "\ufffd"),
    **{code: f"\u2039U+{code:04X}\u203a" for code in REORDERING},
}

# ECMA-48 sequences. Every part is a negated class or a bounded choice, so that matching stays linear.
_CONTROL = re.compile(
    r"(?:\x1b\[|\x9b)(?P<parameters>[0-?]*)[ -/]*(?P<final>[@-~]?)"  # CSI: colours, cursor, erasing
    r"|\x1b\][^\x07\x1b\n]*(?:\x07|\x1b\\)?"  # OSC: titles and hyperlinks
    r"|\x1b[PX^_][^\x1b\n]*(?:\x1b\\)?"  # DCS, SOS, PM, APC: strings for the terminal itself
    r"|\x1b[ -/]*[0-~]?"  # the remaining escapes
    r"|[\r\x08\x07]"
)


def clean(text: str) -> str:
    """The text with every character visible: line ends are newlines, tabs stay, nothing else controls anything."""
    if text.isascii() and text.isprintable():
        return text
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.replace("\r\n", "\n").replace("\r", "\n").translate(_SHOWN)


def line(text: str, limit: int) -> str:
    """The cleaned text on one line, at most `limit` characters long; an ellipsis stands for what was cut."""
    whole = " ".join(clean(text[: 4 * limit]).split())
    return whole if len(whole) <= limit else whole[: limit - 1] + "…"


def terminal(text: str) -> str:
    """What a terminal would show in the end: carriage returns overwrite, erasing erases, colours are dropped.

    The cursor never leaves its line: sequences that move it up or down are dropped like colours.
    """
    rows = text.replace("\r\n", "\n").split("\n")
    return clean("\n".join(_played(row) if _CONTROL.search(row) else row for row in rows))


def bounded(text: str, limit: int) -> tuple[str, bool]:
    """The first `limit` characters, and whether there were more."""
    return text[:limit], len(text) > limit


def joined(pieces: object, limit: int) -> str | None:
    """A multi-line string as nbformat knows it, a string or a list of strings, up to `limit` characters.

    Anything else gives None. Pieces that are not strings are left out.
    """
    if isinstance(pieces, str):
        return pieces[:limit]
    if not isinstance(pieces, list):
        return None
    return "".join(_up_to(limit, (piece for piece in pieces if isinstance(piece, str))))


def _up_to(limit: int, pieces: Iterable[str]) -> Iterable[str]:
    for piece in pieces:
        yield piece[:limit]
        limit -= len(piece)
        if limit <= 0:
            return


def _played(row: str) -> str:
    cells: list[str] = []
    cursor = begin = 0
    for match in _CONTROL.finditer(row):
        cursor = _written(cells, cursor, row[begin : match.start()])
        cursor = _moved(cells, cursor, match)
        begin = match.end()
    _written(cells, cursor, row[begin:])
    return "".join(cells)


def _written(cells: list[str], cursor: int, text: str) -> int:
    cells[cursor : cursor + len(text)] = text
    return cursor + len(text)


def _moved(cells: list[str], cursor: int, match: re.Match[str]) -> int:
    if match[0] == "\r":
        return 0
    if match[0] == "\x08":
        return max(0, cursor - 1)
    if match["final"] == "K" and match["parameters"] in {"", "0"}:
        del cells[cursor:]
    elif match["final"] == "K" and match["parameters"] == "2":
        cells.clear()  # programs that erase a whole line return to its start, before or after
        return 0
    return cursor
