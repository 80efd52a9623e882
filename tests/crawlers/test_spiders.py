"""What the other spiders must do over time: late replies, full feeds, moved lists, read-only mailboxes, remembered files."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from crawlers.extraction.text import text_of_html
from crawlers.source import SourceError
from crawlers.spiders.open_tools import read_open_tool
from crawlers.spiders.registry import SPIDERS, spider_for
from pipeline.store import sources as book
from pipeline.store.schema.documents import documents, observations
from tests.crawlers.imap_server import ImapMailbox
from tests.crawlers.misbehaving import Answer
from tests.crawlers.pages import article, listing

LETTER = """<html><head><meta charset="utf-8"></head><body><table><tr><td>信件标题</td><td>柳渡镇拆迁补偿标准何时公布</td></tr>
<tr><td>来信时间</td><td>2026-03-12 09:02</td></tr><tr><td>写信人</td><td>王小明</td></tr>
<tr><td>信件内容</td><td>柳东村要拆迁了，请尽快公布标准。</td></tr>{reply}</table></body></html>"""
REPLY = "<tr><td>答复单位</td><td>柳渡镇</td></tr><tr><td>答复时间</td><td>2026-03-16 10:00</td></tr><tr><td>答复内容</td><td>标准已于今日张榜公布。</td></tr>"


def _all(services, table=documents):
    with services.store.read() as connection:
        return connection.execute(select(table)).all()


def test_a_reply_that_comes_later_is_kept_with_its_message(site, source, crawling, services, clock):
    site.html("/list.html", listing([("/detail/1.html", "柳渡镇拆迁补偿标准何时公布")]))
    site.html("/detail/1.html", LETTER.format(reply=""))
    worker = crawling(source("portal", "/list.html", kind="message", options={"detail": "/detail/"}))
    worker.crawl_due()
    assert [row.reply for row in _all(services)] == [None]
    clock.advance(timedelta(days=1, hours=6))
    site.html("/detail/1.html", LETTER.format(reply=REPLY))
    worker.crawl_due()
    [row] = _all(services)
    assert row.reply["department"] == "柳渡镇"
    assert row.reply["text"] == "标准已于今日张榜公布。"
    assert "王小明" not in str(row), "the writer's name is not kept"


def test_a_portal_whose_list_loses_its_links_is_broken_not_quiet(site, source, crawling, clock):
    site.html("/list.html", listing([("/detail/1.html", "柳渡镇拆迁补偿标准何时公布")]))
    site.html("/detail/1.html", LETTER.format(reply=""))
    worker = crawling(source("portal", "/list.html", kind="message", options={"detail": "/detail/"}))
    assert worker.crawl_due().runs[0].outcome == "ok"
    site.html("/list.html", "<html><body><div id='app'></div></body></html>")
    clock.advance(timedelta(hours=2))
    report = worker.crawl_due().runs[0]
    assert (report.outcome, report.reason) == ("failed", "redesigned")


def test_a_young_list_without_links_is_no_failure(site, source, crawling):
    site.html("/list.html", listing([]))
    report = (
        crawling(source("portal", "/list.html", kind="message", options={"detail": "/detail/"})).crawl_due().runs[0]
    )
    assert report.outcome == "ok"
    assert report.warnings


RSS = """<?xml version="1.0"?><rss version="2.0"><channel><title>t</title><link>http://x/</link><description>d</description>{items}</channel></rss>"""


def _item(url, title, words):
    return f"<item><title>{title}</title><link>{url}</link><description>{words}</description><pubDate>Sun, 15 Mar 2026 07:00:00 +0800</pubDate></item>"


def test_a_feed_asks_only_for_pages_whose_text_it_lacks(site, source, crawling, services):
    whole, short = site.address + "/whole.html", site.address + "/short.html"
    items = _item(whole, "全文在订阅源里", "沙洲镇" * 80) + _item(short, "只有摘要", "摘要")
    site.pages["/rss.xml"] = Answer(RSS.format(items=items).encode(), headers={"ETag": '"7"'})
    site.html("/short.html", article("只有摘要"))
    crawling(source("feed", "/rss.xml")).crawl_due()
    assert {row.title for row in _all(services)} == {"全文在订阅源里", "只有摘要"}
    assert "/whole.html" not in site.asked


