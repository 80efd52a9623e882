"""50 documents a second for minutes on the embedded default, with people at the pages: does everything keep up, and how late is an alert?

    python -m benchmarks.load [--rate 50] [--seconds 600] [--viewers 10] [--engine fast] [--out FILE.json]

One process pushes documents at the rate (as the API does), one leads the flow (`huiying work`'s loop), one serves the
dashboard, at which viewers have pages open that fetch themselves again when the live line says so, as browsers do. This
process looks five times a second at what has become visible. Late = from the moment a document was handed in to the moment
it is placed and its alert, if any, can be read. Bar: alerts p95 at most 2 s. Every half minute a line says how it stands.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import tempfile
import threading
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import func, select

from benchmarks.crowd import Crowd
from benchmarks.machine import cpu, memory
from config.settings import AnalysisSettings, Settings
from dashboards.picturing import free_port, served
from dashboards.serving import open_demo_accounts
from dashboards.views.login import DEMO_PASSWORD
from huiying import build_services
from pipeline.search.port import FACETS, Interval, Query
from pipeline.search.query import parse
from pipeline.services import Services
from pipeline.store.schema.documents import documents, pending_index
from pipeline.store.schema.events import alerts, event_documents
from pipeline.working import Worker

PAGES = ("/", "/wall", "/events?sort=heat", "/alerts", "/cases")
AGAIN = 1.0  # seconds that a page waits before it fetches itself once more (dashboards/static/live.js)
SAID_EVERY = 30.0
NEVER = datetime.fromtimestamp(0, UTC)


def settings(folder: Path, engine: str) -> Settings:
    analysis = AnalysisSettings.model_validate({"engine": engine, "executor": "serial"})
    return Settings(data_dir=folder, analysis=analysis)


def push(folder: Path, engine: str, rate: float, seconds: float) -> None:
    """Hand in documents at the rate, each dated now, in handfuls ten times a second."""
    services = build_services(settings(folder, engine))
    source = (document for day in Crowd(seed=11).days(int(rate * seconds) + 1) for document in day)
    start = time.monotonic()
    sent = 0
    while (passed := time.monotonic() - start) < seconds:
        due = int(passed * rate) - sent
        if due > 0:
            now = datetime.now(UTC)
            services.intake.take([replace(next(source), published_at=now, collected_at=now) for _ in range(due)])
            sent += due
        time.sleep(0.1)
    services.close()


def work(folder: Path, engine: str, over: Any) -> None:
    """Lead the flow until told to stop."""
    services = build_services(settings(folder, engine))
    worker = Worker(services)
    while not over.is_set():
        if not worker.step():
            time.sleep(0.05)
    worker.close()
    services.close()


def show(folder: Path, engine: str, port: int, over: Any) -> None:
    """Serve the dashboard until told to stop."""
    services = build_services(settings(folder, engine))
    open_demo_accounts(services)
    with served(services, port):
        over.wait()
    services.close()


@dataclass
class Viewers:
    """People with a page open each, in a thread of their own."""

    address: str
    number: int
    answers: list[float] = field(default_factory=list)  # ms until a page was there anew
    failed: int = 0
    _over: threading.Event = field(default_factory=threading.Event)

    def open(self) -> None:
        self._thread = threading.Thread(target=lambda: asyncio.run(self._all()), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        self._thread.join(20)

    async def _all(self) -> None:
        async with httpx.AsyncClient(timeout=60) as client:
            await self._until_there(client)
            form = {"name": "fang_yi", "password": DEMO_PASSWORD, "next": "/duty"}
            await client.post(f"{self.address}/login", data=form)
            cookies = dict(client.cookies)
        views = [asyncio.create_task(self._view(PAGES[n % len(PAGES)], cookies)) for n in range(self.number)]
        while not self._over.is_set():
            await asyncio.sleep(0.2)
        for view in views:
            view.cancel()
        await asyncio.gather(*views, return_exceptions=True)

    async def _until_there(self, client: httpx.AsyncClient) -> None:
        while not self._over.is_set():
            try:
                await client.get(f"{self.address}/login")
            except httpx.TransportError:
                await asyncio.sleep(0.2)
            else:
                return

    async def _view(self, page: str, cookies: dict[str, str]) -> None:
        told = asyncio.Event()
        async with httpx.AsyncClient(cookies=cookies, timeout=60) as client:
            listening = asyncio.create_task(self._listen(client, told))
            try:
                while True:
                    await told.wait()
                    told.clear()
                    start = time.perf_counter()
                    answer = await client.get(self.address + page, headers={"x-live": "1"})
                    self.answers.append(1000 * (time.perf_counter() - start))
                    self.failed += answer.status_code != 200
                    await asyncio.sleep(AGAIN)
            finally:
                listening.cancel()

    async def _listen(self, client: httpx.AsyncClient, told: asyncio.Event) -> None:
        async with client.stream("GET", f"{self.address}/live?after=0") as line:
            async for text in line.aiter_lines():
                if text.startswith("data:"):
                    told.set()


@dataclass
class Watch:
    """What has become visible, and how late."""

    services: Services
    late: list[float] = field(default_factory=list)
    alarmed: list[float] = field(default_factory=list)
    searched: list[float] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    placed_until: datetime = NEVER
    peak: int = 0
    behind: int = 0

    def look(self) -> None:
        """Note the documents placed and the alerts raised since the last look, and how many documents still wait."""
        now = datetime.now(UTC)
        with self.services.store.read() as connection:
            known = event_documents.c.known_at
            moments = list(connection.execute(select(known).where(known > self.placed_until)).scalars())
            fired = connection.execute(select(alerts.c.id, alerts.c.at)).all()
            waiting = select(func.count()).select_from(documents).where(documents.c.state.in_(("new", "analysed")))
            self.behind = connection.execute(waiting).scalar_one()
            self.behind += connection.execute(select(func.count()).select_from(pending_index)).scalar_one()
        self.late += [(now - moment).total_seconds() for moment in moments]
        self.placed_until = max([self.placed_until, *moments])
        self.alarmed += [(now - row.at).total_seconds() for row in fired if row.id not in self.seen]
        self.seen |= {row.id for row in fired}

    def search(self) -> None:
        """A first page, as somebody at the search page asks for it."""
        start = time.perf_counter()
        where = parse("补偿", datetime.now(UTC)).where
        self.services.index().search(Query(where, facets=FACETS, histogram=Interval.HOUR))
        self.searched.append((time.perf_counter() - start) * 1000)
        self.peak = max(self.peak, memory())

    def report(self) -> dict[str, Any]:
        return {
            "documents_placed": len(self.late),
            "placed_p95_s": _p95(self.late),
            "alerts": len(self.alarmed),
            "alert_p95_s": _p95(self.alarmed),
            "alert_max_s": round(max(self.alarmed, default=0.0), 2),
            "search_p95_ms": _p95(self.searched),
            "peak_memory_mib": round(self.peak / 2**20),
            "left_over": self.behind,
        }


def watch(services: Services, viewers: Viewers, pusher: Any, seconds: float) -> dict[str, Any]:
    """Look five times a second until all is placed and indexed."""
    made = Watch(services)
    start, last_page, said = time.monotonic(), 0.0, time.monotonic()
    while time.monotonic() < start + 3 * seconds + 120:
        made.look()
        now = time.monotonic()
        if now - last_page > 1:
            made.search()
            last_page = now
        if now - said > SAID_EVERY:
            said = now
            print(f"{now - start:.0f} s: {json.dumps(made.report())} pages {len(viewers.answers)}", flush=True)
        if not pusher.is_alive() and not made.behind:
            break
        time.sleep(0.2)
    busy = cpu() / (time.monotonic() - start)
    pages = {"pages": len(viewers.answers), "pages_failed": viewers.failed, "page_p95_ms": _p95(viewers.answers)}
    return made.report() | pages | {"cores_busy": round(busy, 2)}


def _p95(values: list[float]) -> float:
    return round(sorted(values)[int(len(values) * 0.95)], 2) if values else 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=50)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--viewers", type=int, default=10)
    parser.add_argument("--engine", default="fast")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    spawn = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory(prefix="huiying-load-") as name:
        folder, port = Path(name), free_port()
        services = build_services(settings(folder, options.engine))
        over = spawn.Event()
        worker = spawn.Process(target=work, args=(folder, options.engine, over))
        board = spawn.Process(target=show, args=(folder, options.engine, port, over))
        pusher = spawn.Process(target=push, args=(folder, options.engine, options.rate, options.seconds))
        for process in (worker, board, pusher):
            process.start()
        viewers = Viewers(f"http://127.0.0.1:{port}", options.viewers)
        viewers.open()
        report = watch(services, viewers, pusher, options.seconds)
        viewers.close()
        over.set()
        worker.join()
        board.join()
        services.close()
    report |= {"rate": options.rate, "seconds": options.seconds, "viewers": options.viewers}
    print(json.dumps(report, ensure_ascii=False, indent=2))
    if options.out:
        options.out.write_text(json.dumps(report, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
