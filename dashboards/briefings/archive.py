"""The archive (存档): drafts, approval by a spokesperson, sending, read confirmation by a link, corrections to the same people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from hmac import new as hmac
from pathlib import Path
from secrets import token_bytes

from sqlalchemy import Connection

from config.settings import Settings
from dashboards.briefings import export, mail_writer, proofs
from dashboards.briefings.content import Block, Briefing, Paragraph, Sentence, from_json, to_json
from dashboards.briefings.distribution import Distribution
from pipeline.analysis.accusation import accused_units
from pipeline.cases.people import Directory, Person, Role
from pipeline.clock import shanghai
from pipeline.errors import HuiyingError
from pipeline.notices.outbox import enqueue
from pipeline.store import briefings as store
from pipeline.store import documents as document_store
from pipeline.store import events as event_store


def keep(connection: Connection, briefing: Briefing, now: datetime) -> Briefing:
    """Keep a draft. What was approved or sent stays as it is, and is what is answered."""
    digits = "".join(char for char in briefing.issue.split("〕")[-1] if char.isdigit())
    values = {
        "id": briefing.id,
        "kind": briefing.kind,
        "year": shanghai(briefing.cut_off).year,
        "number": int(digits),
        "event_id": briefing.event_id,
        "cut_off": briefing.cut_off,
        "title": mail_writer.named(briefing),
        "corrects": briefing.corrects,
        "content": to_json(briefing),
        "drafted_at": now,
    }
    if store.keep_draft(connection, values):
        return briefing
    return load(connection, briefing.id)


def load(connection: Connection, briefing_id: str) -> Briefing:
    row = store.get(connection, briefing_id)
    if row is None:
        raise HuiyingError(f"没有简报 {briefing_id}；请用 huiying briefing list 查编号。")
    return from_json(row.content)


def approve(connection: Connection, briefing_id: str, by: Person, now: datetime) -> Briefing:
    """签发: a spokesperson or a leader; the numbers are asked again and what changed is said on the paper."""
    if not by.has(Role.SPOKESPERSON, Role.LEADER):
        raise HuiyingError(f"{by.name}不能签发；须由新闻发言人或领导签发。")
    made = proofs.recomputed(connection, load(connection, briefing_id))
    made = replace(
        made, draft=False, hands=replace(made.hands, reviewer=made.hands.reviewer or by.name, issuer=by.name)
    )
    if not store.change(
        connection, briefing_id, "draft", state="approved", approved_by=by.id, approved_at=now, content=to_json(made)
    ):
        raise HuiyingError("这份简报已经签发过；要改请发更正：huiying briefing correct。")
    return made


def send(connection: Connection, settings: Settings, briefing_id: str, people: Sequence[Person], now: datetime) -> str:
    """Put the signed paper in the outbox for these people, each with the file and a link of their own.

    Answers the SHA-256 of the file. What was sent once goes again as it went, so that another reader gets the same paper.
    """
    made = load(connection, briefing_id)
    if made.draft:
        raise HuiyingError("草稿不能报送；请先签发：huiying briefing approve。")
    without = [person.name for person in people if not person.mail]
    if without or not people:
        raise HuiyingError(f"{'、'.join(without) or '收件人'}没有邮箱；请在人员表里补上或换收件人。")
    _keep_from_accused(connection, made, people)
    content = store.file_of(connection, briefing_id) or export.drawn(settings, made, "docx")
    attached = mail_writer.Attached(export.file_name(made, "docx"), content)
    secret = _secret(settings.data_dir)
    for person in people:
        token = hmac(secret, f"{briefing_id}\x1f{person.id}".encode(), "sha256").hexdigest()[:40]
        store.add_reader(connection, briefing_id, person.id, sha256(token.encode()).hexdigest(), now)
        link = f"{settings.office.base_url.rstrip('/')}/briefings/read/{token}"
        enqueue(connection, [mail_writer.write(made, person, link, attached, now)])
    digest = sha256(content).hexdigest()
    store.change(connection, briefing_id, "approved", state="sent", sent_at=now, sha256=digest, file=content)
    return digest


def _keep_from_accused(connection: Connection, made: Briefing, people: Sequence[Person]) -> None:
    """A report of wrongdoing is never shown to the unit that it names."""
    judged = document_store.judged(connection, made.document_ids()).values()
    accused = {unit for one in judged for unit in accused_units(one.analysis.accusation)}
    accused |= set(event_store.accused(connection, made.event_id)) if made.event_id else set()
    named = [person.name for person in people if person.unit in accused]
    if named:
        raise HuiyingError(f"简报里有举报{'、'.join(named)}所在单位的来信，不能报送给他们；请用 --to 另写收件人。")


def _secret(data_dir: Path) -> bytes:
    """The key of readers' links, made once, outside the store."""
    path = data_dir / "keys" / "briefings"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(token_bytes(32))
    return path.read_bytes()


def confirm(connection: Connection, token: str, now: datetime) -> str | None:
    """A reader opened their link: the title of what they have read; None when the link is none of ours."""
    row = store.confirm(connection, sha256(token.encode()).hexdigest(), now)
    return str(row.title) if row is not None else None


def correct(connection: Connection, briefing_id: str, wrong: str, right: str, by: Person, now: datetime) -> Briefing:
    """更正 of a sent paper: what was wrong, what is right, under the corrector's name; a draft to sign and send."""
    row = store.get(connection, briefing_id)
    if row is None or row.state != "sent":
        raise HuiyingError("只有已经报送的简报需要更正；草稿直接重写即可。")
    sent = from_json(row.content)
    if not any(wrong in sentence.text for sentence in sent.sentences()):
        raise HuiyingError(f"原简报里没有“{wrong[:30]}”这句话；请照原文填写。")
    said = Sentence(f"“{wrong}”更正为“{right}”。", (), (), by=by.name)
    blocks: tuple[Block, ...] = (Paragraph((said,)),)
    key = sha256(f"{briefing_id}\x1f{wrong}\x1f{right}".encode()).hexdigest()[:24]
    made = replace(
        sent, id=key, title=f"关于{mail_writer.named(sent)}的更正", blocks=blocks, sources=(), draft=True, corrects=briefing_id,
        hands=replace(sent.hands, reviewer="", issuer=""), notes=(), cut_off=now, marks={},
        issue=f"〔{shanghai(now).year}〕第{store.number_for(connection, key, sent.kind, shanghai(now).year)}期",
    )  # fmt: skip
    return keep(connection, made, now)


def readers_of(connection: Connection, settings: Settings, briefing: Briefing, directory: Directory) -> list[Person]:
    """Who gets a paper when nobody says otherwise: of a correction those who got the wrong one, else those of its kind."""
    if briefing.corrects:
        return [directory.get(reader.person_id) for reader in store.readers(connection, briefing.corrects)]
    return Distribution.load(settings.file("briefings.toml")).readers(briefing.kind, directory)
