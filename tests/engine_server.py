"""A server that speaks OpenAI's protocol over real sockets: it plays scripted answers, and misbehaves as it is told."""

import json
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Json = dict[str, Any]
MODEL = "scripted/tiny-coder"
PATIENCE = 30.0


class Talk:
    """One request and what is answered to it, in the server's own words."""

    def __init__(self, handler: BaseHTTPRequestHandler, body: Json, *, continues: bool) -> None:
        self._handler = handler
        self._continues = continues
        self.path = handler.path
        self.headers = handler.headers
        self.body = body
        self.left = threading.Event()  # the client closed the connection
        self._begun = False

    @property
    def chat(self) -> bool:
        """Whether messages are asked for, and not plain text."""
        return self.path.endswith("/chat/completions")

    @property
    def begun(self) -> str:
        """The beginning of the answer that the server goes on with, or ""."""
        last = self.body["messages"][-1] if self.chat and self._continues else {}
        return str(last["content"]) if last.get("role") == "assistant" else ""

    def refuse(self, status: int, reason: str = "no", **headers: str) -> None:
        """Answer with an error status."""
        self._whole(status, json.dumps({"error": {"message": reason}}).encode(), "application/json", headers)

    def whole(self, text: str, kind: str = "application/json") -> None:
        """Answer with a body that is no stream."""
        self._whole(200, text.encode(), kind, {})

    def say(self, text: str) -> None:
        """Send a piece of the answer."""
        delta = {"delta": {"content": text}} if self.chat else {"text": text}
        self.event({"choices": [{"index": 0, "finish_reason": None, **delta}]})

    def end(self, reason: str = "stop", usage: Json | None = None) -> None:
        """Say why the answer ends, and what it cost."""
        self.event(
            {"choices": [{"index": 0, "finish_reason": reason, **({"delta": {}} if self.chat else {"text": ""})}]}
        )
        if usage is not None:
            self.event({"choices": [], "usage": usage})
        self.data("[DONE]")
        self.raw(b"0\r\n\r\n")

    def event(self, value: object) -> None:
        """Send an event of any shape."""
        self.data(json.dumps(value, ensure_ascii=False))

    def data(self, text: str) -> None:
        """Send an event of any text."""
        chunk = f"data: {text}\n\n".encode()
        self.raw(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")

    def raw(self, data: bytes) -> None:
        """Send bytes, after the head of a stream."""
        self.open()
        self._handler.wfile.write(data)
        self._handler.wfile.flush()

    def open(self) -> None:
        """Send the head of a stream."""
        if self._begun:
            return
        self._begun = True
        self._handler.send_response(200)
        self._handler.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self._handler.send_header("Transfer-Encoding", "chunked")
        self._handler.end_headers()

    def drop(self) -> None:
        """Close the connection without a word."""
        self._handler.close_connection = True
        self._handler.connection.shutdown(socket.SHUT_RDWR)

    def silence(self) -> None:
        """Say nothing until the client has closed the connection."""
        self._handler.connection.settimeout(PATIENCE)
        if self._handler.connection.recv(1) == b"":
            self.left.set()
        self._handler.close_connection = True

    def _whole(self, status: int, body: bytes, kind: str, headers: dict[str, str]) -> None:
        self._handler.send_response(status)
        its = {"Content-Type": kind, "Content-Length": str(len(body))}
        for name, value in {**its, **headers}.items():
            self._handler.send_header(name.replace("_", "-"), value)
        self._handler.end_headers()
        self._handler.wfile.write(body)


Play = Callable[[Talk], None]


def answer(text: str, usage: Json | None = None, *, size: int = 7, pause: float = 0.0) -> Play:
    """An ordinary answer, in pieces of so many characters; what was begun for the model is left out of it."""

    def play(talk: Talk) -> None:
        rest = text.removeprefix(talk.begun)
        for start in range(0, len(rest), size):
            talk.say(rest[start : start + size])
            time.sleep(pause)
        talk.end(usage=usage)

    return play


def refusal(status: int, reason: str = "no", **headers: str) -> Play:
    """An error status."""
    return lambda talk: talk.refuse(status, reason, **headers)


class _Http(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has left is no error of the server's."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class EngineServer:
    """One server; `plays` are used up one a request, `talks` keep what was asked.

    Args:
        continues: it goes on with an answer that was begun.
        knows: words of a request's body that it knows beyond the usual ones; it refuses others if `strict`.
        key: the only one it lets in; "" lets everybody in.
        window: what it says of its model, if anything.
    """

    def __init__(
        self,
        *,
        continues: bool = True,
        strict: bool = False,
        knows: tuple[str, ...] = (),
        key: str = "",
        window: int | None = None,
    ) -> None:
        self.plays: deque[Play] = deque()
        self.talks: list[Talk] = []
        self._continues = continues
        self._strict = strict
        self._knows = {
            "model",
            "messages",
            "prompt",
            "stream",
            "max_tokens",
            "temperature",
            "top_p",
            "seed",
            "stop",
            *knows,
        }
        self._key = key
        self._window = window
        self._http = _Http(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._http.server_port}"

    @property
    def asked(self) -> list[Talk]:
        """The requests for answers, without those by which an engine gets to know the server."""
        return [talk for talk in self.talks if talk.path.endswith("completions") and not _greets(talk)]

    @contextmanager
    def running(self) -> Iterator["EngineServer"]:
        """Serve as long as the context lasts."""
        self._thread.start()
        try:
            yield self
        finally:
            self._http.shutdown()
            self._thread.join()
            self._http.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                server._serve(Talk(self, {}, continues=server._continues))

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                server._serve(Talk(self, body, continues=server._continues))

            def log_message(self, *_: object) -> None:
                pass

        return Handler

    def _serve(self, talk: Talk) -> None:
        self.talks.append(talk)
        try:
            self._play(talk)
        except (BrokenPipeError, ConnectionResetError):
            talk.left.set()

    def _play(self, talk: Talk) -> None:
        unknown = set(talk.body) - self._knows
        if self._key and talk.headers["Authorization"] != f"Bearer {self._key}":
            talk.refuse(401, f"wrong key: {talk.headers['Authorization']}")
        elif talk.path == "/v1/models":
            facts = {"max_model_len": self._window} if self._window else {}
            talk.whole(json.dumps({"data": [{"id": MODEL, **facts}]}))
        elif self._strict and unknown:
            talk.refuse(400, f"Unrecognized request argument supplied: {min(unknown)}")
        elif _greets(talk):
            answer("Paris")(talk)
        elif self.plays:
            self.plays.popleft()(talk)
        else:
            talk.refuse(404, "nothing left to play")


def _greets(talk: Talk) -> bool:
    return "capital of France" in json.dumps(talk.body)
