"""What of Gradio's own interface is open, and how much may be sent there: decided before Gradio reads any of it."""

from http import HTTPStatus

from starlette.responses import JSONResponse, PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.session import Refused
from app.ui.actions import fault

# The others store files, stream, or tell of the server to whoever asks; the page has routes of its own for all that.
API = "/gradio_api/"
OPEN = {"component_server", "startup-events"}
LARGEST = 8 * 1024 * 1024  # bytes of an action: more than the longest cell in JSON


class Doors:
    """ASGI middleware that keeps everything from Gradio's interface but actions of a bounded size."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it: 404, or a fault as the page takes it."""
        _, inside, name = scope.get("path", "").partition(API)
        if not inside:
            await self._app(scope, receive, send)
        elif name.removesuffix("/") not in OPEN:
            await PlainTextResponse("Not Found", HTTPStatus.NOT_FOUND)(scope, receive, send)
        elif (body := await _body(receive)) is None:
            await JSONResponse(fault(Refused(_too_much())))(scope, receive, send)
        else:
            await self._app(scope, _again(body, receive), send)


async def _body(receive: Receive) -> bytes | None:
    """The request's body, or None if it has more than `LARGEST` bytes: it is then read to its end and dropped.

    A browser that is answered before it has sent everything takes that for a broken connection.
    """
    data, size, more = bytearray(), 0, True
    while more:
        message = await receive()
        chunk = message.get("body", b"")
        size += len(chunk)
        if size <= LARGEST:
            data += chunk
        else:
            data.clear()
        more = message.get("more_body", False)
    return bytes(data) if size <= LARGEST else None


def _again(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives a body that was read already."""
    first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return first.pop() if first else await receive()

    return again


def _too_much() -> str:
    return f"An action may have {LARGEST:,} bytes; this one has more. Split the text, or load the data from a file."
