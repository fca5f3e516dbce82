"""Outputs of hostile kernels as the page may draw them."""

import base64
import io
import json
import struct
import zlib
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from app.ui.frames import POLICY
from app.ui.outputs import COUNT_LIMIT, TEXT_LIMIT, Output, drawn

Json = dict[str, Any]


def stream(text: object, name: object = "stdout") -> Json:
    return {"output_type": "stream", "name": name, "text": text}


def display(**bundle: object) -> Json:
    return {"output_type": "display_data", "data": {key.replace("__", "/"): value for key, value in bundle.items()}}


def only(output: Json) -> Any:
    (one,) = drawn([output])
    return one


def picture(kind: str) -> str:
    file = io.BytesIO()
    Image.new("RGB", (3, 2), "red").save(file, kind)
    return base64.b64encode(file.getvalue()).decode()


def frame_of(frame: pd.DataFrame) -> Any:
    return only({"output_type": "execute_result", "data": {"text/html": frame._repr_html_(), "text/plain": "x"}})


# ---------- text ----------


def test_pieces_of_one_stream_are_joined_and_streams_are_kept_apart() -> None:
    outputs = drawn([stream("a"), stream(["b", "c\n"]), stream("oops", "stderr"), stream("d")])
    assert [(o["kind"] == "text" and o["name"], o["kind"] == "text" and o["text"]) for o in outputs] == [
        ("stdout", "abc\n"),
        ("stderr", "oops"),
        ("stdout", "d"),
    ]


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("  0%\r 50%\r100%\ndone", "100%\ndone"),
        ("long line\rno", "nong line"),
        ("a\r\nb\r\n", "a\nb\n"),
        ("work...\r\x1b[Kok", "ok"),
        ("work...\x1b[2K\rok", "ok"),
        ("abc\b\bX", "aXc"),
        ("\x1b[1;31mred\x1b[0m \x9b32mgreen\x9b0m", "red green"),
        ("\x1b]8;;javascript:top.pwned=1\x07link\x1b]8;;\x1b\\", "link"),
        ("\x1b]0;title never closed", ""),
        ("nul\0 and bell\x07 and escape at the end\x1b", "nul␀ and bell and escape at the end"),
        ("half \ud800 a pair", "half \ufffd a pair"),
        ("\ud83d\ude00", "😀"),
        ("user\u202enimda", "user\u2039U+202E\u203animda"),
        ("שלום", "שלום"),
    ],
)
def test_text_is_what_a_terminal_would_show_with_nothing_hidden(printed: str, shown: str) -> None:
    assert only(stream(printed))["text"] == shown


def test_markup_in_text_stays_text() -> None:
    assert only(stream("<script>top.pwned=1</script>"))["text"] == "<script>top.pwned=1</script>"


def test_a_flood_is_cut_and_says_so() -> None:
    one = only(stream("x" * 5_000_000))
    assert (len(one["text"]), one["cut"]) == (TEXT_LIMIT, True)
    assert not only(stream("x" * TEXT_LIMIT))["cut"]


def test_too_many_outputs_end_with_a_sentence() -> None:
    outputs = drawn([display(text__plain=str(n)) for n in range(COUNT_LIMIT + 10)])
    assert len(outputs) == COUNT_LIMIT + 1
    assert outputs[-1]["kind"] == "text"
    assert "not shown" in outputs[-1]["text"]


def test_an_error_is_drawn_unless_its_failure_is_shown_apart() -> None:
    error = {"output_type": "error", "ename": "E", "evalue": "<b>", "traceback": ["\x1b[31mE\x1b[0m", "<b>"]}
    assert only(error) == {"kind": "text", "name": "stderr", "text": "E\n<b>\n", "cut": False}
    assert only({**error, "traceback": None})["text"] == "E: <b>"
    assert drawn([error], failed=True) == []


# ---------- tables ----------


def test_a_data_frame_becomes_a_table_of_text() -> None:
    jobs = pd.DataFrame({"p50": [812.0, 604.0], "p95": ["<b>", "&amp;"]}, index=pd.Index(["a", "b"], name="job"))
    assert frame_of(jobs) == {
        "kind": "table",
        "head": [["job", "p50", "p95"]],
        "rows": [["a", "812.0", "<b>"], ["b", "604.0", "&amp;"]],
        "index": 1,
        "caption": "2 rows × 2 columns",  # noqa: RUF001
    }


