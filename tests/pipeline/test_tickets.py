"""Hotline tickets: what exports say of the handling is read plainly, brought up to date, and counted as of a moment."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import openpyxl
import pytest

import pipeline.store.schema  # noqa: F401 - fills the metadata
from pipeline.clock import SHANGHAI, SteppedClock
from pipeline.document import Document, Kind, Reply, Satisfaction, Ticket
from pipeline.importing import read_documents
from pipeline.intake import Intake
from pipeline.store import tickets
from pipeline.store.engine import Store, metadata, sqlite_url
from pipeline.store.pseudonyms import Pseudonyms
from pipeline.tickets import due, satisfaction, ticket_of

CALL = datetime(2026, 3, 13, 9, 0, tzinfo=SHANGHAI)
HEADER = (
    "工单编号",
    "来电时间",
    "来电人",
    "联系电话",
    "诉求类型",
    "诉求内容",
    "承办单位",
    "办理时限",
    "办结时间",
    "办理结果",
    "满意度",
)


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)
    except ValueError:
        return None


@pytest.mark.parametrize(
    ("term", "answer"),
    [
        ("2026-03-18 18:00", datetime(2026, 3, 18, 18, tzinfo=SHANGHAI)),
        ("2026-03-18", datetime(2026, 3, 18, 23, 59, tzinfo=SHANGHAI)),
        ("24小时", CALL + timedelta(hours=24)),
        ("3天内", CALL + timedelta(days=3)),
        ("5个工作日", None),  # which days are working days is not in the export
        ("尽快", None),
        ("", None),
    ],
)
def test_a_term_is_a_moment_when_that_is_plain(term: str, answer: datetime | None) -> None:
    assert due(term, _moment, CALL) == answer


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("非常满意", Satisfaction.SATISFIED),
        ("满意", Satisfaction.SATISFIED),
        ("基本满意", Satisfaction.HALF),
        ("一般", Satisfaction.HALF),
        ("不满意", Satisfaction.UNSATISFIED),
        ("非常不满意", Satisfaction.UNSATISFIED),
        ("未评价", None),
        ("", None),
    ],
)
def test_satisfaction_is_read_as_it_is_said(words: str, answer: Satisfaction | None) -> None:
    assert satisfaction(words) == answer


@pytest.mark.parametrize(
    ("status", "closed"), [("已办结", True), ("办理中", False), ("未办结", False), ("待办结", False)]
)
def test_a_status_may_say_that_it_is_done(status: str, closed: bool) -> None:
    ticket = ticket_of({"number": "1", "status": status}, _moment, CALL, None)
    assert ticket is not None
    assert ticket.closed is closed


def test_a_number_alone_is_no_ticket_and_a_reply_ends_one() -> None:
    assert ticket_of({"number": "1"}, _moment, CALL, None) is None
    ticket = ticket_of({"unit": "区城管局"}, _moment, CALL, Reply("已修复"))
    assert ticket is not None
    assert ticket.closed


def test_the_export_of_a_hotline_gives_tickets_and_no_callers(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(list(HEADER))
    sheet.append(["20381", CALL.replace(tzinfo=None), "顾女士", "13800001234", "城市管理", "路灯不亮", "区城管局",
                  datetime(2026, 3, 16, 9, 0), datetime(2026, 3, 15, 17, 30), "已更换灯泡", "满意"])  # fmt: skip
    file = tmp_path / "工单.xlsx"
    book.save(file)
    [document] = list(read_documents(file))
    assert isinstance(document, Document)
    assert document.kind is Kind.HOTLINE
    assert document.reply == Reply("已更换灯泡", "区城管局", datetime(2026, 3, 15, 17, 30, tzinfo=SHANGHAI))
    assert document.ticket == Ticket(
        "20381", "城市管理", "区城管局", "2026-03-16 09:00:00", datetime(2026, 3, 16, 9, 0, tzinfo=SHANGHAI),
        datetime(2026, 3, 15, 17, 30, tzinfo=SHANGHAI), True, Satisfaction.SATISFIED,
    )  # fmt: skip
    assert "顾女士" not in repr(document)
    assert "13800001234" not in repr(document)


@pytest.fixture
def intake(tmp_path: Path) -> Intake:
    store = Store(sqlite_url(tmp_path / "store.db"))
    metadata.create_all(store.engine)
    return Intake(store, SteppedClock(CALL), Pseudonyms(tmp_path / "keys"))


def _ticket(number: int, **values: object) -> Document:
    said = {"number": str(number), "unit": "区城管局", "due_at": CALL + timedelta(days=1), **values}
    return Document(str(number), "路灯不亮", Kind.HOTLINE, published_at=CALL, collected_at=CALL, ticket=Ticket(**said))  # type: ignore[arg-type]


def test_what_is_overdue_is_so_as_of_a_moment(intake: Intake) -> None:
    late = CALL + timedelta(days=2)
    intake.take([
        _ticket(1), _ticket(2, done_at=late, closed=True), _ticket(3, done_at=CALL, closed=True), _ticket(4, closed=True),
        _ticket(5, due_at=None), _ticket(6, unit="区住建局"),
    ])  # fmt: skip
    with intake.store.read() as connection:
        assert tickets.overdue(connection, CALL + timedelta(hours=2)) == {}
        assert tickets.overdue(connection, CALL + timedelta(hours=30)) == {"区城管局": 2, "区住建局": 1}
        assert tickets.overdue(connection, late + timedelta(hours=1)) == {"区城管局": 1, "区住建局": 1}
        assert tickets.with_term(connection, late) == 5


def test_a_later_export_brings_a_ticket_up_to_date(intake: Intake) -> None:
    intake.take([_ticket(1)])
    done = _ticket(1, done_at=CALL + timedelta(hours=5), closed=True, satisfaction=Satisfaction.UNSATISFIED)
    intake.take([done])
    with intake.store.read() as connection:
        assert tickets.of_document(connection, "1") == done.ticket
        assert tickets.answers(connection, CALL, CALL + timedelta(days=1)) == {Satisfaction.UNSATISFIED: 1}