def test_an_unchanged_feed_is_not_sent_again(site, source, crawling, services, clock):
    item = _item(site.address + "/a.html", "全文在订阅源里", "沙洲镇" * 80)
    site.pages["/rss.xml"] = Answer(RSS.format(items=item).encode(), headers={"ETag": '"7"'})
    worker = crawling(source("feed", "/rss.xml", options={"revisits": 0}))
    worker.crawl_due()
    clock.advance(timedelta(hours=2))
    run = worker.crawl_due().runs[0]
    assert (run.outcome, run.new) == ("ok", 0)
    with services.store.read() as connection:
        from pipeline.store import sources as book

        assert book.runs(connection, "test-source")[0].unchanged == 1


def test_rsshub_routes_are_known_by_name(source):
    spider = spider_for(source("feed", options={"routes": ["people-liuyan:539", "weibo-hot"]}))
    assert spider._addresses("http://rsshub.example:1200/") == [
        "http://rsshub.example:1200/people/liuyan/539",
        "http://rsshub.example:1200/weibo/search/hot",
    ]
    with pytest.raises(SourceError, match="没有名为“nothing”"):
        spider_for(source("feed", options={"routes": ["nothing"]}))


def test_a_mailbox_is_read_without_a_trace_and_each_letter_once(source, crawling, services, clock):
    letter = b"Subject: road lamp\r\nMessage-ID: <%d@x>\r\nFrom: Wang <wang@x.example>\r\nDate: Sat, 14 Mar 2026 19:25:00 +0800\r\n\r\nThe lamp is broken.\r\n"
    secrets = services.settings.data_dir / "secrets"
    secrets.mkdir()
    (secrets / "box").write_text("xinxiang:chunjiang")
    (secrets / "box").chmod(0o600)
    with ImapMailbox([letter % 1, letter % 2]) as mailbox:
        worker = crawling(source("mailbox", kind="message", url=mailbox.address, secret="box"))
        assert worker.crawl_due().new == 2
        mailbox.letters.append(letter % 3)
        clock.advance(timedelta(hours=2))
        assert worker.crawl_due().new == 1
        verbs = {command.split(" ")[0] for command in mailbox.commands}
        assert "EXAMINE" in verbs, "opened read-only"
        assert "SELECT" not in verbs
        assert all("BODY.PEEK" in command for command in mailbox.commands if "FETCH" in command)
    assert all("wang" not in str(row).lower() for row in _all(services))


def test_a_wrong_mailbox_password_is_named(source, crawling, services):
    (services.settings.data_dir / "secrets").mkdir()
    path = services.settings.data_dir / "secrets" / "box"
    path.write_text("xinxiang:wrong")
    path.chmod(0o600)
    with ImapMailbox([]) as mailbox:
        report = crawling(source("mailbox", kind="message", url=mailbox.address, secret="box")).crawl_due().runs[0]
    assert (report.outcome, report.reason) == ("failed", "login")
    assert "wrong" not in report.detail.replace("wrong password", "")


def test_files_are_read_again_only_when_they_changed(source, crawling, services, clock, tmp_path):
    folder = tmp_path / "exports"
    folder.mkdir()
    path = folder / "12345.csv"
    path.write_text("工单编号,诉求内容,来电人,登记时间\nA1,路灯不亮,赵某,2026-03-12 20:00\n", encoding="gb18030")
    worker = crawling(source("files", kind="hotline", url="", options={"folder": str(folder)}))
    assert worker.crawl_due().new == 1
    clock.advance(timedelta(hours=2))
    assert worker.crawl_due().new == 0
    path.write_text(
        "工单编号,诉求内容,来电人,登记时间\nA1,路灯不亮,赵某,2026-03-12 20:00\nA2,井盖缺失,钱某,2026-03-13 08:00\nA3,,孙某,\n",
        encoding="gb18030",
    )
    clock.advance(timedelta(hours=13))
    report = worker.crawl_due().runs[0]
    assert report.new == 1
    assert any("1 行没有收" in warning for warning in report.warnings)
    assert all("赵某" not in str(row) and "钱某" not in str(row) for row in _all(services))


def test_a_folder_that_is_gone_is_a_failure_not_a_quiet_day(source, crawling, tmp_path):
    report = (
        crawling(source("files", kind="hotline", url="", options={"folder": str(tmp_path / "gone")}))
        .crawl_due()
        .runs[0]
    )
    assert (report.outcome, report.reason) == ("failed", "connection")