def test_both_axes_of_a_data_frame_may_have_levels() -> None:
    columns = pd.MultiIndex.from_product([["x", "y"], ["p", "q"]])
    index = pd.MultiIndex.from_tuples([("a", "one"), ("a", "two"), ("b", "one")], names=["k", "l"])
    table = frame_of(pd.DataFrame(np.arange(12).reshape(3, 4), index=index, columns=columns))
    assert table["head"] == [["", "", "x", "x", "y", "y"], ["k", "l", "p", "q", "p", "q"]]
    assert table["rows"][1] == ["a", "two", "4", "5", "6", "7"]
    assert table["index"] == 2


def test_a_long_data_frame_keeps_its_own_caption() -> None:
    table = frame_of(pd.DataFrame(np.zeros((1000, 3))))
    assert table["caption"] == "1000 rows × 3 columns"  # noqa: RUF001
    assert len(table["rows"]) < 100


def test_a_huge_table_is_cut_and_the_caption_says_so() -> None:
    table = only(display(text__html=pd.DataFrame(np.zeros((900, 70))).to_html()))
    assert (len(table["rows"]), {len(row) for row in table["rows"] + table["head"]}) == (200, {50})
    assert table["caption"].endswith("; 200 of 900 rows and 50 of 71 columns shown")


@pytest.mark.parametrize(
    "markup",
    [
        "<p>words</p>",
        "<table><tr><td><img src=x onerror=alert(1)></td></tr></table>",
        "<table><tr><td>1</td></tr></table><script>1</script>",
        "<style>#T_1_row0 {color: red}</style><table><tr><td>1</td></tr></table>",
        "<table><tr><td style='background: red'>1</td></tr></table>",
        "<table><tr><td>1</td></tr></table><table></table>",
        "<table><!-- <tr> --></table>",
        "<table><tr><td>1</td",
        f"<p>{'prose ' * 100}</p><table><tr><td>1</td></tr></table>",
    ],
)
def test_what_is_more_than_a_table_goes_into_a_frame(markup: str) -> None:
    assert only(display(text__html=markup))["kind"] == "frame"


@pytest.mark.parametrize("unit", ["<td>", "<tr><td rowspan=999999 colspan=999999>", "<tr>", "<td", "<div>", "&"])
def test_a_hostile_table_is_bounded(unit: str) -> None:
    one = only(display(text__html="<table>" + unit * (400_000 // len(unit))))
    assert one["kind"] in {"table", "frame"}
    if one["kind"] == "table":
        assert len(one["rows"]) <= 200
        assert max(len(row) for row in one["rows"]) <= 50


# ---------- images ----------


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_an_image_is_recognised_by_its_bytes(kind: str) -> None:
    one = only(display(image__png=picture(kind), text__plain="<Figure size 3x2>"))
    assert one["url"].startswith(f"data:image/{kind.lower()};base64,")
    assert one["alt"] == "Figure size 3x2"
    assert only(display(image__png=picture(kind)))["alt"] == "Image of 3 x 2 pixels"


def test_lines_in_base64_do_no_harm() -> None:
    assert only(display(image__png=[picture("PNG")[:20] + "\n", picture("PNG")[20:] + "\n"]))["kind"] == "image"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (base64.b64encode(b"<svg onload=alert(1)>").decode(), "no PNG, JPEG, GIF or WebP"),
        ('x" onerror="alert(1)', "not base64"),
        (base64.b64encode(b"\x89PNG\r\n\x1a\n").decode(), "no PNG"),
        (base64.b64encode(b"\xff\xd8\xff").decode(), "JPEG frame header"),
        ("A" * 10_000_000, "larger than 6 MB"),
        (7, "no text"),
    ],
)
def test_what_is_no_image_is_named_with_the_reason(data: object, why: str) -> None:
    one = only(display(image__png=data))
    assert one["text"].startswith("image/png is not shown: ")
    assert why in one["text"]
    assert only(display(image__png=data, text__plain="a figure"))["text"].startswith("a figure\nimage/png is not shown")


def test_an_image_that_would_unfold_into_gigabytes_is_refused() -> None:
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + b"IHDR" + header + struct.pack(">I", zlib.crc32(b"IHDR" + header))
    one = only(display(image__png=base64.b64encode(b"\x89PNG\r\n\x1a\n" + chunk).decode()))
    assert "60000 x 60000 pixels" in one["text"]


def test_a_drawing_becomes_an_image_and_never_markup() -> None:
    data = {"image/svg+xml": "<svg onload='top.pwned=1'/>"}
    one = only({"output_type": "display_data", "data": data})
    kind, _, encoded = one["url"].partition(";base64,")
    assert kind == "data:image/svg+xml"
    assert base64.b64decode(encoded).decode() == "<svg xmlns=\"http://www.w3.org/2000/svg\" onload='top.pwned=1'/>"


# ---------- frames, prose, JSON ----------


def test_html_goes_into_a_document_whose_policy_comes_first() -> None:
    document = only(display(text__html="<base href='http://evil.test'><b>hi</b>", text__plain="x"))["document"]
    assert document.index(POLICY) < document.index("<script>") < document.index("<b>hi</b>")
    assert "default-src 'none'" in POLICY


def test_a_script_cannot_end_its_own_element() -> None:
    one = only(display(application__javascript="f('</SCRIPT><img src=x>', '<!--<script>')"))
    assert one["document"].lower().count("</script") == 2  # that of the height, and its own
    assert "f('<\\/SCRIPT><img src=x>', '<\\!--<script>')" in one["document"]


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("# *Hi*", "<h4><em>Hi</em></h4>\n"),
        ("[x](javascript:top.pwned=1)", "<p>[x](javascript:top.pwned=1)</p>\n"),
        ("<a href='javascript:alert(1)'>x</a>", '<p><a target="_blank" rel="noopener noreferrer nofollow">x</a></p>\n'),
        ("![seen](http://evil.test/leak)", "<p>[image: seen]</p>\n"),
        ("<img src=http://evil.test/leak onerror=alert(1)>ok", "<p>ok</p>\n"),
        ("<script>top.pwned=1</script>ok", "ok"),
        ("<svg><script>1</script></svg><math>x</math>ok", "<p>ok</p>\n"),
        ("<p id=composer class=btn style='position:fixed' onclick=f()>x</p>", "<p>x</p>"),
        ("<form action=http://evil.test><button>x</button></form>", "x"),
        ("[up](../?fork=1)", '<p><a target="_blank" rel="noopener noreferrer nofollow">up</a></p>\n'),
        ("a\u202eb", "<p>a\u2039U+202E\u203ab</p>\n"),
    ],
)
def test_markdown_comes_out_harmless(source: str, html: str) -> None:
    assert only(display(text__markdown=source)) == {"kind": "prose", "html": html}


