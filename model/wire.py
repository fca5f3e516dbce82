"""Requests to an OpenAI-compatible server over HTTP: timeouts, retries, and one kind of error for all that goes wrong.

Nothing outside of this module sees an error of httpx, nor the key.
"""

from __future__ import annotations

import asyncio
import json
import math
import random
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from ipaddress import ip_address
from itertools import count
from typing import TYPE_CHECKING, Any, Final

import httpx

from model.errors import BrokenOff, Nonsense, Rejected, RemoteError, Stalled, Unreachable
from model.sse import EventReader

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator

Json = dict[str, Any]
_LONGEST_REASON: Final = 300  # characters of a server's own words
_LONGEST_BODY: Final = 1_000_000  # bytes of an answer that is no stream
_PASSING: Final = frozenset({408, 429, 500, 502, 503, 504})  # statuses that another try may change


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds of patience.

    Args:
        connect: until the connection stands.
        first: until the first event of an answer; a server with many users lets people wait.
        stall: between two events.
        closing: for what follows an answer that has ended, which is its usage.
    """

    connect: float = 10.0
    first: float = 180.0
    stall: float = 60.0
    closing: float = 5.0


@dataclass(frozen=True, slots=True)
class Backoff:
    """When to try again: each wait is twice the last one, shortened by up to half at random; the server's word counts.

    Args:
        tries: requests in all.
        first: seconds before the second.
        longest: seconds; a server that asks for more is not waited for.
    """

    tries: int = 5
    first: float = 0.5
    longest: float = 20.0

    def wait(self, tried: int, error: RemoteError) -> float | None:
        """Seconds to wait after so many tries, or None to give up."""
        asked = error.retry_after if isinstance(error, Rejected) else None
        passing = isinstance(error, Unreachable | BrokenOff)
        passing = passing or (isinstance(error, Rejected) and error.status in _PASSING)
        if tried >= self.tries or not passing or (asked or 0.0) > self.longest:
            return None
        jitter = random.uniform(0.5, 1.0)  # noqa: S311 - spreads clients, keeps no secret
        return max(asked or 0.0, min(self.first * 2.0 ** (tried - 1), self.longest) * jitter)


@dataclass(frozen=True, slots=True)
class Server:
    """Where a remote engine is.

    Args:
        url: its address; without a path, `/v1` is meant.
        key: sent as a bearer token; never shown.
        timeouts: see there.
        backoff: see there.
    """

    url: str
    key: str = field(default="", repr=False)
    timeouts: Timeouts = Timeouts()
    backoff: Backoff = Backoff()

    @property
    def name(self) -> str:
        """Host and port, for people."""
        url = httpx.URL(self.url)
        host = f"[{url.host}]" if ":" in url.host else url.host
        return f"{host}:{url.port}" if url.port else host

    @property
    def base(self) -> str:
        """What paths such as `models` are appended to."""
        whole = self.url.rstrip("/")
        return f"{whole}/" if httpx.URL(whole).path.strip("/") else f"{whole}/v1/"

    @property
    def loopback(self) -> bool:
        """Whether it is on this machine, where no proxy of the environment leads."""
        host = httpx.URL(self.url).host
        try:
            return host == "localhost" or ip_address(host).is_loopback
        except ValueError:
            return False


class Wire:
    """Asks one server; used within one event loop, by any number of tasks.

    Args:
        server: whom.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._client = httpx.AsyncClient(
            base_url=server.base,
            headers={"Authorization": f"Bearer {server.key}"} if server.key else {},
            timeout=httpx.Timeout(None, connect=server.timeouts.connect),
            limits=httpx.Limits(max_connections=None),
            trust_env=not server.loopback,
        )

    async def get(self, path: str) -> Json:
        """The JSON object at a path; tries again as `Backoff` says.

        Raises:
            RemoteError: it did not come.
        """
        for tried in count(1):
            try:
                return await self._get(path)
            except RemoteError as error:
                await self._pause(tried, error)
        raise AssertionError  # count has no end

    async def stream(self, path: str, body: Json) -> AsyncGenerator[Json]:
        """The events of an answer up to `[DONE]`; tries again only as long as none has come.

        Raises:
            RemoteError: the answer did not come, or not to its end.
        """
        for tried in count(1):
            began = False
            try:
                async with aclosing(self._whole(path, body)) as events:
                    async for event in events:
                        began = True
                        yield event
            except RemoteError as error:
                if began:
                    raise
                await self._pause(tried, error)
            else:
                return

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def _pause(self, tried: int, error: RemoteError) -> None:
        seconds = self._server.backoff.wait(tried, error)
        if seconds is None:
            raise error
        await asyncio.sleep(seconds)

    async def _get(self, path: str) -> Json:
        with _translated():
            async with (
                asyncio.timeout(self._server.timeouts.first),
                self._client.stream("GET", path) as response,
            ):
                await self._check(response)
                return _object(await _body(response))

    async def _whole(self, path: str, body: Json) -> AsyncGenerator[Json]:
        """One try. What goes wrong after the answer has ended, before its usage came, does no harm."""
        ended = False
        try:
            async with aclosing(self._events(path, body)) as events:
                async for event in events:
                    ended = ended or finished(event)
                    yield event
        except (Stalled, BrokenOff):
            if not ended:
                raise

    async def _events(self, path: str, body: Json) -> AsyncGenerator[Json]:
        its, clock = self._server.timeouts, asyncio.get_running_loop().time
        with _translated():
            async with asyncio.timeout(its.first) as patience, self._client.stream("POST", path, json=body) as response:
                await self._check(response)
                if "event-stream" not in response.headers.get("content-type", ""):
                    yield _object(await _body(response))
                    return
                reader = EventReader()
                async for chunk in response.aiter_bytes():
                    for data in reader.feed(chunk):
                        if data.strip() == "[DONE]":
                            return
                        event = _object(data)
                        yield event
                        patience.reschedule(clock() + (its.closing if finished(event) else its.stall))
        raise BrokenOff("closed the connection in the middle of its answer")

    async def _check(self, response: httpx.Response) -> None:
        if response.status_code == HTTPStatus.OK:
            return
        reason = _reason(await _body(response)) or response.reason_phrase or "no reason given"
        if response.has_redirect_location:  # not followed: the key and the request are for this server alone
            reason = f"sends on to {_short(response.headers['location'])}"
        if self._server.key:
            reason = reason.replace(self._server.key, "…")
        raise Rejected(response.status_code, reason, _retry_after(response.headers.get("retry-after", "")))


