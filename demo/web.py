"""The smallest real HTTP server that the city needs: validators, keep-alive, and faults on purpose (loopback only)."""

from __future__ import annotations

import hashlib
import socket
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from urllib.parse import parse_qs, urlsplit

from pipeline.clock import Clock


@dataclass(frozen=True, slots=True)
class Request:
    """What a site needs to know of a request. `base` is the site's own address."""

    path: str
    query: Mapping[str, str]
    base: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back. `slow` is seconds of waiting; `cut` breaks the connection after half of the body."""

    body: bytes
    type: str = "text/html; charset=utf-8"
    status: int = 200
    modified: datetime | None = None
    slow: float = 0.0
    cut: bool = False


Site = Callable[[Request, datetime], Answer]


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as the server saw it: for tests of politeness."""

    site: str
    path: str
    status: int
    agent: str


class SiteServer:
    """One site on one port of loopback, in threads of its own."""

    def __init__(self, name: str, site: Site, clock: Clock, port: int, log: Callable[[Seen], None]) -> None:
        self._server = _Server(name, site, clock, port, log)
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name=f"demo-{name}")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop listening, end open connections, wait for the threads."""
        self._server.shutdown()
        self._server.hang_up()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    """GET and HEAD with ETag, Last-Modified and 304; everything else is 501."""

    protocol_version = "HTTP/1.1"
    server_version = "demo-city"
    sys_version = ""
    server: _Server

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {key: values[-1] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
        base = f"http://{self.headers.get('Host', '127.0.0.1')}"
        answer = self.server.site(Request(parts.path, query, base), self.server.clock.now())
        etag = f'"{hashlib.blake2b(answer.body, digest_size=12).hexdigest()}"'
        unchanged = answer.status == 200 and self._knows(etag, answer.modified)
        status = 304 if unchanged else answer.status
        self.server.log(Seen(self.server.site_name, self.path, status, self.headers.get("User-Agent", "")))
        if answer.slow:
            time.sleep(answer.slow)
        self._send_head(answer, status, etag)
        if not unchanged and self.command != "HEAD":
            self.wfile.write(answer.body[: len(answer.body) // 2] if answer.cut else answer.body)
            self.close_connection = self.close_connection or answer.cut

    do_HEAD = do_GET

    def _knows(self, etag: str, modified: datetime | None) -> bool:
        if known := self.headers.get("If-None-Match"):
            return etag in known
        since = self.headers.get("If-Modified-Since")
        if not since or modified is None:
            return False
        try:
            return modified.replace(microsecond=0) <= parsedate_to_datetime(since)
        except (TypeError, ValueError):
            return False

    def _send_head(self, answer: Answer, status: int, etag: str) -> None:
        self.send_response(status)
        if answer.status == 200:
            self.send_header("ETag", etag)
            if answer.modified:
                self.send_header("Last-Modified", format_datetime(answer.modified.astimezone(UTC), usegmt=True))
        if status != 304:
            self.send_header("Content-Type", answer.type)
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's own name)
        """Silent: the city's traffic is not the office's log."""


class _Server(ThreadingHTTPServer):
    """Keeps its open connections, so that stopping does not wait for clients that keep theirs alive."""

    daemon_threads = False
    request_queue_size = 128

    def __init__(self, name: str, site: Site, clock: Clock, port: int, log: Callable[[Seen], None]) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.site_name, self.site, self.clock, self.log = name, site, clock, log
        self._open: set[socket.socket] = set()
        self._lock = Lock()

    def get_request(self) -> tuple[socket.socket, object]:
        connection, address = super().get_request()
        with self._lock:
            self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        if isinstance(request, socket.socket):
            with self._lock:
                self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no news; a fault of the city itself is."""
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]

    def hang_up(self) -> None:
        with self._lock:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue
