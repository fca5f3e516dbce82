"""The read-only page behind a share link.

HTML outputs, which the playground draws in sealed frames, are reduced to harmless elements here.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.ui import highlight, outputs, shared, still, text
from app.ui.shared import Cell, DamagedCopy, SharedDocument

Find = Callable[[str], Mapping[str, object] | datetime | None]
"""What stands behind a token: a document, the time when the link was withdrawn, or None for an unknown token."""

TITLE_LIMIT = 200
_TOKEN = re.compile(r"[A-Za-z0-9_-]{22,64}")
_ROOT = ".."  # relative, so that it holds under any root path and behind any proxy


@dataclass(frozen=True)
class DrawnCell:
    """A cell with its code and outputs as HTML parts."""

    its: Cell
    turns: list[shared.Turn]
    code: Markup
    outputs: list[outputs.Output]
    places: list[str]


def routes(find: Find) -> list[Route]:
    """`GET /s/{token}`; `find` is called in a worker thread, and only with well-formed tokens."""

    def answer(request: Request) -> Response:
        return respond(find, request.path_params["token"], datetime.now(UTC))

    return [Route("/s/{token}", answer)]


def respond(find: Find, token: str, now: datetime) -> Response:
    """The page, or why there is none: 404 for an unknown token, 410 for a withdrawn link, 500 for a damaged copy."""
    found = find(token) if _TOKEN.fullmatch(token) else None
    if found is None:
        return missing()
    if isinstance(found, datetime):
        return withdrawn(found)
    try:
        return page(shared.read(found), token=token, base=_ROOT, now=now)
    except DamagedCopy:
        return damaged()


def page(document: SharedDocument, *, token: str, base: str, now: datetime) -> Response:
    """The page of a copy.

    Args:
        document: what to show.
        token: the link's token, for the link that forks.
        base: address of the playground without a slash at its end, relative to the page or absolute.
        now: when the page is read; stands on paper only.
    """
    return still.html(
        "share.html",
        200,
        title=text.line(document.title, TITLE_LIMIT) or "Untitled session",
        document=document,
        cells=[_drawn(document, cell) for cell in document.cells],
        fork=f"{base}/?fork={token}",
        made=shared.moment(document.made_at),
        now=shared.moment(now),
    )


def withdrawn(at: datetime) -> Response:
    """The page of a link that its owner has revoked."""
    return _notice(
        410,
        "This link was withdrawn",
        f"Its owner revoked it on {at.astimezone(UTC):%-d %B %Y}. The session itself was not changed, and forks made "
        "before then still work for the people who made them.",
    )


def missing() -> Response:
    """The page of a link that never was."""
    return _notice(
        404,
        "There is no such link",
        "It may have been cut short when it was copied: a link ends with at least 22 letters and digits after /s/. "
        "Ask the person who sent it for the whole address.",
    )


def damaged() -> Response:
    """The page of a copy that cannot be read."""
    return _notice(
        500,
        "This copy cannot be read",
        "It was stored by another version of the playground, or the storage is damaged. Ask its owner to share the "
        "session again; the session itself is not affected.",
    )


def _notice(status: int, heading: str, explanation: str) -> Response:
    return still.html("notice.html", status, title=heading, explanation=explanation, root=f"{_ROOT}/")


def _drawn(document: SharedDocument, cell: Cell) -> DrawnCell:
    run = cell.run
    frames = run.failure.frames if run and run.failure else []
    return DrawnCell(
        its=cell,
        turns=document.turns_of(cell),
        code=highlight.lines(cell.source, cell.failing_line),
        outputs=outputs.drawn(run.outputs, failed=run.failure is not None) if run else [],
        places=[document.place(frame, cell) for frame in frames],
    )
