"""An archived page opens only for who may see raw texts, with a reason, and each opening is kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from crawlers.evidence import Archive
from crawlers.fetched import Fetched
from pipeline.services import Services
from pipeline.store import evidence
from pipeline.store.schema.cases import case_audit
from tests.dashboard_city import HOSTILE_ID
from tests.dashboards.conftest import Browser

SignIn = Callable[[str], Browser]
PAGE = "<html><head><meta charset=gbk></head><body><script>alert(1)</script>沙洲镇化工园火情</body></html>".encode(
    "gbk"
)


@pytest.fixture
def capture(services: Services) -> str:
    """One page of a document, as fetched."""
    at = services.clock.now()
    url = "https://forum.example/t/1"
    fetched = Fetched(url, asked=url, status=200, headers={"content-type": "text/html"}, body=PAGE, at=at)
    archive = Archive(Path(services.settings.data_dir) / "evidence", "test")
    kept = archive.write(fetched, "forum", HOSTILE_ID)
    with services.store.write() as connection:
        evidence.save(connection, [kept])
    return kept.id


def test_it_opens_with_a_reason_as_text_and_the_opening_is_kept(
    services: Services, sign_in: SignIn, capture: str
) -> None:
    chief = sign_in("fang_yi")
    address = f"/evidence/{capture}"
    assert address in chief.get(f"/documents/{HOSTILE_ID}")
    assert "沙洲镇化工园火情" not in chief.get(address)
    assert "理由" in chief.send(address, address, reason="看看", status=422)
    page = chief.send(address, address, reason="核对通报所引原帖", do="show")
    assert "沙洲镇化工园火情" in page
    assert "<script>alert(1)" not in page
    assert "核对通报所引原帖" in chief.get(address)
    with services.store.read() as connection:
        kept = connection.execute(select(case_audit.c.reason).where(case_audit.c.what == "evidence")).scalars().all()
    assert kept == [f"打开存档 {capture}：核对通报所引原帖"]


def test_it_is_exported_as_the_record_that_was_kept(sign_in: SignIn, capture: str) -> None:
    chief = sign_in("fang_yi")
    csrf = chief.get(f"/evidence/{capture}").partition('name="csrf" value="')[2].partition('"')[0]
    answer = chief.client.post(f"/evidence/{capture}", data={"csrf": csrf, "reason": "移交法制科核查", "do": "export"})
    assert answer.content[:2] == b"\x1f\x8b"
    assert answer.headers["content-type"] == "application/gzip"


def test_who_may_not_unmask_opens_no_evidence(sign_in: SignIn, capture: str) -> None:
    officer = sign_in("ming_ce")
    officer.get(f"/evidence/{capture}", status=403)
    officer.send(f"/evidence/{capture}", reason="只是想看一看", status=403)
    sign_in("fang_yi").get("/evidence/none", status=404)
