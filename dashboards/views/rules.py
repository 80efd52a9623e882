"""规则: what makes the machine speak up, how well did it do, and what would a changed rule have done?"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from fastapi import APIRouter, HTTPException
from starlette.responses import Response

from dashboards import watches
from dashboards.room import OfficeLooking, Posted, Visitor, back_to
from pipeline import corrections
from pipeline.alerts.backtest import backtest, lines
from pipeline.alerts.feedback import records
from pipeline.alerts.rules import load_rules
from pipeline.cases.people import Role
from pipeline.errors import HuiyingError
from pipeline.store import cases as case_store

router = APIRouter(include_in_schema=False)


@router.get("/rules")
def show(visitor: OfficeLooking, days: int = 30) -> Response:
    return _page(visitor, days=max(1, min(days, 366)))


@router.post("/rules")
def change(sent: Posted) -> Response:
    """Try the text on the past, or put it in force; a bad one is refused with its line and the old one stays."""
    visitor = sent.by
    if not visitor.person.has(Role.ADMINISTRATOR, Role.SPOKESPERSON):
        raise HTTPException(403, "规则由新闻发言人或管理员修改。")
    text = sent.form.get("text", "")
    text = text.replace("\r\n", "\n") if isinstance(text, str) else ""
    days = int(sent.text("days")) if sent.text("days").isdigit() else 30
    if sent.text("do") == "try":
        try:
            return _page(visitor, days, text, _tried(visitor, text, max(1, min(days, 366))))
        except HuiyingError as error:
            return _page(visitor, days, text, refused=str(error))
    try:
        watches.write(visitor.room.services.settings, text)
    except HuiyingError as error:
        return _page(visitor, days, text, refused=str(error))
    with visitor.room.services.store.write() as connection:
        corrections.reload(connection, visitor.now)
        case_store.audit(connection, visitor.now, visitor.person.id, "rules", "", "启用新的预警规则")
    return back_to("/rules", "新规则已启用；旧的留在数据目录 config/last-rules.toml。")


def _tried(visitor: Visitor, text: str, days: int) -> list[str]:
    """The text against the rules in force, over the stored past."""
    services = visitor.room.services
    with TemporaryDirectory() as folder:
        path = Path(folder) / "新规则.toml"
        path.write_text(text, encoding="utf-8")
        try:
            new = load_rules(path)
        except HuiyingError as error:
            raise type(error)(str(error).replace(str(path), "规则")) from error
    books = [("新规则", new), ("在用规则", load_rules(watches.in_force(services.settings)))]
    with services.store.read() as connection:
        return lines(backtest(connection, books, visitor.now - timedelta(days=days), visitor.now))


def _page(visitor: Visitor, days: int, text: str = "", tried: list[str] | None = None, refused: str = "") -> Response:
    services = visitor.room.services
    path = watches.in_force(services.settings)
    with services.store.read() as connection:
        known = {record.rule: record for record in records(connection, visitor.now, days)}
    return visitor.show(
        "rules.html",
        status=422 if refused else 200,
        rules=load_rules(path).rules,
        known=known,
        days=days,
        text=text or path.read_text(encoding="utf-8"),
        tried=tried or [],
        refused=refused,
        may=visitor.person.has(Role.ADMINISTRATOR, Role.SPOKESPERSON),
    )
