"""审计: who looked at, changed or took along what, and does the chain of histories hold?"""

from __future__ import annotations

from fastapi import APIRouter, HTTPException
from starlette.responses import Response

from dashboards.queries import cases as queries
from dashboards.room import OfficeLooking, Posted
from pipeline.cases.history import verify
from pipeline.cases.people import Role
from pipeline.store import cases as case_store

router = APIRouter(include_in_schema=False)
WHAT = {
    "view": "查看", "export": "导出", "unmask": "查看原文", "statistics": "统计", "people": "人员", "roster": "值班", "rules": "规则",
    "sources": "信源", "notices": "通知", "briefings": "简报", "evidence": "证据",
}  # fmt: skip


@router.get("/audit")
def show(visitor: OfficeLooking, what: str = "", by: str = "") -> Response:
    if not visitor.person.has(Role.ADMINISTRATOR, Role.SPOKESPERSON):
        raise HTTPException(403, "审计记录供管理员和新闻发言人查看。")
    with visitor.room.services.store.read() as connection:
        rows = queries.looks_at(connection, what=what, by=by)
    return visitor.show("audit.html", rows=rows, names=WHAT, what=what, by=by, proof=None)


@router.post("/audit")
def check(sent: Posted) -> Response:
    """Walk the whole chain of case histories."""
    visitor = sent.by
    if not visitor.person.has(Role.ADMINISTRATOR, Role.SPOKESPERSON):
        raise HTTPException(403, "审计记录供管理员和新闻发言人查看。")
    with visitor.room.services.store.read() as connection:
        proof = verify(case_store.chain(connection), case_store.head(connection))
        rows = queries.looks_at(connection)
    return visitor.show("audit.html", rows=rows, names=WHAT, what="", by="", proof=proof)
