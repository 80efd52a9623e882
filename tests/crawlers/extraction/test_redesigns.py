"""Extraction on pages as a redesign leaves them: times in other forms and places, titles in other company, lists with words."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from crawlers.extraction.address import anchored, day_of
from crawlers.extraction.chinese_time import read_time
from crawlers.extraction.extract import extract
from crawlers.extraction.site_places import SitePlaces
from pipeline.clock import SHANGHAI, parse_time
from tests.crawlers.pages import PARAGRAPH

NOW = parse_time("2026-11-24 10:00")
AT = datetime(2025, 3, 5, 9, 8, tzinfo=SHANGHAI)
URL = "https://www.yungang.example/a/1.html"
TITLE = "云港一化工园仓库起火，明火已扑灭"
BODY = "".join(f"<p>{PARAGRAPH}第{n}段。</p>" for n in range(4))


def _page(shown="", title=f"{TITLE}_云港区政府网", heading=f"<h1>{TITLE}</h1>", head="", after="", body=BODY):
    return (
        f"<html><head><meta charset='utf-8'><title>{title}</title>{head}</head><body><div><a href='/'>首页</a></div>"
        f"{heading}<p>{shown}　来源：区融媒体中心</p><div>{body}</div>{after}</body></html>"
    )


@pytest.mark.parametrize(
    "shown",
    ["2025年3月5日 09:08", "2025-03-05T09:08+08:00", "2025.03.05 09:08", "25-03-05 09:08", "2025-03-0509:08",
     "2025年03月05日9时8分", "2025-03-05 星期三 09:08"],
)  # fmt: skip
def test_a_time_in_another_form_is_read(shown):
    assert extract(_page(shown), URL, fetched_at=NOW).published_at == AT


@pytest.mark.parametrize(
    "path", ["2025/0305/c1-2.html", "2025-03/05/c_1.htm", "art/2025/3/5/art_1229_46.html", "202503/t20250305_81.html",
             "202503/c1.html", "2025/03/81234.html", "2025/81.html"],
)  # fmt: skip
def test_a_time_without_its_year_has_the_year_of_the_address(path):
    assert extract(_page("3月5日 09:08"), f"https://a.example/{path}", fetched_at=NOW).published_at == AT


def test_yesterday_on_a_page_of_long_ago_is_the_day_of_the_address():
    page = extract(_page("昨天 09:08"), "https://a.example/2025/0305/c1.html", fetched_at=NOW)
    assert (page.published_at, page.precision) == (AT, "minute")


def test_yesterday_on_a_fresh_page_is_yesterday():
    page = extract(_page("昨天 09:08"), "https://a.example/2025/0306/c1.html", fetched_at=AT + timedelta(days=1))
    assert page.published_at == AT


def test_a_page_without_any_time_has_the_day_of_its_address():
    page = extract(_page(), "https://a.example/2025/0305/c1.html", fetched_at=NOW)
    assert (page.published_at, page.precision) == (AT.replace(hour=0, minute=0), "day")


@pytest.mark.parametrize("path", ["2025/0230/c1.html", "2027/0101/c1.html", "art_1229_46328.html", "?d=2025-03-05"])
def test_an_address_that_names_no_past_day_says_nothing(path):
    assert day_of(f"https://a.example/{path}", NOW) is None


def test_a_complete_time_is_never_moved_by_the_address():
    shown = read_time("2025-03-05 09:08", NOW)
    assert shown is not None
    assert anchored(shown, "https://a.example/2024/0101/c1.html") == shown


@pytest.mark.parametrize("key", ["publishTime", "pubTime", "ptime", "published_at", "showTime", "inputtime"])
@pytest.mark.parametrize("unit", [1, 1000])
def test_seconds_since_1970_in_a_script_are_read(key, unit):
    script = f'<script>window.data={{"id":7,"{key}":{int(AT.timestamp()) * unit}}}</script>'
    assert extract(_page(head=script), URL, fetched_at=NOW).published_at == AT


def test_times_of_comments_and_other_articles_after_the_body_are_not_the_pages():
    after = "<div>网友 5小时前 说得好</div><ul><li><a href='/x'>华为发布5G芯片：麒麟990</a> 2025-09-06</li></ul>"
    assert extract(_page("昨天 09:08", after=after), URL, fetched_at=AT + timedelta(days=1)).published_at == AT
    assert extract(_page(after=after), URL, fetched_at=NOW).published_at is None


@pytest.mark.parametrize(
    "title",
    ["{}_要闻_云港区人民政府网", "{} - 本地新闻 - 云港在线", "云港新闻网 | {}", "新闻中心-{}-云港区人民政府", "{}--云港频道--江东网",
     "云港区人民政府网站"],
)  # fmt: skip
@pytest.mark.parametrize("heading", ["h1", "div"])
def test_the_headline_is_told_from_what_stands_beside_it(title, heading):
    inner = f"<{heading}>{TITLE}</{heading}>"
    page = extract(_page("2025-03-05 09:08", title=title.format(TITLE), heading=inner), URL, fetched_at=NOW)
    assert (page.title, page.published_at) == (TITLE, AT)


def test_wrappers_round_every_paragraph_change_nothing():
    wrapped = "".join(f"<section><div><div><p>{PARAGRAPH}第{n}段。</p></div></div></section>" for n in range(4))
    plain, page = (extract(_page("2025-03-05 09:08", body=inner), URL, fetched_at=NOW) for inner in (BODY, wrapped))
    assert page.text == plain.text


def test_blocks_of_the_frame_with_the_bodys_class_make_no_list():
    rows = "".join(f"<div class='row'>{PARAGRAPH[:70]}</div>" for _ in range(5))
    inner = f"<div class='row'>{BODY * 2}</div>"
    assert extract(_page("2025-03-05 09:08", body=inner, after=rows), URL, fetched_at=NOW).page == "article"


TEASERS = {
    "list": "<li><a href='/a/{n}.html'>{title}</a><p>{words}</p><span>2025-03-0{n}</span></li>",
    "plain blocks": "<div><h3><a href='/a/{n}.html'>{title}</a></h3><div>{words}</div></div>",
    "no blocks": "<h3><a href='/a/{n}.html'>{title}</a></h3><p>{words}</p>",
    "one line": "<li><a href='/a/{n}.html'>{title}</a> {words} <i>3小时前</i></li>",
    "table": "<table><tr><td><a href='/a/{n}.html'>{title}</a></td><td>2025-03-0{n}</td></tr><tr><td>{words}</td></tr></table>",
    "card": "<a href='/a/{n}.html'><h3>{title}</h3><p>{words}</p><span>2025-03-0{n}</span></a>",
    "date first": "<div><span>2025-03-0{n}</span><a href='/a/{n}.html'>{title}</a><p>{words}</p></div>",
}


@pytest.mark.parametrize("title", ["新闻中心", "2025年民生实事项目建设进展专题"])
@pytest.mark.parametrize("length", [40, 300])
@pytest.mark.parametrize("kind", TEASERS)
def test_a_list_with_teasers_is_no_article(kind, length, title):
    rows = "".join(
        TEASERS[kind].format(n=n, title=f"关于第{n}批道路养护工程的公告", words=(f"{n}月，{PARAGRAPH}" * 9)[:length])
        for n in range(1, 9)
    )
    dated = kind not in ("plain blocks", "no blocks", "one line")
    name = title if dated else "新闻中心"  # undated rows under a headline of its own: a digest
    page = f"<html><head><title>{name}_云港区政府网</title></head><body><h1>{name}</h1><div>{rows}</div></body></html>"
    assert extract(page, "https://a.example/2025/0305/", fetched_at=NOW).page == "list"


def test_advertisements_between_paragraphs_make_no_list():
    ad = "<div><a href='https://ad.example/'>限时优惠：品牌家电满三百减五十元</a></div>"
    body = "".join(f"<p>{PARAGRAPH}第{n}段。</p>{ad}" for n in range(6))
    page = extract(_page("", body=body), URL, fetched_at=NOW)
    assert page.page == "article"
    assert "品牌家电" not in page.text


def test_teasers_below_the_prose_in_one_block_are_not_of_the_article():
    cards = "".join(
        f"<div class='card'><a href='/a/{n}.html'>关于第{n}批道路养护工程的公告</a><p>{PARAGRAPH[:60]}…</p></div>"
        for n in range(5)
    )
    page = extract(_page("2025-03-05 09:08", body=BODY * 2 + cards), URL, fetched_at=NOW)
    assert page.page == "article"
    assert "…" not in page.text


def test_a_learned_place_gives_the_year_of_the_address_too():
    places = SitePlaces()
    pages = [
        extract(
            _page("", body=f"<div class='c'>{BODY}</div>").replace("<p>　", f"<p class='t'>3月{n}日 09:08　"),
            f"https://a.example/2025/03/{n:02d}/c1.html",
            fetched_at=NOW,
            places=places,
        )
        for n in range(1, 7)
    ]
    assert pages[-1].reasons == ("按本站学到的位置读出",)
    assert [page.published_at for page in pages] == [AT.replace(day=n) for n in range(1, 7)]
