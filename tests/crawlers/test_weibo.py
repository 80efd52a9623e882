"""Weibo's mobile JSON: times, counters, capped searches, counters that grow, posts that vanish, the log-in wall."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from crawlers.spiders.weibo import weibo_id
from crawlers.spiders.weibo_shapes import count, created_at
from crawlers.troubles import PageTrouble
from pipeline.clock import SHANGHAI, parse_time, shanghai
from pipeline.store import sources as book
from pipeline.store.schema.documents import documents, observations
from tests.crawlers.misbehaving import Answer

NOW = parse_time("2026-03-15 09:00")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _stamp(at):
    local = shanghai(at)
    return f"{_DAYS[local.weekday()]} {_MONTHS[local.month - 1]} {local:%d %H:%M:%S} +0800 {local.year}"


@given(st.datetimes(datetime(2012, 1, 1), datetime(2035, 1, 1)).map(lambda d: d.replace(microsecond=0, tzinfo=UTC)))
def test_every_full_time_reads_back(at):
    assert created_at(_stamp(at), NOW) == at


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("刚刚", "2026-03-15 09:00"),
        ("5分钟前", "2026-03-15 08:55"),
        ("2小时前", "2026-03-15 07:00"),
        ("今天 02:47", "2026-03-15 02:47"),
        ("昨天 22:14", "2026-03-14 22:14"),
        ("03-14", "2026-03-14 00:00"),
        ("12-30", "2025-12-30 00:00"),
        ("2019-10-1", "2019-10-01 00:00"),
    ],
)
def test_short_times_are_read(text, expected):
    assert created_at(text, NOW) == parse_time(expected)


@given(st.text(max_size=40))
def test_any_other_time_is_refused_not_guessed(text):
    try:
        moment = created_at(text, NOW)
    except (PageTrouble, ValueError):
        return
    assert moment.tzinfo is not None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (12, 12),
        ("12", 12),
        ("1.2万", 12000),
        ("100万+", 1_000_000),
        ("1亿", 100_000_000),
        (None, None),
        ("转发", None),
        (True, None),
    ],
)
def test_counters_are_read(value, expected):
    assert count(value) == expected


def _post(mid, at, text="恒泰的火光", **more):
    user = {"id": 7000 + mid, "screen_name": f"用户{mid}"}
    return {"id": str(mid), "mid": str(mid), "created_at": _stamp(at), "text": text, "user": user,
            "reposts_count": 0, "comments_count": 0, "attitudes_count": 3} | more  # fmt: skip


class Platform:
    """Search that shows at most `cap` pages of ten, by hour when asked so."""

    def __init__(self, site, posts, cap):
        self.posts, self.cap, self.site = posts, cap, site
        self.handler = site.anything = self.answer

    def answer(self, handler):
        query = {name: values[0] for name, values in parse_qs(urlsplit(handler.path).query).items()}
        if "containerid" not in query:
            handler.answer(Answer(b'{"ok":0,"msg":""}'))
            return
        fields = dict(part.split("=", 1) for part in unquote(query["containerid"]).split("&")[1:])
        page = int(query.get("page", 1))
        found = sorted(self.posts, key=lambda post: -int(post["id"]))
        if scope := fields.get("timescope"):
            hour = scope.removeprefix("custom:").split(":")[0]
            day, clock = hour.rsplit("-", 1)
            start = datetime.fromisoformat(day).replace(hour=int(clock), tzinfo=SHANGHAI)
            found = [p for p in found if start <= created_at(p["created_at"], NOW) < start + timedelta(hours=1)]
        part = found[(page - 1) * 10 : page * 10] if page <= self.cap else []
        cards = [{"card_type": 9, "mblog": post} for post in part]
        handler.answer(Answer(json.dumps({"ok": 1 if part else 0, "data": {"cards": cards}}).encode()))


def test_a_capped_search_is_split_into_hours_so_that_nothing_is_lost(services, site, source, crawling, clock):
    start = clock.now()
    platform = Platform(site, [_post(1, start - timedelta(minutes=5))], cap=2)
    weibo = source(
        "weibo",
        kind="weibo",
        options={"search": ["恒泰"], "pages": 2, "cap_pages": 2, "repost_pages": 0, "comment_pages": 0},
    )
    worker = crawling(weibo)
    assert worker.crawl_now().new == 1
    burst = [_post(n, start + timedelta(minutes=n)) for n in range(10, 70)]  # sixty posts, twenty are shown
    platform.posts += burst
    clock.advance(timedelta(hours=4))
    report = worker.crawl_now().runs[0]
    assert any("按小时" in warning for warning in report.warnings)
    with services.store.read() as connection:
        had = {row.id for row in connection.execute(select(documents))}
    lost = [post["id"] for post in burst if weibo_id(post["id"]) not in had]
    assert len(burst) - len(lost) > 20, "more than one listing shows"
    assert report.outcome == "partial", "an hour that is capped too is named"
    assert report.reason == "capped"


def test_counters_grow_as_observations_and_a_vanished_post_is_noticed(services, site, source, crawling, clock):
    at = clock.now() - timedelta(minutes=30)
    site.json("/api/container/getIndex?type=uid&value=6001&containerid=1076036001&page=1",
              {"ok": 1, "data": {"cards": [{"mblog": _post(5, at)}]}})  # fmt: skip
    worker = crawling(source("weibo", kind="weibo", options={"timelines": ["6001"], "pages": 1}))
    worker.crawl_now()
    site.json("/statuses/show?id=5", {"ok": 1, "data": _post(5, at, attitudes_count=90)})
    clock.advance(timedelta(hours=1, minutes=1))
    worker.crawl_now()
    site.json("/statuses/show?id=5", {"ok": 0, "errno": "20101", "msg": "该微博不存在"})
    clock.advance(timedelta(hours=6))
    worker.crawl_now()
    with services.store.read() as connection:
        seen = [
            (row.likes, row.deleted) for row in connection.execute(select(observations).order_by(observations.c.at))
        ]
        document = connection.execute(select(documents)).one()
    assert (90, False) in seen
    assert seen[-1][1] is True
    assert document.likes == 3, "what was first seen stays as it was"
    assert document.author not in ("用户5", "7005"), "names are pseudonyms in the store"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(b'{"ok":-100,"url":"https://passport.weibo.com/login"}'), "login"),
        (Answer("<html>请输入验证码</html>".encode()), "captcha"),
        (Answer(b"", 403), "forbidden"),
        (Answer(b"[]"), "not_understood"),
    ],
)
def test_a_wall_is_named_and_not_climbed(site, source, crawling, answer, reason):
    site.anything = lambda handler: handler.answer(answer)
    report = crawling(source("weibo", kind="weibo", robots=False, options={"timelines": ["6001"]})).crawl_now().runs[0]
    assert (report.outcome, report.reason) == ("failed", reason)


def test_a_wish_for_the_past_reads_a_timeline_back_to_that_day(services, site, source, crawling, clock):
    start = clock.now()
    pages = [[_post(99, start - timedelta(hours=1)), _post(98, start - timedelta(days=1))],
             [_post(97, start - timedelta(days=2)), _post(96, start - timedelta(days=3))],
             [_post(95, start - timedelta(days=8)), _post(94, start - timedelta(days=9))], []]  # fmt: skip
    for number, posts in enumerate(pages, 1):
        site.json(f"/api/container/getIndex?type=uid&value=6001&containerid=1076036001&page={number}",
                  {"ok": 1, "data": {"cards": [{"mblog": post} for post in posts]}})  # fmt: skip
    options = {"timelines": ["6001"], "pages": 1, "cap_pages": 9, "repost_pages": 0, "comment_pages": 0}
    worker = crawling(source("weibo", kind="weibo", options=options))
    assert worker.crawl_now().new == 2
    with services.store.write() as connection:
        assert book.fill(connection, "test-source", start - timedelta(days=5), start)
    clock.advance(timedelta(minutes=10))
    assert worker.crawl_now().new == 3
    with services.store.read() as connection:
        assert weibo_id("94") not in {row.id for row in connection.execute(select(documents))}
