"""The city over HTTP: only what is published, validators, encodings, robots, counters, faults, deletions."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from datetime import datetime
from http.client import IncompleteRead
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import ProxyHandler, Request, build_opener

import pytest
from openpyxl import load_workbook

from crawlers.source import load_sources
from crawlers.spiders.registry import spider_for
from demo.city import SITES, SOURCES, City
from demo.sites.weibo import user_id
from demo.stories import load_pieces, moment_of
from pipeline.clock import SHANGHAI, SteppedClock

START = datetime(2026, 3, 13, 6, 0, tzinfo=SHANGHAI)
OPENER = build_opener(ProxyHandler({}))


class Visitor:
    """Asks the city and moves its clock."""

    def __init__(self, city: City, clock: SteppedClock) -> None:
        self.city = city
        self._clock = clock

    def at(self, text: str) -> None:
        self._clock.advance_to(moment_of(text))

    def get(self, site: str, path: str, **headers: str) -> tuple[int, bytes, Any]:
        request = Request(
            self.city.addresses[site] + path, headers={k.replace("_", "-"): v for k, v in headers.items()}
        )
        try:
            with OPENER.open(request, timeout=10) as answer:
                return answer.status, answer.read(), answer.headers
        except HTTPError as error:
            with error:
                return error.code, error.read(), error.headers

    def text(self, site: str, path: str) -> str:
        return self.get(site, path)[1].decode()

    def json(self, path: str, site: str = "weibo") -> Any:
        return json.loads(self.text(site, path))

    def search(self, word: str, page: int = 1) -> list[dict[str, Any]]:
        container = quote(f"100103type=1&q={word}", safe="")
        answer = self.json(f"/api/container/getIndex?containerid={container}&page={page}")
        return [card["mblog"] for card in answer["data"]["cards"]]


@pytest.fixture
def visitor() -> Iterator[Visitor]:
    clock = SteppedClock(START)
    with City(clock) as city:
        yield Visitor(city, clock)


def piece(key: str) -> Any:
    return next(piece for piece in load_pieces() if piece.key == key)


def test_every_site_answers_and_has_robots(visitor: Visitor) -> None:
    visitor.at("15 12:00")
    for site in SITES:
        status, body, _ = visitor.get(site, "/robots.txt")
        assert status == 200
        assert b"Disallow: /" in body


def test_nothing_is_shown_before_it_is_published(visitor: Visitor) -> None:
    post, notice = piece("fire-video"), piece("fire-gov-1")
    visitor.at("15 02:40")
    assert visitor.json(f"/statuses/show?id={post.native_id}")["ok"] == 0
    assert visitor.get("gov", notice.path)[0] == 404
    visitor.at("15 10:45")
    assert visitor.json(f"/statuses/show?id={post.native_id}")["ok"] == 1
    assert visitor.get("gov", notice.path)[0] == 200


def test_every_page_is_reached_from_its_list(visitor: Visitor) -> None:
    visitor.at("17 23:59")
    for site, first in {
        "gov": "/",
        "daily": "/",
        "metro": "/",
        "harbour": "/",
        "mailbox": "/",
        "forum": "/",
        "disclosure": "/",
    }.items():
        found: set[str] = set()
        path: str | None = first
        while path:
            page = visitor.get(site, path)[1].decode("gb18030" if site == "metro" else "utf-8")
            found.update(re.findall(r'href="([^"]+)"', page))
            following = re.search(r'<a href="([^"]+)">下一页</a>', page)
            path = following.group(1) if following else None
        assert {piece.path for piece in load_pieces() if piece.site == site} <= found


def test_an_unchanged_list_is_304_and_a_changed_one_is_not(visitor: Visitor) -> None:
    visitor.at("15 09:00")
    _, _, headers = visitor.get("gov", "/list/index.html")
    assert visitor.get("gov", "/list/index.html", If_None_Match=headers["ETag"])[0] == 304
    assert visitor.get("gov", "/list/index.html", If_Modified_Since=headers["Last-Modified"])[0] == 304
    visitor.at("15 10:45")
    assert visitor.get("gov", "/list/index.html", If_None_Match=headers["ETag"])[0] == 200
    assert visitor.get("gov", "/list/index.html", If_Modified_Since=headers["Last-Modified"])[0] == 200


def test_the_feed_has_validators_too(visitor: Visitor) -> None:
    visitor.at("15 12:00")
    _, body, headers = visitor.get("daily", "/rss/news.xml")
    assert body.count(b"<item>") > 5
    assert visitor.get("daily", "/rss/news.xml", If_None_Match=headers["ETag"])[0] == 304


def test_the_metro_paper_is_gbk_under_a_wrong_header(visitor: Visitor) -> None:
    visitor.at("15 13:00")
    _, body, headers = visitor.get("metro", piece("fire-metro").path)
    assert "utf-8" in headers["Content-Type"]
    assert "两个部门给出了不同答案" in body.decode("gb18030")
    with pytest.raises(UnicodeDecodeError):
        body.decode("utf-8")


def test_the_harbour_site_names_no_encoding(visitor: Visitor) -> None:
    visitor.at("15 13:00")
    _, body, headers = visitor.get("harbour", piece("river-harbour").path)
    assert headers["Content-Type"] == "text/html"
    assert b"charset" not in body


def test_government_pages_bear_the_government_tags(visitor: Visitor) -> None:
    visitor.at("15 11:00")
    page = visitor.text("gov", piece("fire-gov-1").path)
    assert '<meta name="ArticleTitle" content="关于恒泰新材料有限公司火灾的情况通报">' in page
    assert '<meta name="PubDate" content="2026-03-15 10:40">' in page


def test_the_edited_page_shows_the_correction_afterwards(visitor: Visitor) -> None:
    path = piece("fire-gov-1").path
    visitor.at("15 11:00")
    assert "共4人受伤" not in visitor.text("gov", path)
    visitor.at("15 15:00")
    assert "共4人受伤" in visitor.text("gov", path)


def test_counters_grow_with_the_clock(visitor: Visitor) -> None:
    mid, seen = piece("fire-video").native_id, []
    for moment in ("15 03:00", "15 08:00", "15 12:00", "16 09:00", "17 23:00"):
        visitor.at(moment)
        seen.append(visitor.json(f"/statuses/show?id={mid}")["data"]["attitudes_count"])
    assert seen == sorted(seen)
    assert seen[0] < 100
    assert seen[-1] > 5000


def test_the_deleted_post_is_gone_from_search_and_says_so(visitor: Visitor) -> None:
    gone = piece("fire-rumour")
    visitor.at("15 13:00")
    assert visitor.json(f"/statuses/show?id={gone.native_id}")["ok"] == 1
    visitor.at("15 13:11")
    answer = visitor.json(f"/statuses/show?id={gone.native_id}")
    assert (answer["ok"], answer["errno"]) == (0, "20101")
    assert gone.native_id not in {post["mid"] for post in visitor.search("三个")}


def test_search_finds_newest_first_and_pages(visitor: Visitor) -> None:
    visitor.at("15 16:00")
    first, second = visitor.search("云港"), visitor.search("云港", 2)
    stamps = [datetime.strptime(post["created_at"], "%a %b %d %H:%M:%S %z %Y") for post in first + second]
    assert len(first) == len(second) == 10
    assert stamps == sorted(stamps, reverse=True)
    assert not {post["mid"] for post in first} & {post["mid"] for post in second}


def test_created_at_is_written_as_weibo_does(visitor: Visitor) -> None:
    visitor.at("15 03:00")
    post = visitor.json(f"/statuses/show?id={piece('fire-video').native_id}")["data"]
    assert re.fullmatch(r"Sun Mar 15 02:47:\d\d \+0800 2026", post["created_at"])


def test_a_timeline_holds_one_account_only(visitor: Visitor) -> None:
    visitor.at("15 17:00")
    uid = user_id("云港发布")
    cards = visitor.json(f"/api/container/getIndex?type=uid&value={uid}&containerid=107603{uid}")["data"]["cards"]
    assert {card["mblog"]["user"]["screen_name"] for card in cards} == {"云港发布"}
    assert cards[0]["mblog"]["user"]["verified"]


def test_reposts_carry_the_original_and_comments_their_likes(visitor: Visitor) -> None:
    visitor.at("15 12:00")
    mid = piece("fire-video").native_id
    reposts = visitor.json(f"/api/statuses/repostTimeline?id={mid}&page=1")["data"]["data"]
    assert {post["retweeted_status"]["mid"] for post in reposts} == {mid}
    comments = visitor.json(f"/comments/hotflow?id={mid}&mid={mid}&max_id_type=0")["data"]["data"]
    assert len(comments) == 4
    assert comments[0]["like_count"] > 100


def test_a_long_text_is_cut_and_whole_elsewhere(visitor: Visitor) -> None:
    visitor.at("15 12:00")
    notice = piece("fire-notice")
    post = visitor.json(f"/statuses/show?id={notice.native_id}")["data"]
    assert post["isLongText"]
    assert "全文" in post["text"]
    assert "不传谣" in visitor.json(f"/statuses/extend?id={notice.native_id}")["data"]["longTextContent"]


def test_the_hot_list_follows_what_grows(visitor: Visitor) -> None:
    container = quote("106003type=25&t=3&disable_hot=1&filter_type=realtimehot", safe="")

    def hot() -> list[str]:
        cards = visitor.json(f"/api/container/getIndex?containerid={container}")["data"]["cards"]
        return [item["desc"] for item in cards[0]["card_group"]]

    visitor.at("14 10:00")
    assert hot()[0] == "白鹭镇油菜花节"
    visitor.at("15 20:00")
    assert "住建局答非所问" in hot()


def test_a_letter_gets_its_reply_when_the_department_answers(visitor: Visitor) -> None:
    path = piece("flat-letter").path
    visitor.at("14 09:00")
    assert "答复内容" not in visitor.text("mailbox", path)
    visitor.at("15 17:10")
    assert "锦绣江南小区电梯故障" in visitor.text("mailbox", path)


def test_wechat_pages_look_like_wechat(visitor: Visitor) -> None:
    article = piece("fire-wx-1")
    visitor.at("15 09:00")
    page = visitor.text("wechat", article.path)
    assert 'id="js_content"' in page
    assert f'var ct = "{int(article.published_at.timestamp())}"' in page
    assert article.path in visitor.text("wechat", "/feed/all.rss")
    assert "已被发布者删除" in visitor.text("wechat", "/s/nosuchpage")


def test_the_forum_counts_views_and_replies(visitor: Visitor) -> None:
    visitor.at("15 12:00")
    page = visitor.text("forum", piece("fire-thread").path)
    assert int(re.findall(r'class="views">(\d+)', page)[0]) > 1000
    assert page.count('class="t_f"') == 4


def test_one_page_fails_for_hours_and_one_is_cut_off(visitor: Visitor) -> None:
    failing, cut = piece("page-failing"), piece("page-cut")
    visitor.at("14 17:00")
    assert visitor.get("metro", failing.path)[0] == 500
    visitor.at("14 23:00")
    assert visitor.get("metro", failing.path)[0] == 200
    visitor.at("15 09:30")
    with pytest.raises(IncompleteRead):
        visitor.get("harbour", cut.path)
    visitor.at("15 13:00")
    assert visitor.get("harbour", cut.path)[0] == 200


def test_the_hotline_exports_open_and_only_they_name_callers(visitor: Visitor) -> None:
    visitor.at("15 12:00")
    _, body, _ = visitor.get("hotline", "/export/tickets.csv")
    lines = body.decode("gb18030").splitlines()
    assert lines[0].startswith("工单编号,来电时间,来电人")
    book = load_workbook(io.BytesIO(visitor.get("hotline", "/export/tickets.xlsx")[1]))
    assert book.active is not None
    assert book.active.max_row == len(lines)
    assert "1380000" not in visitor.text("hotline", "/api/tickets")


def test_the_city_remembers_who_asked(visitor: Visitor) -> None:
    visitor.get("gov", "/", User_Agent="a-test")
    assert [(seen.site, seen.path, seen.agent) for seen in visitor.city.seen] == [("gov", "/", "a-test")]


def test_every_site_has_its_source_file(visitor: Visitor) -> None:
    sources = load_sources(SOURCES, visitor.city.addresses)
    assert {source.id.removeprefix("demo-") for source in sources} == set(SITES)
    for source in sources:
        spider_for(source)
        assert source.url.startswith("http://127.0.0.1:")


def test_timelines_of_the_source_file_are_the_citys_accounts() -> None:
    text = (SOURCES / "demo-weibo.toml").read_text(encoding="utf-8")
    named = re.findall(r'"(\d+)", # (\S+)', text)
    assert len(named) >= 3
    assert all(uid == user_id(name) for uid, name in named)


def test_a_taken_port_is_an_error_and_nothing_stays_open() -> None:
    clock = SteppedClock(START)
    with City(clock) as city:
        port = int(city.addresses["gov"].rsplit(":", 1)[1])
        with pytest.raises(OSError, match="in use"):
            City(clock, first_port=port).start()
