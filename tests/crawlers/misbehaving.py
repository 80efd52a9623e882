"""A web site on loopback that behaves as badly as it is told: the real sockets that crawler tests run against."""

from __future__ import annotations

import gzip
import http.server
import json
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

Behaviour = Callable[["Handler"], None]


@dataclass
class Answer:
    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        site = self.server.site
        site.asked.append(self.path)
        site.agents.add(self.headers.get("User-Agent", ""))
        found = site.pages.get(self.path) or (None if self.path == "/robots.txt" else site.anything)
        if found is None:
            found = Answer(b"not here", 404)
        if callable(found):
            found(self)
        else:
            self.answer(found)

    def answer(self, answer: Answer) -> None:
        if self.conditional(answer):
            return
        self.send_response(answer.status)
        headers = {"Content-Type": "text/html; charset=utf-8", "Content-Length": str(len(answer.body))}
        for name, value in (headers | answer.headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    def conditional(self, answer: Answer) -> bool:
        etag = answer.headers.get("ETag")
        if etag and self.headers.get("If-None-Match") == etag:
            self.send_response(304)
            self.send_header("ETag", etag)
            self.end_headers()
            return True
        return False

    def log_message(self, *_: object) -> None:
        """Quiet."""


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    site: Site

    def handle_error(self, *_: object) -> None:
        """A client that hangs up is what some tests are about."""


class Site:
    """`pages` maps a path to an Answer or to a Behaviour; `asked` lists the paths that were asked for, in order."""

    def __init__(self) -> None:
        self.pages: dict[str, Answer | Behaviour] = {}
        self.anything: Behaviour | None = None  # what answers where `pages` has nothing
        self.asked: list[str] = []
        self.agents: set[str] = set()
        self._server = _Server(("127.0.0.1", 0), Handler)
        self._server.site = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Site:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def html(self, path: str, body: str, encoding: str = "utf-8", **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.pages[path] = Answer(body.encode(encoding), headers=named)

    def json(self, path: str, value: object) -> None:
        self.pages[path] = Answer(
            json.dumps(value, ensure_ascii=False).encode(), headers={"Content-Type": "application/json"}
        )


# ------------------------------------------------------------------ behaviours
def reset(handler: Handler) -> None:
    """Hangs up hard before a byte is sent."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True
    handler.connection.close()


def endless(handler: Handler) -> None:
    """A body that never ends."""
    handler.send_response(200)
    handler.send_header("Content-Type", "text/html")
    handler.end_headers()
    try:
        while True:
            handler.wfile.write(b"<p>" + b"x" * 65536)
    except OSError:
        handler.close_connection = True


def hanging(seconds: float) -> Behaviour:
    """Says nothing for a while, then hangs up."""

    def behave(handler: Handler) -> None:
        time.sleep(seconds)
        handler.close_connection = True

    return behave


def trickle(seconds: float) -> Behaviour:
    """Sends one byte at a time, for longer than anyone waits."""

    def behave(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        end = time.monotonic() + seconds
        try:
            while time.monotonic() < end:
                handler.wfile.write(b"x")
                time.sleep(0.05)
        except OSError:
            pass
        handler.close_connection = True

    return behave


def cut(body: bytes, promised: int) -> Behaviour:
    """Promises more bytes than it sends."""

    def behave(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/html; charset=utf-8")
        handler.send_header("Content-Length", str(promised))
        handler.end_headers()
        handler.wfile.write(body)
        handler.close_connection = True

    return behave


def times(failing: int, bad: Answer | Behaviour, good: Answer) -> Behaviour:
    """Misbehaves `failing` times, then answers well."""
    left = [failing]

    def behave(handler: Handler) -> None:
        if left[0] > 0:
            left[0] -= 1
            if callable(bad):
                bad(handler)
            else:
                handler.answer(bad)
        else:
            handler.answer(good)

    return behave


def redirect(to: str, status: int = 302) -> Answer:
    return Answer(b"", status, {"Location": to})


def bad_gzip(body: bytes) -> Answer:
    return Answer(b"\x1f\x8b\x08" + body, headers={"Content-Encoding": "gzip"})


def cut_gzip(body: bytes) -> Answer:
    packed = gzip.compress(body)
    return Answer(packed[: len(packed) // 2], headers={"Content-Encoding": "gzip"})


def gzip_bomb(size: int) -> Answer:
    return Answer(gzip.compress(b"0" * size), headers={"Content-Encoding": "gzip"})
