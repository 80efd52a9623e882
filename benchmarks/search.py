"""The search index alone: how fast it fills, how large it is, how long a first page takes.

    python -m benchmarks.search [--documents 1000000] [--index FOLDER] [--out FILE.json]

`--index`: keep the filled index in FOLDER; when it is filled already, only the first page is measured.
First page = 20 hits with marks, all seven facets and the histogram by day, newest first; CPU beside wall time, because the
machine may have other work. The peer in the same run is SQLite FTS5 with rjieba's words (the usual answer without a
server), filled with the first 20,000 documents only.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import rjieba

from benchmarks.crowd import A_DAY, START, Crowd
from benchmarks.grow import QUERIES
from pipeline.document import Document, Polarity, Scope
from pipeline.search.embedded import EmbeddedIndex
from pipeline.search.port import FACETS, IndexedDocument, Interval, Query, SearchIndex
from pipeline.search.query import parse

_TOPICS = ("征地拆迁", "住房", "教育", "环境保护", "交通出行", "安全生产", "医疗卫生", "劳动社保")
_DEPARTMENTS = ("区住建局", "区教育局", "区征收办", "区应急管理局", "区交通运输局", "区城管局", "区信访局")
_PLACES = ("柳渡镇", "青塘镇", "白鹭镇", "沙洲镇", "石桥街道", "滨江街道", "东陵街道", "河口街道")


def indexed(total: int) -> Iterator[IndexedDocument]:
    """The crowd with judgements drawn by lot: what an index is given, without the cost of judging."""
    chance = random.Random(2)
    for day in Crowd().days(total):
        yield from (_judged(document, chance) for document in day)


def _judged(document: Document, chance: random.Random) -> IndexedDocument:
    return IndexedDocument(
        id=document.id,
        kind=document.kind,
        text=document.text,
        title=document.title,
        at=document.published_at or START,
        source=document.source,
        sentiment=chance.choice(list(Polarity)),
        topic=chance.choice(_TOPICS),
        scope=chance.choice((Scope.LOCAL, Scope.LOCAL, Scope.NEIGHBOURING, Scope.NATIONAL)),
        places=tuple(chance.sample(_PLACES, chance.randrange(3))),
        departments=tuple(chance.sample(_DEPARTMENTS, chance.randrange(3))),
        event_id=f"e{chance.randrange(400_000)}",
    )


def measure(index: SearchIndex, total: int, rounds: int) -> dict[str, Any]:
    now = START + timedelta(days=-(-total // A_DAY))
    chance = random.Random(3)
    taken: dict[str, list[float]] = {text: [] for text in QUERIES}
    burnt: list[float] = []
    totals: dict[str, int] = {}
    for _ in range(rounds):
        for text in chance.sample(QUERIES, len(QUERIES)):
            start, cpu = time.perf_counter(), time.process_time()
            found = index.search(Query(parse(text, now).where, facets=FACETS, histogram=Interval.DAY))
            taken[text].append((time.perf_counter() - start) * 1000)
            burnt.append((time.process_time() - cpu) * 1000)
            totals[text] = found.total
    every = sorted(each for times in taken.values() for each in times)
    return {
        "p50_ms": round(every[len(every) // 2], 1),
        "p95_ms": round(every[int(len(every) * 0.95)], 1),
        "cpu_p50_ms": round(sorted(burnt)[len(burnt) // 2], 1),
        "cpu_p95_ms": round(sorted(burnt)[int(len(burnt) * 0.95)], 1),
        "by_query": {
            text: {"found": totals[text], "p50_ms": round(sorted(times)[len(times) // 2], 1)}
            for text, times in taken.items()
        },
    }


def embedded(total: int, rounds: int, kept: Path | None) -> dict[str, Any]:
    folder = kept or Path(tempfile.mkdtemp(prefix="huiying-search-"))
    index = EmbeddedIndex(folder)
    try:
        held = index.count()
        report = {"documents": held} if held else fill(index, folder, total)
        return report | {"first_page": measure(index, report["documents"], rounds)}
    finally:
        index.close()
        if kept is None:
            shutil.rmtree(folder)


def fill(index: EmbeddedIndex, folder: Path, total: int) -> dict[str, Any]:
    spent = Spent(indexed(total))
    start = time.perf_counter()
    index.rebuild(spent)
    seconds = time.perf_counter() - start - spent.seconds
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return {
        "documents": total,
        "documents_per_second": round(total / seconds),
        "bytes_per_document": round(size / total),
    }


def fts5(total: int, rounds: int) -> dict[str, Any]:
    """The peer: words by rjieba, SQLite's full text search, count and 20 newest hits (no facets)."""
    total = min(total, 20_000)
    with tempfile.TemporaryDirectory() as folder:
        connection = sqlite3.connect(Path(folder) / "peer.db")
        connection.execute("create virtual table peer using fts5(words, id unindexed, at unindexed)")
        documents = list(indexed(total))
        start = time.perf_counter()
        connection.executemany(
            "insert into peer values (?, ?, ?)",
            ((" ".join(rjieba.cut(d.title + " " + d.text)), d.id, d.at.isoformat()) for d in documents),
        )
        connection.commit()
        seconds = time.perf_counter() - start
        times = []
        for _ in range(rounds):
            for word in ("拆迁", "补偿", "噪音", "工资", "学校"):
                start = time.perf_counter()
                connection.execute("select count(*) from peer where peer match ?", (f'"{word}"',)).fetchone()
                connection.execute(
                    "select id from peer where peer match ? order by at desc limit 20", (f'"{word}"',)
                ).fetchall()
                times.append((time.perf_counter() - start) * 1000)
        connection.close()
    times.sort()
    return {
        "documents": total,
        "documents_per_second": round(total / seconds),
        "p50_ms": round(times[len(times) // 2], 1),
        "p95_ms": round(times[int(len(times) * 0.95)], 1),
    }


class Spent:
    """Passes documents on and adds up the time that making them took, which is not the index's."""

    def __init__(self, source: Iterator[IndexedDocument]) -> None:
        self._source = source
        self.seconds = 0.0

    def __iter__(self) -> Iterator[IndexedDocument]:
        while True:
            start = time.perf_counter()
            document = next(self._source, None)
            self.seconds += time.perf_counter() - start
            if document is None:
                return
            yield document


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--index", type=Path)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    report: dict[str, Any] = {"embedded": embedded(options.documents, options.rounds, options.index)}
    if filled := report["embedded"].get("documents_per_second"):
        report["peer_fts5"] = fts5(options.documents, options.rounds)
        rate = filled / report["peer_fts5"]["documents_per_second"]
        report["ratio"] = {"filling_embedded_to_fts5": round(rate, 2)}
    text = json.dumps(report, ensure_ascii=False, indent=2)
    print(text)
    if options.out:
        options.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
