"""Extraction: headline, time, source and prose of pages as sites write them; lists are no articles; nothing crashes it."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.extraction.evaluate import EvaluationRefused, evaluate, f1
from crawlers.extraction.extract import decode, extract
from pipeline.clock import SHANGHAI, parse_time
from tests.crawlers.pages import PARAGRAPH, article, listing

NOW = parse_time("2026-03-16 09:00")
URL = "https://www.yungang.example/art/1.html"


def test_a_government_page_is_read_by_its_tags():
    page = extract(article("沙洲镇化工园火情处置情况通报").encode(), URL, fetched_at=NOW)
    assert (page.page, page.title, page.source) == ("article", "沙洲镇化工园火情处置情况通报", "区应急管理局")
    assert page.published_at == datetime(2026, 3, 15, 6, 30, tzinfo=SHANGHAI)
    assert page.precision == "minute"
    assert page.text.startswith("3月15日凌晨")


def test_a_list_is_no_article():
    links = [(f"/a/{n}.html", f"关于第{n}批道路养护工程的公告") for n in range(20)]
    page = extract(listing(links).encode(), URL)
    assert page.page == "list"
    assert len([link for link in page.links if "/a/" in link.url]) == 20


BODY = "".join(f"<p>{PARAGRAPH}第{n}段。</p>" for n in range(4))


NAV = "<div class='nav'><a href='/'>首页</a><a href='/x'>社会新闻</a></div>"


def _page(inner, title="云港一化工园仓库起火，明火已扑灭_澜州新闻网", head=""):
    return f"<html><head><meta charset='utf-8'><title>{title}</title>{head}</head><body>{NAV}{inner}</body></html>"


def test_a_headline_that_is_no_heading_is_found():
    inner = f"<div class='tit'>云港一化工园仓库起火，明火已扑灭</div><div>2026年03月15日 07:20 来源：江东在线 作者：陆晓舟</div><div class='c'>{BODY}</div>"
    page = extract(_page(inner), URL, fetched_at=NOW)
    assert page.title == "云港一化工园仓库起火，明火已扑灭"
    assert page.published_at == datetime(2026, 3, 15, 7, 20, tzinfo=SHANGHAI)
    assert (page.source, page.author) == ("江东在线", "陆晓舟")


@pytest.mark.parametrize(
    ("shown", "expected", "precision"),
    [
        ("发布时间：2026-03-15 07:20:11", "2026-03-15T07:20:11", "second"),
        ("2026/3/15 7:20", "2026-03-15T07:20:00", "minute"),
        ("2026年3月15日 星期日 07时20分", "2026-03-15T07:20:00", "minute"),
        ("发布日期：<!-- x -->2026-03-15<!-- y -->", "2026-03-15T00:00:00", "day"),
        ("03-15 07:20", "2026-03-15T07:20:00", "minute"),
    ],
)
def test_times_as_pages_show_them(shown, expected, precision):
    page = extract(
        _page(f"<h1>云港一化工园仓库起火，明火已扑灭</h1><p>{shown}</p><div>{BODY}</div>"), URL, fetched_at=NOW
    )
    assert page.published_at == datetime.fromisoformat(expected).replace(tzinfo=SHANGHAI)
    assert page.precision == precision


def test_a_time_after_the_fetch_is_not_believed():
    page = extract(
        _page(f"<h1>云港一化工园仓库起火，明火已扑灭</h1><p>2027-01-01 10:00</p><div>{BODY}</div>"), URL, fetched_at=NOW
    )
    assert page.published_at is None


def test_what_follows_a_tail_mark_and_lists_of_links_are_left_out():
    tail = "<p>责任编辑：区融媒体中心</p><p>相关阅读</p><p><a href='/1'>别的新闻标题很长很长很长</a></p>"
    page = extract(
        _page(
            f"<h1>云港一化工园仓库起火，明火已扑灭</h1><div class='c'><p>发布时间：2026-03-15 07:20</p>{BODY}{tail}</div>"
        ),
        URL,
    )
    assert "责任编辑" not in page.text
    assert "别的新闻" not in page.text
    assert "发布时间" not in page.text
    assert page.text.count("明火已被扑灭") == 4


def test_lines_broken_by_br_are_paragraphs():
    page = extract(
        _page(
            f"<h1>云港一化工园仓库起火，明火已扑灭</h1><div id='c'>{PARAGRAPH}<br><br>　　{PARAGRAPH}</div><i>2026-03-15</i>"
        ),
        URL,
    )
    assert page.text.split("\n") == [PARAGRAPH, PARAGRAPH]


def test_results_of_a_search_are_a_list():
    blocks = "".join(
        f"<div class='item'><a href='/r{n}'>第{n}条搜索结果</a><p>{PARAGRAPH}{n}</p></div>" for n in range(8)
    ) + "".join(f"<a href='/{n}'>x</a>" for n in range(9))
    assert extract(_page(blocks, title="搜索结果"), URL).page == "list"


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
@pytest.mark.parametrize("declared", ["utf-8", "gb2312", "gbk", "nonsense"])
def test_a_wrong_declaration_does_not_matter(encoding, declared):
    body = article("沙洲镇化工园火情处置情况通报", charset=declared).encode(encoding)
    assert extract(body, URL, encoding=declared).title == "沙洲镇化工园火情处置情况通报"


@given(st.binary(max_size=2000))
def test_any_bytes_give_a_page(body):
    assert extract(body, URL).page in ("article", "list", "other")


@given(st.text(max_size=500))
def test_any_text_gives_a_page(text):
    assert extract(text, URL).page in ("article", "list", "other")
    assert isinstance(decode(text.encode("utf-8", "replace"), None), str)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x00" * 1000,
        b"<div>" * 50_000,
        b"<p>" + "沙洲镇，".encode() * 300_000,
        b"<a href='http://[bad'>x</a>" * 100,
        b"<html><body><!-- " + b"x" * 100_000,
        "<html><title>标题</title><script>while(1){}</script></html>".encode(),
    ],
    ids=["empty", "nuls", "nested", "long", "bad-links", "open-comment", "script"],
)
def test_hostile_pages_are_read_or_left(body):
    assert extract(body, URL).page in ("article", "list", "other")


def test_f1_is_one_for_the_same_words_and_zero_for_others():
    assert f1("沙洲镇化工园 起火", "沙洲镇化工园起火") == 1
    assert f1("沙洲镇化工园起火", "柳渡镇拆迁补偿款") == 0


def test_missing_annotations_are_said(tmp_path):
    with pytest.raises(EvaluationRefused, match="没有标注文件"):
        evaluate(tmp_path)


def test_the_floors_hold_on_the_annotated_pages(shared_data: Path):
    floors = json.loads((Path(__file__).parents[3] / "evaluation/extraction.json").read_text(encoding="utf-8"))
    figures = evaluate(shared_data / "pages").figures()
    assert all(figures[name] >= floors[name] for name in ("title", "time", "body_f1"))
    assert figures["lists_as_articles"] <= floors["lists_as_articles"]


def test_nuls_do_not_cut_a_page():
    assert (
        "明火"
        in extract(
            _page(f"<h1>云港一化工园仓库起火，明火已扑灭</h1>\0<i>2026-03-15</i><div>{BODY}</div>").encode(), URL
        ).text
    )


def test_a_page_that_scripts_draw_is_read_from_what_it_carries():
    carried = json.dumps({"content": f"<p>{PARAGRAPH}</p><p>{PARAGRAPH}</p>", "publishTime": "2026-03-15 07:20:11"})
    page = extract(_page(f"<div id='app'></div><script>window.data = {carried}</script>"), URL, fetched_at=NOW)
    assert page.text.split("\n") == [PARAGRAPH, PARAGRAPH]
    assert page.published_at == datetime(2026, 3, 15, 7, 20, 11, tzinfo=SHANGHAI)


def test_a_form_round_the_whole_page_hides_nothing():
    inner = f"<form id='form1'><h1>云港一化工园仓库起火，明火已扑灭</h1><span>2026-03-15 07:20</span><div>{BODY}</div></form>"
    assert extract(_page(inner), URL, fetched_at=NOW).text.count("明火已被扑灭") == 4


def test_what_follows_an_early_end_is_on_the_page():
    inner = f"</body></html><h1>云港一化工园仓库起火，明火已扑灭</h1><span>2026-03-15 07:20</span><div>{BODY}</div>"
    assert extract(_page(inner), URL, fetched_at=NOW).page == "article"


def test_a_date_in_the_headline_or_the_prose_is_no_publish_time():
    title = "3月12日至14日滨江东路夜间施工公告"
    inner = f"<h1>{title}</h1><div>来源：区交通运输局</div><div>2025年9月1日起，{BODY}</div><p>发布日期：2026-03-11</p>"
    page = extract(_page(inner, title=f"{title}_云港区政府网"), URL, fetched_at=NOW)
    assert page.published_at == datetime(2026, 3, 11, tzinfo=SHANGHAI)


def test_a_short_article_between_dated_lists_of_others_is_an_article_with_its_own_time():
    rows = "".join(
        f'<li><a href="/n/{n}.html">某地发布第{n}批重点项目建设进展情况的通报</a><span>2019-02-1{n % 9} 08:{n + 10}</span></li>'
        for n in range(15)
    )
    title = "沙洲镇化工园火情处置情况通报"
    page = extract(
        f"<html><head><title>{title}_云港区政府网</title></head><body><div><ul>{rows}</ul></div><div><h1>{title}</h1>"
        f"<p>2026-03-15 06:30　区应急管理局</p><div><p>{PARAGRAPH}</p><p>{PARAGRAPH[::-1]}</p></div></div>"
        f"<div><ul>{rows}</ul></div></body></html>",
        "https://www.yungang.example/a/1.html",
    )
    assert page.page == "article"
    assert page.title == title
    assert page.published_at == parse_time("2026-03-15 06:30")
