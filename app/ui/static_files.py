"""The page's script and style sheet, under names that change with their contents, so that browsers may keep them."""

import functools
import hashlib
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

BUILT = Path(__file__).parent / "static" / "built"
FILES = {"playground.js": "text/javascript", "playground.css": "text/css"}
FOREVER = "public, max-age=31536000, immutable"


class NotBuilt(Exception):
    """The page's script has not been built."""


def routes() -> list[Route]:
    """`GET app-static/{name}`. Plain routes, because mounted folders are not found under a root path."""
    return [Route("/app-static/{name}", _file)]


def address(name: str) -> str:
    """Where a built file is, relative to the page.

    Raises:
        NotBuilt: the message tells how to build it.
    """
    return f"app-static/{name}?v={_digest(_built(name))}"


def _built(name: str) -> Path:
    path = BUILT / name
    if not path.is_file():
        raise NotBuilt(
            f"{path} does not exist: build the page's script with `npm ci && npm run build` in app/ui/editor."
        )
    return path


@functools.cache
def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


async def _file(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in FILES:
        return PlainTextResponse(f"There is no file {name!r} here.", status_code=404)
    path = _built(name)
    # A file that was built again since the page was drawn answers under its old address, but is not kept under it.
    current = request.query_params.get("v") == hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    caching = FOREVER if current else "no-cache"
    return FileResponse(path, media_type=FILES[name], headers={"Cache-Control": caching})
