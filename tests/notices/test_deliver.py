"""The outbox on its way out: nothing lost, nothing doubled but the notice in flight, each mark only as far as it may go."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from itertools import product

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from pipeline.cases.mechanism import SecrecyRules
from pipeline.cases.secrecy import CHANNELS, carried_text
from pipeline.clock import SteppedClock
from pipeline.document import Notice, Secrecy
from pipeline.notices import mail, outbox
from pipeline.notices.channels import unserved_words
from pipeline.notices.deliver import CLAIM, Channel, Deliverer
from pipeline.notices.mail import Mail
from pipeline.notices.webhooks import KINDS, Webhooks
from pipeline.store.engine import Store, open_store, sqlite_url
from tests.conftest import ROOT
from tests.notices.conftest import AT, Mailbox, Receiver, Talk, notice

SECRET = "张某已被约谈"
NOTHING_BUT = "有新提示，请登录"


def _put(store: Store, *notices: Notice) -> None:
    with store.write() as connection:
        outbox.enqueue(connection, notices)


def _counts(store: Store) -> dict[str, int]:
    with store.read() as connection:
        return outbox.counts(connection)


def test_a_notice_is_one_row_however_often_it_is_put_there(store: Store) -> None:
    _put(store, notice("a"), notice("a"))
    _put(store, notice("a", text="anders"))
    assert _counts(store) == {"waiting": 1, "sent": 0, "dead": 0}


def test_what_is_sent_is_not_sent_again(
    store: Store, mailbox: Mailbox, rules: SecrecyRules, clock: SteppedClock
) -> None:
    _put(store, *(notice(f"k{n}") for n in range(5)))
    deliverer = Deliverer(store, {"mail": Mail(mailbox.settings())}, rules, clock)
    assert (deliverer.deliver_due(), deliverer.deliver_due()) == (5, 0)
    assert Counter(got["Message-ID"] for got in mailbox.mails) == {f"<k{n}@yungang.example>": 1 for n in range(5)}


def test_tries_wait_twice_as_long_each_time_and_end_among_the_dead_until_a_person_retries(
    store: Store, mailbox: Mailbox, rules: SecrecyRules, clock: SteppedClock
) -> None:
    mailbox.answer = "451 greylisted"
    _put(store, notice("a"))
    deliverer = Deliverer(store, {"mail": Mail(mailbox.settings())}, rules, clock)
    waits = []
    while not _counts(store)["dead"]:
        assert deliverer.deliver_due() == 0
        with store.read() as connection:
            due = outbox.next_due(connection)
        if due:
            waits.append((due - clock.now()) // timedelta(minutes=1))
            clock.advance_to(due)
    assert waits == [1, 2, 4, 8, 16, 32, 64, 120, 120]
    with store.write() as connection:
        assert outbox.listed(connection, "dead")[0].error.startswith("451")
        assert outbox.retry_dead(connection, clock.now(), "a") == 1
    mailbox.answer = "250 OK"
    assert deliverer.deliver_due() == 1
    assert _counts(store) == {"waiting": 0, "sent": 1, "dead": 0}


def test_a_refusal_for_good_is_dead_at_once(
    store: Store, mailbox: Mailbox, rules: SecrecyRules, clock: SteppedClock
) -> None:
    mailbox.refuse = "550 no such user"
    _put(store, notice("a"))
    Deliverer(store, {"mail": Mail(mailbox.settings())}, rules, clock).deliver_due()
    assert _counts(store) == {"waiting": 0, "sent": 0, "dead": 1}


def test_a_notice_that_breaks_its_channel_holds_up_no_other(
    store: Store, rules: SecrecyRules, clock: SteppedClock
) -> None:
    class Fragile:
        def __init__(self) -> None:
            self.sent: list[str] = []

        def send(self, one: Notice) -> None:
            if one.key == "a":
                raise RuntimeError("broken")
            self.sent.append(one.key)

    channel = Fragile()
    _put(store, notice("a"), notice("b"))
    deliverer = Deliverer(store, {"mail": channel}, rules, clock)
    for _ in range(2):
        deliverer.deliver_due()
    assert channel.sent == ["b"]


def test_a_slow_mail_server_does_not_hold_up_the_group(
    store: Store, receiver: Receiver, rules: SecrecyRules, clock: SteppedClock, line: Callable[[Talk], int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(mail, "TIMEOUT", 0.2)
    tried: list[int] = []

    def slow(_connection: object) -> None:
        tried.append(1)
        time.sleep(0.5)

    slow_mail = Mail(Mailbox(port=line(slow)).settings())
    channels: dict[str, Channel] = {"mail": slow_mail, "webhook": Webhooks([receiver.hook()], clock.now)}
    _put(store, *(notice(f"m{n}") for n in range(5)), notice("w", channel="webhook", recipient="值班群"))
    assert Deliverer(store, channels, rules, clock).deliver_due() == 1
    assert len(receiver.posts) == len(tried) == 1
    assert _counts(store) == {"waiting": 5, "sent": 1, "dead": 0}


def test_a_channel_that_is_not_set_keeps_its_notices_and_gives_way_to_others(
    store: Store, mailbox: Mailbox, rules: SecrecyRules, clock: SteppedClock
) -> None:
    _put(store, *(notice(f"w{n:03}", channel="feishu", recipient="群") for n in range(120)), notice("z"))
    assert Deliverer(store, {"mail": Mail(mailbox.settings())}, rules, clock).deliver_due() == 1
    assert _counts(store) == {"waiting": 120, "sent": 1, "dead": 0}


def test_a_mail_server_that_is_down_for_a_night_gets_everything_once_when_it_is_back(
    store: Store, rules: SecrecyRules, clock: SteppedClock
) -> None:
    box = Mailbox()
    deliverer = Deliverer(store, {"mail": Mail(box.settings())}, rules, clock)
    _put(store, *(notice(f"k{n}") for n in range(3)))
    for _ in range(14 * 6):  # fourteen hours, every ten minutes
        assert deliverer.deliver_due() == 0
        clock.advance_to(clock.now() + timedelta(minutes=10))
    assert _counts(store) == {"waiting": 3, "sent": 0, "dead": 0}
    controller = Controller(box, hostname="127.0.0.1", port=box.port)
    controller.start()
    try:
        for _ in range(4):
            clock.advance_to(clock.now() + outbox.DOWN_WAIT)
            deliverer.deliver_due()
    finally:
        controller.stop()
    assert Counter(got["Message-ID"] for got in box.mails) == {f"<k{n}@yungang.example>": 1 for n in range(3)}
    assert _counts(store) == {"waiting": 0, "sent": 3, "dead": 0}


def test_a_server_that_stays_down_is_given_up_after_three_days(
    store: Store, rules: SecrecyRules, clock: SteppedClock
) -> None:
    deliverer = Deliverer(store, {"mail": Mail(Mailbox().settings())}, rules, clock)
    _put(store, notice("a"))
    for _ in range(12):
        deliverer.deliver_due()
        clock.advance_to(clock.now() + timedelta(hours=6))
    assert _counts(store)["waiting"] == 1
    deliverer.deliver_due()
    assert _counts(store)["dead"] == 1


def test_notices_for_a_channel_that_nobody_sets_up_do_not_pile_up_for_ever(
    store: Store, rules: SecrecyRules, clock: SteppedClock
) -> None:
    deliverer = Deliverer(store, {}, rules, clock)
    _put(store, notice("a"))
    deliverer.deliver_due()
    with store.read() as connection:
        assert outbox.unserved(connection, ()) == {"mail": 1}
        assert outbox.unserved(connection, ("mail",)) == {}
    assert unserved_words({"mail": 1}).startswith("邮件 1 条在等没有设置的渠道")
    assert unserved_words({}) == ""
    clock.advance_to(clock.now() + outbox.PATIENCE + timedelta(minutes=1))
    deliverer.deliver_due()
    assert _counts(store) == {"waiting": 0, "sent": 0, "dead": 1}


def test_who_has_lost_the_lease_sends_no_more(
    store: Store, mailbox: Mailbox, rules: SecrecyRules, clock: SteppedClock
) -> None:
    _put(store, notice("a"), notice("b"))
    holds = iter([True, False])
    deliverer = Deliverer(store, {"mail": Mail(mailbox.settings())}, rules, clock)
    assert deliverer.deliver_due(lambda _connection: next(holds)) == 1
    assert len(mailbox.mails) == 1


def test_two_senders_at_once_send_nothing_twice(
    store: Store, mailbox: Mailbox, rules: SecrecyRules, clock: SteppedClock
) -> None:
    _put(store, notice("a"), notice("b"))
    other = Deliverer(store, {"mail": Mail(mailbox.settings())}, rules, clock)

    class Interrupted:
        def send(self, one: Notice) -> None:
            other.deliver_due()  # somebody else looks while this one is being sent
            Mail(mailbox.settings()).send(one)

    Deliverer(store, {"mail": Interrupted()}, rules, clock).deliver_due()
    assert sorted(got["Message-ID"] for got in mailbox.mails) == ["<a@yungang.example>", "<b@yungang.example>"]


KILLED = """
import sys
from datetime import datetime
from config.settings import MailSettings
from pipeline.cases.mechanism import load_mechanism
from pipeline.clock import SteppedClock
from pipeline.notices.deliver import Deliverer
from pipeline.notices.mail import Mail
from pipeline.store.engine import open_store
url, port, at, mechanism = sys.argv[1:]
from pathlib import Path
mail = Mail(MailSettings(host="127.0.0.1", port=int(port), security="none"))
rules = load_mechanism(Path(mechanism)).secrecy
Deliverer(open_store(url), {"mail": mail}, rules, SteppedClock(datetime.fromisoformat(at))).deliver_due()
"""


@pytest.mark.parametrize("dies_at", [1, 3])
def test_a_sender_killed_in_mid_sentence_repeats_at_most_that_notice_with_the_same_key(
    tmp_path: object, rules: SecrecyRules, clock: SteppedClock, dies_at: int
) -> None:
    url = sqlite_url(tmp_path / "huiying.db")  # type: ignore[operator]
    store = open_store(url)
    _put(store, *(notice(f"k{n}") for n in range(5)))
    running: list[subprocess.Popen[bytes]] = []

    class Deadly(Mailbox):
        """Takes the mail, and its sender dies before it hears so."""

        async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
            answer = await super().handle_DATA(server, session, envelope)
            if running and len(self.mails) == dies_at:
                running.pop().kill()
            return answer

    box = Deadly()
    controller = Controller(box, hostname="127.0.0.1", port=box.port)
    controller.start()
    try:
        arguments = [url, str(box.port), AT.isoformat(), str(ROOT / "config" / "mechanism.toml")]
        process = subprocess.Popen([sys.executable, "-c", KILLED, *arguments], cwd=ROOT)
        running.append(process)
        assert process.wait(timeout=60) == -9
        deliverer = Deliverer(store, {"mail": Mail(box.settings())}, rules, clock)
        deliverer.deliver_due()
        clock.advance(CLAIM)
        deliverer.deliver_due()
    finally:
        controller.stop()
        store.close()
    seen = Counter(got["Message-ID"] for got in box.mails)
    assert set(seen) == {f"<k{n}@yungang.example>" for n in range(5)}
    assert sum(seen.values()) == 6


RECIPIENTS = (
    "顾澜 <gu_lan@yungang.example>",
    "a@elsewhere.example",
    "a@yungang.example.evil.example",
    "a@sub.yungang.example",
)


@pytest.mark.parametrize(("recipient", "mark"), list(product(RECIPIENTS, Secrecy)))
def test_mail_carries_a_text_only_as_far_as_its_mark_goes(
    store: Store, mailbox: Mailbox, rules: SecrecyRules, clock: SteppedClock, recipient: str, mark: Secrecy
) -> None:
    _put(store, notice("a", recipient=recipient, secrecy=mark, text=SECRET, subject=SECRET, html=f"<p>{SECRET}</p>"))
    assert Deliverer(store, {"mail": Mail(mailbox.settings())}, rules, clock).deliver_due() == 1
    got = mailbox.mails[0]
    parts = [part.get_content() for part in got.walk() if not part.is_multipart()]
    may = mark is Secrecy.PUBLIC or recipient == RECIPIENTS[0]
    assert (SECRET in got["Subject"], *(SECRET in part for part in parts)) == (may,) * 3
    if not may:
        assert got["Subject"] == NOTHING_BUT


@pytest.mark.parametrize(("channel", "mark"), list(product(KINDS, Secrecy)))
def test_groups_carry_public_text_and_else_only_that_there_is_something(
    store: Store, receiver: Receiver, rules: SecrecyRules, clock: SteppedClock, channel: str, mark: Secrecy
) -> None:
    _put(store, notice("a", channel=channel, recipient="值班群", secrecy=mark, text=SECRET, subject=SECRET))
    channels = {channel: Webhooks([receiver.hook(KINDS[channel])], clock.now)}
    assert Deliverer(store, channels, rules, clock).deliver_due() == 1
    path, headers, body = receiver.posts[0]
    sent = body.decode() + path + str(headers)
    assert (SECRET in sent) is (mark is Secrecy.PUBLIC)
    assert (NOTHING_BUT in sent) is (mark is not Secrecy.PUBLIC)


@pytest.mark.parametrize(("channel", "mark"), list(product(CHANNELS, (Secrecy.INTERNAL, Secrecy.WORK_SECRET))))
def test_no_channel_at_all_carries_more_than_the_line_when_the_recipient_is_not_listed(
    rules: SecrecyRules, channel: str, mark: Secrecy
) -> None:
    assert carried_text(rules, channel, mark, SECRET) in ("", NOTHING_BUT)  # type: ignore[arg-type]
    assert (carried_text(rules, channel, mark, SECRET) == "") is (channel == "model")  # type: ignore[arg-type]
