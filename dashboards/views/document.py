"""文档: what does one document say (masked), how was it judged, where did it come from, how well was it answered?"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fastapi import APIRouter, HTTPException
from starlette.responses import Response

from dashboards.queries import document as queries
from dashboards.queries.document import DocumentPage
from dashboards.room import OfficeLooking, Posted, Visitor
from pipeline import answers
from pipeline.errors import HuiyingError
from pipeline.store import cases as case_store

router = APIRouter(include_in_schema=False)


@router.get("/documents/{document_id:path}")
def show(visitor: OfficeLooking, document_id: str) -> Response:
    with visitor.room.services.store.read() as connection:
        found = _found(queries.read(connection, document_id))
    return visitor.show("document.html", **_values(visitor, found))


@router.post("/unmask/{document_id:path}")
def unmask(sent: Posted, document_id: str) -> Response:
    """The text as it was collected, for a role that needs it, with a reason that is kept."""
    visitor, reason = sent.by, sent.text("reason")
    if not visitor.may("unmask"):
        raise HTTPException(403, "查看未脱敏原文由新闻发言人办理。")
    if len(reason) < 4:
        raise HuiyingError("请写明查看未脱敏原文的理由。")
    with visitor.room.services.store.write() as connection:
        found = _found(queries.read(connection, document_id))
        case_store.audit(connection, visitor.now, visitor.person.id, "unmask", "", f"{document_id[:60]}：{reason}")
    return visitor.show("document.html", **_values(visitor, found, found.judged.document.text))


def _found(page: DocumentPage | None) -> DocumentPage:
    if page is None:
        raise HTTPException(404, "没有这篇文档。")
    return page


def _values(visitor: Visitor, found: DocumentPage, shown: str = "") -> dict[str, Any]:
    """`shown`: the text as collected, when it may be seen now."""
    said = found.judged.analysis
    masked = replace(found.judged.document, title=said.masked_title, text=said.masked_text)
    return {
        "found": found,
        "answer": answers.judged(masked, visitor.now),
        "captures": found.captures,
        "can_unmask": visitor.may("unmask"),
        "shown": shown,
    }
