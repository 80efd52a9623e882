"""The evidence archive (证据存档): each page as fetched, in WARC files, with hash and time.

Settings: retention.evidence_days, and retention.evidence_gib (the oldest files go first when the folder grows beyond it);
what is bound to a case stays.
A capture is one gzip member of one file, so that it can be read alone and copied out as it is. The stored body is the one
after HTTP decompression: Content-Encoding is not among its headers. Raw pages hold what people wrote: opening one asks for
a reason and is logged.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from crawlers.fetched import Fetched
from pipeline.clock import Clock, shanghai
from pipeline.errors import HuiyingError
from pipeline.store import evidence as index
from pipeline.store.engine import Store
from pipeline.store.evidence import Capture

KEPT = "kept"
_LEVEL = 6  # warcio's own, 9, takes half as long again for half a percent
_LEFT_OUT = {"content-encoding", "transfer-encoding", "content-length", "connection", "set-cookie"}


class EvidenceError(HuiyingError):
    """An archived page that cannot be shown; the message says why."""


@dataclass(frozen=True, slots=True)
class Opened:
    """An archived page: its headers and its body as fetched."""

    capture: Capture
    status: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class Verification:
    """`wrong`: captures whose bytes are not what was fetched, or are missing, with why."""

    checked: int
    wrong: tuple[tuple[str, str], ...]


class Archive:
    """WARC files in `folder`, one a day and worker. Safe to use from several threads."""

    def __init__(self, folder: Path, worker: str) -> None:
        self.folder = folder
        self._worker = re.sub(r"[^A-Za-z0-9-]+", "-", worker)
        self._lock = threading.Lock()

    def write(self, fetched: Fetched, source_id: str, document_id: str) -> Capture:
        """Append one page; the capture says where it lies. Its id is the same for the same page, time and bytes."""
        sha256 = hashlib.sha256(fetched.body).hexdigest()
        name = f"{shanghai(fetched.at):%Y/%m/huiying-%Y%m%d}-{self._worker}.warc.gz"
        offset, length = self._append(name, _record(fetched, sha256))
        key = hashlib.sha256(f"{fetched.asked}\x1f{fetched.at.isoformat()}\x1f{sha256}".encode()).hexdigest()[:32]
        return Capture(
            id=key,
            url=fetched.asked,
            source_id=source_id,
            document_id=document_id,
            at=fetched.at,
            status=fetched.status,
            sha256=sha256,
            file=name,
            offset=offset,
            length=length,
        )

    def read(self, capture: Capture) -> Opened:
        """The page of a capture. EvidenceError when its bytes are pruned, missing or altered."""
        from warcio.archiveiterator import ArchiveIterator

        raw = self.raw(capture)
        try:
            record = next(iter(ArchiveIterator(io.BytesIO(raw))))
            body: bytes = record.content_stream().read()
        except Exception as error:  # warcio raises its own kinds on damaged members
            raise EvidenceError(f"存档 {capture.id} 已损坏：{error}") from error
        if hashlib.sha256(body).hexdigest() != capture.sha256:
            raise EvidenceError(f"存档 {capture.id} 的内容与采集时的哈希不符，可能被改动")
        headers = record.http_headers
        return Opened(capture, headers.statusline, tuple(headers.headers), body)

    def raw(self, capture: Capture) -> bytes:
        """The WARC record's own bytes (one gzip member): what an export hands out."""
        if not capture.file:
            raise EvidenceError(f"存档 {capture.id} 的原文已按保存期限清除，只留下时间和哈希 {capture.sha256}")
        try:
            with (self.folder / capture.file).open("rb") as file:
                file.seek(capture.offset)
                raw = file.read(capture.length)
        except OSError as error:
            raise EvidenceError(f"存档文件 {capture.file} 读不到：{error.strerror}") from error
        if len(raw) != capture.length:
            raise EvidenceError(f"存档文件 {capture.file} 不完整")
        return raw

    def verify(self, store: Store, progress: Callable[[int], None] = lambda _: None) -> Verification:
        """Read every capture and compare it with the hash taken when it was fetched."""
        checked, wrong = 0, []
        with store.read() as connection:
            for capture in index.every(connection):
                checked += 1
                try:
                    self.read(capture)
                except EvidenceError as error:
                    wrong.append((capture.id, str(error)))
                progress(checked)
        return Verification(checked, tuple(wrong))

    def keep(self, store: Store, capture_id: str) -> Capture:
        """Bind a capture to a case: its bytes are copied to where nothing is pruned."""
        with store.write() as connection:
            capture = index.get(connection, capture_id)
            if capture is None:
                raise EvidenceError(f"没有编号为 {capture_id} 的存档")
            if not capture.kept:
                name = f"{KEPT}/{shanghai(capture.at):%Y}.warc.gz"
                offset, length = self._append(name, self.raw(capture))
                index.moved(connection, capture_id, name, offset, length)
                capture = index.get(connection, capture_id) or capture
        return capture

    def prune(self, store: Store, most_bytes: int, before: datetime) -> int:
        """Remove files of days before `before`, then the oldest until the folder fits. Kept captures stay.

        Answers the bytes freed.
        """
        files = sorted(path for path in self.folder.glob("2*/*/*.warc.gz"))
        total = sum(path.stat().st_size for path in self.folder.rglob("*.warc.gz"))
        freed = 0
        for path in files:
            if total - freed <= most_bytes and _day_of(path) >= f"{shanghai(before):%Y%m%d}":
                break
            size = path.stat().st_size
            with store.write() as connection:
                index.forget_file(connection, path.relative_to(self.folder).as_posix())
            path.unlink()
            freed += size
        return freed

    def _append(self, name: str, raw: bytes) -> tuple[int, int]:
        path = self.folder / name
        with self._lock:
            try:
                file = path.open("ab")
            except FileNotFoundError:
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                file = path.open("ab")
            with file:
                offset = file.tell()
                file.write(raw)
        return offset, len(raw)


