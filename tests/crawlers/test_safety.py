"""A crawler fetches only what it was told to: no private address, no other host, no way in by a redirect or a name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.engine import CrawlEngine, Identity
from crawlers.fetched import Ask
from crawlers.fetcher import EngineFetcher, declared_encoding, retry_after
from crawlers.network import allowing, is_private, looks_private, may_resolve_to
from crawlers.secrets import secret_of
from crawlers.source import Source, SourceError
from crawlers.troubles import PageTrouble
from pipeline.clock import SystemClock, parse_time
from tests.crawlers.misbehaving import Answer, redirect

PRIVATE = ("127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.9.9", "169.254.169.254", "::1", "[::1]", "fe80::1", "0.0.0.0",
           "::ffff:127.0.0.1", "100.64.0.1", "224.0.0.1", "fc00::1")  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_known(address):
    assert is_private(address)
    assert not may_resolve_to("www.example.cn", address)


@pytest.mark.parametrize("address", ["8.8.8.8", "223.5.5.5", "2400:3200::1"])
def test_public_addresses_are_allowed(address):
    assert not is_private(address)
    assert may_resolve_to("www.example.cn", address)


def test_a_private_answer_is_allowed_only_while_a_source_names_the_host():
    with allowing(["intranet.example"]):
        assert may_resolve_to("intranet.example", "10.0.0.8")
        assert not may_resolve_to("other.example", "10.0.0.8")
    assert not may_resolve_to("intranet.example", "10.0.0.8")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST.", "db.internal", "printer.local", "127.0.0.1"])
def test_private_names_are_known_before_any_look_up(host):
    assert looks_private(host)


@pytest.fixture
def engine():
    with CrawlEngine(Identity("xinwenban@yungang.example")) as opened:
        yield opened


def _fetch(engine, source, url):
    with allowing(source.allow_private):
        return engine.run(lambda: EngineFetcher(engine, source, SystemClock()).fetch(Ask(url)))


def _reason(engine, source, url):
    with pytest.raises(PageTrouble) as caught:
        _fetch(engine, source, url)
    return caught.value.reason


def test_loopback_is_refused_unless_named(site, source, engine):
    site.pages["/x"] = Answer(b"<html>secret</html>")
    unnamed = source("site", allow_private=())
    assert _reason(engine, unnamed, site.address + "/x") == "not_allowed"
    assert site.asked == []


@pytest.mark.parametrize("spelling", ["2130706433", "0177.0.0.1", "127.1", "localhost"])
def test_odd_spellings_of_loopback_are_refused(site, source, engine, spelling):
    port = site.address.rsplit(":", 1)[1]
    url = f"http://{spelling}:{port}/x"
    assert _reason(engine, source("site", url=url, allow_private=()), url) in ("not_allowed", "dns")
    assert site.asked == []


def test_a_public_name_that_resolves_to_a_private_address_is_refused(site, source, engine, monkeypatch):
    monkeypatch.setattr("socket.gethostbyname", lambda name: "127.0.0.1")
    site.pages["/x"] = Answer(b"<html><body>inside</body></html>")
    port = site.address.rsplit(":", 1)[1]
    turned = f"http://turned.example:{port}/x"
    assert _reason(engine, source("site", url=turned, allow_private=(), robots=False), turned) == "dns"
    assert site.asked == []
    named = f"http://named.example:{port}/x"
    allowed = source("site", url=named, allow_private=("named.example",), robots=False)
    assert b"inside" in _fetch(engine, allowed, named).body, "the same answer for a name that the source allows"


def test_a_redirect_to_another_host_or_a_private_address_is_refused(site, source, engine):
    port = site.address.rsplit(":", 1)[1]
    site.pages["/other"] = redirect("http://other.example/")
    site.pages["/inside"] = redirect(f"http://localhost:{port}/secret")
    here = source("site")
    assert _reason(engine, here, site.address + "/other") == "moved"
    assert _reason(engine, here, site.address + "/inside") == "moved"
    assert "/secret" not in site.asked


def test_only_http_is_fetched(source, engine):
    assert _reason(engine, source("site"), "file:///etc/passwd") == "not_allowed"
    assert _reason(engine, source("site"), "ftp://127.0.0.1/x") == "not_allowed"


def test_a_cookie_is_not_sent_to_another_host(site, source, engine):
    here = source("site")
    assert not here.may_fetch("http://evil.example/")
    assert here.may_fetch(site.address + "/anything")


def test_a_secret_file_that_others_can_read_is_refused(services, source):
    folder = services.settings.data_dir / "secrets"
    folder.mkdir()
    path = folder / "weibo"
    path.write_text("SUB=abc\n")
    path.chmod(0o600)
    named = source("weibo", secret="weibo")
    assert secret_of(named, services.settings) == "SUB=abc"
    path.chmod(0o644)
    with pytest.raises(SourceError, match="chmod 600"):
        secret_of(named, services.settings)


def test_a_wrong_key_in_a_source_names_file_key_and_value():
    from crawlers.source import parse_source

    with pytest.raises(SourceError, match=r"a\.toml.*limits\.page.*没有这个配置项"):
        parse_source('id="a-b"\nname="x"\nkind="news"\nspider="site"\n[limits]\npage=3', "a.toml")


def test_hosts_with_a_leading_dot_cover_subdomains():
    named = Source(id="a-b", name="x", kind="news", spider="site", url="https://www.a.cn/", hosts=(".b.cn",))
    assert named.may_fetch("https://a.cn/1")
    assert named.may_fetch("https://img.b.cn/1")
    assert not named.may_fetch("https://evilb.cn/1")


@given(st.text())
def test_any_retry_after_gives_a_sane_wait(value):
    assert 0 <= retry_after(value, parse_time("2026-03-15 08:00")) <= 86400


def test_retry_after_reads_seconds_and_dates():
    now = parse_time("2026-03-15T00:00:00+00:00")
    assert retry_after("120", now) == 120
    assert retry_after("Sun, 15 Mar 2026 00:10:00 GMT", now) == 600


def test_the_charset_of_a_header_is_read():
    assert declared_encoding('text/html; charset="GBK"') == "gbk"
    assert declared_encoding("text/html") is None
