"""事件一览: what is going on. 预警一览: what the rules said, and was it useful?"""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter, HTTPException
from sqlalchemy import update
from starlette.responses import Response

from dashboards import town_map
from dashboards.queries import lists
from dashboards.queries.lists import EventFilter
from dashboards.room import OfficeLooking, Posted, back_to
from pipeline.alerts import feedback
from pipeline.alerts.feedback import Verdict
from pipeline.store.schema.events import alerts

router = APIRouter(include_in_schema=False)
LIVE = timedelta(days=3)


@router.get("/events")
def events(
    visitor: OfficeLooking, stage: str = "", scope: str = "", topic: str = "", words: str = "", sort: str = "last", page: int = 0
) -> Response:  # fmt: skip
    asked = EventFilter(stage, scope, topic, words[:60], sort)
    page = max(0, min(page, 250))
    gazetteer = visitor.room.district.places.town
    with visitor.room.services.store.read() as connection:
        total, found = lists.read_events(connection, asked, page)
        towns = lists.by_town(connection, [town.name for town in gazetteer], visitor.now - LIVE)
    topics = [one.name for one in visitor.room.district.topics]
    return visitor.show(
        "events.html",
        asked=asked,
        total=total,
        found=found,
        page=page,
        size=lists.PAGE,
        topics=topics,
        towns=towns,
        town_map=town_map.drawn(gazetteer),
        number=visitor.number,
    )


@router.get("/alerts")
def all_alerts(visitor: OfficeLooking, level: int = 0, days: int = 7) -> Response:
    since = visitor.now - timedelta(days=max(1, min(days, 366)))
    with visitor.room.services.store.read() as connection:
        found = lists.read_alerts(connection, since, level)
    return visitor.show(
        "alerts.html",
        found=found,
        level_asked=level,
        days=days,
        number=visitor.number,
        can_say=visitor.may("acknowledged"),
    )


@router.get("/alerts/{alert_id}")
def alert(visitor: OfficeLooking, alert_id: str) -> Response:
    with visitor.room.services.store.read() as connection:
        found = lists.alert(connection, alert_id)
    if found is None:
        raise HTTPException(404, "没有这条预警。")
    return visitor.show("alert.html", found=found, can_say=visitor.may("acknowledged"))


@router.post("/alerts/{alert_id}")
def say(sent: Posted, alert_id: str) -> Response:
    """知道了, and whether the alert was useful: rules are tuned by it."""
    visitor = sent.by
    if not visitor.may("acknowledged"):
        raise HTTPException(403, "预警由值班员或新闻发言人签收。")
    values = {"acknowledged_by": visitor.person.id, "acknowledged_at": visitor.now, "state": "acknowledged"}
    with visitor.room.services.store.write() as connection:
        if not connection.execute(update(alerts).where(alerts.c.id == alert_id).values(values)).rowcount:
            raise HTTPException(404, "没有这条预警。")
        if sent.text("feedback") in (Verdict.USEFUL, Verdict.FALSE_ALARM):
            feedback.say(connection, alert_id, Verdict(sent.text("feedback")), visitor.person.id, visitor.now)
    return back_to(f"/alerts/{alert_id}", "已记录。")
