"""Mail to a real server: what arrives, over which line, and what is said when it does not."""

from __future__ import annotations

import base64
import socket
import time
from collections.abc import Callable

import pytest
from aiosmtpd.controller import Controller

from config.settings import MailSettings
from pipeline.notices import mail
from pipeline.notices.failing import DeliveryFailed
from pipeline.notices.mail import Mail
from tests.notices.conftest import Authority, Mailbox, Talk, free_port, notice

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)


def test_a_mail_has_text_and_page_one_recipient_and_the_key_as_its_id(mailbox: Mailbox) -> None:
    Mail(mailbox.settings()).send(notice("abc", text="第一段\n\n查看：http://127.0.0.1:8600/events/e1"))
    (got,), (envelope,) = mailbox.mails, mailbox.envelopes
    assert envelope.rcpt_tos == ["gu_lan@yungang.example"]
    assert got["Message-ID"] == "<abc@yungang.example>"
    assert got["To"] == "顾澜 <gu_lan@yungang.example>"
    assert got["Cc"] is got["Bcc"] is None
    plain, page = got.get_body(("plain",)), got.get_body(("html",))
    assert plain is not None
    assert page is not None
    assert "第一段" in plain.get_content()
    assert '<a href="http://127.0.0.1:8600/events/e1"' in page.get_content()


def test_mails_of_one_event_stand_in_one_thread(mailbox: Mailbox) -> None:
    for key, thread in (("a", "e1"), ("b", "e1"), ("c", "e2")):
        Mail(mailbox.settings()).send(notice(key, thread=thread))
    roots = [got["References"] for got in mailbox.mails]
    assert roots[0] == roots[1] != roots[2]
    assert [got["In-Reply-To"] for got in mailbox.mails] == roots


def test_a_picture_goes_along_and_is_shown_by_its_content_id(mailbox: Mailbox) -> None:
    Mail(mailbox.settings()).send(notice(html='<img src="cid:volume">', images=(("volume", PNG),)))
    pictures = [part for part in mailbox.mails[0].walk() if part.get_content_type() == "image/png"]
    assert [part["Content-ID"] for part in pictures] == ["<volume>"]
    assert pictures[0].get_content() == PNG


def test_what_people_wrote_is_text_in_the_page_and_cannot_add_headers(mailbox: Mailbox) -> None:
    hostile = notice(subject="标题\r\nBcc: evil@evil.example", text="<script>alert(1)</script>")
    Mail(mailbox.settings()).send(hostile)
    (got,), (envelope,) = mailbox.mails, mailbox.envelopes
    assert got["Bcc"] is None
    assert envelope.rcpt_tos == ["gu_lan@yungang.example"]
    page = got.get_body(("html",))
    assert page is not None
    assert "<script" not in page.get_content()


@pytest.mark.parametrize(
    ("refuse", "answer", "final"),
    [("550 no such user", "250 OK", True), ("450 try later", "250 OK", False), ("", "554 refused", True), ("", "451 greylisted", False)],
)  # fmt: skip
def test_a_refusal_says_its_code_and_whether_it_is_for_good(
    mailbox: Mailbox, refuse: str, answer: str, final: bool
) -> None:
    mailbox.refuse, mailbox.answer = refuse, answer
    with pytest.raises(DeliveryFailed, match=(refuse or answer)[:3]) as caught:
        Mail(mailbox.settings()).send(notice())
    assert caught.value.final is final


def test_a_server_that_is_down_is_tried_again() -> None:
    with pytest.raises(DeliveryFailed) as caught:
        Mail(MailSettings(host="127.0.0.1", port=free_port(), security="none")).send(notice())
    assert not caught.value.final