def test_latex_is_shown_as_written() -> None:
    assert only(display(text__latex="$a<b$"))["html"] == "<pre><code>$a&lt;b$</code></pre>"


def test_json_is_indented_and_bounded() -> None:
    assert only(display(application__json={"a": ["é"]}))["text"] == '{\n  "a": [\n    "é"\n  ]\n}'
    assert len(only(display(application__json=["x"] * 500_000))["text"]) < TEXT_LIMIT + 100


def test_json_nested_without_end_is_bounded() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert len(only(display(application__json=deep))["text"]) < TEXT_LIMIT + 2000


def test_what_is_no_json_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    assert "it is no JSON" in only(display(application__json=loop))["text"]
    assert "it is no JSON" in only(display(application__json=[object()]))["text"]


def test_an_unknown_type_is_named_and_what_it_says_is_not_drawn() -> None:
    one = only({"output_type": "display_data", "data": {"application/x-thing": "<b>", "text/html;<script>": "x"}})
    assert one["text"] == "application/x-thing, text/html;<script> is not shown."
    assert only({"output_type": "display_data", "data": {"<b>": "y", "text/plain": "z"}})["text"] == "z"


# ---------- anything at all ----------

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=20)
    | st.binary(max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=4),
    max_leaves=8,
)
mimes = st.sampled_from(
    ["text/plain", "text/html", "text/markdown", "text/latex", "image/png", "image/svg+xml", "application/json", "x/y"]
)
messages = st.fixed_dictionaries(
    {"output_type": st.sampled_from(["stream", "error", "display_data", "execute_result"]) | anything},
    optional={
        "name": anything,
        "text": anything,
        "data": st.dictionaries(mimes | anything.filter(lambda it: isinstance(it, str)), anything, max_size=3)
        | anything,
        "ename": anything,
        "evalue": anything,
        "traceback": anything,
    },
)


@given(st.lists(messages | anything, max_size=5) | anything)
def test_no_message_of_any_shape_breaks_the_page(outputs: object) -> None:
    shown: list[Output] = drawn(outputs)
    assert "\0" not in json.dumps(shown, ensure_ascii=False).encode("utf-8").decode()
