"""Golden examples: every spider has pages as its sites write them, and the documents that come of them.

examples/<spider>/<name>/case.toml   now, [source], [pages] (address = file), or files and letters beside it
examples/<spider>/<name>/expected.json   documents; when missing it is written, and the test fails until it is reviewed
"""

from __future__ import annotations

import asyncio
import json
import tomllib
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from crawlers.extraction.extract import extract
from crawlers.extraction.page import Page
from crawlers.fetched import Ask, Fetched
from crawlers.source import Source
from crawlers.spiders.registry import SPIDERS, spider_for
from crawlers.troubles import PageTrouble, Reason
from crawlers.visit import KnownPage, Visit
from tests.crawlers.imap_server import ImapMailbox

EXAMPLES = Path(__file__).parent / "examples"


class SavedPages:
    """Answers from files; every other address is not there."""

    def __init__(self, folder: Path, pages: dict[str, str], at: datetime) -> None:
        self._folder, self._pages, self._at = folder, pages, at

    async def fetch(self, ask: Ask) -> Fetched:
        name = self._pages.get(ask.url)
        if name is None:
            raise PageTrouble(Reason.GONE, ask.url)
        body = (self._folder / name).read_bytes()
        return Fetched(ask.url, ask.url, 200, {"content-type": "text/html"}, body, self._at)


class NothingKnown:
    def pages(self, keys: Sequence[str]) -> dict[str, KnownPage]:
        return {}

    def due(self, limit: int) -> list[KnownPage]:
        return []


async def _read(fetched: Fetched) -> Page:
    return extract(fetched.body, fetched.url, fetched.encoding, fetched.at)


def collect(folder: Path) -> Visit:
    """Run a spider over an example."""
    case = tomllib.loads((folder / "case.toml").read_text(encoding="utf-8").replace("{here}", folder.as_posix()))
    with ExitStack() as stack:
        values: dict[str, Any] = {"id": "example", **case["source"]}
        if letters := sorted(folder.glob("*.eml")):
            mailbox = stack.enter_context(ImapMailbox([path.read_bytes() for path in letters]))
            values |= {"url": mailbox.address, "allow_private": ["127.0.0.1"]}
        source = Source.model_validate(values)
        now = datetime.fromisoformat(case["now"])
        fetcher = SavedPages(folder, case.get("pages", {}), now)
        visit = Visit(source, fetcher, NothingKnown(), _read, now, case.get("memory", {}), secret="xinxiang:chunjiang")
        asyncio.run(spider_for(source).collect(visit))
    return visit


def _plain(visit: Visit) -> list[dict[str, Any]]:
    rows = []
    for document in sorted(
        visit.harvest.documents, key=lambda d: (d.published_at is None, str(d.published_at), d.text)
    ):
        row = {
            key: value for key, value in asdict(document).items() if value not in ("", None) and key != "collected_at"
        }
        row["counts"] = {key: value for key, value in row["counts"].items() if value is not None}
        if visit.source.spider == "mailbox":
            row.pop("id")  # derived from the port of the test's mailbox
        rows.append(json.loads(json.dumps(row, ensure_ascii=False, default=str)))
    return rows


def _cases() -> list[Any]:
    found = sorted(EXAMPLES.glob("*/*/case.toml"))
    return [pytest.param(path.parent, id=f"{path.parent.parent.name}-{path.parent.name}") for path in found]


@pytest.mark.parametrize("folder", _cases())
def test_an_example_gives_the_documents_that_were_reviewed(folder: Path) -> None:
    visit = collect(folder)
    found = _plain(visit)
    assert (visit.harvest.missed, visit.harvest.quarantined) == ([], [])
    expected = folder / "expected.json"
    if not expected.exists():
        expected.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        pytest.fail(f"{expected} was written: review it, then commit it")
    assert found == json.loads(expected.read_text(encoding="utf-8"))
    assert found or visit.harvest.canary, "an example without documents shows nothing"


@pytest.mark.parametrize("spider", sorted(SPIDERS))
def test_every_spider_has_an_example(spider: str) -> None:
    assert list(EXAMPLES.glob(f"{spider}/*/case.toml")), f"add tests/crawlers/examples/{spider}/<name>/case.toml"
