"""A source from one address: feed, list, article pattern and previews found by itself; nothing private; nothing kept."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from config.settings import CrawlSettings, Settings
from crawlers.adding import find_source
from crawlers.discover import article_pattern, source_id
from crawlers.extraction.page import Link
from crawlers.opening import add_source, all_sources, to_toml
from crawlers.source import Source, SourceError, parse_source
from crawlers.spiders.registry import spider_for
from crawlers.troubles import SourceTrouble
from pipeline.document import Kind
from pipeline.store.schema.documents import documents
from tests.crawlers.misbehaving import Answer
from tests.crawlers.pages import article, listing

LINKS = [(f"/art/2026/3/{n}/art_1229_{5000 + n}.html", f"关于第{n}批道路养护工程的公告") for n in range(1, 13)]


@pytest.fixture
def office(services, tmp_path):
    settings = Settings(
        data_dir=tmp_path, config_dir=tmp_path / "shipped", crawl=CrawlSettings(private_hosts=("127.0.0.1",))
    )
    return replace(services, settings=settings)


@pytest.fixture
def town(site):
    site.html("/xwzx/", listing(LINKS))
    for n, (path, title) in enumerate(LINKS, 1):
        site.html(path, article(title, time=f"2026-03-{n:02d} 10:00"))
    return site


def test_a_list_page_is_understood_and_previewed(office, town):
    found = find_source(office, town.address + "/xwzx/", "云港区政府网", Kind.NEWS)
    assert found.good
    assert len(found.previews) == 10
    assert all(preview.published_at and preview.chars > 50 for preview in found.previews)
    assert found.source.options["article"] == r"/art/\d+/\d+/\d+/art_\d+_\d+\.html"
    with office.store.read() as connection:
        assert connection.execute(select(documents)).all() == [], "a preview keeps nothing"


def test_an_added_source_is_crawled_like_any_other(office, town, crawling):
    found = find_source(office, town.address + "/xwzx/", "云港区政府网", Kind.NEWS)
    add_source(office, found.source, "管理员")
    [known] = all_sources(office.settings, office.store)
    assert known == found.source
    with pytest.raises(SourceError, match="已经有了"):
        add_source(office, found.source, "管理员")


def test_a_feed_named_by_the_page_is_found(office, town):
    item = f"<item><title>x</title><link>{town.address}{LINKS[0][0]}</link></item>"
    town.pages["/news.xml"] = Answer(
        f"<?xml version='1.0'?><rss version='2.0'><channel>{item}</channel></rss>".encode()
    )
    body = listing(LINKS).replace(
        "</head>", '<link rel="alternate" type="application/rss+xml" href="/news.xml"></head>'
    )
    town.html("/xwzx/", body)
    found = find_source(office, town.address + "/xwzx/", "", Kind.NEWS)
    assert found.source.options["feeds"] == [town.address + "/news.xml"]


def test_a_feed_address_becomes_a_feed_source(office, town):
    item = "".join(f"<item><title>{t}</title><link>{town.address}{p}</link></item>" for p, t in LINKS)
    town.pages["/news.xml"] = Answer(
        f"<?xml version='1.0'?><rss version='2.0'><channel>{item}</channel></rss>".encode()
    )
    found = find_source(office, town.address + "/news.xml", "", Kind.NEWS)
    assert found.source.spider == "feed"
    assert found.good


def test_a_page_without_articles_says_what_to_do(office, site):
    site.html("/", "<html><body><p>正在建设</p></body></html>")
    with pytest.raises(SourceTrouble, match="栏目列表页"):
        find_source(office, site.address + "/", "", Kind.NEWS)


def test_what_is_no_address_is_refused(office):
    for bad in ("", "云港区政府网", "file:///etc/passwd", "javascript:alert(1)"):
        with pytest.raises(SourceError, match="不是网址"):
            find_source(office, bad, "", Kind.NEWS)


def test_a_private_address_is_refused_unless_the_settings_name_it(services, town, tmp_path):
    closed = replace(services, settings=Settings(data_dir=tmp_path, config_dir=tmp_path / "shipped"))
    with pytest.raises(SourceTrouble, match="许可范围"):
        find_source(closed, town.address + "/xwzx/", "", Kind.NEWS)
    assert town.asked == []
    sneaky = Source(id="sneaky", name="x", kind="news", spider="site", url=town.address, allow_private=("127.0.0.1",))
    with pytest.raises(SourceError, match="private_hosts"):
        add_source(closed, sneaky, "管理员")


def test_the_pattern_is_that_of_headlines_not_of_navigation(source):
    links = [Link(f"http://a.cn/art/{n}.html", f"关于沙洲镇道路养护的第{n}号公告") for n in range(10000, 10008)]
    links += [Link(f"http://a.cn/tag/{n}", "关于") for n in range(10000, 10030)]
    pattern, urls = article_pattern(links, Source(id="a-b", name="x", kind="news", spider="site", url="http://a.cn/"))
    assert pattern == r"/art/\d+\.html"
    assert len(urls) == 8


@given(st.text(max_size=60), st.text(min_size=1, max_size=60))
def test_a_source_written_as_toml_reads_back(note, name):
    made = Source(id="a-b", name=name, kind="news", spider="site", url="https://a.cn/", note=note,
                  options={"lists": ["https://a.cn/x/"], "article": r"art_\d+"}, hosts=("b.cn",))  # fmt: skip
    assert parse_source(to_toml(made), "x.toml") == made


def test_ids_are_readable_and_unique():
    assert source_id("https://www.yungang.gov.cn/xwzx/", []) == "yungang-gov-cn"
    assert source_id("https://www.yungang.gov.cn/xwzx/", ["yungang-gov-cn"]) == "yungang-gov-cn-2"


def test_shipped_sources_are_right_and_none_crawls_until_it_is_switched_on(office):
    shipped = all_sources(Settings(data_dir=office.settings.data_dir), office.store)
    assert shipped
    for made in shipped:
        spider_for(made)
        assert not made.enabled, f"{made.id} must not crawl before an office has looked at it"
        assert not made.allow_private
