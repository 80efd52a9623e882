"""标注: where is the machine least sure, and what would a person say?"""

from __future__ import annotations

import json
from datetime import timedelta

from fastapi import APIRouter, HTTPException
from starlette.responses import Response

from dashboards.room import OfficeLooking, Posted, back_to
from dashboards.words import MOODS
from pipeline.cases.people import Role
from pipeline.errors import HuiyingError
from pipeline.store import cases as case_store
from pipeline.store import labels

router = APIRouter(include_in_schema=False)
SHOWN, DAYS = 12, 30


@router.get("/labels")
def show(visitor: OfficeLooking) -> Response:
    with visitor.room.services.store.read() as connection:
        waiting = labels.least_sure(connection, visitor.now - timedelta(days=DAYS), SHOWN)
        done = labels.agreement(connection)
    topics = [one.name for one in visitor.room.district.topics]
    return visitor.show(
        "labels.html", waiting=waiting, done=done, topics=topics, moods=MOODS, can_export=visitor.may("export")
    )


@router.post("/labels")
def put(sent: Posted) -> Response:
    visitor = sent.by
    if not visitor.is_office or visitor.person.has(Role.LEADER):
        raise HTTPException(403, "标注由新闻办办理。")
    key, mood, topic = sent.text("document"), sent.text("sentiment"), sent.text("topic")
    if mood not in list(MOODS):
        raise HuiyingError("请选择情感。")
    with visitor.room.services.store.write() as connection:
        labels.put(connection, key, "sentiment", mood, visitor.person.id, visitor.now)
        if topic:
            labels.put(connection, key, "topic", topic, visitor.person.id, visitor.now)
    return back_to("/labels", "已记录，下一篇。")


@router.post("/labels/export")
def export(sent: Posted) -> Response:
    visitor = sent.by
    if not visitor.may("export"):
        raise HTTPException(403, "导出由新闻发言人或管理员办理。")
    with visitor.room.services.store.write() as connection:
        rows = labels.everything(connection)
        case_store.audit(connection, visitor.now, visitor.person.id, "export", "", f"标注 {len(rows)} 条")
    lines = [
        json.dumps(
            {"id": r.document_id, "what": r.what, "label": r.value, "title": r.title, "text": r.text},
            ensure_ascii=False,
        )
        for r in rows
    ]
    headers = {"content-disposition": 'attachment; filename="labels.jsonl"'}
    return Response("\n".join(lines) + "\n", media_type="application/x-ndjson; charset=utf-8", headers=headers)
