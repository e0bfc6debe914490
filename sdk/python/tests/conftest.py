"""A server that gives the responses that a test wants, and remembers the requests."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest


@dataclass
class Asked:
    """A request."""

    number: int
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


class Reply:
    """What a test answers with."""

    def __init__(self, handler: BaseHTTPRequestHandler) -> None:
        self._handler = handler

    def raw(self, status: int, body: bytes, kind: str = "text/html") -> None:
        self._handler.send_response(status)
        self._handler.send_header("Content-Type", kind)
        self._handler.end_headers()
        self.write(body)

    def write(self, body: bytes) -> None:
        self._handler.wfile.write(body)
        self._handler.wfile.flush()

    def json(self, status: int, body: Any) -> None:
        self.raw(status, json.dumps(body).encode(), "application/json")

    def refuse(self, status: int, code: str) -> None:
        self.json(status, {"error": code, "message": "because"})


@dataclass
class FakeServer:
    """The server: `respond` is set by the test."""

    url: str
    requests: list[Asked]
    respond: Callable[[Asked, Reply], None]


@pytest.fixture
def server() -> Iterator[FakeServer]:
    """A server that answers `{}` until the test sets `respond`."""
    fake = FakeServer("", [], lambda _, reply: reply.json(200, {}))

    class Handler(BaseHTTPRequestHandler):
        def do(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Asked(len(fake.requests), self.command, parts.path, dict(parse_qsl(parts.query)), headers, body)
            fake.requests.append(asked)
            fake.respond(asked, Reply(self))

        do_GET = do_POST = do

        def log_message(self, *_: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake.url = f"http://127.0.0.1:{http.server_port}"
    threading.Thread(target=http.serve_forever, daemon=True, kwargs={"poll_interval": 0.01}).start()
    yield fake
    http.shutdown()
    http.server_close()
