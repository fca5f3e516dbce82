"""Python source as HTML for a page without scripts: one block for each line, token classes, no inline styles."""

from collections.abc import Iterator

from markupsafe import Markup, escape
from pygments.lexers.python import PythonLexer
from pygments.token import Comment, Keyword, Name, Number, Operator, String, _TokenType, is_token_subtype

from app.ui import text

HIGHLIGHT_LIMIT = 200_000
DEEPEST = 60
_CLASSES: tuple[tuple[_TokenType, str], ...] = (
    (Keyword, "k"),
    (Operator.Word, "k"),
    (String, "s"),
    (Number, "m"),
    (Comment, "c"),
)
_DEFINED: set[_TokenType] = {Name.Function, Name.Class}  # exactly: their subtypes are also given to names in use


def lines(source: str, marked: int | None = None) -> Markup:
    """The source as `<span class="l iN">` blocks, N being the columns by which a wrapped line hangs.

    Args:
        source: any text; longer than `HIGHLIGHT_LIMIT` characters it is not coloured.
        marked: number of a line to mark as the failing one, from 1.
    """
    rows = _rows(text.clean(source).removesuffix("\n"))
    return Markup("").join(_line(row, at == marked) for at, row in enumerate(rows, 1))


def hanging_rules() -> str:
    """The style rules of the classes i0 to i60, which stand in for inline styles."""
    return "".join(f".i{columns}{{--in:{columns}}}" for columns in range(DEEPEST + 1))


def _line(pieces: list[tuple[str, str]], marked: bool) -> Markup:  # noqa: FBT001 (what the line is)
    # A line end inside each block keeps the lines apart where there is no style sheet.
    whole = "".join(piece for _, piece in pieces).expandtabs(4)
    hanging = len(whole) - len(whole.lstrip()) + 4 if whole.strip() else 0
    inner = Markup("").join(
        Markup('<span class="{}">{}</span>').format(name, piece) if name else escape(piece) for name, piece in pieces
    )
    return Markup('<span class="l i{}{}">{}\n</span>').format(min(hanging, DEEPEST), " err" if marked else "", inner)


def _rows(source: str) -> Iterator[list[tuple[str, str]]]:
    row: list[tuple[str, str]] = []
    for name, value in _tokens(source):
        first, *others = value.split("\n")
        if first:
            row.append((name, first))
        for other in others:
            yield row
            row = [(name, other)] if other else []
    yield row


def _tokens(source: str) -> Iterator[tuple[str, str]]:
    if len(source) > HIGHLIGHT_LIMIT:
        yield "", source
        return
    for kind, value in PythonLexer(stripnl=False, ensurenl=False).get_tokens(source):
        yield _class_of(kind), value


def _class_of(kind: _TokenType) -> str:
    if kind in _DEFINED:
        return "f"
    return next((name for family, name in _CLASSES if is_token_subtype(kind, family)), "")
