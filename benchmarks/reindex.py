"""Re-indexing from the store into Elasticsearch against the raw rate of the official client's `parallel_bulk`.

    python -m benchmarks.reindex [--documents 60000] [--url URL] [--out FILE.json]

The peer is given the same documents, already read, projected and tokenised, in memory; ours reads them from the store,
projects, tokenises, sends, and moves the alias. Both end with a refresh. Rounds alternate, the first warms the server up
and does not count; the median counts. Also printed: our CPU a document, which does not depend on who else is at work.
Bar: 0.8.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

from elasticsearch import Elasticsearch
from elasticsearch.helpers import parallel_bulk

from benchmarks.crowd import START, Crowd
from pipeline.document import (
    Analysis,
    DepartmentGuess,
    Document,
    PlaceMention,
    Polarity,
    Scope,
    Sentiment,
    Topic,
)
from pipeline.search.elastic import ElasticIndex
from pipeline.search.elastic_query import MAPPINGS, to_line
from pipeline.search.indexer import Indexer, project_after
from pipeline.store import documents
from pipeline.store.engine import Store, open_store, sqlite_url
from services.__main__ import running

PREFIX = "bench-reindex"


def fill(store: Store, total: int) -> None:
    """Documents and analyses in the store, judgements drawn by lot."""
    chance = random.Random(4)
    for day in Crowd(seed=8).days(total):
        with store.write() as connection:
            documents.save(connection, day, START)
            documents.save_analyses(connection, [_judged(document, chance) for document in day])


def _judged(document: Document, chance: random.Random) -> Analysis:
    return Analysis(
        document_id=document.id,
        language="zh",
        sentiment=Sentiment(chance.choice(list(Polarity)), chance.uniform(-1, 1), 0.9, ("因为",)),
        topic=Topic(chance.choice(("征地拆迁", "住房", "教育")), 0.8, "安置"),
        scope=Scope.LOCAL,
        scope_reason="提到柳渡镇",
        places=(PlaceMention("柳东村", "柳渡镇", "云港区", "地名"),),
        departments=(DepartmentGuess("区征收办", 0.7, "主管征收"),),
        opinion_kind=None,
        rumour=None,
        masked_title=document.title,
        masked_text=document.text,
    )


def ours(store: Store, url: str) -> float:
    index = ElasticIndex([url], prefix=PREFIX)
    indexer = Indexer(store, index)
    start = time.perf_counter()
    indexer.rebuild()
    taken = time.perf_counter() - start
    indexer.release()
    index.close()
    return taken


def raw(client: Elasticsearch, actions: list[dict[str, Any]]) -> float:
    client.options(ignore_status=404).indices.delete(index=f"{PREFIX}-raw")
    client.indices.create(
        index=f"{PREFIX}-raw",
        mappings=dict(MAPPINGS),
        settings={"refresh_interval": "-1", "number_of_replicas": 0, "number_of_shards": 1},
    )
    start = time.perf_counter()
    for done, item in parallel_bulk(client, actions, thread_count=2, chunk_size=500):
        assert done, item
    client.indices.refresh(index=f"{PREFIX}-raw")
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=60_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--url", default="")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    url = options.url or str(running().get("elasticsearch", {}).get("url", ""))
    if not url:
        sys.exit("needs Elasticsearch: make services, or --url")
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(sqlite_url(Path(folder) / "huiying.db"))
        fill(store, options.documents)
        with store.read() as connection:
            whole = project_after(connection, "", options.documents)
        actions = [
            {"_index": f"{PREFIX}-raw", "_id": document.id, "_source": json.loads(to_line(document))}
            for document in whole
        ]
        client = Elasticsearch([url], request_timeout=120)
        taken: dict[str, list[float]] = {"raw": [], "ours": []}
        used: dict[str, list[float]] = {"raw": [], "ours": []}
        for round_number in range(options.rounds + 1):
            for name, run in (("raw", partial(raw, client, actions)), ("ours", partial(ours, store, url))):
                before = time.process_time()
                seconds = run()
                rate = len(whole) / seconds
                print(
                    f"round {round_number}, {name}: {rate:.0f}/s{'' if round_number else ' (does not count)'}",
                    flush=True,
                )
                if round_number:
                    taken[name].append(seconds)
                    used[name].append(time.process_time() - before)
        found = client.count(index=PREFIX)["count"]
        assert found == len(whole), found
        names = list(client.indices.get(index=f"{PREFIX}-*").body)
        client.indices.delete(index=names)
        client.options(ignore_status=404).indices.delete_index_template(name=PREFIX)
        client.close()
        store.close()
    rates = {name: len(whole) / statistics.median(times) for name, times in taken.items()}
    report = {
        "documents": len(whole),
        "raw_parallel_bulk_per_second": round(rates["raw"]),
        "reindex_per_second": round(rates["ours"]),
        "ratio": round(rates["ours"] / rates["raw"], 3),
        "bar": 0.8,
        "client_cpu_ms_a_document": {
            name: round(1000 * statistics.median(times) / len(whole), 3) for name, times in used.items()
        },
        "seconds": {name: [round(each, 2) for each in times] for name, times in taken.items()},
    }
    print(json.dumps(report, ensure_ascii=False, indent=2))
    if options.out:
        options.out.write_text(json.dumps(report, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
