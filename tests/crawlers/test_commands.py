"""The commands an office types: crawl, source, evidence; each error one Chinese line, JSON where a program reads it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import typer
from typer.testing import CliRunner

from config.settings import CrawlSettings, Settings
from crawlers import commands
from crawlers.opening import to_toml
from pipeline.errors import HuiyingError
from tests.crawlers.pages import article, listing

PATH = "/art/2026/art_1229_1.html"


@pytest.fixture
def office(services, site, source, tmp_path):
    site.html("/", listing([(PATH, "关于沙洲镇火情处置的通报")]))
    site.html(PATH, article("关于沙洲镇火情处置的通报"))
    folder = tmp_path / "config" / "sources"
    folder.mkdir(parents=True)
    (folder / "test-source.toml").write_text(to_toml(source("site")), encoding="utf-8")
    settings = Settings(
        data_dir=tmp_path, config_dir=tmp_path / "shipped", crawl=CrawlSettings(private_hosts=("127.0.0.1",))
    )
    return replace(services, settings=settings)


@pytest.fixture
def huiying(office):
    app = typer.Typer()
    app.command()(commands.crawl)
    app.add_typer(commands.source_app, name="source")
    app.add_typer(commands.evidence_app, name="evidence")

    def run(*words):
        return CliRunner().invoke(app, list(words), obj=lambda: office)

    return run


def test_crawl_says_what_came_in(huiying):
    result = huiying("crawl", "--json")
    answer = json.loads(result.stdout)
    assert (result.exit_code, answer["new"], answer["outcomes"]) == (0, 1, {"ok": 1})


def test_an_unknown_source_is_named_with_those_there_are(huiying):
    result = huiying("crawl", "nothing-like-it")
    assert isinstance(result.exception, HuiyingError)
    assert "没有信源“nothing-like-it”" in str(result.exception)
    assert "test-source" in str(result.exception)


def test_a_crawl_that_fails_altogether_exits_with_one(huiying, site):
    site.pages.clear()
    assert huiying("crawl").exit_code == 1


def test_sources_are_listed_with_their_health(huiying):
    huiying("crawl")
    [row] = json.loads(huiying("source", "list", "--json").stdout)
    assert (row["id"], row["health"], row["enabled"]) == ("test-source", "ok", True)
    assert "正常" in huiying("source", "list").stdout


def test_a_source_file_is_checked(huiying, tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text('id="a-b"\nname="x"\nkind="news"\nspider="site"\nurll="http://x/"\n', encoding="utf-8")
    result = huiying("source", "check", str(path))
    assert "bad.toml" in str(result.exception)
    assert "urll" in str(result.exception)


def test_a_source_is_added_from_an_address_once_its_preview_is_good(huiying, site):
    for n in range(2, 12):
        site.html(f"/art/2026/art_1229_{n}0000.html", article(f"关于第{n}批道路养护工程的公告"))
    links = [(f"/art/2026/art_1229_{n}0000.html", f"关于第{n}批道路养护工程的公告") for n in range(2, 12)]
    site.html("/xwzx/", listing(links))
    answer = json.loads(
        huiying("source", "add", site.address + "/xwzx/", "--name", "云港新闻", "--yes", "--json").stdout
    )
    assert answer["added"]
    assert len(json.loads(huiying("source", "list", "--json").stdout)) == 2
    assert "读懂 10 篇" in "".join(answer["notes"])


def test_coverage_says_whether_nothing_found_means_nothing(huiying):
    huiying("crawl")
    assert "个信源" in huiying("source", "coverage").stdout
    assert "complete" in json.loads(huiying("source", "coverage", "--json").stdout)


def test_evidence_is_listed_shown_exported_and_verified(huiying, site, tmp_path):
    huiying("crawl")
    [row] = json.loads(huiying("evidence", "list", site.address + PATH, "--json").stdout)
    shown = huiying("evidence", "show", row["id"], "--reason", "核对通报原文")
    assert shown.stdout_bytes == site.pages[PATH].body
    out = tmp_path / "out.warc.gz"
    assert row["sha256"] in huiying("evidence", "export", row["id"], "--out", str(out), "--reason", "移交法制科").stdout
    assert out.stat().st_size > 100
    verified = huiying("evidence", "verify", "--json")
    assert (verified.exit_code, json.loads(verified.stdout)) == (0, {"checked": 1, "wrong": []})
    assert huiying("evidence", "prune").exit_code == 0


def test_evidence_without_a_reason_is_refused(huiying, site):
    huiying("crawl")
    [row] = json.loads(huiying("evidence", "list", site.address + PATH, "--json").stdout)
    assert huiying("evidence", "show", row["id"]).exit_code == 2
    assert "理由" in str(huiying("evidence", "show", row["id"], "--reason", "x").exception)


@pytest.mark.parametrize("words", [("crawl",), ("source", "add"), ("source", "coverage"), ("evidence", "show")])
def test_every_command_shows_an_example(huiying, words):
    assert "例：huiying" in huiying(*words, "--help").stdout
