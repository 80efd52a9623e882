"""The demo's post office (演示邮局): a real SMTP server on loopback that keeps every mail as a file to open."""

from __future__ import annotations

import re
import socket
from pathlib import Path
from types import TracebackType

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class PostOffice:
    """Listens on a free port of loopback while it is open; mails become `folder`/NNNN-<recipient>.eml."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.received = 0
        folder.mkdir(parents=True, exist_ok=True)
        with socket.socket() as probe:  # the controller cannot be given port 0
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        self.received += 1
        to = re.sub(r"[^\w.@-]", "_", envelope.rcpt_tos[0])
        content = envelope.content or b""
        raw = content if isinstance(content, bytes) else content.encode()
        (self.folder / f"{self.received:04d}-{to}.eml").write_bytes(raw)
        return "250 OK"

    def __enter__(self) -> PostOffice:
        self._controller.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._controller.stop()
