"""A storm of faults: every page that could be had is had exactly once, the ledger names the rest, and nothing hangs."""

from __future__ import annotations

import gzip
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select

from crawlers.ledger import hour_of
from pipeline.store import ledger
from pipeline.store.schema.documents import documents
from pipeline.store.schema.sources import source_runs
from tests.crawlers import misbehaving as bad
from tests.crawlers.misbehaving import Answer
from tests.crawlers.pages import article, listing

GOOD = [f"/art/good_{n:04d}.html" for n in range(1000, 1012)]
# address → (behaviour, the reason that the ledger must name)
LOST = {
    "/art/reset_1001.html": (bad.reset, "connection"),
    "/art/hanging_1002.html": (bad.hanging(4), "timeout"),
    "/art/trickle_1003.html": (bad.trickle(4), "timeout"),
    "/art/endless_1004.html": (bad.endless, "too_large"),
    "/art/huge_1005.html": (Answer(b"x" * 400_000), "too_large"),
    "/art/bomb_1006.html": (bad.gzip_bomb(50_000_000), "too_large"),
    "/art/badgzip_1007.html": (bad.bad_gzip(b"garbage" * 20), "bad_body"),
    "/art/cut_1008.html": (bad.cut(article("断在半路").encode()[:900], 5000), "truncated"),
    "/art/error_1009.html": (Answer(b"oops", 500), "server"),
    "/art/loop_1010.html": (bad.redirect("/art/loop_1010.html"), "moved"),
    "/art/away_1011.html": (bad.redirect("http://elsewhere.example/x"), "moved"),
    "/art/inside_1012.html": (bad.redirect("http://169.254.169.254/latest/meta-data"), "moved"),
    "/art/gone_1013.html": (Answer(b"", 404), "gone"),
    "/art/secret_1014.html": (Answer(b"", 403), "forbidden"),
}
# misbehaves first, or in a way that can be read all the same
HAD = {
    "/art/flaky_2001.html": bad.times(2, bad.reset, Answer(article("连接两次才成").encode())),
    "/art/flaky_2002.html": bad.times(1, Answer(b"", 502), Answer(article("网关一时出错").encode())),
    "/art/flaky_2003.html": bad.times(1, bad.cut(b"<html>", 900), Answer(article("第一次没传完").encode())),
    "/art/long_2004.html": bad.cut(article("长度写大了但传完了").encode(), 9000),
    "/art/moved_2005.html": bad.redirect("/art/new_2005.html", 301),
    "/art/gbklie_2006.html": Answer(article("说是UTF8其实是国标码").encode("gb18030")),
    "/art/gzip_2007.html": Answer(gzip.compress(article("压缩的页面").encode()), headers={"Content-Encoding": "gzip"}),
    "/art/nul_2008.html": Answer(article("夹着空字符\x00的页面").encode()),
}


@pytest.fixture
def stormy(site):
    paths = [*GOOD, *LOST, *HAD]
    site.html("/", listing([(path, f"关于{path[5:]}的通报标题") for path in paths]))
    for number, path in enumerate(GOOD):
        site.html(path, article(f"第{number}号通报一切正常"))
    for path, (behaviour, _) in LOST.items():
        site.pages[path] = behaviour
    site.pages |= HAD
    site.html("/art/new_2005.html", article("搬到了新地址"))
    return site


def test_what_can_be_had_is_had_once_and_the_ledger_names_the_rest(stormy, source, crawling, services, clock):
    storm = source("site", limits={"timeout_seconds": 1, "bytes": 300_000})
    worker = crawling(storm)
    report = worker.crawl_due().runs[0]
    with services.store.read() as connection:
        had = Counter(row.url.removeprefix(stormy.address) for row in connection.execute(select(documents)))
        run = connection.execute(select(source_runs)).one()
    assert had == Counter([*GOOD, *HAD])
    named = {address.removeprefix(stormy.address): reason for address, reason, _ in run.missed}
    assert named == {path: reason for path, (_, reason) in LOST.items()}
    assert (report.outcome, report.new, report.missed) == ("partial", len(GOOD) + len(HAD), len(LOST))
    with services.store.read() as connection:
        [hour] = ledger.entries(connection, hour_of(clock.now()), clock.now() + timedelta(hours=1))
    assert hour.missing == len(LOST) - 1, "a page that is gone is not missing"


def test_a_page_missed_in_the_storm_is_had_when_it_is_over(stormy, source, crawling, services, clock):
    worker = crawling(source("site", limits={"timeout_seconds": 1, "bytes": 300_000}))
    worker.crawl_due()
    for path in LOST:
        stormy.html(path, article(f"后来好了的{path[5:-5]}"))
    clock.advance(timedelta(hours=2))
    assert worker.crawl_due().new == len(LOST)
    with services.store.read() as connection:
        lacking = sum(
            entry.missing for entry in ledger.entries(connection, clock.now() - timedelta(days=1), clock.now())
        )
    assert lacking == 0


def test_one_bad_source_never_stops_another(site, source, crawling, services):
    site.pages["/bad"] = bad.endless
    site.html("/", listing([(path, "一条正常的通报标题") for path in GOOD]))
    for path in GOOD:
        site.html(path, article("正常的通报"))
    sources = [
        source("site", id="good-one"),
        source("site", "/bad", id="bad-one"),
        source("weibo", "/none", id="odd-one"),
    ]
    report = crawling(*sources).crawl_due()
    assert {run.source_id: run.outcome for run in report.runs}["good-one"] == "ok"
    assert report.new == len(GOOD)
