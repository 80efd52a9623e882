"""信源: do we hear everything, and what is wrong where we do not? Adding a source by its address."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from fastapi import APIRouter, HTTPException
from sqlalchemy import update
from starlette.responses import Response

from crawlers.adding import find_source
from crawlers.opening import add_source, all_sources, to_toml
from crawlers.source import parse_source
from crawlers.troubles import IN_CHINESE, Reason
from dashboards.queries import sources as queries
from dashboards.room import OfficeLooking, Posted, Visitor, back_to
from pipeline.cases.people import Role
from pipeline.clock import SHANGHAI, shanghai
from pipeline.document import Kind
from pipeline.errors import HuiyingError
from pipeline.store import cases as case_store
from pipeline.store import sources as book
from pipeline.store.schema.sources import sources as table

router = APIRouter(include_in_schema=False)
FILL_DAYS = 90


@router.get("/sources")
def listed(visitor: OfficeLooking) -> Response:
    with visitor.room.services.store.read() as connection:
        lines, hours, gaps = queries.read(connection, visitor.now)
    return visitor.show(
        "sources.html",
        lines=lines,
        hours=hours,
        gaps=gaps,
        why=why,
        may=_may(visitor),
        number=visitor.number,
        kinds=list(Kind),
    )


@router.get("/sources/{source_id}")
def one(visitor: OfficeLooking, source_id: str) -> Response:
    with visitor.room.services.store.read() as connection:
        page = queries.read_one(connection, source_id, visitor.now)
    if page is None:
        raise HTTPException(404, "没有这个信源。")
    return visitor.show("source.html", page=page, why=why, may=_may(visitor))


@router.post("/sources/preview")
def preview(sent: Posted) -> Response:
    """What is behind an address: ten articles as they would be collected, before anything is kept."""
    visitor = _manager(sent.by)
    kind = sent.text("kind")
    found = find_source(
        visitor.room.services, sent.text("url"), sent.text("name"), Kind(kind) if kind in list(Kind) else Kind.NEWS
    )
    return visitor.show("source_preview.html", found=found, definition=to_toml(found.source))


@router.post("/sources/add")
def add(sent: Posted) -> Response:
    """Keep what the preview proposed, as the person left it."""
    visitor = _manager(sent.by)
    services = visitor.room.services
    source = parse_source(sent.text("definition"), "新信源", {"data": services.settings.data_dir.resolve().as_posix()})
    add_source(services, source, visitor.person.id)
    _audit(visitor, f"添加信源 {source.id}")
    return back_to(f"/sources/{source.id}", "已添加，马上开始采集。")


@router.post("/sources/{source_id}/fill")
def fill(sent: Posted, source_id: str) -> Response:
    """补采: the next run reads back to a day of the last ninety; an empty day takes the wish back."""
    visitor = _manager(sent.by)
    since = _day(sent.text("since"), visitor.now)
    with visitor.room.services.store.write() as connection:
        if book.state(connection, source_id) is None:
            raise HTTPException(404, "没有这个信源。")
        if not book.fill(connection, source_id, since, visitor.now):
            raise HuiyingError("这个信源正在采集；请等这一次结束后再设补采起始日期。")
    said = f"{since:%Y-%m-%d}" if since else "取消"
    _audit(visitor, f"补采信源 {source_id}：{said}")
    return back_to(f"/sources/{source_id}", f"已排到最前，下一次采集补到 {said}。" if since else "已取消补采。")


def _day(said: str, now: datetime) -> datetime | None:
    """The beginning of a day of the office's calendar."""
    if not said:
        return None
    try:
        day = date.fromisoformat(said)
    except ValueError as error:
        raise HuiyingError("补采起始日期须写成 2026-03-01 这样的日期。") from error
    today = shanghai(now).date()
    if not today - timedelta(days=FILL_DAYS) <= day <= today:
        raise HuiyingError(
            f"补采起始日期须在最近 {FILL_DAYS} 天之内，即 {today - timedelta(days=FILL_DAYS)} 至 {today}。"
        )
    return datetime.combine(day, time(), SHANGHAI)


@router.post("/sources/{source_id}/{do}")
def change(sent: Posted, source_id: str, do: str) -> Response:
    """Pause, go on, or collect at once (which also fetches what was missed while it was broken)."""
    visitor = _manager(sent.by)
    services = visitor.room.services
    if do not in ("pause", "resume", "now"):
        raise HuiyingError("没有这种操作；请刷新页面再试。")
    with services.store.write() as connection:
        if book.state(connection, source_id) is None:
            raise HTTPException(404, "没有这个信源。")
        values: dict[str, Any] = {"next_due": visitor.now} if do == "now" else {"enabled": do == "resume"}
        connection.execute(update(table).where(table.c.id == source_id).values(values))
    if do != "now":
        _keep_switch(visitor, source_id, enabled=do == "resume")
    _audit(visitor, {"pause": "暂停", "resume": "恢复", "now": "马上采集"}[do] + f"信源 {source_id}")
    return back_to(
        f"/sources/{source_id}", {"pause": "已暂停。", "resume": "已恢复。", "now": "已排到最前，马上采集。"}[do]
    )


def _keep_switch(visitor: Visitor, source_id: str, enabled: bool) -> None:
    """The switch must outlive a restart: into the source's own definition, or the office's file beside the shipped one."""
    services = visitor.room.services
    source = next((one for one in all_sources(services.settings, services.store) if one.id == source_id), None)
    if source is None:
        return
    text = to_toml(source.model_copy(update={"enabled": enabled}))
    with services.store.write() as connection:
        if source_id in book.definitions(connection):
            book.define(connection, source_id, text, visitor.person.id)
            return
    folder = services.settings.data_dir / "config" / "sources"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{source_id}.toml").write_text(text, encoding="utf-8")


def why(reason: str) -> str:
    """A reason of the ledger in words."""
    return IN_CHINESE[Reason(reason)] if reason in list(Reason) else reason


def _may(visitor: Visitor) -> bool:
    return visitor.person.has(Role.ADMINISTRATOR, Role.SPOKESPERSON, Role.DUTY_OFFICER)


def _manager(visitor: Visitor) -> Visitor:
    if not _may(visitor):
        raise HTTPException(403, "信源由值班员、新闻发言人或管理员管理。")
    return visitor


def _audit(visitor: Visitor, said: str) -> None:
    with visitor.room.services.store.write() as connection:
        case_store.audit(connection, visitor.now, visitor.person.id, "sources", "", said)
