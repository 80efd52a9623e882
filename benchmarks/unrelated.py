"""Does grouping hold when a city talks? Real posts and letters, unrelated to the demo city, come in beside its documents.

    python -m benchmarks.unrelated --data ../shared/data [--json]

Twice: 2,500 within the 12 hours of the demo's fire (5,000 a day), beside all of the demo city: how many of them stay out of
every event that has a document of the city, and what that does to B-cubed of the city's storylines; then 11,000 at 5,000 a
day by themselves: how large the largest events become (some of the letters are about one matter: those may meet).
The texts are drawn by a seed from public research data, which is not part of the project. Bar: ≥ .98 stay apart.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

from config.settings import load_settings
from demo.documents import documents
from demo.export import truths
from pipeline.analysis.analyse import Analyser, with_gist
from pipeline.analysis.district import District
from pipeline.clock import SHANGHAI
from pipeline.document import Document, Judged, Kind
from pipeline.events.evaluate_grouping import b_cubed, grouped

FIRE = datetime(2026, 3, 15, 2, 0, tzinfo=SHANGHAI)
POSTS = ("sentiment/weibo2018_train.tsv",)  # the trees of grouping learned beside other posts, and other letters
LETTERS = ("messages/hot_issue_messages.tsv", "messages/topic_dev_raw.tsv")
SHORTEST = 4  # characters of a post
BESIDE, ALONE = 2_500, 11_000
LETTERS_IN = 0.225  # share of letters among the texts


def texts(folder: Path, seed: int) -> list[tuple[str, str, Kind]]:
    """(title, text, kind) of `BESIDE` and `ALONE` posts and letters, none twice."""
    chance = random.Random(seed)
    posts = [("", row["text"], Kind.WEIBO) for name in POSTS for row in _rows(folder / name)]
    letters = [(row["留言主题"], row["留言详情"], Kind.MESSAGE) for name in LETTERS for row in _rows(folder / name)]
    posts, letters = [row for row in posts if len(row[1]) >= SHORTEST], [row for row in letters if row[1]]
    chance.shuffle(posts)
    chance.shuffle(letters)
    wanted = BESIDE + ALONE
    chosen = letters[: int(wanted * LETTERS_IN)]
    chosen += posts[: wanted - len(chosen)]
    chance.shuffle(chosen)
    return chosen


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        yield from csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)


def spread(rows: Sequence[tuple[str, str, Kind]], start: datetime, hours: float, seed: int) -> list[Document]:
    """The texts at chance moments within those hours."""
    chance = random.Random(seed)
    moments = sorted(chance.uniform(0, hours * 3600) for _ in rows)
    return [
        Document(
            f"real-{seed}-{number:05d}", text, kind, title=title, collected_at=start + timedelta(seconds=round(at))
        )
        for number, ((title, text, kind), at) in enumerate(zip(rows, moments, strict=True))
    ]


def placed(stream: Iterable[Document], analyser: Analyser) -> dict[str, str]:
    events = load_settings().events
    days = (timedelta(days=events.window_days), timedelta(days=events.copy_window_days))
    ordered = sorted(stream, key=lambda document: (document.known_at, document.id))
    return grouped((Judged(one, with_gist(analyser.analyse(one))) for one in ordered), *days, events.copy_limit)


def measured(folder: Path, seed: int) -> dict[str, Any]:
    """Both measurements."""
    analyser = Analyser(District.load(load_settings().config_dir), "fast")
    drawn = texts(folder, seed)
    city = list(documents())
    truth = {row["id"]: row["storyline"] or f"alone:{row['id']}" for row in truths()}
    found = placed([*city, *spread(drawn[:BESIDE], FIRE, 12, seed)], analyser)
    ours = {found[name] for name in truth}
    real = [event for name, event in found.items() if name not in truth]
    quiet = b_cubed(placed(city, analyser), truth)
    loud = b_cubed({name: found[name] for name in truth}, truth)
    alone = Counter(placed(spread(drawn[BESIDE:], FIRE, 24 * ALONE / 5_000, seed), analyser).values())
    return {
        "apart": sum(event not in ours for event in real) / len(real),
        "city": quiet.row(),
        "city_among_them": loud.row(),
        "largest_among_them": max(Counter(found.values()).values()),
        "alone": ALONE,
        "largest_alone": [size for _, size in alone.most_common(3)],
        "single_alone": sum(size == 1 for size in alone.values()) / ALONE,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    result = measured(asked.data, asked.seed)
    if asked.json:
        print(json.dumps(result))
        return
    print(
        f"{BESIDE} beside the fire: {result['apart']:.4f} stay apart; the largest event has {result['largest_among_them']}"
    )
    for name, label in (("city", "demo city alone"), ("city_among_them", "demo city among them")):
        figures = result[name]
        print(f"{label}: precision {figures['precision']:.4f} recall {figures['recall']:.4f} F1 {figures['f1']:.4f}")
    print(f"{ALONE} alone: {result['single_alone']:.4f} in no event with another; largest {result['largest_alone']}")


if __name__ == "__main__":
    main()
