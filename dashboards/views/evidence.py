"""证据: a page as it was fetched. Opening one asks for a reason, which is kept; the page itself never runs here."""

from __future__ import annotations

import os
from urllib.parse import quote

from fastapi import APIRouter, HTTPException
from starlette.responses import Response

from crawlers.evidence import Archive, open_capture
from crawlers.extraction.extract import decode
from dashboards.room import OfficeLooking, Posted, Visitor
from pipeline.store import cases as case_store
from pipeline.store import evidence
from pipeline.store.evidence import Capture

router = APIRouter(include_in_schema=False)
SHOWN = 60_000  # characters of a source text shown on the page; the file holds all


@router.get("/evidence/{capture_id}")
def ask(visitor: OfficeLooking, capture_id: str) -> Response:
    """When it was fetched, its hash, who has opened it; the page itself only for a reason."""
    _require(visitor)
    return _page(visitor, capture_id)


@router.post("/evidence/{capture_id}")
def opened(sent: Posted, capture_id: str) -> Response:
    """The page as text to read, or the WARC record to hand over; the opening is kept first."""
    visitor = sent.by
    _require(visitor)
    services, do = visitor.room.services, "export" if sent.text("do") == "export" else "show"
    archive = Archive(services.settings.data_dir / "evidence", f"reader-{os.getpid()}")
    found = open_capture(
        archive, services.store, services.clock, capture_id, visitor.person.id, sent.text("reason"), do
    )
    with services.store.write() as connection:
        said = f"{'导出' if do == 'export' else '打开'}存档 {capture_id}：{sent.text('reason')}"
        case_store.audit(connection, visitor.now, visitor.person.id, "evidence", "", said[:300])
    if do == "export":
        headers = {"content-disposition": f"attachment; filename*=UTF-8''{quote(capture_id)}.warc.gz"}
        return Response(archive.raw(found.capture), media_type="application/gzip", headers=headers)
    text = decode(found.body, None)
    return _page(visitor, capture_id, text[:SHOWN] or "（空页）", found.status)


def _page(visitor: Visitor, capture_id: str, text: str = "", status: str = "") -> Response:
    with visitor.room.services.store.read() as connection:
        capture = _found(evidence.get(connection, capture_id))
        openings = evidence.openings(connection, capture_id, 20)
        versions = evidence.of_address(connection, capture.url)
    return visitor.show(
        "evidence.html", capture=capture, openings=openings, versions=versions, text=text, status_line=status
    )


def _found(capture: Capture | None) -> Capture:
    if capture is None:
        raise HTTPException(404, "没有这份存档。")
    return capture


def _require(visitor: Visitor) -> None:
    """Raw pages hold what people wrote, unmasked."""
    if not visitor.is_office or not visitor.may("unmask"):
        raise HTTPException(403, "证据存档由新闻发言人查看。")
