"""检索: where is it said? And: keep this question as a watch; take what was found along."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from urllib.parse import quote

from fastapi import APIRouter, HTTPException
from starlette.responses import Response, StreamingResponse

from dashboards import exports, watches
from dashboards.queries import search as queries
from dashboards.room import OfficeLooking, Posted, back_to
from pipeline import corrections
from pipeline.errors import HuiyingError
from pipeline.search.port import IndexedDocument, Sort
from pipeline.store import cases as case_store

router = APIRouter(include_in_schema=False)
DEEPEST_PAGE = 400


@router.get("/search")
def search(visitor: OfficeLooking, q: str = "", sort: str = "time", page: int = 0) -> Response:
    q = " ".join(q.split())[:1000]
    page = max(0, min(page, DEEPEST_PAGE))
    found, refused = None, ""
    try:
        found = queries.read(visitor.room.services, q, Sort(sort) if sort in list(Sort) else Sort.TIME, page)
    except HuiyingError as error:
        refused = str(error)
    return visitor.show(
        "search.html",
        q=q,
        sort=sort,
        page=page,
        size=queries.PAGE,
        found=found,
        refused=refused,
        field_names=queries.FIELD_NAMES,
        with_filter=queries.with_filter,
        can_export=visitor.may("export"),
        can_watch=visitor.may("open"),
    )


@router.post("/search/export")
def export(sent: Posted) -> Response:
    """Everything found, masked, as CSV, XLSX or JSONL; who took what is written down."""
    visitor = sent.by
    if not visitor.is_office or not visitor.may("export"):
        raise HTTPException(403, "导出由新闻发言人或管理员办理。")
    kind, q = sent.text("kind"), " ".join(sent.text("q").split())[:1000]
    if kind not in exports.MEDIA:
        raise HuiyingError("请选择导出格式：CSV、XLSX 或 JSONL。")
    services = visitor.room.services
    asked, _ = queries.question(services, q)
    with services.store.write() as connection:
        case_store.audit(connection, visitor.now, visitor.person.id, "export", "", f"检索“{q[:200]}”导出 {kind}")
    found: Iterator[IndexedDocument] = islice(services.index().scan(asked), exports.MOST)
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{quote('检索结果')}.{kind}"}
    if kind == "xlsx":
        return Response(exports.to_xlsx(found), media_type=exports.MEDIA[kind], headers=headers)
    lines = exports.to_csv(found) if kind == "csv" else exports.to_jsonl(found)
    return StreamingResponse(lines, media_type=exports.MEDIA[kind], headers=headers)


@router.post("/search/watch")
def watch(sent: Posted) -> Response:
    """The question becomes a rule: an event that fits it alerts those on duty."""
    visitor = sent.by
    if not visitor.may("open"):
        raise HTTPException(403, "关注由值班员或新闻发言人设置。")
    services = visitor.room.services
    level = sent.text("level")
    name = watches.add(
        services.settings, services.clock.now(), sent.text("q"), sent.text("name"), int(level) if level in ("2", "3", "4") else 4
    )  # fmt: skip
    with services.store.write() as connection:
        corrections.reload(connection, visitor.now)
        case_store.audit(connection, visitor.now, visitor.person.id, "rules", "", f"添加关注“{name}”")
    return back_to("/rules", f"已添加关注“{name}”，有符合的事件即提示值班员。")
