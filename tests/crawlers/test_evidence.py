"""Evidence: each page as fetched, with hash and time; opening asks for a reason; altered or pruned bytes are said."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from warcio.archiveiterator import ArchiveIterator

from crawlers.evidence import Archive, EvidenceError, open_capture
from crawlers.fetched import Fetched
from pipeline.store import evidence as index
from pipeline.store.schema.documents import documents
from pipeline.store.schema.sources import captures, page_quarantine
from tests.crawlers.pages import article, listing

PATH = "/art/2026/art_1229_1.html"


@pytest.fixture
def archive(services):
    return Archive(services.settings.data_dir / "evidence", "tester")


def _page(clock, body=b"<html>as it was</html>", url="http://a.example/1"):
    return Fetched(url, url, 200, {"content-type": "text/html", "set-cookie": "x=1"}, body, clock.now())


def _kept(archive, services, clock, *bodies):
    found = [archive.write(_page(clock, body), "source", "document") for body in bodies]
    with services.store.write() as connection:
        index.save(connection, found)
    return found


def test_a_deleted_article_can_be_shown_as_it_was(services, site, source, crawling, clock):
    site.html("/", listing([(PATH, "关于沙洲镇火情处置的通报")]))
    site.html(PATH, article("关于沙洲镇火情处置的通报"))
    worker = crawling(source("site"))
    worker.crawl_due()
    first = site.pages[PATH].body
    clock.advance(timedelta(hours=2))
    site.html(
        PATH,
        article(
            "关于沙洲镇火情处置的通报",
            body="更正：有两人受轻伤，已送医，生命体征平稳，其余情况与前次通报一致，原因仍在调查。",
        ),
    )
    worker.crawl_due()
    second = site.pages[PATH].body
    del site.pages[PATH]
    clock.advance(timedelta(hours=13))
    worker.crawl_due()
    with services.store.read() as connection:
        document = connection.execute(select(documents)).one()
        found = index.of_document(connection, document.id)
    assert document.deleted_at == clock.now()
    opened = [open_capture(worker.archive, services.store, clock, c.id, "张科员", "核对通报前后文字") for c in found]
    assert [page.body for page in opened] == [first, second]
    with services.store.read() as connection:
        log = index.openings(connection)
    assert [(row.person, row.reason, row.what) for row in log] == [("张科员", "核对通报前后文字", "show")] * 2


def test_opening_without_a_reason_is_refused_and_shows_nothing(services, archive, clock):
    [capture] = _kept(archive, services, clock, b"<html>x</html>")
    for reason in ("", "  ", "看看"):
        with pytest.raises(EvidenceError, match="理由"):
            open_capture(archive, services.store, clock, capture.id, "张科员", reason)
    with services.store.read() as connection:
        assert index.openings(connection) == []


def test_an_altered_archive_is_found_out(services, archive, clock):
    whole, altered = _kept(archive, services, clock, b"<html>one</html>" * 50, b"<html>two</html>" * 50)
    assert archive.verify(services.store).wrong == ()
    path = archive.folder / altered.file
    raw = bytearray(path.read_bytes())
    raw[altered.offset + altered.length // 2] ^= 0xFF
    path.write_bytes(raw)
    result = archive.verify(services.store)
    assert result.checked == 2
    assert [capture_id for capture_id, _ in result.wrong] == [altered.id]
    assert archive.read(whole).body == b"<html>one</html>" * 50


def test_an_export_is_a_warc_file_that_others_can_read(services, archive, clock, tmp_path):
    [capture] = _kept(archive, services, clock, "<html>化工园起火</html>".encode())
    out = tmp_path / "evidence.warc.gz"
    out.write_bytes(archive.raw(capture))
    with out.open("rb") as file:
        [record] = [(r.rec_headers, r.http_headers, r.content_stream().read()) for r in ArchiveIterator(file)]
    assert record[0].get_header("WARC-Target-URI") == "http://a.example/1"
    assert record[0].get_header("Huiying-SHA256") == capture.sha256
    assert record[1].get_header("set-cookie") is None
    assert record[2].decode() == "<html>化工园起火</html>"


def test_pruning_takes_the_oldest_first_and_never_what_a_case_holds(services, archive, clock):
    days = []
    for day in range(4):
        days += _kept(archive, services, clock, bytes(f"<html>{day}</html>", "ascii") * 100)
        clock.advance(timedelta(days=1))
    held = archive.keep(services.store, days[0].id)
    sizes = sum(path.stat().st_size for path in archive.folder.rglob("*.warc.gz"))
    long_ago = clock.now() - timedelta(days=60)
    assert archive.prune(services.store, sizes, long_ago) == 0
    assert archive.prune(services.store, sizes - 1, long_ago) > 0
    assert archive.read(held).body.startswith(b"<html>0")
    with services.store.read() as connection:
        left = [index.get(connection, capture.id) for capture in days]
    assert [bool(capture.file) for capture in left] == [True, True, True, True]
    archive.prune(services.store, sizes, clock.now())  # the last day but today is over
    with services.store.read() as connection:
        left = [index.get(connection, capture.id) for capture in days]
    assert [bool(capture.file) for capture in left] == [True, False, False, False]
    with pytest.raises(EvidenceError, match="按保存期限清除"):
        archive.read(left[3])


def test_a_page_that_is_not_understood_is_set_aside_with_its_bytes(services, site, source, crawling):
    site.html("/", listing([(PATH, "关于沙洲镇火情处置的通报")]))
    site.html(PATH, "<html><body><p>维护中</p></body></html>")
    worker = crawling(source("site", options={"article": r"art_1229_\d+"}))
    report = worker.crawl_due().runs[0]
    assert (report.outcome, report.quarantined, report.new) == ("partial", 1, 0)
    with services.store.read() as connection:
        row = connection.execute(select(page_quarantine)).one()
        capture = connection.execute(select(captures)).one()
    assert row.url.endswith(PATH)
    assert row.capture_id == capture.id
    site.html(PATH, article("关于沙洲镇火情处置的通报"))
    assert worker.crawl_now().new == 1, "it is tried again, and had when it can be read"
    with services.store.read() as connection:
        assert connection.execute(select(page_quarantine)).all() == []
