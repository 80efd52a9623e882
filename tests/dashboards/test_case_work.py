"""A case from the alert to the response, through forms alone; who sees how much of it."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select

from pipeline.services import Services
from pipeline.store import cases as case_store
from pipeline.store.events import state_of
from pipeline.store.schema.cases import case_audit, cases
from pipeline.store.schema.events import changes, events
from pipeline.store.schema.notices import outbox
from tests.dashboards.conftest import Browser, case_of, fire_of

SignIn = Callable[[str], Browser]


def test_the_fire_is_acknowledged_assessed_assigned_drafted_and_the_unit_sees_only_its_part(
    services: Services, sign_in: SignIn
) -> None:
    case = case_of(services, fire_of(services))
    page = f"/cases/{case}"
    officer, chief, unit, other = (sign_in(name) for name in ("gu_lan", "fang_yi", "feng_zhiyuan", "chang_qingshan"))
    assert "没有这件处置单" in unit.get(page, status=422)
    assert "会商研判" in officer.send(f"{page}/acknowledged", page)
    consequences = {"consequences.spread": "担心", "consequences.gathering": "聚集追问", "consequences.hot": "质疑迟报"}
    officer.send(
        f"{page}/assessed",
        page,
        opinion_kind="重大问题",
        unverified="网传三人死亡",
        demands="有没有人受伤\n空气能不能呼吸",
        **consequences,
    )
    officer.send(
        f"{page}/assigned", page, unit="区应急管理局", asked="报起火原因和伤亡", due="2026-03-15T10:30", lead="1"
    )
    seen = unit.get(page)
    assert "报起火原因和伤亡" in seen
    assert "办理记录" not in seen
    assert "没有这件处置单" in other.get(page, status=422)
    assert case not in other.get("/cases")
    unit.send(
        f"{page}/fed_back",
        page,
        assignment=_first_option(unit.get(page), "assignment"),
        text="火已扑灭，4人轻伤。",
        secrecy="internal",
    )
    assert "4人轻伤" in officer.get(page)
    chief.send(f"{page}/class_set", page, legal_class="other", reason="未达重大标准")
    chief.send(f"{page}/decided", page, decision="answer", reason="公众关切集中")
    assert "第 1 版" in officer.send(
        f"{page}/drafted", page, paper="line", text="火已扑灭，4人轻伤，空气监测正常。", secrecy="public"
    )
    with services.store.read() as connection:
        told = connection.execute(select(outbox.c.recipient)).scalars().all()
        journal = connection.execute(select(changes.c.by).where(changes.c.subject == case)).scalars().all()
    assert told
    assert {"gu_lan", "fang_yi", "feng_zhiyuan"} <= set(journal)


def test_a_refusal_is_one_line_and_changes_nothing(services: Services, sign_in: SignIn) -> None:
    case = case_of(services, fire_of(services))
    officer = sign_in("gu_lan")
    assert "现在不能办理这一步" in officer.send(f"/cases/{case}/closed", f"/cases/{case}", status=422, note="完")
    assert "现在不能办理这一步" in officer.send(f"/cases/{case}/nothing", f"/cases/{case}", status=422)
    assert "时间写法不对" in officer.send(
        f"/cases/{case}/start_set", f"/cases/{case}", status=422, which="happened", moment="昨天", reason="x"
    )


def test_looking_at_a_case_is_written_down_once_a_look_not_once_a_refresh(services: Services, sign_in: SignIn) -> None:
    case = case_of(services, fire_of(services))
    chief = sign_in("fang_yi")
    chief.get(f"/cases/{case}")
    chief.client.get(f"/cases/{case}", headers={"x-live": "1"})
    with services.store.read() as connection:
        looks = connection.execute(
            select(case_audit).where(case_audit.c.case_id == case, case_audit.c.by == "fang_yi")
        ).all()
    assert [look.what for look in looks] == ["view"]


def test_the_word_file_needs_the_right_and_is_written_down(services: Services, sign_in: SignIn) -> None:
    case = case_of(services, fire_of(services))
    assert "没有导出权限" in sign_in("gu_lan").get(f"/cases/{case}/paper/case", status=422)
    chief = sign_in("fang_yi")
    assert chief.client.get(f"/cases/{case}/paper/case").content.startswith(b"PK")
    assert "导出" in chief.get("/audit?what=export")


def test_a_leader_reads_and_has_no_form(services: Services, sign_in: SignIn) -> None:
    from pipeline.store import accounts

    with services.store.write() as connection:
        accounts.set_password(connection, "lu_zhiming", "Huiying-2026", services.clock.now())
    page = sign_in("lu_zhiming").get(f"/cases/{case_of(services, fire_of(services))}")
    assert "现在要做的" not in page
    assert "时限" in page


def test_a_unit_sees_no_search_and_no_events(sign_in: SignIn) -> None:
    unit = sign_in("feng_zhiyuan")
    for address in ("/events", "/search?q=火灾", "/sources", "/rules", "/people", "/audit", "/labels", "/wall"):
        assert "供新闻办使用" in unit.get(address, status=403)
    assert unit.client.get("/").url.path == "/cases"


def _first_option(page: str, name: str) -> str:
    return page.split(f'<select name="{name}"')[1].split('<option value="')[1].split('"')[0]


def test_a_case_opened_by_hand_knows_when_its_event_was_first_seen_and_who_may_answer(
    services: Services, sign_in: SignIn
) -> None:
    """As one that an alert opens: the clocks of the rules may start there."""
    with services.store.read() as connection:
        alone = events.c.id.not_in(select(cases.c.event_id)) & (events.c.merged_into == "")
        without = select(events).where(alone).order_by(events.c.documents.desc())
        row = connection.execute(without).first()
    assert row is not None
    sign_in("gu_lan").send(f"/events/{row.id}/open", f"/events/{row.id}", reason="群众反映集中", level="3")
    with services.store.read() as connection:
        opened = case_store.load(
            connection, str(connection.execute(select(cases.c.id).where(cases.c.event_id == row.id)).scalar_one())
        )
    assert opened is not None
    assert opened.first_seen is not None
    assert opened.first_seen <= row.opened_at
    assert set(opened.suggested_units) == set(state_of(row.state).departments)
