"""What persons decide about events holds, is written down, and the flow follows it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import select

from pipeline.alerts.feedback import records
from pipeline.flow import Flow
from pipeline.services import Services
from pipeline.store import events as event_store
from pipeline.store.schema.events import changes, event_documents, events
from pipeline.working import Worker
from tests.dashboards.conftest import Browser, case_of, fire_of

SignIn = Callable[[str], Browser]


def test_a_rename_stays_with_its_reason(services: Services, sign_in: SignIn) -> None:
    fire = fire_of(services)
    page = sign_in("fang_yi").send(
        f"/events/{fire}/correct", do="rename", title="恒泰新材料火灾", reason="原标题是网帖原话"
    )
    assert "恒泰新材料火灾" in page
    with services.store.read() as connection:
        change = connection.execute(select(changes).where(changes.c.what == "renamed")).one()
    assert (change.by, change.reason) == ("fang_yi", "原标题是网帖原话")


def test_what_should_have_been_told_counts_against_its_rule(services: Services, sign_in: SignIn) -> None:
    chief, fire = sign_in("fang_yi"), fire_of(services)
    form = chief.get(f"/events/{fire}").split(f"/events/{fire}/missed")[1]
    rule = re.findall(r'<option value="([\w-]+)"', form)[0]
    assert "已记为漏报" in chief.send(f"/events/{fire}/missed", rule=rule, note="早半天就该知道")
    chief.send(f"/events/{fire}/missed", rule="")
    with services.store.read() as connection:
        found = {record.rule: record.missed for record in records(connection, services.clock.now())}
    assert (found[rule], found[""]) == (1, 1)
    page = chief.get("/rules")
    assert "漏报 1" in page
    assert "另有 1 件事本该预警而没有" in page
    assert "没有这条规则" in chief.send(f"/events/{fire}/missed", rule="no-such-rule", status=422)


def test_a_muted_event_leaves_the_front_page_until_its_end(services: Services, sign_in: SignIn) -> None:
    chief, fire = sign_in("fang_yi"), fire_of(services)
    alerts = chief.get("/").split("在走的时限")[0]
    assert f"/events/{fire}" in alerts
    refused = chief.send(f"/events/{fire}/correct", do="mute", until="2026-03-14T09:00", reason="已派人", status=422)
    assert "须晚于现在" in refused
    chief.send(f"/events/{fire}/correct", do="mute", until="2026-03-15T12:00", reason="已派人")
    assert f"/events/{fire}" not in chief.get("/").split("在走的时限")[0]


def test_a_split_and_a_merge_keep_every_document_and_the_case(services: Services, sign_in: SignIn) -> None:
    chief, fire = sign_in("fang_yi"), fire_of(services)
    case = case_of(services, fire)
    with services.store.read() as connection:
        ids = connection.execute(
            select(event_documents.c.document_id).where(event_documents.c.event_id == fire).order_by(event_documents.c.number.desc())
        ).scalars().all()  # fmt: skip
    answer = chief.send(f"/events/{fire}/correct", do="split", document=list(ids[:2]), reason="另一件事")
    assert "已拆出为新事件" in answer
    with services.store.read() as connection:
        new = connection.execute(
            select(event_documents.c.event_id).where(event_documents.c.document_id == ids[0])
        ).scalar_one()
        row = connection.execute(select(events).where(events.c.id == new)).one()
        apart = event_store.parted(connection, services.clock.now() - timedelta(days=7))
    assert new != fire
    assert row.documents == 2
    assert apart == [tuple(sorted((fire, new)))]
    chief.send(f"/events/{fire}/correct", do="merge", other=f"/events/{new}", reason="拆错了")
    with services.store.read() as connection:
        members = (
            connection.execute(select(event_documents.c.document_id).where(event_documents.c.event_id == fire))
            .scalars()
            .all()
        )
        state = event_store.get_state(connection, fire)
        assert event_store.parted(connection, services.clock.now() - timedelta(days=7)) == []
    assert sorted(members) == sorted(ids)
    assert state is not None
    assert state.documents == len(ids)
    assert case_of(services, fire) == case
    assert chief.client.get(f"/events/{new}").url.path == f"/events/{fire}"


def test_the_flow_forgets_what_it_remembered_when_a_person_corrects(services: Services, sign_in: SignIn) -> None:
    worker = Worker(services)
    worker.step()
    before = worker.flow
    assert isinstance(before, Flow)
    worker.step()
    assert worker.flow is before
    sign_in("fang_yi").send("/search/watch", q="路灯 OR 井盖", name="路灯井盖", level="4")
    worker.step()
    assert worker.flow is not before
    worker.close()


def test_a_split_of_everything_or_nothing_is_refused(services: Services, sign_in: SignIn) -> None:
    fire = fire_of(services)
    assert "至少一篇" in sign_in("fang_yi").send(f"/events/{fire}/correct", do="split", reason="x", status=422)
