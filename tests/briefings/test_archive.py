"""Drafts, signing, sending, reading, correcting."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from config.settings import MailSettings
from dashboards.app import create_app
from dashboards.briefings import archive, daily, letter, mail_writer, shelf
from dashboards.briefings.content import BriefingKind, Paragraph, Sentence
from dashboards.briefings.distribution import Distribution
from dashboards.briefings.drafting import Drafting, remind
from pipeline.cases.desk import Desk
from pipeline.cases.letters import letters_signed
from pipeline.cases.people import Role
from pipeline.clock import SHANGHAI
from pipeline.errors import HuiyingError
from pipeline.notices import outbox as outbox_rows
from pipeline.notices.channels import open_deliverer
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


def _sent(services: Services, key: str, readers: tuple[str, ...] = ("lu_zhiming",)) -> str:
    with services.store.write() as connection:
        directory = Desk.of(services.settings).office(connection).directory
        archive.approve(connection, key, directory.get("fang_yi"), NOW)
        return archive.send(connection, services.settings, key, [directory.get(one) for one in readers], NOW)


def test_the_mail_carries_the_signed_file_which_is_kept_as_it_went(services: Services) -> None:
    key = drafted(services)
    digest = _sent(services, key)
    with services.store.read() as connection:
        rows = connection.execute(select(outbox).where(outbox.c.subject.like("【日报】%")))
        mail = outbox_rows.notice_of(next(iter(rows)))
        name, content = shelf.file(connection, services.settings, key, "docx")
        assert shelf.file(connection, services.settings, key, "pdf")[1].startswith(b"%PDF")
    ((attached, file),) = mail.files
    assert (attached, file) == (name, content) == ("日报-2026-03-15-0700.docx", content)
    assert sha256(content).hexdigest() == digest
    assert "/briefings/read/" in mail.html
    assert mail.images
    assert "草稿" not in mail.text


def test_only_a_listed_domain_gets_text_and_file(services: Services) -> None:
    key = drafted(services)
    _sent(services, key)
    with services.store.read() as connection:
        rows = connection.execute(select(outbox).where(outbox.c.subject.like("【日报】%")))
        mail = outbox_rows.notice_of(next(iter(rows)))
    deliverer = open_deliverer(services)
    assert deliverer.as_carried(mail) == mail
    outside = deliverer.as_carried(replace(mail, recipient="陆志明 <lu@outside.example>"))
    assert outside.text == outside.subject == "有新提示，请登录"
    assert (outside.html, outside.images, outside.files) == ("", (), ())


def test_the_shelf_says_how_each_paper_stands_when_it_is_due_and_who_has_read_it(services: Services) -> None:
    key = drafted(services)
    with services.store.read() as connection:
        directory = Desk.of(services.settings).office(connection).directory
        (draft,) = shelf.listed(connection, services.settings, directory)
    assert (draft.state_name, draft.kind_name, draft.readings) == ("草稿", "日报", ())
    assert draft.out_by == datetime(2026, 3, 15, 8, 0, tzinfo=SHANGHAI)
    assert draft.late(NOW)
    _sent(services, key, ("lu_zhiming", "song_wenbo"))
    with services.store.read() as connection:
        sent = shelf.find(connection, services.settings, directory, key)
    assert sent is not None
    assert (sent.state_name, sent.read, len(sent.readings)) == ("已报送", 0, 2)


def test_who_gets_a_paper_is_the_offices_own_file(services: Services, tmp_path: Path) -> None:
    with services.store.read() as connection:
        directory = Desk.of(services.settings).office(connection).directory
    shipped = Distribution.load(services.settings.file("briefings.toml"))
    daily_readers = shipped.readers(BriefingKind.DAILY, directory)
    assert all(person.has(Role.LEADER, Role.SECRETARY) for person in daily_readers)
    assert directory.get("lu_zhiming") in daily_readers
    assert shipped.readers(BriefingKind.RUMOUR, directory) == []
    file = tmp_path / "briefings.toml"
    file.write_text('remind_minutes = 5\nsource = "本单位"\n[[paper]]\nkind = "daily"\nroels = []\n', encoding="utf-8")
    with pytest.raises(HuiyingError, match="roels"):
        Distribution.load(file)


def test_a_paper_with_a_report_of_wrongdoing_never_goes_to_the_unit_it_names(services: Services) -> None:
    key = drafted(services)
    with services.store.write() as connection:
        first = archive.load(connection, key).document_ids()[0]
        detail = connection.execute(select(analyses.c.detail).where(analyses.c.document_id == first)).scalar_one()
        named = detail | {"accusation": "区应急管理局 局长"}
        connection.execute(update(analyses).where(analyses.c.document_id == first).values(detail=named))
        (person, *_) = Desk.of(services.settings).office(connection).directory.of_unit("区应急管理局")
    with pytest.raises(HuiyingError, match="不能报送给他们"):
        _sent(services, key, (person.id,))


def test_letters_are_counted_in_the_statistics_by_their_signing(services: Services, fire: str) -> None:
    with services.store.write() as connection:
        directory = Desk.of(services.settings).office(connection).directory
        made = archive.keep(connection, letter.write(connection, services.settings, fire, "区应急管理局", NOW), NOW)
        assert letters_signed(connection, NOW, NOW + timedelta(days=1)) == []
        archive.approve(connection, made.id, directory.get("fang_yi"), NOW)
        found = letters_signed(connection, NOW, NOW + timedelta(days=1))
        assert letters_signed(connection, NOW + timedelta(days=1), NOW + timedelta(days=2)) == []
    assert [item.detail for item in found] == ["工作建议"]


def test_hostile_words_are_text_in_the_mail(services: Services) -> None:
    with services.store.read() as connection:
        directory = Desk.of(services.settings).office(connection).directory
        made = daily.write(connection, services.settings, DAY)
    hostile = '<script>alert(1)</script>{{ 7*7 }}"><img src=x>'
    made = replace(made, title=hostile, notes=(hostile,), blocks=(Paragraph((Sentence(hostile, ("d1",)),)),))
    attached = mail_writer.Attached("日报.docx", b"PK")
    mail = mail_writer.write(made, directory.get("lu_zhiming"), "http://127.0.0.1/briefings/read/0", attached, NOW)
    assert "<script" not in mail.html
    assert "<img src=x" not in mail.html
    assert "{{ 7*7 }}" in mail.html


def test_who_must_sign_is_reminded_once_before_the_hour_and_not_when_it_is_out(services: Services) -> None:
    mailing = replace(
        services, settings=services.settings.model_copy(update={"mail": MailSettings(host="mail.yungang.example")})
    )
    key = drafted(services)
    early, time = (datetime(2026, 3, 15, 7, minute, tzinfo=SHANGHAI) for minute in (20, 40))
    assert remind(mailing, early) == 0
    assert remind(services, time) == 0  # nobody waits for a mail server that is not there
    told = remind(mailing, time)
    assert told >= 2
    assert remind(mailing, time) == 0
    with services.store.read() as connection:
        rows = [one for one in connection.execute(select(outbox)) if one.subject.startswith("【待签发】")]
    assert len(rows) == told
    assert all(f"/briefings/{key}" in row.text and "应于08:00前送出" in row.text for row in rows)


def test_a_paper_that_is_out_reminds_nobody(services: Services) -> None:
    mailing = replace(
        services, settings=services.settings.model_copy(update={"mail": MailSettings(host="mail.yungang.example")})
    )
    _sent(services, drafted(services))
    assert remind(mailing, datetime(2026, 3, 15, 7, 40, tzinfo=SHANGHAI)) == 0