def test_a_server_that_says_nothing_is_given_up_in_time(
    line: Callable[[Talk], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "TIMEOUT", 0.2)
    port = line(lambda _connection: time.sleep(2))
    with pytest.raises(DeliveryFailed) as caught:
        Mail(MailSettings(host="127.0.0.1", port=port, security="none")).send(notice())
    assert not caught.value.final


def _drip(connection: socket.socket) -> None:
    """A greeting that never ends: a letter now and then, so that no single wait is ever too long."""
    while True:
        connection.sendall(b"2")
        time.sleep(0.02)


@pytest.mark.parametrize("security", ["none", "ssl"])
def test_a_server_that_drips_is_cut_off_in_time(
    line: Callable[[Talk], int], monkeypatch: pytest.MonkeyPatch, security: str
) -> None:
    monkeypatch.setattr(mail, "AT_MOST", 0.3)
    settings = MailSettings.model_validate({"host": "127.0.0.1", "port": line(_drip), "security": security})
    with pytest.raises(DeliveryFailed) as caught:
        Mail(settings).send(notice())
    assert not caught.value.final
    assert caught.value.down


def test_a_file_goes_along_under_its_name(mailbox: Mailbox) -> None:
    Mail(mailbox.settings()).send(notice(files=(("日报-2026-03-15-0700.docx", b"PK content"),)))
    (part,) = mailbox.mails[0].iter_attachments()
    assert part.get_filename() == "日报-2026-03-15-0700.docx"
    assert part.get_content_type().endswith("wordprocessingml.document")
    assert part.get_content() == b"PK content"


def _talk(connection: socket.socket, last: bytes, close_after: bytes) -> None:
    """A server that is polite until the command `close_after`, then says `last` and hangs up."""
    connection.sendall(b"220 here\r\n")
    file = connection.makefile("rb")
    in_data = False
    while line := file.readline():
        if in_data:
            in_data = line != b".\r\n"
            reply = b"" if in_data else b"250 taken\r\n"
            word = b"" if in_data else b"."
        else:
            word = line[:4].upper().strip()
            in_data = word == b"DATA"
            reply = b"354 go on\r\n" if in_data else b"250 ok\r\n"
        if word == close_after:
            connection.sendall(last)
            return
        connection.sendall(reply)


@pytest.mark.parametrize("command", [b"EHLO", b"MAIL", b"RCPT", b"DATA", b"."])
def test_a_server_that_hangs_up_half_way_has_taken_nothing(line: Callable[[Talk], int], command: bytes) -> None:
    port = line(lambda connection: _talk(connection, b"", command))
    with pytest.raises(DeliveryFailed) as caught:
        Mail(MailSettings(host="127.0.0.1", port=port, security="none")).send(notice())
    assert not caught.value.final


@pytest.mark.parametrize("last", [b"", b"421 going down\r\n", b"500 what\r\n"])
def test_a_rude_goodbye_does_not_send_the_mail_twice(line: Callable[[Talk], int], last: bytes) -> None:
    port = line(lambda connection: _talk(connection, last, b"QUIT"))
    Mail(MailSettings(host="127.0.0.1", port=port, security="none")).send(notice())


@pytest.mark.parametrize("recipient", ["", "无地址", "a@b@c.example", "<>"])
def test_an_address_that_is_none_is_refused_for_good(mailbox: Mailbox, recipient: str) -> None:
    with pytest.raises(DeliveryFailed) as caught:
        Mail(mailbox.settings()).send(notice(recipient=recipient))
    assert caught.value.final


@pytest.mark.parametrize("security", ["starttls", "ssl"])
def test_an_encrypted_line_needs_a_certificate_that_is_trusted(authority: Authority, security: str) -> None:
    box = Mailbox()
    if security == "ssl":
        controller = Controller(box, hostname="127.0.0.1", port=box.port, ssl_context=authority.context)
    else:
        controller = Controller(
            box, hostname="127.0.0.1", port=box.port, tls_context=authority.context, require_starttls=True
        )
    controller.start()
    try:
        with pytest.raises(DeliveryFailed):
            Mail(box.settings(security=security)).send(notice())
        assert box.mails == []
        Mail(box.settings(security=security, ca_file=authority.certificate)).send(notice())
        assert len(box.mails) == 1
    finally:
        controller.stop()


def test_a_server_without_encryption_gets_no_mail_when_encryption_is_set(mailbox: Mailbox) -> None:
    with pytest.raises(DeliveryFailed):
        Mail(mailbox.settings(security="starttls")).send(notice())
    assert mailbox.mails == []
