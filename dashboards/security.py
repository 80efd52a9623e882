"""What every answer carries and every form must show (页面安全): headers, and a brake on guessing.

The policy has no inline script or style, no foreign host: nothing that somebody wrote on the net can run or call out.
"""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from threading import Lock

from fastapi import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; font-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
OPEN_FORMS = ("/login", "/ack/", "/briefings/read/")  # forms that anybody can send
HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
)


class SafeHeaders:
    """Puts the headers on every answer; pages are kept by nobody's cache."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name for name, _ in message["headers"]}
                extra = [pair for pair in HEADERS if pair[0] not in present]
                if b"cache-control" not in present:
                    extra.append((b"cache-control", b"no-store"))
                message["headers"] = [*message["headers"], *extra]
            await send(message)

        await self.app(scope, receive, send_with if scope["type"] == "http" else send)


class LimitedBody:
    """Refuses what is too large before it fills the memory: strangers may send a form, nobody more than a file."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        most = largest_body(scope["path"])
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        read = int(declared) if declared.isdigit() and int(declared) > most else 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > most:
                raise HTTPException(413, f"发送的内容太大：这里最多 {most // 1024} KB。")
            return message

        await self.app(scope, counted, send)


def largest_body(path: str) -> int:
    """Bytes that a request to this address may carry."""
    if path.startswith(OPEN_FORMS):
        return 64 * 1024
    return 16 * 2**20 if path.startswith("/api/") else 56 * 2**20  # a file of 50 MB with the form around it


class Brake:
    """At most `limit` tries in `seconds` for one key; forgets the oldest keys beyond `most`."""

    def __init__(self, limit: int, seconds: float, most: int = 10_000) -> None:
        self.limit, self.seconds, self.most = limit, seconds, most
        self._tries: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = Lock()

    def passes(self, key: str, limit: int | None = None) -> bool:
        """Count a try; False when there were too many."""
        now = time.monotonic()
        with self._lock:
            tries = self._tries.setdefault(key, deque())
            self._tries.move_to_end(key)
            while tries and tries[0] < now - self.seconds:
                tries.popleft()
            while len(self._tries) > self.most:
                self._tries.popitem(last=False)
            if len(tries) >= (limit or self.limit):
                return False
            tries.append(now)
            return True
