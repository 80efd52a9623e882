"""Alerts as an Atom feed, for readers that hold a token with the scope `read` (in the header or as ?token=)."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated
from xml.etree import ElementTree as Xml  # we only write with it

from fastapi import APIRouter, Depends, HTTPException, Request
from starlette.responses import Response

from dashboards.queries import lists
from dashboards.room import Room, room_of
from dashboards.words import LEVELS
from pipeline.clock import iso
from pipeline.hostile import plain
from pipeline.store import accounts

router = APIRouter(include_in_schema=False)
NAMESPACE = "http://www.w3.org/2005/Atom"
DAYS = 7


@router.get("/feeds/alerts.atom")
def alerts(request: Request, room: Annotated[Room, Depends(room_of)], token: str = "") -> Response:
    """What the rules said in the last days: title and reason as text, never as markup."""
    given = request.headers.get("authorization", "").removeprefix("Bearer ").strip() or token
    with room.services.store.read() as connection:
        client = accounts.client_of(connection, given) if given else None
        if client is None or "read" not in client.scopes:
            raise HTTPException(401, "订阅预警需要有“read”权限的令牌。")
        if not room.clients.passes(client.name, client.per_minute):
            raise HTTPException(429, "订阅太频繁；请过一分钟再取。")
        found = lists.read_alerts(connection, room.now - timedelta(days=DAYS))
    office = room.services.settings.office
    feed = Xml.Element(f"{{{NAMESPACE}}}feed")
    _add(feed, "title", f"{office.district}舆情预警")
    _add(feed, "id", f"{office.base_url}/feeds/alerts.atom")
    _add(feed, "updated", iso(found[0].updated_at if found else room.now))
    for row in found[:100]:
        entry = Xml.SubElement(feed, f"{{{NAMESPACE}}}entry")
        link = f"{office.base_url}/alerts/{row.id}"
        _add(entry, "id", link)
        _add(entry, "title", f"【{LEVELS.get(row.level, '')}】{row.title}")
        _add(entry, "updated", iso(row.updated_at))
        _add(entry, "summary", row.reason)
        Xml.SubElement(entry, f"{{{NAMESPACE}}}link", {"href": link})
    Xml.register_namespace("", NAMESPACE)
    return Response(
        Xml.tostring(feed, encoding="utf-8", xml_declaration=True), media_type="application/atom+xml; charset=utf-8"
    )


def _add(parent: Xml.Element, name: str, text: str) -> None:
    Xml.SubElement(parent, f"{{{NAMESPACE}}}{name}").text = plain(text)
