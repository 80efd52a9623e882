"""The one-time link in a mail: who may use it, how often, how long; and that a mail scanner signs for nobody."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from dashboards.app import create_app
from pipeline.cases.desk import Desk
from pipeline.cases.mechanism import load_mechanism
from pipeline.document import Secrecy
from pipeline.notices.channels import open_deliverer
from pipeline.notices.deliver import Deliverer
from pipeline.notices.links import LASTING, LinkRefused, Links
from pipeline.notices.outbox import notice_of
from pipeline.services import Services
from pipeline.store import cases
from pipeline.store.schema.notices import outbox
from tests.conftest import ROOT
from tests.dashboards.conftest import case_of, fire_of, refusal


def _fire_case(services: Services) -> str:
    return case_of(services, fire_of(services))


def _links(services: Services) -> list[tuple[str, str]]:
    """(recipient, path) of every link that was mailed about the fire."""
    query = select(outbox).where(outbox.c.thread == fire_of(services), outbox.c.channel == "mail")
    with services.store.read() as connection:
        mails = connection.execute(query.order_by(outbox.c.at, outbox.c.key)).all()
    return [(row.recipient, found[0]) for row in mails if (found := re.search(r"/ack/[\w.-]+", row.text))]


def _acknowledged(services: Services) -> tuple[str, str]:
    with services.store.read() as connection:
        case = cases.load(connection, _fire_case(services))
        entries = cases.entries(connection, _fire_case(services))
    assert case is not None
    via = [entry.fact.via for entry in entries if entry.fact.kind == "acknowledged"]
    return case.acknowledged_by, "".join(via)


def test_the_link_signs_once_in_the_name_of_the_one_it_was_sent_to(services: Services) -> None:
    recipient, path = _links(services)[0]
    client = TestClient(create_app(services))  # nobody is signed in
    for _ in range(3):
        page = client.get(path)  # a mail scanner looks
        assert page.status_code == 200
    assert _acknowledged(services) == ("", "")
    assert "化工园" not in page.text
    assert client.post(path).status_code == 200
    person, via = _acknowledged(services)
    assert (f"<{person}@" in recipient, via) == (True, "link")
    again = client.post(path)
    assert again.status_code == 422
    assert "已经用过" in refusal(again.text)


def test_only_those_who_may_sign_get_a_link(services: Services) -> None:
    mechanism = load_mechanism(ROOT / "config" / "mechanism.toml")
    may = set(mechanism.permissions["acknowledged"])
    with services.store.read() as connection:
        directory = Desk.of(services.settings).office(connection).directory
    mailed = {recipient.split("<")[1].split("@")[0] for recipient, _ in _links(services)}
    assert mailed
    assert all({role.value for role in directory.get(key).roles} & may for key in mailed)


def test_a_second_persons_link_says_that_it_is_done(services: Services) -> None:
    links = Links(services.settings.data_dir)
    client = TestClient(create_app(services))
    now = services.clock.now()
    mine, yours = (f"/ack/{links.make(_fire_case(services), person, now)}" for person in ("gu_lan", "fang_yi"))
    assert client.post(mine).status_code == 200
    assert client.post(yours).status_code == 422
    assert _acknowledged(services)[0] == "gu_lan"


@pytest.mark.parametrize("person", ["feng_zhiyuan", "ming_ce", "nobody"])
def test_a_link_gives_nobody_a_right_he_has_not(services: Services, person: str) -> None:
    token = Links(services.settings.data_dir).make(_fire_case(services), person, services.clock.now())
    assert TestClient(create_app(services)).post(f"/ack/{token}").status_code == 422
    assert _acknowledged(services) == ("", "")


def test_a_forged_or_old_link_is_refused(services: Services) -> None:
    now, client = services.clock.now(), TestClient(create_app(services))
    links = Links(services.settings.data_dir)
    good = links.make(_fire_case(services), "gu_lan", now)
    foreign = Links(services.settings.data_dir / "elsewhere").make(_fire_case(services), "gu_lan", now)
    old = links.make(_fire_case(services), "gu_lan", now - LASTING)
    for token in (foreign, old, good[:-1], good + "x", "x", good.replace(".", "")):
        with pytest.raises(LinkRefused):
            links.read(token, now)
        assert client.post(f"/ack/{token}").status_code == 422
    assert links.read(good, now + LASTING - timedelta(seconds=1)).person_id == "gu_lan"
    assert _acknowledged(services) == ("", "")


def test_a_link_never_leaves_by_a_channel_that_may_not_carry_the_text(services: Services) -> None:
    deliverer: Deliverer = open_deliverer(services)
    with services.store.read() as connection:
        rows = [row for row in connection.execute(select(outbox)) if "/ack/" in row.text]
    assert rows
    for row in rows:
        assert row.secrecy != Secrecy.PUBLIC
        outside = replace(notice_of(row), recipient="a@elsewhere.example")
        assert "/ack/" not in deliverer.as_carried(outside).text
