"""The live stream of one tab: the whole view first, then what changed, as server-sent events.

Source of the format: WHATWG HTML, "Server-sent events". A patch names only what differs from what this tab was
sent before, so a lost connection is mended by opening a new stream.
"""

import json
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from http import HTTPStatus
from typing import Any

import anyio
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from app.session import Changes, Playground, SessionError, Snapshot, Watch
from app.ui import engines, runs, view
from app.ui.actions import owner_of
from storage.errors import NotFound, StorageError
from storage.records import Cell, Turn

log = logging.getLogger(__name__)
HEARTBEAT = 10.0  # seconds; the page takes 25 s of silence for a lost connection
FRAME = 0.05  # seconds between two patches: 20 a second look fluent and leave the processor to the model
BYTES_PER_SECOND = 2_000_000  # of one stream: a flood of output slows its own tab down and nobody else's


def route(playground: Playground) -> Route:
    """`GET live?session=...` with the owner's key in the header `x-owner-key`."""

    async def live(request: Request) -> Response:
        try:
            owner = owner_of(request.headers.get("x-owner-key", ""))
        except SessionError as error:
            return PlainTextResponse(str(error), status_code=HTTPStatus.FORBIDDEN)
        stream = Stream(playground, owner, request.query_params.get("session", ""))
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(stream.events(), media_type="text/event-stream", headers=headers)

    return Route("/live", live)


class Stream:
    """What one tab has been sent, and what it must be sent next."""

    def __init__(self, playground: Playground, owner: str, session_id: str) -> None:
        self._playground = playground
        self._owner = owner
        self._session_id = session_id
        self._sent: dict[str, Any] = {}
        self._kernel_id: str | None = None

    async def events(self) -> AsyncIterator[bytes]:
        """The stream's bytes, until the client goes, the session does, or storage fails: then the page asks again."""
        with self._playground.feed.watch(self._session_id, self._owner) as watch:
            try:
                yield await anyio.to_thread.run_sync(self._whole)
                async for text in self._patches(watch):
                    yield text
            except (SessionError, NotFound) as error:
                yield _event({"type": "gone", "message": str(error)})
            except StorageError:
                log.exception("The stream of a session ended")

    async def _patches(self, watch: Watch) -> AsyncIterator[bytes]:
        while True:
            began = time.monotonic()
            changes = await watch.next(HEARTBEAT)
            if changes is None:
                yield b": still here\n\n"
                continue
            text = await anyio.to_thread.run_sync(self._patch, changes)
            if text:
                yield text
            spent = time.monotonic() - began
            await anyio.sleep(max(0.0, max(FRAME, len(text) / BYTES_PER_SECOND) - spent))

    def _whole(self) -> bytes:
        snapshot = self._playground.snapshot(self._owner, self._session_id)
        drawn = view.whole(snapshot, self._playground.sessions.rows(self._owner))
        self._sent = {**drawn, "turns": _by_id(drawn["turns"]), "cells": _by_id(drawn["cells"])}
        self._kernel_id = snapshot.kernel.kernel_id
        return _event({"type": "view", "view": drawn})

    def _patch(self, changes: Changes) -> bytes:
        snapshot = self._playground.snapshot(self._owner, self._session_id)
        # Which outputs are stale depends on the kernel that is there.
        all_cells = changes.records or snapshot.kernel.kernel_id != self._kernel_id
        self._kernel_id = snapshot.kernel.kernel_id
        patch = {
            "turns": self._items(
                "turns", view.turn, snapshot, snapshot.turns, None if changes.records else changes.turns
            ),
            "cells": self._items("cells", view.cell, snapshot, snapshot.cells, None if all_cells else changes.cells),
            "session": self._part("session", view.session(snapshot)),
            "kernel": self._part("kernel", runs.kernel(snapshot.kernel)),
            "engine": self._part("engine", engines.engine(snapshot.engine)),
        }
        if changes.sessions:
            rows = [view.row(it) for it in self._playground.sessions.rows(self._owner)]
            patch["sessions"] = self._part("sessions", rows)
        patch = {name: part for name, part in patch.items() if part is not None}
        return _event({"type": "patch", "patch": patch}) if patch else b""

    def _part(self, name: str, now: Any) -> Any | None:  # noqa: ANN401 - JSON
        if self._sent[name] == now:
            return None
        self._sent[name] = now
        return now

    def _items(
        self,
        name: str,
        draw: Callable[[Snapshot, Any], view.Json],
        snapshot: Snapshot,
        records: Sequence[Turn] | Sequence[Cell],
        only: set[str] | None,
    ) -> view.Json | None:
        sent: dict[str, view.Json] = self._sent[name]
        order = [record.id for record in records]
        wanted = [record for record in records if only is None or record.id in only or record.id not in sent]
        drawn = {record.id: draw(snapshot, record) for record in wanted}
        changed = [item for key, item in drawn.items() if sent.get(key) != item]
        if not changed and order == list(sent):
            return None
        known = {**sent, **drawn}
        self._sent[name] = {key: known[key] for key in order}
        return {"changed": changed, "order": order}


def _by_id(items: list[view.Json]) -> dict[str, view.Json]:
    return {item["id"]: item for item in items}


def _event(message: view.Json) -> bytes:
    # Half a surrogate pair, which an output may hold, has no UTF-8.
    text = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
    return f"data: {text}\n\n".encode(errors="replace")
