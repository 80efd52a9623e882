"""50 documents a second for minutes on the embedded default: does everything keep up, and how late is an alert?

    python -m benchmarks.load [--rate 50] [--seconds 600] [--engine fast] [--out FILE.json]

One process pushes documents at the rate (as the API does), one leads the flow (`huiying work`'s loop), and this one reads:
every second a first page of the search and the alerts, as dashboards do. Late = from the moment a document was handed in
to the moment it is placed and its alert, if any, can be read. Bar: alerts p95 at most 2 s.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from benchmarks.crowd import Crowd
from benchmarks.machine import memory
from config.settings import AnalysisSettings, Settings
from huiying import build_services
from pipeline.search.port import FACETS, Interval, Query
from pipeline.search.query import parse
from pipeline.store.schema.documents import documents, pending_index
from pipeline.store.schema.events import alerts, event_documents
from pipeline.working import Worker


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=50)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--engine", default="fast")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    spawn = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory(prefix="huiying-load-") as name:
        folder = Path(name)
        services = build_services(settings(folder, options.engine))
        over = spawn.Event()
        worker = spawn.Process(target=work, args=(folder, options.engine, over))
        pusher = spawn.Process(target=push, args=(folder, options.engine, options.rate, options.seconds))
        worker.start()
        pusher.start()
        report = watch(services, pusher, options.seconds)
        over.set()
        worker.join()
        services.close()
    report |= {"rate": options.rate, "seconds": options.seconds}
    print(json.dumps(report, ensure_ascii=False, indent=2))
    if options.out:
        options.out.write_text(json.dumps(report, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def watch(services: Any, pusher: Any, seconds: float) -> dict[str, Any]:
    """Look five times a second at what became visible since the last look, until all is placed and indexed."""
    late: list[float] = []
    alarmed: list[float] = []
    pages: list[float] = []
    seen_alerts: set[str] = set()
    placed_until = datetime.fromtimestamp(0, UTC)
    peak = 0
    last_page = 0.0
    deadline = time.monotonic() + 3 * seconds + 120
    while time.monotonic() < deadline:
        now = datetime.now(UTC)
        with services.store.read() as connection:
            known = connection.execute(
                select(event_documents.c.known_at).where(event_documents.c.known_at > placed_until)
            ).scalars()
            moments = list(known)
            fired = connection.execute(select(alerts.c.id, alerts.c.at)).all()
            left = connection.execute(
                select(func.count()).select_from(documents).where(documents.c.state.in_(("new", "analysed")))
            ).scalar_one()
            behind = connection.execute(select(func.count()).select_from(pending_index)).scalar_one()
        late += [(now - moment).total_seconds() for moment in moments]
        placed_until = max([placed_until, *moments])
        alarmed += [(now - row.at).total_seconds() for row in fired if row.id not in seen_alerts]
        seen_alerts |= {row.id for row in fired}
        if time.monotonic() - last_page > 1:
            start = time.perf_counter()
            services.index().search(Query(parse("补偿", now).where, facets=FACETS, histogram=Interval.HOUR))
            pages.append((time.perf_counter() - start) * 1000)
            last_page = time.monotonic()
            peak = max(peak, memory())
        if not pusher.is_alive() and not left and not behind:
            break
        time.sleep(0.2)
    return {
        "documents_placed": len(late),
        "placed_p95_s": _p95(late),
        "alerts": len(alarmed),
        "alert_p95_s": _p95(alarmed),
        "search_p95_ms": _p95(pages),
        "peak_memory_mib": round(peak / 2**20),
        "left_over": int(left + behind),
    }


def _p95(values: list[float]) -> float:
    return round(sorted(values)[int(len(values) * 0.95)], 2) if values else 0.0


if __name__ == "__main__":
    main()
