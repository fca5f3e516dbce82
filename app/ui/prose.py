"""Markdown and HTML from outside as a few safe elements, for places where no frame seals them off.

Markdown is CommonMark with tables. What comes out is what nh3 lets through: no attribute but the address of an
absolute http, https or mailto link, no image, no class, no identifier. Headings sink below those of the page.
"""

import html
from collections.abc import Sequence
from functools import cache

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererProtocol
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from app.ui import text

LIMIT = 32 * 1024  # characters of Markdown; parsing some nonsense takes time quadratic in its length
HTML_LIMIT = 64 * 1024
_TAGS = {
    "a", "b", "blockquote", "br", "caption", "code", "dd", "del", "dl", "dt", "em", "h4", "h5", "h6", "hr",
    "i", "kbd", "li", "ol", "p", "pre", "s", "small", "strong", "sub", "sup", "table", "tbody", "td",
    "tfoot", "th", "thead", "tr", "u", "ul", "var",
}  # fmt: skip
_SILENT = {
    "head", "iframe", "math", "noembed", "noframes", "noscript", "object", "script", "select", "style",
    "svg", "template", "textarea", "title",
}  # fmt: skip
_SPANS = {"colspan", "rowspan"}
_HEADING_STEP = 3


def from_markdown(source: str) -> str:
    """HTML of a Markdown text; of more than `LIMIT` characters only the first are read."""
    parser = _parser()
    tokens = parser.parse(text.clean(source[:LIMIT]))
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(6, int(token.tag[1]) + _HEADING_STEP)}"
    return safe(parser.renderer.render(tokens, parser.options, {}))


def from_latex(source: str) -> str:
    """HTML that shows LaTeX as it was written, for want of anything that typesets it."""
    return f"<pre><code>{html.escape(text.clean(source[:LIMIT]).strip())}</code></pre>"


def safe(markup: str) -> str:
    """What is harmless of an HTML text or document: words, lists, tables and links, and nothing that acts.

    Only the first `HTML_LIMIT` characters are read.
    """
    return nh3.clean(
        markup[:HTML_LIMIT],
        tags=_TAGS,
        clean_content_tags=_SILENT,
        attributes={"a": {"href"}, "td": _SPANS, "th": _SPANS},
        url_schemes={"http", "https", "mailto"},
        url_relative="deny",
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark").enable("table")
    parser.add_render_rule("image", _described)
    return parser


def _described(
    _renderer: RendererProtocol, tokens: Sequence[Token], index: int, _options: OptionsDict, _env: EnvType
) -> str:
    """An image by its words: fetching it would tell its host who reads."""
    return html.escape(f"[image: {tokens[index].content}]")
