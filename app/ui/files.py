"""The bytes of a session's files, in and out: two plain routes, open to nobody without the owner's key in a header.

A download is never shown: it comes as an attachment of no type, and only to a script that can set the header.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from http import HTTPStatus
from urllib.parse import quote

import anyio
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.session import Busy, Playground, Refused
from app.ui.actions import FAULTS, fault, owner_of

AT_ONCE = 4  # uploads taken at the same time, and downloads read; the others wait
PATIENCE = 180.0  # seconds for the bytes of one upload
STATUS = {"missing": HTTPStatus.NOT_FOUND, "busy": HTTPStatus.SERVICE_UNAVAILABLE}
SEALED = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def routes(playground: Playground) -> list[Route]:
    """`POST files/{session}?name=...` with the bytes as its body, and `GET files/{session}/{name}`.

    Both take the owner's key in the header `x-owner-key`: 403 without one, 404 for what is not that owner's.
    """
    coming, going = anyio.CapacityLimiter(AT_ONCE), anyio.CapacityLimiter(AT_ONCE)
    return [
        Route("/files/{session}", _told(partial(_upload, playground, coming)), methods=["POST"]),
        Route("/files/{session}/{name:path}", _told(partial(_download, playground, going)), methods=["GET"]),
    ]


def _told(answer: Callable[[Request, str], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """Pass the owner on, and answer what goes wrong in words, as the page takes it."""

    async def route(request: Request) -> Response:
        try:
            owner = owner_of(request.headers.get("x-owner-key", ""))
        except Refused as error:
            return JSONResponse(fault(error), HTTPStatus.FORBIDDEN)
        try:
            return await answer(request, owner)
        except FAULTS as error:
            words = fault(error)
            return JSONResponse(words, STATUS.get(words["fault"]["kind"], HTTPStatus.UNPROCESSABLE_ENTITY))
        except ClientDisconnect:
            return Response(status_code=HTTPStatus.BAD_REQUEST)

    return route


async def _upload(playground: Playground, slots: anyio.CapacityLimiter, request: Request, owner: str) -> Response:
    session, name = request.path_params["session"], request.query_params.get("name", "")
    largest = await anyio.to_thread.run_sync(playground.files.largest, owner, session)
    async with slots:
        data = await _body(request, largest)
        # In threads of its own: a kernel may have to come up first, and the live streams must not wait for that.
        await anyio.to_thread.run_sync(
            playground.files.write, owner, session, name, data, limiter=anyio.CapacityLimiter(1)
        )
    return JSONResponse({})


async def _download(playground: Playground, slots: anyio.CapacityLimiter, request: Request, owner: str) -> Response:
    session, name = request.path_params["session"], request.path_params["name"]
    async with slots:
        data = await anyio.to_thread.run_sync(playground.files.read, owner, session, name)
    attachment = f"attachment; filename*=UTF-8''{quote(name.rpartition('/')[2], safe='')}"
    headers = {**SEALED, "Content-Disposition": attachment}
    return Response(data, media_type="application/octet-stream", headers=headers)


async def _body(request: Request, largest: int) -> bytes:
    """The request's body; it is not read further than `largest` bytes.

    Raises:
        Refused: there are more.
        Busy: they come too slowly.
    """
    data = bytearray()
    try:
        with anyio.fail_after(PATIENCE):
            async for chunk in request.stream():
                if len(data) + len(chunk) > largest:
                    raise Refused(f"A file may have {largest:,} bytes; this one has more. Split it, or compress it.")
                data += chunk
    except TimeoutError as error:
        raise Busy(f"The upload took longer than {PATIENCE:g} s. Try again on a faster line.") from error
    return bytes(data)
