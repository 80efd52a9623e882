"""Searching, keeping a question, taking results along."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable

import pytest
from openpyxl import load_workbook

from dashboards.queries.search import with_filter
from dashboards.watches import WatchRefused, add, in_force
from pipeline.alerts.rule_file import read_rules
from pipeline.clock import SteppedClock
from pipeline.services import Services
from tests.dashboards.conftest import Browser

SignIn = Callable[[str], Browser]


def test_words_are_found_marked_and_counted(spokesperson: Browser) -> None:
    page = spokesperson.get("/search?q=化工园")
    assert "<mark>化工园</mark>" in page
    assert "类别" in page
    narrowed = spokesperson.get("/search?q=化工园 kind:weibo")
    assert "微博 ✓" in narrowed


def test_a_filter_goes_on_and_off_again() -> None:
    assert with_filter("火灾", "kind", "weibo") == "火灾 kind:weibo"
    assert with_filter("火灾 kind:weibo", "kind", "weibo") == "火灾"
    assert with_filter("", "source", "云港 论坛") == 'source:"云港 论坛"'


def test_exported_cells_cannot_run_and_the_export_is_written_down(services: Services, sign_in: SignIn) -> None:
    chief = sign_in("fang_yi")
    rows = list(csv.reader(io.StringIO(chief.send("/search/export", q="公式", kind="csv").lstrip("\ufeff"))))
    assert rows[1][5].startswith("'=HYPERLINK")
    assert "作者" not in "".join(rows[0])
    line = json.loads(chief.send("/search/export", q="公式", kind="jsonl").splitlines()[0])
    assert "author" not in line
    csrf_page = chief.get("/duty")
    token = csrf_page.split('name="csrf" value="')[1].split('"')[0]
    book = load_workbook(
        io.BytesIO(chief.client.post("/search/export", data={"csrf": token, "q": "公式", "kind": "xlsx"}).content)
    )
    cell = book.active["F2"]  # type: ignore[index]
    assert cell.data_type == "s"
    assert str(cell.value).startswith("=HYPERLINK")
    assert "检索“公式”导出 xlsx" in chief.get("/audit?what=export")


def test_a_phone_number_is_masked_on_pages_and_in_exports_until_somebody_says_why(
    services: Services, sign_in: SignIn
) -> None:
    chief, officer = sign_in("fang_yi"), sign_in("gu_lan")
    assert "13812345678" not in chief.get("/documents/phone-1")
    assert "13812345678" not in chief.send("/search/export", q="路灯", kind="csv")
    assert "由新闻发言人办理" in officer.send("/unmask/phone-1", reason="要联系本人", status=403)
    assert "请写明" in chief.send("/unmask/phone-1", reason="", status=422)
    assert "13812345678" in chief.send("/unmask/phone-1", reason="联系来信人核实")
    assert "联系来信人核实" in chief.get("/audit?what=unmask")


def test_only_who_may_export_does(sign_in: SignIn) -> None:
    assert "由新闻发言人或管理员办理" in sign_in("gu_lan").send("/search/export", q="", kind="csv", status=403)


def test_a_watch_becomes_a_rule_and_a_person_is_no_watch(services: Services, clock: SteppedClock) -> None:
    name = add(services.settings, clock.now(), "(路灯 OR 井盖) -已修复 地点:石桥街道", "路灯井盖", 4)
    rule = read_rules(in_force(services.settings)).rule[-1]
    assert rule.sentence == name
    assert rule.when.words == ("路灯", "井盖")
    assert rule.when.without == ("已修复",)
    assert rule.when.places == ("石桥街道",)
    before = in_force(services.settings).read_text(encoding="utf-8")
    with pytest.raises(Exception, match="关注词"):
        add(services.settings, clock.now(), "13812345678", "某人", 4)
    with pytest.raises(WatchRefused, match="时间和情感不能用"):
        add(services.settings, clock.now(), "路灯 情感:负面", "", 4)
    assert in_force(services.settings).read_text(encoding="utf-8") == before
