"""How the embedded default grows: SQLite and tantivy on one machine, up to a million documents.

    python -m benchmarks.grow [--documents 1000000] [--engine fast] [--out FILE.json] [--folder FOLDER]

At 10,000, 30,000, 100,000, 300,000 and 1,000,000 documents: documents/s through the whole flow and into the index, CPU per
document over the last tenth (this process and its workers) by step, grouping apart, memory summed over all processes,
disk, the largest event, and p95 of a search's first page with all facets and the histogram. A line every 10,000
documents says how it goes; --out is written anew at each checkpoint. With --folder the data is kept, and a run that was
cut short goes on where it was when it is started again with the same folder: the finished days are not done again, the
one that it died in is. Bars: cost at a million at most 1.5 × that at 10,000, peak memory at most 2 GB.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import dropwhile
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from benchmarks.crowd import Crowd
from benchmarks.machine import Memory, cpu, disk
from config.settings import AnalysisSettings, Settings
from huiying import build_services
from pipeline.clock import SteppedClock
from pipeline.document import Copy, Document, Judged, Placement
from pipeline.events.grouping import Grouping
from pipeline.flow import Flow
from pipeline.search.indexer import Indexer
from pipeline.search.port import FACETS, Interval, Query
from pipeline.search.query import parse
from pipeline.services import Services
from pipeline.store.schema.events import event_documents

CHECKPOINTS = (10_000, 30_000, 100_000, 300_000, 1_000_000)
STEPS = ("take", "analyse", "place", "index")
SAID_EVERY = 10_000
MIB = 2**20
QUERIES = (
    "拆迁", "补偿", "恒泰新材料", "学校 食堂", "停水 OR 停电", "小区 -物业", '"人民路"', "噪音", "工资", "",
    "kind:weibo 火", "情感:负面 place:柳渡镇", "time:7d 交通", "的", "时间:昨天",
)  # fmt: skip


@dataclass
class Progress:
    """How far a run has come: kept in its folder after every day, so that it can go on."""

    file: Path
    documents: int = 0
    peak: int = 0
    parts: list[dict[str, float]] = field(default_factory=list)
    report: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def of(cls, folder: Path) -> Progress:
        file = folder / "growing.json"
        return cls(file, **json.loads(file.read_text(encoding="utf-8"))) if file.exists() else cls(file)

    def keep(self) -> None:
        kept = {"documents": self.documents, "peak": self.peak, "parts": self.parts, "report": self.report}
        fresh = self.file.with_suffix(".new")
        fresh.write_text(json.dumps(kept, ensure_ascii=False), encoding="utf-8")
        fresh.replace(self.file)

    def cost(self, parts: Sequence[dict[str, float]]) -> dict[str, float]:
        """CPU milliseconds a document by step; grouping is a part of placing."""
        documents = sum(part["documents"] for part in parts)
        made = {name: round(1000 * sum(part[name] for part in parts) / documents, 3) for name in (*STEPS, "grouping")}
        return made | {"total": round(sum(made[name] for name in STEPS), 3)}

    def last(self) -> list[dict[str, float]]:
        """The days that stand for a checkpoint: its last tenth."""
        return self.parts[-max(1, len(self.parts) // 10) :]


@contextmanager
def grouping_timed() -> Iterator[list[float]]:
    """While open, the first number of what it answers is the CPU time spent in Grouping.place so far."""
    spent, place = [0.0], Grouping.place

    def timed(self: Grouping, judged: Judged, copy: Copy | None, at: Any) -> Placement:
        start = time.thread_time()
        try:
            return place(self, judged, copy, at)
        finally:
            spent[0] += time.thread_time() - start

    Grouping.place = timed  # type: ignore[method-assign]
    try:
        yield spent
    finally:
        Grouping.place = place  # type: ignore[method-assign]


def grow(folder: Path, total: int, engine: str, out: Path | None) -> list[dict[str, Any]]:
    settings = Settings(data_dir=folder, analysis=AnalysisSettings.model_validate({"engine": engine}))
    progress = Progress.of(folder)
    days = dropwhile(lambda day: _number(day[-1]) < progress.documents, Crowd().days(total))
    batch = next(days, [])
    if not batch:
        return progress.report
    services = build_services(settings, SteppedClock(batch[0].known_at))
    watch = Memory(progress.peak)
    flow, indexer = Flow(services), Indexer(services.store, services.index())
    try:
        with grouping_timed() as grouped:
            while batch:
                progress.parts.append(_one_day(services, flow, indexer, batch, grouped, watch))
                progress.documents, progress.peak = progress.documents + len(batch), watch.peak
                if progress.documents in CHECKPOINTS or progress.documents == total:
                    progress.report.append(_checkpoint(services, folder, progress))
                    print(json.dumps(progress.report[-1], ensure_ascii=False), flush=True)
                    if out:
                        out.write_text(_pretty(progress.report), encoding="utf-8")
                elif progress.documents % SAID_EVERY == 0:
                    _say(progress, watch)
                progress.keep()
                batch = next(days, [])
    finally:
        watch.stop()
        indexer.release()
        services.close()
    return progress.report


def _number(document: Document) -> int:
    return int(document.id.rpartition("-")[2])


def _say(progress: Progress, watch: Memory) -> None:
    day = progress.parts[-1]
    cost = ", ".join(f"{name} {ms:.2f}" for name, ms in progress.cost([day]).items())
    print(
        f"{time.strftime('%H:%M:%S')} {progress.documents:,} documents; CPU ms a document: {cost}; "
        f"{day['documents'] / day['wall']:.0f}/s; {watch.now / MIB:.0f} MiB, peak {watch.peak / MIB:.0f}",
        flush=True,
    )


def _one_day(
    services: Services, flow: Flow, indexer: Indexer, batch: list[Document], grouped: list[float], watch: Memory
) -> dict[str, float]:
    """A day's documents all the way down; CPU seconds by step, without those of the watch."""
    assert isinstance(services.clock, SteppedClock)
    services.clock.advance_to(max(services.clock.now(), batch[-1].known_at))
    before, start = grouped[0], time.perf_counter()
    marks = [cpu() - watch.cpu]
    services.intake.take(batch)
    marks.append(cpu() - watch.cpu)
    while flow.analyse():
        pass
    marks.append(cpu() - watch.cpu)
    flow.drain(services.clock.now())
    marks.append(cpu() - watch.cpu)
    indexer.drain_all()
    marks.append(cpu() - watch.cpu)
    made = {name: marks[n + 1] - marks[n] for n, name in enumerate(STEPS)}
    wall = time.perf_counter() - start
    return made | {"grouping": grouped[0] - before, "wall": wall, "documents": len(batch)}


