"""A small model hub on loopback, for tests: two routes of the real one, with ranges and faults on demand."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Repository:
    """Files of one repository, and how the hub misbehaves.

    Args:
        name: owner/name.
        files: their contents.
        cut_after: bytes after which a download breaks off; None for never.
        published: digests to publish in place of the true ones.
    """

    name: str
    files: dict[str, bytes]
    cut_after: int | None = None
    published: dict[str, str] = field(default_factory=dict)
    ranges: list[str | None] = field(default_factory=list)

    def info(self) -> dict[str, object]:
        siblings = [
            {
                "rfilename": name,
                "size": len(content),
                "lfs": {
                    "sha256": self.published.get(name, hashlib.sha256(content).hexdigest()),
                    "size": len(content),
                    "pointerSize": 1,
                },
            }
            for name, content in self.files.items()
        ]
        return {"id": self.name, "modelId": self.name, "sha": "0" * 40, "siblings": siblings}


@contextmanager
def serve(repository: Repository) -> Iterator[str]:
    """Serve it; gives the hub's address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path.startswith(f"/api/models/{repository.name}"):
                self.answer(200, json.dumps(repository.info()).encode())
            elif path.startswith(f"/{repository.name}/resolve/main/"):
                self.send_file(repository.files[path.rpartition("/")[2]])
            else:
                self.answer(404, b"{}")

        def send_file(self, content: bytes) -> None:
            wanted = self.headers.get("Range")
            repository.ranges.append(wanted)
            start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
            self.answer(206 if wanted else 200, content[start:])

        def answer(self, status: int, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content if repository.cut_after is None else content[: repository.cut_after])

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
