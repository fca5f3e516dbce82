"""Pages that stand still: made on the server, complete without scripts, and nothing on them acts.

The policy forbids every script, frame, form and foreign address, and allows the one style sheet by its digest
(CSP level 3).
"""

import base64
import hashlib
from functools import cache
from itertools import groupby
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from app.ui import highlight, prose, text, theme

_HERE = Path(__file__).parent


def html(template: str, status: int, **values: object) -> Response:
    """A page of a template in `templates/`."""
    body = _environment().get_template(template).render(style=Markup(_style()), **values)  # noqa: S704 (own file)
    return HTMLResponse(body, status_code=status, headers=_headers())


@cache
def _headers() -> dict[str, str]:
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode("ascii")
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )
    return {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
        "X-Robots-Tag": "noindex, nofollow",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }


@cache
def _style() -> str:
    return theme.variables() + highlight.hanging_rules() + (_HERE / "static" / "share.css").read_text("utf-8")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(still=_still, prose=_prose, trusted=Markup, merged=_merged)
    return environment


def _shown(value: object) -> object:
    """Every text that a template writes is cleaned first; markup was when it was made."""
    return text.clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _still(document: str) -> Markup:
    """What of a frame's document can stand on a page where nothing runs; empty if a script draws it all."""
    return Markup(prose.safe(document).strip())  # noqa: S704 (sanitised)


def _prose(markdown: str) -> Markup:
    return Markup(prose.from_markdown(markdown))  # noqa: S704 (sanitised)


def _merged(row: list[str], joined: bool) -> list[tuple[str, int]]:  # noqa: FBT001 (called by a template)
    """A row of a table's head as texts and columns covered: equal neighbours are one cell if `joined`, blanks never."""
    if not joined:
        return [(name, 1) for name in row]
    runs = ((name, len(list(group))) for name, group in groupby(row))
    return [one for name, count in runs for one in ([(name, count)] if name else [("", 1)] * count)]
