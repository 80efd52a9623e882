"""Proving the chain to the mailbox (金丝雀): each canary that was crawled becomes a mail; one that stays away is told once.

The flow writes these mails, so that an hourly mail says: published, crawled, stored, taken up by the flow, put in the
outbox, delivered. It is never a document: no figure, event or briefing counts it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from config.settings import Settings
from pipeline.cases.people import Role, load_people
from pipeline.clock import shanghai
from pipeline.document import Notice
from pipeline.notices.outbox import enqueue, notice_key
from pipeline.store import canaries
from pipeline.store.duty import directory
from pipeline.store.engine import Store


def tell(store: Store, settings: Settings, now: datetime) -> int:
    """Put what is new of canaries in the outbox; how many mails."""
    with store.read() as connection:
        if not canaries.untold(connection, now):
            return 0
    with store.write() as connection:
        return sum(_tell(connection, settings, row, now) for row in canaries.untold(connection, now))


def _tell(connection: Connection, settings: Settings, row: Row[Any], now: datetime) -> int:
    people = directory(connection, load_people(settings.file("people.toml")))
    administrators = [
        f"{person.name} <{person.mail}>" for person in people.with_role(Role.ADMINISTRATOR) if person.mail
    ]
    if row.due_by < now and row.missed_at is None:
        subject, text = f"【链路告警】{row.name}未按时到达", _absence(row, now)
        canaries.missed(connection, row.source_id, now)
        mark, recipients = f"missing {row.due_by.isoformat()}", [*administrators, row.recipient]
    else:
        back = "，链路已恢复" if row.missed_at and row.due_by >= now else ""
        subject, text = f"【链路检验】{row.name} {_clock(row.published_at)}{back}", _arrival(row, now) + back
        canaries.told(connection, row.source_id, now)
        mark, recipients = row.published_at.isoformat(), [row.recipient] if row.recipient else administrators
    notices = [
        Notice(notice_key("canary", row.source_id, mark, recipient), now, "mail", recipient, subject, text,
               thread=f"canary-{row.source_id}")
        for recipient in dict.fromkeys(filter(None, recipients))
    ]  # fmt: skip
    return enqueue(connection, notices)


def _arrival(row: Row[Any], now: datetime) -> str:
    return f"发布 {_clock(row.published_at)}，采集入库 {_clock(row.seen_at)}，流程处理 {_clock(now)}"


def _absence(row: Row[Any], now: datetime) -> str:
    last = f"最近一次是 {_clock(row.published_at)} 发布的" if row.published_at else "至今一次也没有到过"
    return f"应在 {_clock(row.due_by)} 前到达，到 {_clock(now)} 没有到；{last}。请检查发布页、采集（huiying source list）和网络。恢复前不再重复告知。"


def _clock(moment: datetime) -> str:
    return f"{shanghai(moment):%m-%d %H:%M}"
