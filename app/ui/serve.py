"""Puts the page, its live stream, its files and its share pages on one web server."""

import os
import socket
import threading
from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.session import Playground
from app.ui import files, layout, live, results, share, static_files
from app.ui.actions import Actions
from app.ui.doors import Doors

# Gradio's own page needs inline scripts and eval. What this adds: nothing is fetched from, sent to or framed from
# another origin, so that an output which breaks out of its frame has nowhere to carry its loot.
PAGE_POLICY = (
    "default-src 'self' data: blob:; "
    "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; "
    "connect-src 'self' data: blob:; "
    "frame-src 'self'; "
    "object-src 'none'; "
    "form-action 'self'"
)


class PagePolicy:
    """ASGI middleware that gives every response without a policy of its own the page's."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and add the headers to the response's start."""

        async def with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Content-Security-Policy", PAGE_POLICY)
                headers.setdefault("X-Content-Type-Options", "nosniff")
                headers.setdefault("Referrer-Policy", "no-referrer")
            await send(message)

        await self._app(scope, receive, with_policy)


class CannotServe(Exception):
    """The page cannot be served as things are; the text says what to change."""


def serve(playground: Playground, *, title: str, host: str, port: int, evaluations: Path) -> None:
    """Serve the page until the process is told to end.

    Args:
        playground: what the page talks to.
        title: name on the page.
        host: address to listen on.
        port: TCP port; 0 takes a free one.
        evaluations: folder of the evaluations that the results page shows.

    Raises:
        CannotServe: the port is taken, or the page's script has not been built.
    """
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    routes = [
        live.route(playground),
        *files.routes(playground),
        *static_files.routes(),
        *share.routes(playground.shares.find),
        *results.routes(evaluations),
    ]
    try:
        page = layout.build(Actions(playground), title=title)
        _, url, _ = page.launch(
            server_name=host,
            server_port=port or None,
            share=False,
            quiet=True,
            show_error=False,
            ssr_mode=False,
            pwa=False,
            run_history=False,
            enable_monitoring=False,
            footer_links=[],
            allowed_paths=[],
            state_session_capacity=1,  # the page keeps nothing with Gradio, and anybody may name any session to it
            prevent_thread_lock=True,
            app_kwargs={"routes": routes, "middleware": [Middleware(PagePolicy), Middleware(Doors)]},
            **layout.look(),
        )
    except static_files.NotBuilt as error:
        raise CannotServe(str(error)) from error
    except OSError as error:
        raise CannotServe(
            f"Port {port} on {host} cannot be used: {_refusal(host, port) or error}. "
            f"Stop the program that listens there, or choose another port: PLAYGROUND_PORT={port + 1} make run"
        ) from error
    print(f"{title} is at {url} (Ctrl+C ends it)", flush=True)  # noqa: T201 - the address is the output
    try:
        threading.Event().wait()
    finally:
        page.close()


def _refusal(host: str, port: int) -> str:
    """Why the system does not let anybody listen there: Gradio tells of settings that do not reach it here."""
    try:
        socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except OSError as error:
        return error.strerror or str(error)
    return ""
