"""Files that were made to harm: they unpack to more than any memory, name themselves, or lead out of their folder."""

from __future__ import annotations

import io
import tarfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest

from crawlers.feeds import read_feed, read_sitemap
from crawlers.fetched import Fetched
from crawlers.troubles import PageTrouble
from pipeline.cases.people import Directory
from pipeline.cases.refusal import Refused
from pipeline.cases.roster_files import from_xlsx
from pipeline.importing import ImportRefused, read_documents
from pipeline.store.backup import back_up, restore
from pipeline.store.engine import Store, StoreError
from pipeline.workbooks import MOST_UNPACKED, NotASpreadsheet, rows_in

LAUGHS = """<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">
<!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;"><!ENTITY e "&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;"><!ENTITY f "&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;">
<!ENTITY g "&f;&f;&f;&f;&f;&f;&f;&f;&f;&f;"><!ENTITY h "&g;&g;&g;&g;&g;&g;&g;&g;&g;&g;">]>"""
OUTSIDE = '<!DOCTYPE x [<!ENTITY h SYSTEM "file:///etc/passwd">]>'


def workbook() -> bytes:
    book = openpyxl.Workbook()
    book.active.append(["留言编号", "留言详情"])
    book.active.append(["1", "路灯不亮"])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def changed(part: str, content: bytes) -> bytes:
    """The workbook with one of its parts in another's place."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook())) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, content if name == part else old.read(name))
        if part not in old.namelist():
            new.writestr(part, content)
    return stream.getvalue()


def sheet(head: str, cell: str) -> bytes:
    rows = f'<row r="1"><c r="A1" t="inlineStr"><is><t>{cell}</t></is></c></row>'
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return f'<?xml version="1.0"?>{head}<worksheet xmlns="{space}"><sheetData>{rows}</sheetData></worksheet>'.encode()


def zip_bomb() -> bytes:
    return changed("xl/sharedStrings.xml", b" " * (MOST_UNPACKED + 1))


def _many_parts() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as parts:
        for number in range(3_000):
            parts.writestr(f"p{number}", b"")
    return stream.getvalue()


HARMFUL = {
    "zip bomb": zip_bomb,
    "XML bomb": lambda: changed("xl/worksheets/sheet1.xml", sheet(LAUGHS, "&h;")),
    "outside entity": lambda: changed("xl/worksheets/sheet1.xml", sheet(OUTSIDE, "&h;")),
    "no sheet": lambda: changed("xl/worksheets/sheet1.xml", b"<worksheet"),
    "no workbook": lambda: changed("xl/workbook.xml", b"\x00"),
    "not even a zip": lambda: b"PK\x03\x04" + b"\x00" * 50,
    "half of one": lambda: workbook()[:-300],
    "many parts": _many_parts,
}


@pytest.mark.parametrize("kind", HARMFUL)
def test_a_harmful_workbook_is_refused_in_one_line(tmp_path: Path, kind: str) -> None:
    content = HARMFUL[kind]()
    with pytest.raises(NotASpreadsheet) as refused:
        list(rows_in(io.BytesIO(content)))
    assert "root:" not in str(refused.value)
    file = tmp_path / "export.xlsx"
    file.write_bytes(content)
    with pytest.raises(ImportRefused, match="不是能读的 XLSX"):
        list(read_documents(file))
    with pytest.raises(Refused, match="不是可读的 XLSX"):
        from_xlsx(content, Directory((), "区政府新闻办"))


def test_an_honest_workbook_is_read(tmp_path: Path) -> None:
    file = tmp_path / "export.xlsx"
    file.write_bytes(workbook())
    (document,) = read_documents(file)
    assert document.text == "路灯不亮"  # type: ignore[union-attr]


@pytest.mark.parametrize("head", [LAUGHS, OUTSIDE])
@pytest.mark.parametrize("read", [read_feed, read_sitemap])
def test_a_feed_never_grows_nor_reads_our_files(head: str, read: object) -> None:
    feed = f"""{head}<rss version="2.0"><channel><item><title>&h;</title><link>http://a.example/1</link></item></channel></rss>"""
    sitemap = f"""{head}<urlset><url><loc>http://a.example/&h;</loc></url></urlset>"""
    body = (feed if read is read_feed else sitemap).encode()
    at = datetime(2026, 3, 15, tzinfo=UTC)
    fetched = Fetched("http://a.example/x", "http://a.example/x", 200, {"content-type": "text/xml"}, body, at)
    try:
        entries = read(fetched)  # type: ignore[operator]
    except PageTrouble:
        return
    for entry in entries:
        assert len(entry.title) + len(entry.url) < 10_000
        assert "root:" not in entry.title + entry.url


@pytest.mark.parametrize(
    "name", ["../outside", "/outside", "evidence/../../outside", "config/../../outside", "elsewhere/file"]
)
def test_a_backup_that_leads_out_of_its_folder_is_refused(store: Store, tmp_path: Path, name: str) -> None:
    data = tmp_path / "data"
    (data / "config").mkdir(parents=True)
    (data / "config" / "rules.toml").write_text("# ours", encoding="utf-8")
    whole = tmp_path / "whole.tar"
    back_up(store, data, whole, datetime(2026, 3, 15, tzinfo=UTC))
    forged = tmp_path / "forged.tar"
    with tarfile.open(whole) as old, tarfile.open(forged, "w") as new:
        for member in old:
            content = old.extractfile(member)
            assert content is not None
            raw = content.read().replace(b"config/rules.toml", name.encode())  # in the manifest
            member.name = member.name.replace("config/rules.toml", name)
            member.size = len(raw)
            new.addfile(member, io.BytesIO(raw))
    target = tmp_path / "target"
    target.mkdir()
    with pytest.raises(StoreError):
        restore(forged, store, target)
    assert not list(tmp_path.rglob("outside"))
    assert not [path for path in target.rglob("*") if path.is_file()]
