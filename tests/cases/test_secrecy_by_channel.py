"""Every channel with every mark: what may travel where (分渠道保密)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from pipeline.cases.office import Office
from pipeline.cases.refusal import Refused
from pipeline.cases.secrecy import CHANNELS, Carries, carried_text, carries, mail_domain, refuse_state_secrets
from pipeline.document import Secrecy

from .conftest import Play

TEXT = "沙洲镇火灾处置口径"
LISTED = "gu_lan@yungang.example"
OUTSIDE = "someone@mail.example"
TABLE = [
    (channel, mark, recipient)
    for channel in CHANNELS
    for mark in Secrecy
    for recipient in ((LISTED, OUTSIDE) if channel == "mail" else ("",))
]


@pytest.mark.parametrize(("channel", "mark", "recipient"), TABLE)
def test_only_public_text_leaves_but_to_listed_mail_domains(
    office: Office, channel: str, mark: Secrecy, recipient: str
) -> None:
    rules = office.mechanism.secrecy
    carried = carried_text(rules, channel, mark, TEXT, recipient)  # type: ignore[arg-type]
    if mark is Secrecy.PUBLIC or recipient == LISTED:
        assert carried == TEXT
    elif channel == "model":
        assert carried == ""
    else:
        assert carried == "有新提示，请登录"
        assert TEXT not in carried


@pytest.mark.parametrize("channel", ["sms", "qq", "", "MAIL"])
def test_an_unknown_channel_carries_nothing(office: Office, channel: str) -> None:
    assert carries(office.mechanism.secrecy, channel, Secrecy.PUBLIC) is Carries.NOTHING  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "address",
    [
        "a@yungang.example.evil.example",
        "a@sub.yungang.example",
        "a@evilyungang.example",
        "yungang.example",
        "",
        "a@yungang.example@evil.example",
    ],
)
def test_a_look_alike_domain_is_not_on_the_list(office: Office, address: str) -> None:
    assert carries(office.mechanism.secrecy, "mail", Secrecy.INTERNAL, address) is Carries.NOTICE


def test_the_domain_is_read_whatever_the_case() -> None:
    assert mail_domain("Gu Lan <GU@YunGang.Example>") == "yungang.example"


@pytest.mark.parametrize("mark", ["绝密★1年", "机密★10年", "秘密★5年", "本件为机密级"])
def test_a_text_with_the_mark_of_a_state_secret_is_refused(office: Office, mark: str) -> None:
    with pytest.raises(Refused, match="疑似国家秘密"):
        refuse_state_secrets(office.mechanism.secrecy, f"{mark} 关于……的通知")


def test_every_way_in_refuses_state_secrets(play: Play, hours: Callable[[float], datetime]) -> None:
    secret = "机密★10年 内部通报"
    play.alert(hours(0))
    play.answering(hours(0.1))
    play.act("gu_lan", "assigned", hours(1), unit="区应急管理局", asked="核实", due=hours(5).isoformat())
    staff = play.desk.shipped.of_unit("区应急管理局")[0].id
    due = hours(6).isoformat()
    ways: list[tuple[str, str, dict[str, object]]] = [
        ("gu_lan", "noted", {"text": secret}),
        ("gu_lan", "corrected", {"entry": 1, "text": secret}),
        (staff, "fed_back", {"assignment": "a1", "text": secret}),
        ("qin_wan", "drafted", {"text": secret}),
        ("ming_ce", "instructed", {"leader": "lu_zhiming", "text": secret}),
        ("gu_lan", "sent_to", {"unit": "区委网信办", "text": secret}),
        ("gu_lan", "submitted", {"title": secret, "to": "区委办"}),
        ("gu_lan", "upward_reported", {"step": "first", "text": secret}),
        ("gu_lan", "assigned", {"unit": "沙洲镇", "asked": secret, "due": due, "lead": False}),
    ]
    for person, kind, fields in ways:
        with pytest.raises(Refused, match="疑似国家秘密"):
            play.act(person, kind, hours(2), **fields)
    with pytest.raises(Refused, match="疑似国家秘密"):
        play.assess(hours(2), verified=[secret])


def test_changes_of_a_case_are_internal_by_default(play: Play, hours: Callable[[float], datetime]) -> None:
    assert all(change.secrecy is Secrecy.INTERNAL for change in play.alert(hours(0)))
