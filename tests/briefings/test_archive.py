"""Drafts, signing, sending, reading, correcting."""

from __future__ import annotations

import re
from datetime import date, datetime

import pytest
from sqlalchemy import delete, select

from dashboards.app import create_app
from dashboards.briefings import archive, daily
from dashboards.briefings.drafting import Drafting
from pipeline.cases.desk import Desk
from pipeline.clock import SHANGHAI
from pipeline.errors import HuiyingError
from pipeline.services import Services
from pipeline.store import briefings as store
from pipeline.store.schema.documents import analyses, documents
from pipeline.store.schema.events import event_documents
from pipeline.store.schema.notices import outbox

NOW = datetime(2026, 3, 15, 9, 0, tzinfo=SHANGHAI)
DAY = date(2026, 3, 15)


def drafted(services: Services) -> str:
    with services.store.write() as connection:
        return archive.keep(connection, daily.write(connection, services.settings, DAY), NOW).id


def test_only_a_spokesperson_or_leader_signs_and_only_a_signed_paper_goes(services: Services) -> None:
    key = drafted(services)
    with services.store.write() as connection:
        directory = Desk.of(services.settings).office(connection).directory
        officer, spokesperson, leader = (directory.get(one) for one in ("gu_lan", "fang_yi", "lu_zhiming"))
        with pytest.raises(HuiyingError, match="签发"):
            archive.send(connection, services.settings, key, [leader], NOW)
        with pytest.raises(HuiyingError, match="不能签发"):
            archive.approve(connection, key, officer, NOW)
        made = archive.approve(connection, key, spokesperson, NOW)
        assert made.hands.issuer == spokesperson.name
        assert not made.draft
        digest = archive.send(connection, services.settings, key, [leader], NOW)
        again = archive.send(connection, services.settings, key, [leader], NOW)
        row = store.get(connection, key)
        mails = [one for one in connection.execute(select(outbox)) if one.subject.startswith("【日报】")]
    assert digest == again
    assert row is not None
    assert row.state == "sent"
    assert row.sha256 == digest
    assert len(mails) == 1


def test_numbers_that_changed_since_drafting_are_said_when_it_is_signed(services: Services) -> None:
    key = drafted(services)
    with services.store.write() as connection:
        gone = connection.execute(select(event_documents.c.document_id).limit(1)).scalar_one()
        connection.execute(delete(event_documents).where(event_documents.c.document_id == gone))
        connection.execute(delete(analyses).where(analyses.c.document_id == gone))
        connection.execute(delete(documents).where(documents.c.id == gone))
        spokesperson = Desk.of(services.settings).office(connection).directory.get("fang_yi")
        made = archive.approve(connection, key, spokesperson, NOW)
    assert any(note.startswith("起草后数据有变化：") for note in made.notes)


def test_a_reader_confirms_by_a_press_and_a_stranger_cannot(services: Services) -> None:
    from fastapi.testclient import TestClient

    key = drafted(services)
    with services.store.write() as connection:
        directory = Desk.of(services.settings).office(connection).directory
        archive.approve(connection, key, directory.get("fang_yi"), NOW)
        archive.send(connection, services.settings, key, [directory.get("lu_zhiming")], NOW)
        mail = next(one for one in connection.execute(select(outbox)) if one.subject.startswith("【日报】"))
    link = re.search(r"/briefings/read/\w+", mail.text)
    assert link is not None
    with TestClient(create_app(services)) as client:
        assert client.get(link[0]).status_code == 200
        with services.store.read() as connection:
            assert store.readers(connection, key)[0].read_at is None
        assert "已记录" in client.post(link[0]).text
        assert client.post("/briefings/read/0000").status_code == 404
    with services.store.read() as connection:
        assert store.readers(connection, key)[0].read_at is not None


def test_a_correction_goes_to_the_same_people(services: Services) -> None:
    key = drafted(services)
    with services.store.write() as connection:
        directory = Desk.of(services.settings).office(connection).directory
        signer, leader = directory.get("fang_yi"), directory.get("lu_zhiming")
        with pytest.raises(HuiyingError, match="已经报送"):
            archive.correct(connection, key, "条", "件", signer, NOW)
        made = archive.approve(connection, key, signer, NOW)
        archive.send(connection, services.settings, key, [leader], NOW)
        wrong = next(made.sentences()).text[:12]
        with pytest.raises(HuiyingError, match="原简报里没有"):
            archive.correct(connection, key, "没有写过的话", "另一句", signer, NOW)
        mended = archive.correct(connection, key, wrong, "更正后的话", signer, NOW)
        assert archive.readers_of(connection, services.settings, mended, directory) == [leader]
    assert mended.title.endswith("的更正")


def test_a_paper_is_drafted_once_at_its_hour_and_keeps_its_number(services: Services) -> None:
    drafting = Drafting(services)
    assert drafting.draft_due() == 1
    assert drafting.draft_due() == 0
    assert Drafting(services).draft_due() == 0
    with services.store.write() as connection:
        again = daily.write(connection, services.settings, DAY)
        assert again.issue == "〔2026〕第1期"
        next_day = daily.write(connection, services.settings, date(2026, 3, 16))
        assert next_day.issue == "〔2026〕第2期"