def _checkpoint(services: Services, folder: Path, progress: Progress) -> dict[str, Any]:
    parts = progress.parts
    return {
        "documents": progress.documents,
        "documents_per_second": round(sum(p["documents"] for p in parts) / sum(p["wall"] for p in parts), 1),
        "cpu_ms_per_document": progress.cost(progress.last()),
        "peak_memory_mib": round(progress.peak / MIB),
        "disk_bytes": disk(folder),
        "largest_event": largest_event(services),
        "search": search_times(services),
    }


def largest_event(services: Services) -> dict[str, int]:
    """Documents of the largest event there is: a share of all that grows would be a giant that swallows strangers."""
    documents = func.count()
    by_size = (
        select(documents).select_from(event_documents).group_by(event_documents.c.event_id).order_by(documents.desc())
    )
    with services.store.read() as connection:
        sizes = list(connection.execute(by_size).scalars())
    return {"documents": sizes[0] if sizes else 0, "events": len(sizes), "of_one": sizes.count(1)}


def search_times(services: Services, rounds: int = 20) -> dict[str, Any]:
    """Milliseconds of first pages, each query in turn, each preceded by none of its kind in this round."""
    index = services.index()
    taken: dict[str, list[float]] = {text: [] for text in QUERIES}
    used: list[float] = []
    chance = random.Random(3)
    for _ in range(rounds):
        for text in chance.sample(QUERIES, len(QUERIES)):
            start, busy = time.perf_counter(), time.process_time()
            where = parse(text, services.clock.now()).where
            index.search(Query(where, facets=FACETS, histogram=Interval.DAY))
            taken[text].append((time.perf_counter() - start) * 1000)
            used.append((time.process_time() - busy) * 1000)
    every = sorted(each for times in taken.values() for each in times)
    used.sort()
    slowest = max(taken, key=lambda text: sorted(taken[text])[len(taken[text]) // 2])
    return {
        "p50_ms": round(every[len(every) // 2], 1),
        "p95_ms": round(every[int(len(every) * 0.95)], 1),
        "max_ms": round(every[-1], 1),
        "cpu_p95_ms": round(used[int(len(used) * 0.95)], 1),
        "slowest": slowest,
        "by_query_p50": {text: round(sorted(times)[len(times) // 2], 1) for text, times in taken.items()},
    }


def _pretty(report: list[dict[str, Any]]) -> str:
    return json.dumps(report, ensure_ascii=False, indent=2) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--engine", default="fast")
    parser.add_argument("--out", type=Path, help="a file for the figures, written at each checkpoint")
    parser.add_argument("--folder", type=Path, help="kept; otherwise a temporary folder is used and removed")
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="huiying-grow-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        report = grow(folder, options.documents, options.engine, options.out)
    finally:
        if options.folder is None:
            shutil.rmtree(folder, ignore_errors=True)
    if len(report) > 1:
        ratio = report[-1]["cpu_ms_per_document"]["total"] / report[0]["cpu_ms_per_document"]["total"]
        print(f"cost per document, last against first checkpoint: {ratio:.2f} (bar: at most 1.5)")


if __name__ == "__main__":
    main()
