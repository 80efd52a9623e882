"""通知: what waits, what went out, what came back; give it another try, and test every way out."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, HTTPException
from starlette.responses import Response

from dashboards.room import Looking, Posted, Visitor, back_to
from pipeline.cases.people import Role
from pipeline.notices import outbox
from pipeline.notices.channels import configured, unserved_words
from pipeline.notices.outbox import STATE_NAMES
from pipeline.notices.trying import try_all
from pipeline.store import cases

router = APIRouter(include_in_schema=False)


@router.get("/notices")
def show(visitor: Looking, state: Literal["", "waiting", "sent", "dead"] = "dead") -> Response:
    _require(visitor)
    with visitor.room.services.store.read() as connection:
        counts, rows = outbox.counts(connection), outbox.listed(connection, state, 200)
        unserved = unserved_words(outbox.unserved(connection, configured(visitor.room.services.settings)))
    return visitor.show("notices.html", counts=counts, rows=rows, state=state, names=STATE_NAMES, unserved=unserved)


@router.post("/notices/retry")
def retry(sent: Posted) -> Response:
    """One dead notice, or all of them, tried again now."""
    visitor, key = sent.by, sent.text("key")
    _require(visitor)
    with visitor.room.services.store.write() as connection:
        number = outbox.retry_dead(connection, visitor.now, key)
        cases.audit(connection, visitor.now, visitor.person.id, "notices", reason=f"重发退信{number}封 {key}".strip())
    return back_to("/notices", f"{number} 封退信将再发。")


@router.post("/notices/test")
def try_channels(sent: Posted) -> Response:
    """A test through every way out; the mail goes to the one who asks."""
    visitor = sent.by
    _require(visitor)
    found = try_all(visitor.room.services, visitor.person.mail)
    told = "；".join(f"{one.channel} {one.recipient}：{one.failure or '已送达'}" for one in found)
    return back_to("/notices", told or "还没有设置邮件服务器，也没有登记群机器人。")


def _require(visitor: Visitor) -> None:
    if not visitor.person.has(Role.ADMINISTRATOR, Role.SPOKESPERSON):
        raise HTTPException(403, "通知记录供管理员和新闻发言人查看。")
