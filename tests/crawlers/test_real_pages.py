"""Saved real pages served on loopback and crawled as a site: titles and dates right, lists not taken for articles."""

from __future__ import annotations

import json
import re

from sqlalchemy import select

from pipeline.clock import parse_time
from pipeline.store.schema.documents import documents
from tests.crawlers.misbehaving import Answer
from tests.crawlers.pages import listing


def _flat(text):
    return re.sub(r"\s+", "", text or "")


def test_a_site_of_real_pages_is_crawled(site, source, crawling, services, shared_data):
    folder = shared_data / "pages"
    rows = [json.loads(line) for line in (folder / "gold.jsonl").read_text(encoding="utf-8").splitlines()]
    rows = {f"/art/2026/page_{row['n']:04d}.html": row for row in rows if row["n"] != 34}  # edited by its saver
    site.html("/", listing([(path, f"第{row['n']}个保存的网页标题") for path, row in rows.items()]))
    for path, row in rows.items():
        site.pages[path] = Answer((folder / row["file"]).read_bytes(), headers={"Content-Type": "text/html"})
    limits = {"bytes": 4_000_000, "timeout_seconds": 30}
    crawling(source("site", limits=limits, options={"article": r"page_\d+"})).crawl_due()
    with services.store.read() as connection:
        had = {row.url.removeprefix(site.address): row for row in connection.execute(select(documents))}
    articles = {path for path, row in rows.items() if row["is_article"]}
    assert set(had) == articles, "every article, and no list"
    titles = [_flat(had[path].title) == _flat(rows[path]["title"]) for path in articles]
    assert sum(titles) >= 0.9 * len(titles)
    dated = [path for path in articles if rows[path]["published_at"]]
    right = [
        had[path].published_at and abs((had[path].published_at - parse_time(rows[path]["published_at"])).days) == 0
        for path in dated
    ]
    assert sum(map(bool, right)) >= 0.9 * len(dated)
