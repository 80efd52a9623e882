"""Forecasts on growth that the models had not seen, beside the simple rules, and the speed of the stage book.

`python -m benchmarks.stages --data FOLDER [--only curves|cascades|speed]` (FOLDER: spread/ of the labelled data)

Curves: each month is forecast by trees trained on the other month alone, corrected as the month goes. Cascades: five folds by
post. Speed: documents a second through observe and state, one core, CPU time.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.document import Analysis, Document, Judged, Kind, Polarity, Scope, Sentiment, Topic
from pipeline.events.adaptation import Scaling, corrected
from pipeline.events.cascades import read_cascades
from pipeline.events.curves import samples
from pipeline.events.evaluate_stages import figures
from pipeline.events.hot_list import HotList, read_hot_list
from pipeline.events.stage_models import Ensemble
from pipeline.events.stage_settings import StageSettings
from pipeline.events.stages import StageBook
from pipeline.events.train_stages import curve_rows, fit_curves, train_cascades

MONTHS = ("2022-03", "2022-09")


def held_out_months(lists: Sequence[HotList]) -> Iterator[dict[str, Any]]:
    """Each month forecast from the other."""
    rows = curve_rows(lists)
    for test, month in enumerate(MONTHS):
        forests = fit_curves(rows, np.flatnonzero(rows.group != test))[0]
        model = Ensemble(tuple(forests), np.full(len(forests), 1 / len(forests)), 1.0, 0.0)
        table = samples(lists[test])
        scaling = Scaling.of(rows.features[(rows.group != test) & rows.judged])
        chances = corrected(table, model.logits(table.features), scaling)
        rules = {
            "growth_of_heat": table.column("growth"),
            "rank_now": -table.column("rank"),
            "heat_now": table.column("log_heat"),
        }
        yield figures(f"curves {month} from the other month", table.reached, chances, rules).as_json()


def held_out_posts(data: Path) -> Iterator[dict[str, Any]]:
    """Cascades by five folds, without and with the posts."""
    profile = StageSettings.load().normal.day_profile
    cascades = read_cascades(data / "cascade_times.tsv.gz", data / "cascade_posts.jsonl")
    counts = np.array([sum(t <= one.start + 3600 for t in one.times) for one in cascades], dtype=np.float64)
    for name, with_posts in (("times", False), ("times and posts", True)):
        trained = train_cascades(cascades, profile, with_posts)
        yield figures(f"cascades, {name}", trained.labels, trained.held_out, {"first_hour_count": counts}).as_json()


def speed(number: int = 20_000) -> dict[str, Any]:
    """A day of documents over thousands of events, each observed and its state read."""
    book, start = StageBook(), datetime(2026, 3, 14, tzinfo=UTC)
    judged = [_judged(n, start + timedelta(seconds=4 * n)) for n in range(number)]
    began = time.process_time()
    for n, one in enumerate(judged):
        event = f"e{n // 3 if n % 3 == 0 else (n * 7919) % (n // 3 + 1)}"
        book.observe(event, one, None, one.document.known_at)
        book.state(event, one.document.known_at)
        if n % 150 == 0:
            book.tick(one.document.known_at)
    return {"task": "stage book", "documents": number, "per_second": round(number / (time.process_time() - began))}


def _judged(number: int, at: datetime) -> Judged:
    document = Document(
        f"d{number}", "锦绣江南小区停水", Kind.WEIBO, f"s{number % 40}", author=f"a{number % 3000}", collected_at=at
    )
    mood, topic = Sentiment(Polarity.NEGATIVE, -0.8, 0.9), Topic("城乡建设", 0.9)
    return Judged(
        document,
        Analysis(document.id, "zh", mood, topic, Scope.LOCAL, "", (), (), None, None, "", document.text),
    )


def main() -> None:
    """Print one JSON object per measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--only", choices=("curves", "cascades", "speed"))
    asked = parser.parse_args()
    if asked.only in (None, "speed"):
        print(json.dumps(speed()), flush=True)
    if asked.only in (None, "curves"):
        lists = [read_hot_list(asked.data / f"curves10min_{month}.tsv.gz") for month in MONTHS]
        for shown in held_out_months(lists):
            print(json.dumps(shown), flush=True)
    if asked.only in (None, "cascades"):
        for shown in held_out_posts(asked.data):
            print(json.dumps(shown), flush=True)


if __name__ == "__main__":
    main()
