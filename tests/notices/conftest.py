"""Real receivers on loopback: a mail server and a web server that take, refuse, dawdle or hang up as they are told."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from config.settings import MailSettings, Webhook
from pipeline.cases.mechanism import SecrecyRules, load_mechanism
from pipeline.clock import SHANGHAI
from pipeline.document import Notice, Secrecy
from tests.conftest import ROOT

AT = datetime(2026, 3, 15, 2, 40, tzinfo=SHANGHAI)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def notice(key: str = "k1", **changes: Any) -> Notice:
    values: dict[str, Any] = {
        "key": key, "at": AT, "channel": "mail", "recipient": "顾澜 <gu_lan@yungang.example>",
        "subject": "【橙色提示】化工园火灾", "text": "文档 40 篇，负面 30 篇", "secrecy": Secrecy.INTERNAL, "thread": "e1",
    }  # fmt: skip
    return Notice(**(values | changes))


@dataclass
class Mailbox:
    """A mail server that keeps what it took. `refuse`: answer to RCPT; `answer`: to DATA."""

    port: int = field(default_factory=free_port)
    refuse: str = ""
    answer: str = "250 OK"
    mails: list[EmailMessage] = field(default_factory=list)
    envelopes: list[Envelope] = field(default_factory=list)

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self.refuse:
            return self.refuse
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        if self.answer.startswith("2"):
            self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
            self.envelopes.append(envelope)
        return self.answer

    def settings(self, **changes: Any) -> MailSettings:
        return MailSettings(**({"host": "127.0.0.1", "port": self.port, "security": "none"} | changes))


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    box = Mailbox()
    controller = Controller(box, hostname="127.0.0.1", port=box.port)
    controller.start()
    yield box
    controller.stop()


Talk = Callable[[socket.socket], None]


@pytest.fixture
def line() -> Iterator[Callable[[Talk], int]]:
    """A bare TCP server on which each connection is talked to by a function; answers its port."""
    servers: list[socket.socket] = []

    def listen(talk: Talk) -> int:
        server = socket.create_server(("127.0.0.1", 0))
        servers.append(server)

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection, contextlib.suppress(OSError):
                    talk(connection)

        threading.Thread(target=serve, daemon=True).start()
        return int(server.getsockname()[1])

    yield listen
    for server in servers:
        server.close()


@dataclass
class Receiver:
    """A web server that keeps what was posted. `status` and `body` are its answer."""

    status: int = 200
    body: bytes = b'{"errcode":0,"code":0}'
    posts: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    port: int = 0

    def hook(self, kind: str = "generic", name: str = "值班群", secret: str = "") -> Webhook:
        url = f"http://127.0.0.1:{self.port}/hook?access_token=t"
        return Webhook.model_validate({"name": name, "kind": kind, "url": url, "secret": secret})


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    kept = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            kept.posts.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            self.send_response(kept.status)
            self.send_header("content-length", str(len(kept.body)))
            self.end_headers()
            self.wfile.write(kept.body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield kept
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="session")
def rules() -> SecrecyRules:
    return load_mechanism(ROOT / "config" / "mechanism.toml").secrecy


@dataclass(frozen=True)
class Authority:
    """A certificate of 127.0.0.1 that signs itself, and a server's context with it."""

    certificate: Path
    context: ssl.SSLContext


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    from ipaddress import ip_address

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    folder = tmp_path_factory.mktemp("authority")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(SHANGHAI)
    made = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    certificate, private = folder / "certificate.pem", folder / "private.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, private)
    return Authority(certificate, context)
