"""Pages a second of our whole crawl beside bare Scrapy, on the demo's pages or on saved real ones, in the same run.

Bare: the spider of `scrapy bench` (follow every link, do nothing with the page). Ours: the site spider with robots.txt,
guards, whole extraction with title, time and body, evidence in WARC, documents and ledger in the store.
The server is a process of its own; each crawler runs in a fresh process, so that neither warms the other.
Usage: python -m benchmarks.crawl [--pages 1000] [--folder ../shared/data/pages] [--json]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

_PER_LIST = 25


def demo_pages() -> list[bytes]:
    """Every article page of the demo's five news sites at the end of its story, as the city serves it."""
    from demo.city import SITES
    from demo.stories import LAST_MOMENT, load_pieces
    from demo.web import Request

    found = []
    for piece in load_pieces():
        if piece.site in ("gov", "daily", "online", "harbour") and piece.gone_at is None:
            answer = SITES[piece.site](Request(piece.path, {}, {}), LAST_MOMENT)
            if answer.status == 200 and b"</html>" in answer.body:
                found.append(answer.body)
    return found


def saved_pages(folder: Path) -> list[bytes]:
    """Saved article pages of a folder with gold.jsonl."""
    rows = [json.loads(line) for line in (folder / "gold.jsonl").read_text(encoding="utf-8").splitlines()]
    names = [row.get("file") or row.get("path") for row in rows]
    return [(folder / name).read_bytes() for name in names if name and (folder / name).is_file()]


# ---------------------------------------------------------------------- the server
def serve(pages: Sequence[bytes], count: int, ready: Connection) -> None:
    """Answers lists of links and `count` articles (the pages over and over, each at an address of its own)."""
    answers = {b"/robots.txt": _answer(b"User-agent: *\nAllow: /\n", b"text/plain")}
    lists = range(0, count, _PER_LIST)
    for start in lists:
        links = "".join(
            f'<li><a href="/art/2026/art_1229_{n:06d}.html">第{n}号通报：关于有关情况的说明</a></li>'
            for n in range(start, min(start + _PER_LIST, count))
        )
        following = f'<a href="/list_{start + _PER_LIST}.html">下一页</a>' if start + _PER_LIST < count else ""
        page = f"<html><head><meta charset='utf-8'><title>要闻</title></head><body><ul>{links}</ul>{following}</body></html>"
        answers[f"/list_{start}.html".encode()] = _answer(page.encode())
    for n in range(count):
        answers[f"/art/2026/art_1229_{n:06d}.html".encode()] = _answer(pages[n % len(pages)])

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(answers.get(head.split(b" ", 2)[1], _MISSING))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def run() -> None:
        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        ready.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


def _answer(body: bytes, kind: bytes = b"text/html") -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s" % (kind, len(body), body)


_MISSING = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


# ---------------------------------------------------------------------- the crawlers
def crawl_bare(port: int, result: Connection) -> None:
    """The spider of `scrapy bench` on our pages."""
    import scrapy
    from scrapy.crawler import CrawlerProcess
    from scrapy.linkextractors import LinkExtractor

    seen = {"pages": 0, "first": 0.0}

    class Bare(scrapy.Spider):  # type: ignore[misc]
        name = "bare"
        links = LinkExtractor(allow=r"127\.0\.0\.1:\d+/(art/2026|list_)")  # as ours: saved pages link to the world

        async def start(self) -> Any:
            yield scrapy.Request(f"http://127.0.0.1:{port}/list_0.html", dont_filter=True)

        def parse(self, response: Any) -> Any:
            seen["pages"] += 1
            seen["first"] = seen["first"] or time.perf_counter()
            for link in self.links.extract_links(response):
                yield scrapy.Request(link.url, callback=self.parse)

    process = CrawlerProcess(
        {"LOG_LEVEL": "ERROR", "COOKIES_ENABLED": False, "TELNETCONSOLE_ENABLED": False, "REMOTE_CONTROL_ENABLED": False,
         "CONCURRENT_REQUESTS": 16, "CONCURRENT_REQUESTS_PER_DOMAIN": 16}
    )  # fmt: skip
    process.crawl(Bare)
    process.start()
    result.send((seen["pages"], time.perf_counter() - seen["first"]))


