"""E-mail (邮件): text and HTML, each recipient alone, threads by event, pictures inline, over STARTTLS, SSL or neither.

Settings: mail.host, port, security, user, password, sender.
"""

from __future__ import annotations

import html
import re
import smtplib
import socket
import ssl
import threading
from contextlib import suppress
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

import css_inline

from config.settings import MailSettings
from pipeline.clock import shanghai
from pipeline.document import Notice
from pipeline.notices.failing import DeliveryFailed

TIMEOUT = 20.0  # seconds of silence
AT_MOST = 90.0  # seconds for the whole conversation, however slowly the server speaks; less than a claim lasts
_SUBTYPES = {"docx": "vnd.openxmlformats-officedocument.wordprocessingml.document", "pdf": "pdf"}
_STYLE = "body{font:16px/1.7 sans-serif;color:#222;max-width:36em;margin:0 auto;padding:12px}p{margin:.6em 0}a{color:#0b57a4}"


class Mail:
    """The mail channel."""

    name = "mail"

    def __init__(self, settings: MailSettings) -> None:
        self.settings = settings

    def send(self, notice: Notice) -> None:
        """Hand one notice to the server. DeliveryFailed says why not, and whether for good."""
        try:
            message = self.message(notice)
        except (ValueError, IndexError, LookupError) as error:
            raise DeliveryFailed(f"收件地址或内容不能成信：{notice.recipient}（{error}）", final=True) from error
        try:
            server = self._connect()
            try:
                server.send_message(message)
            finally:
                with suppress(smtplib.SMTPException, OSError):
                    server.quit()  # how the goodbye goes does not undo what the server has taken
        except smtplib.SMTPRecipientsRefused as error:
            code, reason = next(iter(error.recipients.values()))
            raise DeliveryFailed(f"{code} {_words(reason)}", final=500 <= code < 600) from error
        except smtplib.SMTPResponseException as error:
            final = 500 <= error.smtp_code < 600 and not isinstance(error, smtplib.SMTPAuthenticationError)
            cut_off = error.smtp_code < 400  # half a greeting is no refusal
            raise DeliveryFailed(f"{error.smtp_code} {_words(error.smtp_error)}", final, cut_off) from error
        except (smtplib.SMTPException, OSError) as error:
            raise DeliveryFailed(f"{type(error).__name__}: {error}", down=True) from error

    def _connect(self) -> smtplib.SMTP:
        settings = self.settings
        context = ssl.create_default_context(cafile=settings.ca_file) if settings.security != "none" else None
        server = _Line(settings.host, settings.port, context if settings.security == "ssl" else None)
        try:
            if settings.security == "starttls":
                server.starttls(context=context)
            if settings.user:
                server.login(settings.user, settings.password.get_secret_value())
        except Exception:
            server.close()
            raise
        return server

    def message(self, notice: Notice) -> EmailMessage:
        """The mail as it goes out; its Message-ID is the notice's key."""
        domain = parseaddr(self.settings.sender)[1].rpartition("@")[2] or "localhost"
        message = EmailMessage()
        message["From"] = _address(self.settings.sender)
        message["To"] = _address(notice.recipient)
        message["Subject"] = _one_line(notice.subject)
        message["Date"] = format_datetime(shanghai(notice.at))
        message["Message-ID"] = f"<{notice.key}@{domain}>"
        message["Auto-Submitted"] = "auto-generated"
        if notice.trace:
            message["X-Huiying-Trace"] = notice.trace
        if notice.thread:
            root = f"<thread-{re.sub(r'[^A-Za-z0-9._-]', '', notice.thread)}@{domain}>"
            message["References"] = root
            message["In-Reply-To"] = root
        message.set_content(notice.text)
        message.add_alternative(notice.html or _page(notice.text), subtype="html")
        body = message.get_payload()[1]  # type: ignore[index]
        for name, png in notice.images:
            body.add_related(png, "image", "png", cid=f"<{name}>")  # type: ignore[union-attr]
        for name, content in notice.files:
            subtype = _SUBTYPES.get(name.rpartition(".")[2], "octet-stream")
            message.add_attachment(content, "application", subtype, filename=_one_line(name))
        return message


class _Line(smtplib.SMTP):
    """A conversation with a mail server that ends in time: one that drips is cut off after `AT_MOST` seconds in all.

    `over` = the encryption from the first byte on. The limit holds a handle of its own on the line, which stays the same
    when the line is encrypted half-way.
    """

    def __init__(self, host: str, port: int, over: ssl.SSLContext | None) -> None:
        self._over = over
        self._handle: socket.socket | None = None
        self._limit = threading.Timer(AT_MOST, self._cut)
        self._limit.daemon = True
        try:
            super().__init__(host, port, timeout=TIMEOUT)
        except Exception:
            self.close()
            raise

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        """Where smtplib opens its line."""
        raw = socket.create_connection((host, port), timeout)
        self._handle = raw.dup()
        self._limit.start()
        try:
            return self._over.wrap_socket(raw, server_hostname=host) if self._over else raw
        except Exception:
            raw.close()
            raise

    def _cut(self) -> None:
        if self._handle is not None:
            with suppress(OSError):
                self._handle.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Hang up, and let go of the limit."""
        super().close()
        self._limit.cancel()
        if self._handle is not None:
            self._handle.close()


def _page(text: str) -> str:
    """A plain page for a phone: paragraphs, addresses as links, everything else as text."""
    escaped = html.escape(text)
    linked = re.sub(r"(https?://[^\s<]+)", r'<a href="\1">\1</a>', escaped)
    paragraphs = "".join(f"<p>{part.replace(chr(10), '<br>')}</p>" for part in linked.split("\n\n"))
    page = (
        '<!doctype html><html lang="zh"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<style>{_STYLE}</style></head><body>{paragraphs}</body></html>"
    )
    inlined: str = css_inline.inline(page)
    return inlined


def _address(text: str) -> Address:
    name, address = parseaddr(text)
    return Address(_one_line(name), addr_spec=address)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _words(raw: bytes | str) -> str:
    return raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw
