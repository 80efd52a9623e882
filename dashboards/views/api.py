"""/api/v1: the same data as JSON, for other systems. Bearer tokens with scopes and a rate; OpenAPI at /api/v1/openapi.json."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Depends, HTTPException, Query, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import select

from dashboards.queries import lists
from dashboards.queries.lists import EventFilter
from dashboards.queries.search import question
from dashboards.room import Room, room_of
from pipeline.clock import iso, parse_time
from pipeline.digesting import latest
from pipeline.document import Counts, Document, Kind, Reply, Secrecy
from pipeline.intake import derived_id
from pipeline.search.highlight import plain
from pipeline.search.port import FACETS, Sort
from pipeline.store import accounts, events
from pipeline.store.accounts import Client
from pipeline.store.schema.cases import cases

router = APIRouter(prefix="/api/v1", tags=["v1"])
bearer = HTTPBearer(auto_error=False, description="管理员在“人员”页发放的接口令牌")
OPEN = (Secrecy.PUBLIC,)  # other systems get what anybody may read
MOST_PUSHED = 500


def client_with(scope: str) -> Callable[..., Client]:
    """The calling system, when its token bears the scope and it is not calling too often."""

    def find(
        room: Annotated[Room, Depends(room_of)],
        given: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
    ) -> Client:
        with room.services.store.read() as connection:
            client = accounts.client_of(connection, given.credentials) if given else None
        if client is None:
            raise HTTPException(401, "令牌缺失、无效或已停用；请在请求头写 Authorization: Bearer 令牌。")
        if scope not in client.scopes:
            raise HTTPException(403, f"这个令牌没有“{scope}”权限；请管理员重新发放。")
        if not room.clients.passes(client.name, client.per_minute):
            raise HTTPException(429, f"调用太快：每分钟最多 {client.per_minute} 次。")
        return client

    return find


Reading = Annotated[Client, Depends(client_with("read"))]
Searching = Annotated[Client, Depends(client_with("search"))]
Pushing = Annotated[Client, Depends(client_with("documents"))]
Inside = Annotated[Room, Depends(room_of)]


@router.get("/events", summary="事件一览")
def list_events(
    room: Inside, _client: Reading, stage: str = "", scope: str = "", topic: str = "", page: Annotated[int, Query(ge=0, le=250)] = 0
) -> dict[str, Any]:  # fmt: skip
    with room.services.store.read() as connection:
        total, found = lists.read_events(connection, EventFilter(stage, scope, topic), page)
    return {"total": total, "page": page, "events": [_event(row) for row in found]}


@router.get("/events/{event_id}", summary="一个事件：状态、阶段经过、最近文档（已脱敏、公开的）")
def one_event(room: Inside, _client: Reading, event_id: str) -> dict[str, Any]:
    from dashboards.queries import event as queries

    with room.services.store.read() as connection:
        row = queries.find(connection, event_id)
        if row is None:
            raise HTTPException(404, "没有这个事件。")
        moves = [
            {"at": iso(c.at), "stage": c.what, "reason": c.reason}
            for _, c in events.journal(connection, event_id=row.id)
            if c.type == "stage"
        ]
        judged = latest(connection, row.id, 50)
    said = [
        {"id": one.document.id, "kind": one.document.kind, "at": iso(one.document.published_at or one.document.known_at),
         "title": one.analysis.masked_title, "text": one.analysis.masked_text, "sentiment": one.analysis.sentiment.label}
        for one in judged if one.document.secrecy is Secrecy.PUBLIC
    ]  # fmt: skip
    return _event(row) | {"stages": moves, "documents_latest": said}


@router.get("/alerts", summary="预警")
def list_alerts(room: Inside, _client: Reading, days: Annotated[int, Query(ge=1, le=366)] = 7) -> dict[str, Any]:
    with room.services.store.read() as connection:
        found = lists.read_alerts(connection, room.now - timedelta(days=days))
    return {
        "alerts": [
            {"id": row.id, "rule": row.rule, "level": row.level, "at": iso(row.at), "updated_at": iso(row.updated_at),
             "title": row.title, "reason": row.reason, "event": row.event_id, "state": row.state}
            for row in found
        ]
    }  # fmt: skip


@router.get("/cases", summary="处置单一览（编号、状态、等级；不含内容）")
def list_cases(room: Inside, _client: Reading) -> dict[str, Any]:
    with room.services.store.read() as connection:
        rows = connection.execute(
            select(cases).where(cases.c.purged_at.is_(None)).order_by(cases.c.opened_at.desc()).limit(500)
        ).all()
    return {
        "cases": [
            {"id": row.id, "number": row.number, "phase": row.phase, "level": row.level, "event": row.event_id,
             "opened_at": iso(row.opened_at), "closed_at": iso(row.closed_at) if row.closed_at else None}
            for row in rows
        ]
    }  # fmt: skip


@router.get("/search", summary="检索公开文档（已脱敏）")
def search(
    room: Inside,
    _client: Searching,
    q: Annotated[str, Query(max_length=1000)] = "",
    sort: Literal["time", "relevance"] = "time",
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    offset: Annotated[int, Query(ge=0, le=9900)] = 0,
) -> dict[str, Any]:
    from dataclasses import replace

    asked, ignored = question(room.services, q, OPEN)
    found = room.services.index().search(replace(asked, sort=Sort(sort), limit=limit, offset=offset, facets=FACETS))
    return {
        "total": found.total,
        "ignored": list(ignored),
        "hits": [
            {"id": hit.id, "kind": hit.document.kind, "source": hit.document.source, "at": iso(hit.document.at), "title": hit.document.title,
             "snippet": plain(hit.snippet), "url": hit.document.url, "sentiment": hit.document.sentiment, "topic": hit.document.topic,
             "event": hit.document.event_id}
            for hit in found.hits
        ],
        "facets": {field.value: {one.value: one.count for one in counts} for field, counts in found.facets.items()},
    }  # fmt: skip


class PushedReply(BaseModel):
    """The department's answer to a message."""

    model_config = ConfigDict(extra="forbid")
    text: str = Field(max_length=200_000)
    department: str = Field("", max_length=200)
    at: str = Field("", max_length=40)


class Pushed(BaseModel):
    """One document. Only id and text are required; a time without offset is Asia/Shanghai. Authors become pseudonyms."""

    model_config = ConfigDict(extra="forbid")
    id: str = Field("", max_length=200)
    text: str = Field(min_length=1, max_length=1_000_000)
    kind: Kind = Kind.NEWS
    source: str = Field("", max_length=200)
    url: str = Field("", max_length=4000)
    title: str = Field("", max_length=4000)
    author: str = Field("", max_length=400)
    published_at: str = Field("", max_length=40)
    collected_at: str = Field("", max_length=40)
    likes: int | None = Field(None, ge=0)
    dislikes: int | None = Field(None, ge=0)
    reposts: int | None = Field(None, ge=0)
    comments: int | None = Field(None, ge=0)
    reads: int | None = Field(None, ge=0)
    repost_of: str = Field("", max_length=200)
    place: str = Field("", max_length=400)
    reply: PushedReply | None = None
    secrecy: Secrecy = Secrecy.PUBLIC

    def document(self, now: AwareDatetime) -> Document:
        """The record. ValueError when a time cannot be read."""
        moments = {
            name: parse_time(value) if value else None
            for name, value in (("published", self.published_at), ("collected", self.collected_at))
        }
        reply = (
            Reply(self.reply.text, self.reply.department, parse_time(self.reply.at) if self.reply.at else None)
            if self.reply
            else None
        )
        return Document(
            id=self.id or derived_id(self.kind, self.source, self.url or self.text),
            text=self.text, kind=self.kind, source=self.source, url=self.url, title=self.title, author=self.author,
            published_at=moments["published"], collected_at=moments["collected"] or now,
            counts=Counts(self.likes, self.reposts, self.comments, self.reads, self.dislikes),
            repost_of=self.repost_of, place=self.place, reply=reply, secrecy=self.secrecy,
        )  # fmt: skip


@router.post("/documents", summary="推送文档：同一 id 再推不重复，计数变化记为观察", status_code=202)
def push(
    room: Inside, request: Request, _client: Pushing, documents: Annotated[list[Pushed] | Pushed, Body()]
) -> dict[str, Any]:  # fmt: skip
    del request
    batch = documents if isinstance(documents, list) else [documents]
    if len(batch) > MOST_PUSHED:
        raise HTTPException(413, f"一次最多 {MOST_PUSHED} 篇；请分几次推送。")
    made = []
    for number, one in enumerate(batch, 1):
        try:
            made.append(one.document(room.now))
        except ValueError as error:
            raise HTTPException(
                422, f"第 {number} 篇的时间写法不对；请写 ISO 8601，如 2026-03-15T08:30:00+08:00。"
            ) from error
    saved = room.services.intake.take(made)
    return {"new": saved.new, "observed": saved.observed, "repeated": saved.repeated, "ids": [one.id for one in made]}


def _event(row: Any) -> dict[str, Any]:
    return {
        "id": row.id, "title": row.title, "stage": row.stage, "stage_since": iso(row.stage_since), "stage_reason": row.stage_reason,
        "heat": row.heat, "documents": row.documents, "negative": row.negative, "scope": row.scope, "topic": row.topic,
        "opened_at": iso(row.opened_at), "last_at": iso(row.last_at),
    }  # fmt: skip