MEDIA = [
    ({"aweme_id": "71", "aweme_type": "0", "title": "柳河死鱼", "desc": "柳河死鱼，一竿子下去全是", "create_time": 1773370511, "liked_count": "1.5万",
      "comment_count": "30", "share_count": "9", "aweme_url": "https://v.example/71", "user_id": "1"}, "video", 15000),
    ({"video_id": "BV1", "video_type": "video", "title": "白鹭村公交", "desc": "19路", "create_time": 1773370511, "liked_count": "7",
      "video_play_count": "900", "video_danmaku": "1", "video_comment": "2", "video_url": "https://b.example/1", "user_id": "1"}, "video", 7),
    ({"note_id": "t1", "title": "柳河又红了", "desc": "去年也红过", "note_url": "https://t.example/1", "publish_time": "2026-03-13 08:30",
      "tieba_name": "云港吧", "total_replay_num": 5}, "forum", None),
    ({"content_id": "z1", "content_type": "answer", "content_text": "化工园离居民区太近", "title": "如何看待", "created_time": 1773370511,
      "voteup_count": 12, "comment_count": 1, "content_url": "https://z.example/1"}, "forum", 12),
]  # fmt: skip


@pytest.mark.parametrize(("row", "kind", "likes"), MEDIA, ids=["douyin", "bilibili", "tieba", "zhihu"])
def test_what_mediacrawler_writes_is_read(tmp_path, row, kind, likes):
    path = tmp_path / "contents.json"
    path.write_text(json.dumps([row], ensure_ascii=False), encoding="utf-8")
    [document] = list(read_open_tool(path))
    assert (document.kind, document.counts.likes) == (kind, likes)
    assert document.published_at is not None
    assert document.url.startswith("https://")


def test_other_files_are_left_to_the_general_import(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"id": "1", "text": "路灯不亮"}\n', encoding="utf-8")
    assert read_open_tool(path) is None
    path.write_bytes(b"\xff\xfe not json")
    assert read_open_tool(path) is None


@given(st.text(max_size=300))
def test_any_fragment_becomes_plain_text(fragment):
    assert isinstance(text_of_html(fragment), str)


def test_text_keeps_paragraphs_and_names_of_emoticons():
    assert text_of_html('<p>一&nbsp;二</p><p>三<img alt="[泪]" src="x"><script>bad()</script></p>') == "一 二\n三[泪]"


@pytest.mark.parametrize("name", sorted(SPIDERS))
def test_a_wrong_option_names_source_and_option(source, name):
    with pytest.raises(SourceError, match="test-source.*options.*typo"):
        spider_for(source(name, options={"typo": 1}))


def test_counters_seen_again_are_observations(site, source, crawling, services, clock):
    answer = {"data": {"list": [{"id": "v1", "desc": "柳河死鱼现场", "likes": 5}]}}
    site.json("/api?page=1", answer)
    options = {"items": "data.list", "fields": {"id": "id", "text": "desc", "likes": "likes"}, "pages": 1}
    worker = crawling(source("api", "/api?page={page}", kind="video", options=options))
    worker.crawl_due()
    answer["data"]["list"][0]["likes"] = 900
    site.json("/api?page=1", answer)
    clock.advance(timedelta(hours=2))
    assert worker.crawl_due().runs[0].observed == 1
    assert [row.likes for row in _all(services)] == [5]
    assert [row.likes for row in _all(services, observations)] == [900]


def test_a_wish_for_the_past_asks_an_interface_past_what_is_known(site, source, crawling, services, clock):
    for number, items in enumerate(([{"id": "v3", "desc": "三"}], [{"id": "v2", "desc": "二"}], []), 1):
        site.json(f"/api?page={number}", {"data": {"list": items}})
    options = {"items": "data.list", "fields": {"id": "id", "text": "desc"}, "pages": 1}
    worker = crawling(source("api", "/api?page={page}", kind="video", options=options))
    assert worker.crawl_due().new == 1
    with services.store.write() as connection:
        assert book.fill(connection, "test-source", clock.now() - timedelta(days=5), clock.now())
    assert worker.crawl_due().new == 1
