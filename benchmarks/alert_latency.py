"""From a document's arrival in the store to its alert's notice in the outbox, under load.

`python -m benchmarks.alert_latency [--seconds 60] [--rate 50] [--engine accurate]`

A writer stores `rate` documents a second (the crowd of benchmarks/crowd.py, and every two seconds a document of a local storm
that grows until it alerts); the pipeline's own worker runs beside it as `huiying work` does. A notice is timed from the
moment its alert's newest document was stored to the moment the outbox row was committed (seen by a watcher every 50 ms).
Beside it, for every document: until it was placed in an event, which is the transaction in which its alert would be written.
Documents are written, models loaded and the pool warmed before the clock starts.
Bar: p95 ≤ 2 s at 50 documents/s on 2 cores.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from benchmarks.crowd import Crowd
from config.settings import load_settings
from huiying import build_services
from pipeline.document import Document, Kind
from pipeline.services import Services
from pipeline.store import documents
from pipeline.store.schema.events import alerts, event_documents
from pipeline.store.schema.notices import outbox
from pipeline.working import Worker

PLACES = ("柳渡镇", "青塘镇", "白鹭镇", "沙洲镇", "石桥街道", "滨江街道", "东陵街道", "河口街道")
MATTERS = (
    "化工厂起火",
    "工地塔吊倒塌",
    "燃气管道泄漏爆炸",
    "客车侧翻",
    "仓库爆炸",
    "居民楼起火",
    "货船沉没",
    "锅炉爆炸",
)
VOICES = (
    "吓死人了，浓烟滚滚",
    "听说有人受伤，救护车来了好几辆",
    "都一个小时了没人管",
    "这日子没法过了，谁来负责",
    "求真相，别再瞒了",
)


def storm(number: int) -> list[Document]:
    """Five angry posts about one accident in one place."""
    where, what = PLACES[number % len(PLACES)], MATTERS[(number // len(PLACES) + number) % len(MATTERS)]
    return [
        Document(
            id=f"storm-{number}-{step}",
            text=f"{where}{what}（{number}号现场）！{voice}",
            kind=Kind.WEIBO if step % 2 else Kind.FORUM,
            source="微博" if step % 2 else "云港论坛",
            author=f"storm{number}-{step}",
        )
        for step, voice in enumerate(VOICES)
    ]


def load(
    services: Services,
    written: list[Document],
    seconds: float,
    rate: int,
    arrived: dict[str, float],
    stop: threading.Event,
) -> None:
    """Store documents at the rate, a fifth of a second's worth at a time, noting when each was committed."""
    crowd = iter(written)
    storms = (document for number in range(10_000) for document in storm(number))
    started, sent, tick = time.monotonic(), 0, 0.2
    while (now := time.monotonic() - started) < seconds:
        due = int(now * rate) - sent
        batch = [replace(next(crowd), published_at=None, collected_at=None) for _ in range(due)]
        if batch:
            batch[-1] = next(storms)
            at = services.clock.now()
            with services.store.write() as connection:
                documents.save(connection, [replace(document, collected_at=at) for document in batch], at)
            arrived |= dict.fromkeys((document.id for document in batch), time.monotonic())
            sent += due
        time.sleep(max(0.0, tick - (time.monotonic() - started - now)))
    stop.set()


def watch(
    services: Services, arrived: dict[str, float], times: list[float], placed: list[float], stop: threading.Event
) -> None:
    """Time every new outbox row from its alert's newest document, and every document until it was placed.

    Documents are placed in the order in which they arrived (ids decide only within a batch), so counting tells which.
    """
    seen: set[str] = set()
    with services.store.read() as connection:
        before = connection.execute(select(func.count()).select_from(event_documents)).scalar_one()
    while not stop.wait(0.05):
        with services.store.read() as connection:
            number = connection.execute(select(func.count()).select_from(event_documents)).scalar_one() - before
            now = time.monotonic()
            placed += [now - at for at in list(arrived.values())[len(placed) : number]]
            if connection.execute(select(func.count()).select_from(outbox)).scalar_one() == len(seen):
                continue
            rows = connection.execute(
                select(outbox.c.key, alerts.c.evidence).join(alerts, alerts.c.event_id == outbox.c.thread)
            ).all()
        now = time.monotonic()
        for key, evidence in rows:
            if key not in seen:
                seen.add(key)
                newest = max((arrived[name] for name in evidence if name in arrived), default=None)
                if newest is not None:
                    times.append(now - newest)


def measure(folder: Path, seconds: float, rate: int, engine: str) -> dict[str, Any]:
    """Run the load and answer the figures."""
    services = build_services(load_settings(data_dir=folder, analysis={"engine": engine}))
    worker = Worker(services)
    written = [document for day in Crowd(7).days(int(seconds * rate) + rate + 200) for document in day]
    first, written = written[:200], written[200:]
    at = services.clock.now()
    with services.store.write() as connection:
        documents.save(connection, [replace(one, published_at=None, collected_at=at) for one in first], at)
    worker.step()
    arrived: dict[str, float] = {}
    times: list[float] = []
    placed: list[float] = []
    stop, over = threading.Event(), threading.Event()
    threads = [
        threading.Thread(target=load, args=(services, written, seconds, rate, arrived, stop)),
        threading.Thread(target=watch, args=(services, arrived, times, placed, over)),
    ]
    for thread in threads:
        thread.start()
    while not stop.is_set():
        if not worker.step():
            stop.wait(0.5)
    worker.step()
    time.sleep(0.1)
    over.set()
    for thread in threads:
        thread.join()
    worker.close()
    services.close()
    times.sort()
    placed.sort()
    return {
        "documents": len(arrived),
        "per_second": round(len(arrived) / seconds, 1),
        "engine": engine,
        "notices": len(times),
        "p50_s": round(statistics.median(times), 3) if times else None,
        "p95_s": round(_p95(times), 3) if times else None,
        "worst_s": round(times[-1], 3) if times else None,
        "placed": len(placed),
        "placed_p50_s": round(statistics.median(placed), 3),
        "placed_p95_s": round(_p95(placed), 3),
        "met": max(_p95(placed), _p95(times) if times else 0.0) <= 2.0,
    }


def _p95(ordered: list[float]) -> float:
    return ordered[int(0.95 * (len(ordered) - 1))]


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rate", type=int, default=50)
    parser.add_argument("--engine", default="accurate", choices=("accurate", "fast"))
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(Path(folder), asked.seconds, asked.rate, asked.engine), ensure_ascii=False))


if __name__ == "__main__":
    main()
