"""How long a daily briefing over 100,000 documents takes: drafted, kept and written as .docx, .pdf and .txt.

    .venv/bin/python benchmarks/briefing.py [--documents 100000]

The documents are the demo city's own, repeated with new ids over one day, placed in events of 1 to 4,000.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import asdict
from datetime import date, datetime, timedelta
from itertools import islice
from pathlib import Path

from sqlalchemy import insert

from config.settings import load_settings
from dashboards.briefings import archive, daily, export
from demo.documents import documents as demo_documents
from huiying import build_services
from pipeline.analysis.analyse import Analyser
from pipeline.analysis.district import District
from pipeline.clock import SHANGHAI, SteppedClock
from pipeline.services import Services
from pipeline.store.documents import analysis_row
from pipeline.store.schema.documents import analyses, documents
from pipeline.store.schema.events import changes, event_documents, events

DAY = date(2026, 3, 15)
END = datetime(2026, 3, 15, 7, 0, tzinfo=SHANGHAI)
SIZES = (4000, 2000, 1000, 500, 250, 100, 50, 20, 10, 5, 2, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=100_000)
    count = parser.parse_args().documents
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(data_dir=Path(folder))
        services = build_services(settings, SteppedClock(END + timedelta(minutes=5)))
        fill(services, count)
        start = time.monotonic()
        with services.store.write() as connection:
            made = archive.keep(connection, daily.write(connection, settings, DAY), END)
            drafted = time.monotonic()
            files = export.write(connection, settings, made, Path(folder) / "out")
        done = time.monotonic()
        size = sum(path.stat().st_size for path in files) // 1024
        print(
            f"daily briefing over {count} documents: drafted {drafted - start:.2f} s, written {done - drafted:.2f} s, total "
            f"{done - start:.2f} s (bar 5 s), {size} KiB"
        )
        services.close()


def fill(services: Services, count: int) -> None:
    """Rows as the flow would have left them."""
    analyser = Analyser(District.load(services.settings.config_dir), "fast")
    pattern = [(document, analyser.analyse(document)) for document in islice(demo_documents(), 200)]
    with services.store.write() as connection:
        number = event = 0
        while number < count:
            size = min(SIZES[event % len(SIZES)], count - number)
            batch = [(f"b{number + step}", *pattern[(event + step % 7) % len(pattern)]) for step in range(size)]
            moments = [END - timedelta(seconds=1 + (number + step) * 86_000 // count) for step in range(size)]
            rows = [
                {"id": key, "kind": one.kind, "source": one.source, "url": one.url, "title": one.title, "text": one.text,
                 "known_at": at, "stored_at": at, "published_at": at, "state": "placed"}
                for (key, one, _), at in zip(batch, moments, strict=True)
            ]  # fmt: skip
            connection.execute(insert(documents), rows)
            connection.execute(insert(analyses), [analysis_row(said) | {"document_id": key} for key, _, said in batch])
            name, first = f"e{event}", batch[0]
            negative = sum(said.sentiment.label == "negative" for _, _, said in batch)
            connection.execute(insert(events).values(
                id=name, title=f"事件{event}", first_document_id=first[0], opened_at=min(moments), last_at=max(moments),
                stage="hot" if size >= 500 else "spread", stage_since=min(moments), stage_reason="", heat=float(size),
                documents=size, negative=negative, scope=first[2].scope, topic=first[2].topic.label,
                state=full(name, f"事件{event}", first[0], size, negative, moments),
            ))  # fmt: skip
            if size >= 500:
                connection.execute(
                    insert(changes).values(
                        at=min(moments), type="stage", what="hot", event_id=name, reason="", detail={}
                    )
                )
            placed = [
                {"document_id": key, "event_id": name, "known_at": at, "score": 1.0, "reason": ""}
                for (key, _, _), at in zip(batch, moments, strict=True)
            ]
            connection.execute(insert(event_documents), placed)
            number, event = number + size, event + 1


def full(name: str, title: str, first_id: str, size: int, negative: int, moments: list[datetime]) -> dict[str, object]:
    """The JSON of an EventState."""
    from pipeline.document import EventState, Scope, Stage

    first, last = min(moments), max(moments)
    made = EventState(
        event_id=name, title=title, first_document_id=first_id,
        at=last, opened_at=first, last_at=last, stage=Stage.HOT if size >= 500 else Stage.SPREAD, stage_since=first,
        stage_reason="", heat=float(size), heat_terms=(), documents=size, copies=0, kinds=(), sources=(), authors=0, reach=0,
        negative=negative, positive=0, rumours=0, messages=0, documents_last_hour=0, scope=Scope.LOCAL, topic="其他",
        topic_sub="", places=(), departments=(), authority=0,
    )  # fmt: skip
    values = asdict(made)
    return values | {name: values[name].isoformat() for name in ("at", "opened_at", "last_at", "stage_since")}


if __name__ == "__main__":
    main()
