"""Puts the page, its live stream, its files and its share pages on one web server."""

import os

import gradio as gr
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.session import Playground
from app.ui import layout, live, share, static_files
from app.ui.actions import Actions

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


class PortTaken(Exception):
    """Another program listens on the port."""


def launch(playground: Playground, *, title: str, host: str, port: int, wait: bool = True) -> tuple[gr.Blocks, str]:
    """Serve the page; returns once it answers, or when the server ends if `wait`.

    Args:
        playground: what the page talks to.
        title: name on the page.
        host: address to listen on.
        port: TCP port; 0 takes a free one.
        wait: block until the process is told to end.

    Returns:
        The running page and its URL.

    Raises:
        PortTaken: the message names the port and how to choose another.
    """
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    page = layout.build(Actions(playground), title=title)
    routes = [live.route(playground), *static_files.routes(), *share.routes(playground.shares.find)]
    try:
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
            max_file_size="16mb",
            prevent_thread_lock=not wait,
            app_kwargs={"routes": routes, "middleware": [Middleware(PagePolicy)]},
            **layout.look(),
        )
    except OSError as error:
        raise PortTaken(
            f"Port {port} on {host} is in use. Stop the program that listens there, or choose another port: "
            f"PLAYGROUND_PORT={port + 1} make run"
        ) from error
    return page, url
