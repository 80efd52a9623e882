"""The office's own mailbox by IMAP (电子信箱): new letters become messages; the writer's name and address are not kept.

The folder is opened read-only and letters are fetched with PEEK, so that reading leaves no trace in the mailbox. User and
password come from the secret that the source names (`user:password`), over TLS unless the host is a private one by name.
"""

from __future__ import annotations

import asyncio
import email
import imaplib
import re
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field

from crawlers.extraction.text import text_of_html
from crawlers.spiders.articles import not_later
from crawlers.troubles import Reason, SourceTrouble
from crawlers.visit import Visit
from pipeline.document import Document
from pipeline.intake import derived_id

_QUOTED = re.compile(r"(?m)^(>.*|-{2,}\s*(原始邮件|Original Message)\s*-{2,}.*)$")


class MailboxOptions(BaseModel):
    """The source's url is `imaps://host[:port]` (or `imap://` for a private host that it names)."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    folder: str = "INBOX"
    letters: int = Field(default=200, ge=1, le=5000)
    most_bytes: int = Field(default=5 * 1024 * 1024, ge=1024)


class Mailbox:
    """New letters → messages."""

    Options = MailboxOptions

    def __init__(self, options: MailboxOptions) -> None:
        self.options = options

    async def collect(self, visit: Visit) -> None:
        """Raises SourceTrouble LOGIN when the server refuses the secret, CONNECTION when it is not there."""
        try:
            letters = await asyncio.to_thread(self._fetch, visit)
        except imaplib.IMAP4.error as error:
            raise SourceTrouble(Reason.LOGIN, f"邮箱服务器拒绝：{str(error)[:80]}") from error
        except OSError as error:
            raise SourceTrouble(Reason.CONNECTION, f"连不上邮箱服务器：{error}") from error
        visit.reached_back(len(letters) < self.options.letters)
        for uid, raw in letters:
            self._keep(visit, uid, raw)

    def _fetch(self, visit: Visit) -> list[tuple[int, bytes]]:
        user, _, password = visit.secret.partition(":")
        if not user or not password:
            raise SourceTrouble(Reason.LOGIN, "没有邮箱的用户名和密码（secret 的内容应为 用户:密码）")
        last = int(visit.memory.get("uid", 0))
        with _connect(visit.source.url, visit.source.allow_private, visit.source.limits.timeout_seconds) as server:
            server.login(user, password)
            server.select(f'"{self.options.folder}"', readonly=True)
            _, found = server.uid("SEARCH", f"UID {last + 1}:*")
            uids = sorted(int(uid) for uid in (found[0] or b"").split() if int(uid) > last)[: self.options.letters]
            letters = []
            for uid in uids:
                _, parts = server.uid("FETCH", str(uid), f"(BODY.PEEK[]<0.{self.options.most_bytes}>)")
                letters += [(uid, part[1]) for part in parts if isinstance(part, tuple)]
                visit.memory["uid"] = uid
            return letters

    def _keep(self, visit: Visit, uid: int, raw: bytes) -> None:
        letter = email.message_from_bytes(raw)
        text = _QUOTED.split(body_of(letter))[0].strip()
        title = header(letter, "Subject")
        if not text and not title:
            visit.warn(f"第 {uid} 封信没有文字，没有收")
            return
        native = letter.get("Message-ID") or f"{self.options.folder}/{uid}"
        visit.keep(
            Document(
                id=derived_id(visit.source.kind, urlsplit(visit.source.url).netloc, native),
                text=text or title,
                kind=visit.source.kind,
                source=visit.source.name,
                title=title,
                published_at=not_later(_date(letter), visit.now),
                collected_at=visit.now,
            )
        )


def body_of(letter: Message) -> str:
    """The plain text of a letter, or of its HTML when it has no other."""
    html = ""
    for part in letter.walk():
        if part.get_content_maintype() != "text" or part.get_filename():
            continue
        payload = part.get_payload(decode=True)
        if not isinstance(payload, bytes):
            continue
        text = _decoded(payload, part.get_content_charset())
        if part.get_content_subtype() == "plain":
            return text
        html = html or text
    return text_of_html(html)


def header(letter: Message, name: str) -> str:
    """A header with its encoded words read; as it stands when they are broken."""
    raw = str(letter.get(name, ""))
    try:
        return " ".join(str(make_header(decode_header(raw))).split())
    except (LookupError, UnicodeDecodeError, ValueError):
        return raw


def _decoded(payload: bytes, charset: str | None) -> str:
    for name in (charset or "utf-8", "utf-8", "gb18030"):
        try:
            return payload.decode("gb18030" if name.lower() in ("gb2312", "gbk") else name)
        except (LookupError, UnicodeDecodeError):
            continue
    return payload.decode("utf-8", "replace")


def _date(letter: Message) -> datetime | None:
    try:
        moment = parsedate_to_datetime(str(letter.get("Date", "")))
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _connect(url: str, private: tuple[str, ...], timeout: float) -> imaplib.IMAP4:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "imaps":
        return imaplib.IMAP4_SSL(host, parts.port or 993, timeout=timeout)
    if parts.scheme == "imap" and host in private:
        return imaplib.IMAP4(host, parts.port or 143, timeout=timeout)
    raise SourceTrouble(
        Reason.NOT_ALLOWED, "邮箱地址要写成 imaps://…（不加密的 imap:// 只许用于 allow_private 里的主机）"
    )
