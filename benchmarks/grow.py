"""How the embedded default grows: SQLite and tantivy on one machine, up to a million documents.

    python -m benchmarks.grow [--documents 1000000] [--engine fast] [--out FILE.json]

At 10,000, 30,000, 100,000, 300,000 and 1,000,000 documents: documents/s through the whole flow and into the index, CPU per document over
the last tenth (this process and its workers), memory summed over all processes, disk, and p95 of a search's first page
with all facets and the histogram.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from benchmarks.crowd import Crowd
from config.settings import AnalysisSettings, Settings
from huiying import build_services
from pipeline.clock import SteppedClock
from pipeline.flow import Flow
from pipeline.search.indexer import Indexer
from pipeline.search.port import FACETS, Interval, Query
from pipeline.search.query import parse
from pipeline.services import Services

CHECKPOINTS = (10_000, 30_000, 100_000, 300_000, 1_000_000)
QUERIES = (
    "拆迁", "补偿", "恒泰新材料", "学校 食堂", "停水 OR 停电", "小区 -物业", '"人民路"', "噪音", "工资", "",
    "kind:weibo 火", "情感:负面 place:柳渡镇", "time:7d 交通", "的", "时间:昨天",
)  # fmt: skip


class Memory:
    """The peak of the memory of this process and all below it, sampled twice a second (Pss: shared pages once)."""

    def __init__(self) -> None:
        self.peak = 0
        self._over = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def stop(self) -> None:
        self._over.set()

    def _watch(self) -> None:
        while not self._over.wait(0.5):
            self.peak = max(self.peak, memory())


def memory() -> int:
    """Bytes held by this process and its descendants."""
    total = 0
    for pid in family(os.getpid()):
        try:
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
    return total


def family(pid: int) -> list[int]:
    below: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
            below.setdefault(parent, []).append(int(entry.name))
    found, todo = [], [pid]
    while todo:
        each = todo.pop()
        found.append(each)
        todo += below.get(each, [])
    return found


def cpu() -> float:
    """CPU seconds of this process and its living descendants."""
    ticks = 0
    for pid in family(os.getpid()):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def disk(folder: Path) -> dict[str, int]:
    made = {"store": 0, "index": 0}
    for path in folder.rglob("*"):
        if path.is_file():
            made["index" if "index" in path.parts else "store"] += path.stat().st_size
    return made


def search_times(services: Services, rounds: int = 20) -> dict[str, Any]:
    """Milliseconds of first pages, each query in turn, each preceded by none of its kind in this round."""
    index = services.index()
    taken: dict[str, list[float]] = {text: [] for text in QUERIES}
    chance = random.Random(3)
    for _ in range(rounds):
        for text in chance.sample(QUERIES, len(QUERIES)):
            start = time.perf_counter()
            where = parse(text, services.clock.now()).where
            index.search(Query(where, facets=FACETS, histogram=Interval.DAY))
            taken[text].append((time.perf_counter() - start) * 1000)
    every = sorted(each for times in taken.values() for each in times)
    slowest = max(taken, key=lambda text: sorted(taken[text])[len(taken[text]) // 2])
    return {
        "p50_ms": round(every[len(every) // 2], 1),
        "p95_ms": round(every[int(len(every) * 0.95)], 1),
        "max_ms": round(every[-1], 1),
        "slowest": slowest,
        "by_query_p50": {text: round(sorted(times)[len(times) // 2], 1) for text, times in taken.items()},
    }


def grow(folder: Path, total: int, engine: str) -> list[dict[str, Any]]:
    settings = Settings(data_dir=folder, analysis=AnalysisSettings.model_validate({"engine": engine}))
    crowd = Crowd()
    days = crowd.days(total)
    first = next(days)
    clock = SteppedClock(first[0].known_at)
    services = build_services(settings, clock)
    watch = Memory()
    flow, indexer = Flow(services), Indexer(services.store, services.index())
    report: list[dict[str, Any]] = []
    parts: list[dict[str, float]] = []
    done, batch = 0, first
    try:
        while batch:
            clock.advance_to(max(clock.now(), batch[-1].known_at))
            parts.append(_one_day(services, flow, indexer, batch))
            done += len(batch)
            if done in CHECKPOINTS or done == total:
                report.append(_checkpoint(services, folder, done, parts, watch))
                print(json.dumps(report[-1], ensure_ascii=False), flush=True)
            elif done % 50_000 == 0:
                rate = len(batch) / parts[-1]["wall"]
                print(f"{done:,} documents, {rate:.0f}/s, {watch.peak / 2**20:.0f} MiB", flush=True)
            batch = next(days, [])
    finally:
        watch.stop()
        services.close()
    return report


def _one_day(services: Services, flow: Flow, indexer: Indexer, batch: list[Any]) -> dict[str, float]:
    marks = [(time.perf_counter(), cpu())]
    services.intake.take(batch)
    marks.append((time.perf_counter(), cpu()))
    while flow.analyse():
        pass
    marks.append((time.perf_counter(), cpu()))
    flow.drain(services.clock.now())
    marks.append((time.perf_counter(), cpu()))
    indexer.drain_all()
    marks.append((time.perf_counter(), cpu()))
    names = ("take", "analyse", "place", "index")
    made = {name: marks[n + 1][1] - marks[n][1] for n, name in enumerate(names)}
    return made | {"wall": marks[-1][0] - marks[0][0], "documents": len(batch)}


def _checkpoint(
    services: Services, folder: Path, done: int, parts: list[dict[str, float]], watch: Memory
) -> dict[str, Any]:
    last = parts[-max(1, len(parts) // 10) :] if done > 10_000 else parts[1:] or parts
    documents = sum(part["documents"] for part in last)
    return {
        "documents": done,
        "documents_per_second": round(sum(p["documents"] for p in parts) / sum(p["wall"] for p in parts), 1),
        "cpu_ms_per_document": {
            name: round(1000 * sum(part[name] for part in last) / documents, 3)
            for name in ("take", "analyse", "place", "index")
        },
        "cpu_ms_total": round(
            1000 * sum(part[n] for part in last for n in ("take", "analyse", "place", "index")) / documents, 3
        ),
        "peak_memory_mib": round(watch.peak / 2**20),
        "peak_rss_this_process_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "disk_bytes": disk(folder),
        "search": search_times(services),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--engine", default="fast")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--folder", type=Path, help="kept; otherwise a temporary folder is used and removed")
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="huiying-grow-"))
    try:
        report = grow(folder, options.documents, options.engine)
    finally:
        if options.folder is None:
            shutil.rmtree(folder, ignore_errors=True)
    if len(report) > 1:
        ratio = report[-1]["cpu_ms_total"] / report[0]["cpu_ms_total"]
        print(f"cost per document, last against first checkpoint: {ratio:.2f} (bar: at most 1.5)")
    if options.out:
        options.out.write_text(json.dumps(report, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
