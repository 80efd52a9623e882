"""How fast the pages are: 100,000 documents, 500 events; and fifty people who watch.

    python -m benchmarks.pages [--documents 100000] [--events 500] [--watchers 50] [--out FILE.json]

Server time of every page (the whole answer, in process, no network), p50 and p95 in ms, and the most SQL statements of
one answer. Then a really served dashboard: `watchers` open lines; the time from a line in the journal until each has
heard of it, and until each has its new front page, as a browser would ask for it. The store is filled row by row with
texts of a word chain (benchmarks.crowd) and drawn judgements: reading is measured here, not judging.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
from fastapi.testclient import TestClient
from sqlalchemy import event as sqlalchemy_event

from benchmarks.crowd import START, Crowd
from config.settings import AnalysisSettings, WebSettings, load_settings
from dashboards.app import create_app
from dashboards.picturing import served
from dashboards.serving import open_demo_accounts
from dashboards.views.login import DEMO_PASSWORD
from huiying import build_services
from pipeline.clock import SteppedClock
from pipeline.digesting import refresh
from pipeline.document import (
    Alert,
    Analysis,
    Document,
    EventState,
    Placement,
    PlaceMention,
    Polarity,
    Scope,
    Sentiment,
    Stage,
    Topic,
)  # fmt: skip
from pipeline.search.port import IndexedDocument
from pipeline.services import Services
from pipeline.store import alerts, documents, events
from pipeline.store.events import Change
from pipeline.store.schema.documents import documents as document_table

TOPICS = ("城乡建设", "环境保护", "教育文体", "劳动和社会保障", "卫生计生", "交通运输", "商贸旅游")
PLACES = ("柳渡镇", "青塘镇", "白鹭镇", "沙洲镇", "石桥街道", "滨江街道")
ROUNDS = 60


def fill(services: Services, total: int, event_count: int) -> datetime:
    """Documents with judgements, events with journals, alerts and cases; answers the moment after the last."""
    chance = random.Random(7)
    batch = [one for day in Crowd(3).days(total) for one in day]
    last = max(one.known_at for one in batch)
    weights = [1 / (rank + 3) ** 1.1 for rank in range(event_count)]
    chosen = chance.choices(range(event_count), weights, k=total)
    judged = [analysis_of(one, chance) for one in batch]
    members: dict[int, list[tuple[Document, Analysis]]] = {}
    for one, analysis, number in zip(batch, judged, chosen, strict=True):
        members.setdefault(number, []).append((one, analysis))
    for start in range(0, total, 5000):
        with services.store.write() as connection:
            documents.save(connection, batch[start : start + 5000], last)
            documents.save_analyses(connection, judged[start : start + 5000])
    with services.store.write() as connection:
        connection.execute(document_table.update().values(state="placed"))
        connection.exec_driver_sql("delete from pending_index")
        for number, own in members.items():
            write_event(connection, services, number, own, last, chance)
    index = services.index()
    event_of = {one.id: f"e{number:016d}" for one, number in zip(batch, chosen, strict=True)}
    rows = (indexed(one, analysis, event_of[one.id]) for one, analysis in zip(batch, judged, strict=True))
    while part := list(islice(rows, 5000)):
        index.add(part)
    return last + timedelta(minutes=5)


def analysis_of(one: Document, chance: random.Random) -> Analysis:
    label = chance.choice((Polarity.NEGATIVE, Polarity.NEUTRAL, Polarity.NEUTRAL, Polarity.POSITIVE))
    return Analysis(
        document_id=one.id, language="zh", sentiment=Sentiment(label, 0.1, chance.uniform(0.4, 1), ("“不”，偏负面 0.4",)),
        topic=Topic(chance.choice(TOPICS), 0.8), scope=Scope.LOCAL, scope_reason="提到云港区",
        places=(PlaceMention(chance.choice(PLACES)),), departments=(), opinion_kind=None, rumour=None,
        masked_title=one.title, masked_text=one.text, asks=(one.text[:20],) if chance.random() < 0.2 else (), digest="benchmark",
    )  # fmt: skip


def indexed(one: Document, analysis: Analysis, event_id: str) -> IndexedDocument:
    return IndexedDocument(
        id=one.id, kind=one.kind, text=one.text, at=one.known_at, title=one.title, source=one.source,
        sentiment=analysis.sentiment.label, topic=analysis.topic.label, scope=analysis.scope,
        places=tuple(place.name for place in analysis.places), event_id=event_id,
    )  # fmt: skip


def write_event(
    connection: Any, services: Services, number: int, own: Sequence[tuple[Document, Analysis]], last: datetime, chance: random.Random
) -> None:  # fmt: skip
    key = f"e{number:016d}"
    own = sorted(own, key=lambda pair: pair[0].known_at)
    first, final = own[0][0], own[-1][0]
    stage = chance.choice(list(Stage))
    negative = sum(analysis.sentiment.label is Polarity.NEGATIVE for _, analysis in own)
    state = EventState(
        event_id=key, at=final.known_at, title=first.text[:30], first_document_id=first.id, opened_at=first.known_at,
        last_at=final.known_at, stage=stage, stage_since=final.known_at, stage_reason="近 6 小时 12 条", heat=len(own) / 3,
        heat_terms=(), documents=len(own), copies=0, kinds=("weibo",), sources=("微博",), authors=len(own) // 2, reach=len(own),
        negative=negative, positive=0, rumours=0, messages=3, documents_last_hour=0, scope=Scope.LOCAL,
        topic=chance.choice(TOPICS), topic_sub="", places=(chance.choice(PLACES),), departments=(), authority=1,
    )  # fmt: skip
    events.save_states(connection, [state])
    events.add_members(
        connection, [(Placement(one.id, key, one is first, 1.0, "同一件事"), one.known_at) for one, _ in own]
    )
    moves = [
        Change(
            own[len(own) * part // 4][0].known_at,
            "stage",
            stage,
            "声量上升",
            key,
            detail={"before": "spread", "back": ""},
        )
        for part, stage in enumerate((Stage.SPREAD, Stage.GATHERING, Stage.HOT, Stage.COOLING))
    ]
    events.record(connection, [Change(first.known_at, "event", "opened", "另立新事件", key), *moves])
    if number % 3 == 0:
        at = last - timedelta(hours=chance.uniform(0, 60))
        alert = Alert(
            f"a{number}",
            "local-hot",
            at,
            1 + number % 4,
            "",
            state.title,
            "阶段 热议",
            key,
            (first.id,),
            ("duty_officer",),
        )
        alerts.save(connection, alert, len(own), stage)
        if number % 12 == 0:
            services_desk(services).open_for_alert(connection, replace(alert, level=2), state, at)


def services_desk(services: Services) -> Any:
    from pipeline.cases.desk import Desk

    if not hasattr(services_desk, "made"):
        services_desk.made = Desk.of(services.settings)  # type: ignore[attr-defined]
    return services_desk.made  # type: ignore[attr-defined]


@contextmanager
def counting(services: Services) -> Iterator[list[int]]:
    seen = [0]

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen[0] += not statement.startswith(("BEGIN", "PRAGMA"))

    sqlalchemy_event.listen(services.store.engine, "before_cursor_execute", note)
    yield seen
    sqlalchemy_event.remove(services.store.engine, "before_cursor_execute", note)


def time_pages(services: Services) -> dict[str, dict[str, float]]:
    """Each page `ROUNDS` times; event, case and search pages are different ones every time, the first time seen."""
    chance = random.Random(5)
    client = TestClient(create_app(services))
    client.post("/login", data={"name": "fang_yi", "password": DEMO_PASSWORD, "next": "/duty"})
    with services.store.read() as connection:
        event_ids = [
            row[0] for row in connection.exec_driver_sql("select id from events where merged_into = '' order by id")
        ]
        case_ids = [row[0] for row in connection.exec_driver_sql("select id from cases")]
        document_ids = [row[0] for row in connection.exec_driver_sql("select id from documents order by id limit 500")]
    chance.shuffle(event_ids)
    words = ("拆迁", "学校", "停水 OR 停电", "工资 kind:weibo", '"人民路"', "place:柳渡镇", "", "情感:负面 time:7d")
    pages: dict[str, list[str]] = {
        "today": ["/"], "wall": ["/wall"], "events": ["/events?sort=heat"], "event": [f"/events/{key}" for key in event_ids],
        "cases": ["/cases"], "case": [f"/cases/{key}" for key in case_ids], "alerts": ["/alerts"],
        "search": [f"/search?q={word}" for word in words], "document": [f"/documents/{key}" for key in document_ids],
        "sources": ["/sources"], "rules": ["/rules"], "duty": ["/duty"], "people": ["/people"], "labels": ["/labels"],
        "statistics": ["/statistics"], "audit": ["/audit"], "briefings": ["/briefings"], "replies": ["/replies"],
    }  # fmt: skip
    found: dict[str, dict[str, float]] = {}
    for name, addresses in pages.items():
        client.get(addresses[-1])
        times, most = [], 0
        for number in range(ROUNDS):
            if name in ("today", "wall"):
                client.app.state.room.kept._values.clear()  # type: ignore[attr-defined]  # each time as if the first to look
            with counting(services) as statements:
                start = time.perf_counter()
                answer = client.get(addresses[number % len(addresses)])
                times.append(1000 * (time.perf_counter() - start))
            assert answer.status_code == 200, (name, answer.status_code, answer.text[-300:])
            most = max(most, statements[0])
        times.sort()
        found[name] = {
            "p50_ms": round(statistics.median(times), 1),
            "p95_ms": round(times[int(0.95 * len(times))], 1),
            "statements": most,
        }
    return found


async def watch(address: str, cookies: dict[str, str], watchers: int, change: Any) -> dict[str, float]:
    """Open the lines, write one line in the journal, see when everybody knows and when everybody has the new page."""
    heard: list[float] = []
    shown: list[float] = []
    ready = asyncio.Semaphore(0)
    moment = [0.0]

    async def one() -> None:
        async with httpx.AsyncClient(cookies=cookies, timeout=60) as client:
            number = int((await client.get(address + "/")).text.split('data-number="')[1].split('"')[0])
            async with client.stream("GET", f"{address}/live?after={number}") as line:
                async for text in line.aiter_lines():
                    if text.startswith("retry"):
                        ready.release()
                    if text.startswith("data:") and moment[0]:
                        heard.append(time.perf_counter() - moment[0])
                        break
            await client.get(address + "/", headers={"x-live": "1"})
            shown.append(time.perf_counter() - moment[0])

    tasks = [asyncio.create_task(one()) for _ in range(watchers)]
    for _ in range(watchers):
        await ready.acquire()
    await asyncio.sleep(1)
    moment[0] = time.perf_counter()
    await asyncio.to_thread(change)
    await asyncio.gather(*tasks)
    return {
        "watchers": watchers, "heard_max_s": round(max(heard), 3), "heard_median_s": round(statistics.median(heard), 3),
        "new_page_max_s": round(max(shown), 3), "new_page_median_s": round(statistics.median(shown), 3),
    }  # fmt: skip


def time_watching(services: Services, watchers: int) -> dict[str, float]:
    def change() -> None:
        with services.store.write() as connection:
            events.record(connection, [Change(services.clock.now(), "event", "renamed", "benchmark")])

    with served(services) as address:
        with httpx.Client() as client:
            client.post(f"{address}/login", data={"name": "fang_yi", "password": DEMO_PASSWORD, "next": "/duty"})
            cookies = dict(client.cookies)
        return asyncio.run(watch(address, cookies, watchers, change))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=500)
    parser.add_argument("--watchers", type=int, default=50)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(
            data_dir=Path(folder), analysis=AnalysisSettings(executor="serial"), web=WebSettings(idle_minutes=600)
        )
        clock = SteppedClock(START)
        services = build_services(settings, clock)
        start = time.perf_counter()
        clock.advance_to(fill(services, asked.documents, asked.events))
        open_demo_accounts(services)
        while refresh(services.store, services.clock.now(), 50):  # what the pipeline does while it is idle
            pass
        print(f"filled in {time.perf_counter() - start:.0f} s", flush=True)
        found = {"documents": asked.documents, "events": asked.events, "pages": time_pages(services)}
        for name, row in found["pages"].items():  # type: ignore[attr-defined]
            print(f"{name:<12} p50 {row['p50_ms']:>7} ms   p95 {row['p95_ms']:>7} ms   {row['statements']} statements")
        found["watching"] = time_watching(services, asked.watchers)
        print(json.dumps(found["watching"]))
        services.close()
    if asked.out:
        asked.out.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