@contextmanager
def _translated() -> Iterator[None]:
    """Errors of httpx as errors of ours."""
    try:
        yield
    except TimeoutError as error:
        raise Stalled("sent nothing for too long") from error
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
        raise Unreachable(f"cannot be reached ({_words(error)})") from error
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
        raise BrokenOff("broke the connection off") from error


def finished(event: Json) -> bool:
    """Whether an event says that the answer has ended."""
    choices = event.get("choices")
    return isinstance(choices, list) and any(isinstance(it, dict) and it.get("finish_reason") for it in choices)


async def _body(response: httpx.Response) -> str:
    whole = b""
    async for chunk in response.aiter_bytes():
        whole += chunk
        if len(whole) > _LONGEST_BODY:
            break
    return whole[:_LONGEST_BODY].decode(errors="replace")


def _object(text: str) -> Json:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Nonsense(f"sent what is no JSON: {_short(text)!r}") from error
    if not isinstance(value, dict):
        raise Nonsense(f"sent what is no JSON object: {_short(text)!r}")
    return value


def _reason(body: str) -> str:
    """What a server says of its refusal, in one of the usual shapes."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return _short(body)
    return reason_of(value) or _short(body)


def reason_of(value: object) -> str:
    """The words of an error object, wherever a server puts them; empty where there are none."""
    if isinstance(value, str):
        return _short(value)
    if isinstance(value, dict):
        return next((text for key in ("error", "message", "detail") if (text := reason_of(value.get(key)))), "")
    return ""


def _retry_after(header: str) -> float | None:
    """Seconds, which a server gives as such or as a date."""
    try:
        seconds = float(header)
    except ValueError:
        pass
    else:  # "nan" is a float as well, and would be waited for without end
        return max(seconds, 0.0) if math.isfinite(seconds) else None
    try:
        return max((parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds(), 0.0)
    except (ValueError, TypeError):
        return None


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_REASON else f"{line[:_LONGEST_REASON]}…"


def _words(error: Exception) -> str:
    return _short(str(error)) or type(error).__name__
