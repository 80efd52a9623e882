"""News and government sites: lists lead to articles, each had once; changed and deleted ones are noticed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from crawlers.spiders.articles import addresses_of_further_pages
from pipeline.clock import parse_time
from pipeline.store.schema.documents import documents, observations
from pipeline.store.schema.sources import captures
from tests.crawlers.misbehaving import Answer
from tests.crawlers.pages import PARAGRAPH, article, listing

HEADLINES = [(f"/art/2026/3/15/art_1229_{n}.html", f"关于沙洲镇火情处置的第{n}号通报") for n in range(4)]


def _serve(site, links=HEADLINES, etag='"1"'):
    site.html("/", listing(links), ETag=etag)
    for path, title in links:
        site.html(path, article(title))


def _rows(services, table=documents):
    with services.store.read() as connection:
        return connection.execute(select(table)).all()


def test_every_article_of_a_list_is_had_once(site, source, crawling, services, clock):
    _serve(site)
    worker = crawling(source("site"))
    first = worker.crawl_due()
    assert [run.outcome for run in first.runs] == ["ok"]
    rows = _rows(services)
    assert sorted(row.title for row in rows) == sorted(title for _, title in HEADLINES)
    assert all(row.published_at == parse_time("2026-03-15 06:30") for row in rows)
    assert all(row.collected_at == clock.now() and "明火已被扑灭" in row.text for row in rows)
    clock.advance(timedelta(hours=2))
    second = worker.crawl_due()
    assert second.new == 0
    assert [site.asked.count(path) for path, _ in HEADLINES] == [2, 2, 2, 2], "once, and once to see whether it changed"


def test_nothing_is_crawled_before_it_is_due(site, source, crawling, clock):
    _serve(site)
    worker = crawling(source("site"))
    worker.crawl_due()
    clock.advance(timedelta(minutes=1))
    assert worker.crawl_due().runs == []
    assert worker.next_due() > clock.now()


def test_new_articles_on_further_pages_are_followed(site, source, crawling, services):
    site.html("/", listing(HEADLINES[:2], following="/index_2.html"))
    site.html("/index_2.html", listing(HEADLINES[2:]))
    for path, title in HEADLINES:
        site.html(path, article(title))
    crawling(source("site")).crawl_due()
    assert len(_rows(services)) == 4


def test_robots_txt_is_obeyed_and_named(site, source, crawling, services):
    _serve(site)
    site.html("/robots.txt", f"User-agent: *\nDisallow: {HEADLINES[0][0]}\n")
    report = crawling(source("site")).crawl_due().runs[0]
    assert (report.outcome, report.reason, report.missed, report.new) == ("partial", "robots", 1, 3)
    assert HEADLINES[0][0] not in site.asked
    assert all("xinwenban@yungang.example" in agent for agent in site.agents)


def test_a_deleted_article_is_noticed(site, source, crawling, services, clock):
    _serve(site)
    worker = crawling(source("site"))
    worker.crawl_due()
    del site.pages[HEADLINES[1][0]]
    clock.advance(timedelta(hours=2))
    worker.crawl_due()
    gone = [row.title for row in _rows(services) if row.deleted_at]
    assert gone == [HEADLINES[1][1]]
    assert [row.deleted for row in _rows(services, observations)] == [True]


def test_a_site_in_gb18030_that_claims_utf8_is_read(site, source, crawling, services):
    site.html("/", listing(HEADLINES[:1]))
    path, title = HEADLINES[0]
    site.html(path, article(title, charset="utf-8"), encoding="gb18030")
    crawling(source("site")).crawl_due()
    assert [row.title for row in _rows(services)] == [title]


def test_what_was_learned_of_a_site_outlives_the_process(site, source, crawling, services, clock):
    _serve(site)
    crawling(source("site")).crawl_due()
    later = crawling(source("site"))
    shape = f"{site.address}/art/2026/3/15/art_1229_77.html"
    known = later.reader.places.known(shape)
    assert known is not None
    assert known.body == "//div[@class='article-content']"


def test_a_redesign_stands_in_the_warnings_once(site, source, crawling, services, clock):
    _serve(site)
    crawling(source("site", options={"revisits": 0})).crawl_due()
    worker = crawling(source("site", options={"revisits": 0}))
    warned = []
    for start in (10, 14):
        more = [(f"/art/2026/3/15/art_1229_{n}.html", f"沙洲镇火情处置第{n}号通报") for n in range(start, start + 4)]
        site.html("/", listing(more))
        for path, title in more:
            site.html(path, article(title).replace("article-content", "new-body"))
        clock.advance(timedelta(days=1))
        warned += worker.crawl_due().runs[0].warnings
    assert sum("改版" in warning for warning in warned) == 1
    known = worker.reader.places.known(f"{site.address}/art/2026/3/15/art_1229_77.html")
    assert known is not None
    assert "new-body" in known.body


def test_a_source_that_fails_is_asked_later_and_later(site, source, crawling, clock):
    site.pages["/"] = Answer(b"", 403)
    worker = crawling(source("site"))
    waits = []
    for _ in range(3):
        assert [run.outcome for run in worker.crawl_due().runs] == ["failed"]
        waits.append(worker.next_due() - clock.now())
        clock.advance_to(worker.next_due())
    assert waits[0] < waits[1] < waits[2]


def test_retry_after_is_respected(site, source, crawling, clock):
    site.pages["/"] = Answer(b"", 429, {"Retry-After": "7200"})
    worker = crawling(source("site"))
    assert worker.crawl_due().runs[0].reason == "throttled"
    assert worker.next_due() - clock.now() == timedelta(hours=2)


def _paged(title, words, *further):
    pager = "".join(f'<a href="{path}">{number}</a> ' for number, path in enumerate(further, 2))
    return article(title, body=words).replace("</div></body>", f"<p class='pager'>{pager}</p></div></body>")


def test_an_article_over_several_pages_is_one_document_with_all_its_words(site, source, crawling, services):
    path, title = HEADLINES[0]
    second, third = path.replace(".html", "_2.html"), path.replace(".html", "_3.html")
    others = [words for words, _ in HEADLINES[1:]]
    site.html("/", listing(HEADLINES[:1]))
    site.html(path, _paged(title, PARAGRAPH + "一页终。", second, *others))
    site.html(second, _paged(title, PARAGRAPH + "二页终。", second, third))
    site.html(third, _paged(title, PARAGRAPH + "三页终。", second))
    assert crawling(source("site")).crawl_due().runs[0].outcome == "ok"
    (row,) = _rows(services)
    assert [row.text.index(f"{page}页终") for page in "一二三"] == sorted(row.text.index(f"{p}页终") for p in "一二三")
    assert site.asked.count(second) == site.asked.count(third) == 1
    assert len(_rows(services, captures)) == 3


def test_an_article_whose_second_page_is_broken_is_kept_and_the_page_missed(site, source, crawling, services):
    path, title = HEADLINES[0]
    second = path.replace(".html", "_2.html")
    site.html("/", listing(HEADLINES[:1]))
    site.html(path, _paged(title, PARAGRAPH + "一页终。", second))
    site.pages[second] = Answer(b"", 500)
    run = crawling(source("site")).crawl_due().runs[0]
    assert (run.outcome, run.new, run.missed) == ("partial", 1, 1)
    assert "一页终" in _rows(services)[0].text


@pytest.mark.parametrize(
    ("page", "linked", "further"),
    [
        ("/a/c_81.html", "/a/c_81_2.html", ["/a/c_81_2.html"]),
        ("/a/t20260315_81.html", "./t20260315_81_1.html", ["/a/t20260315_81_1.html"]),
        ("/a/81.shtml", "81-2.shtml#p", ["/a/81-2.shtml"]),
        ("/a/81.html", "/a/181_2.html", []),
        ("/a/81.html", "/a/82.html", []),
        ("/a/index.html", "/a/index_2.html", []),
        ("/a/81.html", "/a/81_0.html", []),
    ],
)
def test_where_an_article_goes_on(page, linked, further):
    found = addresses_of_further_pages(f"https://a.example{page}", f'<a href="{linked}">2</a>'.encode())
    assert found == [f"https://a.example{path}" for path in further]
