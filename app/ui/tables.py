"""Tables out of HTML: pandas' and other plain ones become cells of text, drawn by the page itself.

What is more than a table (colours, images, scripts, prose around it) is not taken here and goes into a frame.
"""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

from app.ui import text

MARKUP_LIMIT = 2 * 1024 * 1024
ROWS_LIMIT = 200
COLUMNS_LIMIT = 50
HEAD_LIMIT = 10
CELL_LIMIT = 500
AROUND_LIMIT = 300
_PLAIN = set("br caption col colgroup div p small style table tbody td tfoot th thead tr".split())  # noqa: SIM905 - a list of strings is harder to read
_CELLS = {"td", "th"}
_SPAN = re.compile(r"[0-9]{1,6}")
# html.parser takes quadratic time on some broken markup (CVE-2025-6069), so every tag must be whole before it reads.
_WHOLE = re.compile(r"(?:[^<]++|</?[a-z][a-z0-9]*+(?:\s[^<>]*+)?+>)*+", re.IGNORECASE)
_TAG = re.compile(r"<([a-z][a-z0-9]*)", re.IGNORECASE)
_STYLE = re.compile(r"<style[^<>]*>([^<]*)</style>", re.IGNORECASE)
_BLOCK = re.compile(r"\{[^{}]*\}")


@dataclass(frozen=True)
class Table:
    """Rows of equal length; the first `index` columns are labels. A merged cell's text stands in each of its places."""

    head: list[list[str]]
    rows: list[list[str]]
    index: int
    caption: str


def read(markup: str) -> Table | None:
    """The table that the HTML consists of, or None if it is anything else.

    At most `ROWS_LIMIT` rows and `COLUMNS_LIMIT` columns are kept; the caption then says so.
    """
    if len(markup) > MARKUP_LIMIT or not _only_a_table(markup):
        return None
    reader = _Reader()
    reader.feed(_STYLE.sub("", markup))
    reader.close()
    if reader.styled or not reader.body + reader.head or len(reader.around) > AROUND_LIMIT:
        return None
    return _table(reader)


def _only_a_table(markup: str) -> bool:
    names = [name.lower() for name in _TAG.findall(markup)]
    styles = _STYLE.findall(markup)
    return (
        _WHOLE.fullmatch(markup) is not None
        and names.count("table") == 1
        and _PLAIN.issuperset(names)
        and names.count("style") == len(styles)
        and all(_is_default(style) for style in styles)
    )


def _is_default(style: str) -> bool:
    """Whether the rules speak of every data frame alike; a pandas Styler's name single cells."""
    selectors = _BLOCK.sub(",", style).split(",")
    return all(not name.strip() or name.strip().startswith(".dataframe") for name in selectors)


@dataclass
class _Cell:
    label: bool
    columns: int
    rows: int
    pieces: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return text.line("".join(self.pieces), CELL_LIMIT)


class _Reader(HTMLParser):
    """Collects the cells of one table row by row, and the words around it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.head: list[list[_Cell]] = []
        self.body: list[list[_Cell]] = []
        self.styled = False
        self._open: _Cell | None = None
        self._in_head = False
        self._around: list[str] = []

    @property
    def around(self) -> str:
        return " ".join("".join(self._around).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.styled |= tag in _CELLS and "style" in given
        if tag in {"thead", "tbody", "tfoot"}:
            self._in_head = tag == "thead"
        elif tag == "tr":
            (self.head if self._in_head else self.body).append([])
        elif tag in _CELLS:
            self._begin(tag == "th", given)
        elif tag == "br":
            self.handle_data(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in _CELLS:
            self._open = None
        elif tag == "p":
            self._around.append(" ")

    def handle_data(self, data: str) -> None:
        (self._open.pieces if self._open else self._around).append(data)

    def _begin(self, label: bool, given: dict[str, str | None]) -> None:  # noqa: FBT001 (what the cell is)
        cell = _Cell(label, _span(given.get("colspan"), COLUMNS_LIMIT), _span(given.get("rowspan"), ROWS_LIMIT))
        rows = self.head if self._in_head else self.body
        if not rows:
            rows.append([])
        rows[-1].append(cell)
        self._open = cell


def _span(value: str | None, most: int) -> int:
    return min(most, max(1, int(value))) if value and _SPAN.fullmatch(value) else 1


def _table(reader: _Reader) -> Table:
    head_cells, body_cells = reader.head, reader.body
    if not head_cells and body_cells and all(cell.label for cell in body_cells[0]):
        head_cells, body_cells = body_cells[:1], body_cells[1:]
    head, body = _grid(head_cells[:HEAD_LIMIT]), _grid(body_cells[:ROWS_LIMIT])
    kept = max(len(row) for row in head + body)
    # Only a first row says how wide the whole is: in later ones cells reach in from above.
    width = max(kept, sum(cell.columns for cell in (head_cells or body_cells)[0]))
    index = _labels(body) if body else int(bool(head and head[-1] and not head[-1][0].text))
    texts = [[cell.text for cell in row] + [""] * (kept - len(row)) for row in head + body]
    shape = _shape(len(body_cells), max(0, width - index))
    return Table(
        head=_without_name_row(texts[: len(head)], index),
        rows=texts[len(head) :],
        index=index,
        caption=_caption(text.clean(reader.around) or shape, len(body_cells), width),
    )


def _grid(rows: list[list[_Cell]]) -> list[list[_Cell]]:
    """Rows in which a merged cell stands in each place that it covers."""
    waiting: dict[int, tuple[_Cell, int]] = {}  # column -> the cell that reaches down into it, rows still to fill
    return [_placed(row, waiting) for row in rows]


def _placed(row: list[_Cell], waiting: dict[int, tuple[_Cell, int]]) -> list[_Cell]:
    placed: list[_Cell] = []
    fresh = ((cell, cell.rows) for cell in row for _ in range(cell.columns))
    for column in range(COLUMNS_LIMIT):
        cell, left = waiting.pop(column, None) or next(fresh, (None, 0))
        if cell is None:
            break
        placed.append(cell)
        if left > 1:
            waiting[column] = (cell, left - 1)
    return placed


def _labels(body: list[list[_Cell]]) -> int:
    """How many leading columns consist of header cells throughout."""
    return min(next((at for at, cell in enumerate(row) if not cell.label), len(row)) for row in body)


def _without_name_row(head: list[list[str]], index: int) -> list[list[str]]:
    """Pandas gives the index's names a row of their own; it is folded into an otherwise blank corner above it."""
    if len(head) > 1 and not any(head[-1][index:]) and not any(head[-2][:index]):
        return [*head[:-2], head[-1][:index] + head[-2][index:]]
    return head


def _shape(rows: int, columns: int) -> str:
    return f"{rows} row{'s' * (rows != 1)} × {columns} column{'s' * (columns != 1)}"  # noqa: RUF001 (as pandas writes it)


def _caption(said: str, rows: int, width: int) -> str:
    kept = []
    if rows > ROWS_LIMIT:
        kept.append(f"{ROWS_LIMIT} of {rows} rows")
    if width > COLUMNS_LIMIT:
        kept.append(f"{COLUMNS_LIMIT} of {width} columns")
    return f"{said}; {' and '.join(kept)} shown" if kept else said
