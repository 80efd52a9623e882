"""The chain that proves the history (历史记录的链): hash over salted digests, so that content can go and the proof stays. Pure.

Every entry of every case stands in one chain, numbered 1, 2, 3 …:

    content_digest = SHA-256(salt ‖ canonical JSON of the content)
    digest         = SHA-256(previous ‖ position ‖ case ‖ seq ‖ time ‖ person ‖ kind ‖ content_digest)

Retention destroys content and salt together; without the salt nobody can try contents against the digest. A change, a
removal or a reordering breaks the chain. Cutting off the end is found by comparing with the head kept in the store and
with anchors (position, digest) kept elsewhere, which every export and `huiying verify --anchor` writes.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

GENESIS = "0" * 64


@dataclass(frozen=True, slots=True)
class Sealed:
    """One row of the chain. `content` and `salt` are None once retention destroyed them."""

    position: int
    case_id: str
    seq: int
    at: datetime
    by: str
    kind: str
    content: Mapping[str, Any] | None
    salt: str | None
    content_digest: str
    previous: str
    digest: str


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain."""

    position: int
    digest: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it was written."""

    position: int
    case_id: str
    text: str


EMPTY = Head(0, GENESIS)


def canonical(content: Mapping[str, Any]) -> bytes:
    """The one byte form of a content."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def new_salt() -> str:
    return secrets.token_hex(16)


def digest_content(salt: str, content: Mapping[str, Any]) -> str:
    return hashlib.sha256(bytes.fromhex(salt) + canonical(content)).hexdigest()


def digest_link(
    previous: str, position: int, case_id: str, seq: int, at: datetime, by: str, kind: str, content_digest: str
) -> str:
    moment = at.astimezone(UTC).isoformat(timespec="microseconds")
    parts = [previous, str(position), case_id, str(seq), moment, by, kind, content_digest]
    return hashlib.sha256(canonical({"link": parts})).hexdigest()


def seal(
    head: Head, case_id: str, seq: int, at: datetime, by: str, kind: str, content: Mapping[str, Any], salt: str
) -> Sealed:
    """The next row after `head`."""
    position = head.position + 1
    content_digest = digest_content(salt, content)
    digest = digest_link(head.digest, position, case_id, seq, at, by, kind, content_digest)
    return Sealed(position, case_id, seq, at, by, kind, content, salt, content_digest, head.digest, digest)


@dataclass(frozen=True, slots=True)
class Proof:
    """What a walk along the whole chain found."""

    rows: int
    purged: int
    head: Head
    findings: tuple[Finding, ...]

    @property
    def holds(self) -> bool:
        return not self.findings


def verify(rows: Iterable[Sealed], head: Head, anchors: Iterable[Head] = ()) -> Proof:
    """Walk the chain from its first row; every deviation is a finding, and the walk goes on after it."""
    findings: list[Finding] = []
    emptied: dict[int, str] = {}
    purged: set[int] = set()
    seen: dict[int, str] = {}
    last = EMPTY
    seqs: dict[str, int] = {}
    count = 0
    for row in rows:
        count += 1
        findings += _check_row(row, last, seqs.get(row.case_id, 0))
        if row.content is None or row.salt is None:
            emptied[row.position] = row.case_id
        elif row.kind == "purged":
            purged.update(int(position) for position in row.content.get("positions", ()))
        seqs[row.case_id] = row.seq
        last = Head(row.position, row.digest)
        seen[row.position] = row.digest
    for position, case_id in emptied.items():
        if position not in purged:
            findings.append(Finding(position, case_id, "内容缺失，且没有到期销毁的记录"))
    if last != head:
        findings.append(
            Finding(last.position, "", f"链尾与登记不符：登记到第{head.position}条，实有第{last.position}条")
        )
    for anchor in anchors:
        if anchor.position and seen.get(anchor.position) != anchor.digest:
            findings.append(Finding(anchor.position, "", f"与外存凭据不符：第{anchor.position}条被改动或删除"))
    return Proof(count, len(emptied), last, tuple(findings))


def _check_row(row: Sealed, last: Head, last_seq: int) -> list[Finding]:
    found = []
    if row.position != last.position + 1:
        found.append(Finding(row.position, row.case_id, f"第{last.position + 1}条起有缺失或重排"))
    if row.previous != last.digest:
        found.append(Finding(row.position, row.case_id, "与前一条不相连：前面有记录被改动或删除"))
    if row.seq != last_seq + 1:
        found.append(Finding(row.position, row.case_id, f"本件第{last_seq + 1}条缺失"))
    link = digest_link(row.previous, row.position, row.case_id, row.seq, row.at, row.by, row.kind, row.content_digest)
    if link != row.digest:
        found.append(Finding(row.position, row.case_id, "记录的时间、人员、类别或摘要被改动"))
    if row.content is not None and row.salt is not None:
        if digest_content(row.salt, row.content) != row.content_digest:
            found.append(Finding(row.position, row.case_id, "内容被改动"))
        if row.content.get("kind") != row.kind:
            found.append(Finding(row.position, row.case_id, "内容与类别不符"))
    return found