def crawl_ours(port: int, count: int, result: Connection) -> None:
    """Our whole crawl of the same site."""
    from concurrent.futures import ThreadPoolExecutor

    import pipeline.store.schema  # noqa: F401 - fills the metadata
    from config.settings import Settings
    from crawlers.crawl import Crawling
    from crawlers.source import Source
    from pipeline.clock import SystemClock
    from pipeline.intake import Intake
    from pipeline.services import Services
    from pipeline.store.engine import Store, metadata, sqlite_url
    from pipeline.store.pseudonyms import Pseudonyms

    source = Source.model_validate(
        {"id": "bench", "name": "要闻", "kind": "news", "spider": "site", "url": f"http://127.0.0.1:{port}/list_0.html",
         "allow_private": ["127.0.0.1"], "options": {"article": r"art_1229_\d+", "list_pages": 200},
         "polite": {"delay_seconds": 0, "concurrency": 16, "adaptive": False},
         "limits": {"pages": 5000, "seconds": 3600}}
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        store = Store(sqlite_url(Path(folder) / "store.db"))
        metadata.create_all(store.engine)
        clock = SystemClock()
        intake = Intake(store, clock, Pseudonyms(Path(folder) / "keys"))
        services = Services(
            Settings(data_dir=Path(folder)), clock, store, intake, lambda: ThreadPoolExecutor(1), _never, store.close
        )
        with Crawling(services, [source]) as crawling:
            crawling.register()
            crawling.engine.start()
            started = time.perf_counter()
            run = crawling.crawl_now().runs[0]
            seconds = time.perf_counter() - started
        store.close()
    result.send((run.fetched, seconds, run.new, run.quarantined, run.missed, count))


def _never() -> Any:
    raise AssertionError("not needed")


# ---------------------------------------------------------------------- the measurement
def measure(pages: Sequence[bytes], count: int, rounds: int = 3) -> dict[str, Any]:
    """Alternating rounds; the medians and their ratio."""
    spawn = multiprocessing.get_context("spawn")
    ours_end, theirs_end = spawn.Pipe()
    server = spawn.Process(target=serve, args=(pages, count, theirs_end), daemon=True)
    server.start()
    port = ours_end.recv()
    bare, ours, last = [], [], ()
    try:
        for number in range(rounds):
            fetched, seconds = _in_process(spawn, crawl_bare, port)
            bare.append(fetched / seconds)
            last = _in_process(spawn, crawl_ours, port, count)
            ours.append(last[0] / last[1])
            sys.stderr.write(f"round {number + 1}: bare {bare[-1]:.0f}/s, ours {ours[-1]:.0f}/s\n")
    finally:
        server.kill()
        server.join(timeout=timedelta(seconds=5).total_seconds())
    _, _, new, quarantined, missed, _ = last
    return {
        "pages": count,
        "mean_page_kib": round(statistics.mean(len(page) for page in pages) / 1024, 1),
        "different_pages": len(pages),
        "bare_scrapy_pages_per_second": round(statistics.median(bare), 1),
        "ours_pages_per_second": round(statistics.median(ours), 1),
        "ratio": round(statistics.median(ours) / statistics.median(bare), 3),
        "documents": new,
        "not_understood": quarantined,
        "missed": missed,
    }


def _in_process(spawn: Any, work: Any, *arguments: Any) -> Any:
    receiving, sending = spawn.Pipe()
    process = spawn.Process(target=work, args=(*arguments, sending))
    process.start()
    answer = receiving.recv()
    process.join()
    return answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    figures = measure(saved_pages(asked.folder) if asked.folder else demo_pages(), asked.pages, asked.rounds)
    print(json.dumps(figures) if asked.json else "\n".join(f"{name:32} {value}" for name, value in figures.items()))


if __name__ == "__main__":
    main()