def _day_of(path: Path) -> str:
    """The day (YYYYMMDD) in the name of a WARC file."""
    return path.name.split("-")[1]


def open_capture(
    archive: Archive, store: Store, clock: Clock, capture_id: str, person: str, reason: str, what: str = "show"
) -> Opened:
    """Open an archived page for a person who says why; the opening is logged before the page is shown."""
    if len(reason.strip()) < 4:
        raise EvidenceError("打开存档要写明理由（不少于四个字），例如：核对 3 月 15 日通报所引原帖")
    with store.write() as connection:
        capture = index.get(connection, capture_id)
        if capture is None:
            raise EvidenceError(f"没有编号为 {capture_id} 的存档；用 huiying evidence list 查看")
        index.log_opening(connection, capture_id, clock.now(), person, reason.strip(), what)
    return archive.read(capture)


def _record(fetched: Fetched, sha256: str) -> bytes:
    from warcio.statusandheaders import StatusAndHeaders
    from warcio.warcwriter import WARCWriter

    out = io.BytesIO()
    writer: Any = WARCWriter(out, gzip=False, warc_version="1.1")
    headers = [(name, value) for name, value in fetched.headers.items() if name not in _LEFT_OUT]
    headers.append(("content-length", str(len(fetched.body))))
    record = writer.create_warc_record(
        fetched.url,
        "response",
        payload=io.BytesIO(fetched.body),
        length=len(fetched.body),
        http_headers=StatusAndHeaders(f"{fetched.status} OK", headers, protocol="HTTP/1.1"),
        warc_headers_dict={
            "WARC-Date": _warc_date(fetched.at),
            "Huiying-SHA256": sha256,
            "Huiying-Asked": fetched.asked,
        },
    )
    writer.write_record(record)
    return gzip.compress(out.getvalue(), _LEVEL, mtime=0)


def _warc_date(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
