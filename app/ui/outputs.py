"""Outputs of a kernel as the page may draw them.

A kernel runs whatever its user, or somebody whose code the user trusted, wrote: nothing about its messages can be
relied upon, neither types nor sizes nor what a mime type promises. Every output becomes one of six kinds that
hold plain text, a checked image, sanitised words, or a document for a sealed frame.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Literal, TypedDict

from app.ui import frames, images, prose, tables, text

COUNT_LIMIT = 500
TEXT_LIMIT = 256 * 1024
TOTAL_LIMIT = 16 * 1024 * 1024
_READ_LIMIT = 2 * TEXT_LIMIT
_ALT_LIMIT = 200
_NAME_LIMIT = 80
_NAMES_SHOWN = 3

StreamName = Literal["stdout", "stderr", "result"]


class TextOutput(TypedDict):
    """Text as a terminal shows it; `cut` says that there was more."""

    kind: Literal["text"]
    name: StreamName
    text: str
    cut: bool


class ImageOutput(TypedDict):
    """A checked image as a data URL."""

    kind: Literal["image"]
    url: str
    alt: str


class TableOutput(TypedDict):
    """A table of text cells; the first `index` columns are labels."""

    kind: Literal["table"]
    head: list[list[str]]
    rows: list[list[str]]
    index: int
    caption: str


class FrameOutput(TypedDict):
    """A document for a sealed frame, see `app.ui.frames`."""

    kind: Literal["frame"]
    document: str


class ProseOutput(TypedDict):
    """Sanitised HTML."""

    kind: Literal["prose"]
    html: str


class JsonOutput(TypedDict):
    """JSON, indented."""

    kind: Literal["json"]
    text: str


Output = TextOutput | ImageOutput | TableOutput | FrameOutput | ProseOutput | JsonOutput


class NotShown(ValueError):
    """One representation cannot be shown; the text says why and reads on after "…is not shown: "."""


def drawn(outputs: object, *, failed: bool = False) -> list[Output]:
    """The outputs of a run, in order, for the page.

    Args:
        outputs: nbformat output dicts; pieces of one stream that follow each other are joined.
        failed: the run's failure is shown by itself, so error outputs, which repeat it, are left out.
    """
    shown: list[Output] = []
    spent = 0
    for output in _joined_streams(outputs if isinstance(outputs, list) else []):
        if failed and output.get("output_type") == "error":
            continue
        one = _drawn(output)
        spent += _size(one)
        if len(shown) == COUNT_LIMIT or spent > TOTAL_LIMIT:
            return [*shown, _text("The outputs after this one are not shown: there are too many of them.")]
        shown.append(one)
    return shown


def _joined_streams(outputs: list[object]) -> Iterator[Mapping[str, object]]:
    name, pieces = "", list[str]()
    for output in outputs:
        if not isinstance(output, Mapping):
            continue
        stream = str(output.get("name")) if output.get("output_type") == "stream" else ""
        if pieces and stream != name:
            yield _stream(name, pieces)
            pieces = []
        name = stream
        if stream:
            pieces.append(text.joined(output.get("text"), _READ_LIMIT) or "")
        else:
            yield output
    if pieces:
        yield _stream(name, pieces)


def _stream(name: str, pieces: list[str]) -> dict[str, object]:
    return {"output_type": "stream", "name": name, "text": pieces}


def _drawn(output: Mapping[str, object]) -> Output:
    kind = output.get("output_type")
    if kind == "stream":
        name: StreamName = "stderr" if output.get("name") == "stderr" else "stdout"
        return _text(text.joined(output.get("text"), _READ_LIMIT) or "", name)
    if kind == "error":
        return _error(output)
    data = output.get("data")
    if isinstance(data, Mapping):
        return _bundle(data)
    return _text(f"An output of the type {_named(kind)} is not shown.")


def _error(output: Mapping[str, object]) -> TextOutput:
    traceback = text.joined(_lines(output.get("traceback")), _READ_LIMIT)
    said = f"{_named(output.get('ename'))}: {text.joined(output.get('evalue'), _READ_LIMIT) or ''}"
    return _text(traceback or said, "stderr")


def _lines(value: object) -> object:
    return [f"{line}\n" for line in value if isinstance(line, str)] if isinstance(value, list) else None


def _bundle(data: Mapping[object, object]) -> Output:
    """The first representation, in the order of preference, that can be shown."""
    refused = []
    for mime, draw in _DRAWN_BY.items():
        if mime not in data:
            continue
        try:
            output = draw(data[mime], data)
        except (NotShown, images.NotAnImage) as reason:
            refused.append(f"{mime} is not shown: {reason}.")
            continue
        return _with_reasons(output, refused)
    return _text("\n".join(refused or [_unknown(data)]))


def _with_reasons(output: Output, refused: list[str]) -> Output:
    if output["kind"] == "text" and refused:
        output["text"] = "\n".join([output["text"], *refused])
    return output


def _unknown(data: Mapping[object, object]) -> str:
    names = [_named(mime) for mime in list(data)[:_NAMES_SHOWN]]
    if len(data) > _NAMES_SHOWN:
        names.append(f"{len(data) - _NAMES_SHOWN} more")
    return f"{', '.join(names) or 'An output without contents'} is not shown."


def _html(value: object, _data: Mapping[object, object]) -> Output:
    markup = _string(value, frames.LIMIT)
    table = tables.read(markup)
    if table is None:
        return {"kind": "frame", "document": frames.from_html(text.clean(markup))}
    return {"kind": "table", "head": table.head, "rows": table.rows, "index": table.index, "caption": table.caption}


def _script(value: object, _data: Mapping[object, object]) -> Output:
    return {"kind": "frame", "document": frames.from_script(text.clean(_string(value, frames.LIMIT)))}


def _svg(value: object, data: Mapping[object, object]) -> Output:
    return {"kind": "image", "url": images.svg_url(_string(value, images.BYTES_LIMIT)), "alt": _alt(data, "Drawing")}


def _bitmap(value: object, data: Mapping[object, object]) -> Output:
    image = images.bitmap(_string(value, 2 * images.BYTES_LIMIT))
    alt = _alt(data, f"Image of {image.width} x {image.height} pixels")
    return {"kind": "image", "url": image.url, "alt": alt}


def _alt(data: Mapping[object, object], otherwise: str) -> str:
    said = text.joined(data.get("text/plain"), 4 * _ALT_LIMIT)
    return text.line(said, _ALT_LIMIT).strip("<>") if said else otherwise


def _markdown(value: object, _data: Mapping[object, object]) -> Output:
    return {"kind": "prose", "html": prose.from_markdown(_string(value, prose.LIMIT))}


def _latex(value: object, _data: Mapping[object, object]) -> Output:
    return {"kind": "prose", "html": prose.from_latex(_string(value, prose.LIMIT))}


def _json(value: object, _data: Mapping[object, object]) -> Output:
    pieces, length = list[str](), 0
    try:
        for piece in json.JSONEncoder(indent=2, ensure_ascii=False).iterencode(value):
            pieces.append(piece)
            length += len(piece)
            if length > TEXT_LIMIT:
                pieces.append("\n…")
                break
    except (RecursionError, TypeError, ValueError):
        raise NotShown("it is no JSON, or nested too deep") from None
    return {"kind": "json", "text": text.clean("".join(pieces))}


def _plain(value: object, _data: Mapping[object, object]) -> Output:
    said = text.joined(value, _READ_LIMIT)
    if said is None:
        raise NotShown("it is no text")
    return _text(said)


# In the order of preference: what says most comes first, what is merely a name for it comes last.
_DRAWN_BY: dict[str, Callable[[object, Mapping[object, object]], Output]] = {
    "text/html": _html,
    "image/svg+xml": _svg,
    "image/png": _bitmap,
    "image/jpeg": _bitmap,
    "image/webp": _bitmap,
    "image/gif": _bitmap,
    "text/markdown": _markdown,
    "text/latex": _latex,
    "application/javascript": _script,
    "text/javascript": _script,
    "application/json": _json,
    "text/plain": _plain,
}


def _text(said: str, name: StreamName = "result") -> TextOutput:
    kept, cut = text.bounded(text.terminal(said[:_READ_LIMIT]), TEXT_LIMIT)
    return {"kind": "text", "name": name, "text": kept, "cut": cut or len(said) >= _READ_LIMIT}


def _string(value: object, limit: int) -> str:
    said = text.joined(value, limit + 1)
    if said is None:
        raise NotShown("it is no text")
    if len(said) > limit:
        raise NotShown(f"it is longer than {limit:,} characters")
    return said


def _named(value: object) -> str:
    return text.line(value, _NAME_LIMIT) if isinstance(value, str) and value.strip() else "unknown"


def _size(output: Output) -> int:
    if output["kind"] == "table":
        return sum(len(cell) for row in output["rows"] for cell in row)
    return max(len(value) for value in output.values() if isinstance(value, str))
