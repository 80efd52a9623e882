"""How fast documents join events, with many live, and whether the cost stays flat as the store grows.

    python -m benchmarks.grouping [--live 100000] [--stored 1000000] [--json]

Documents are made from a seeded vocabulary of places, kinds of incident and rare words, in events of a long-tailed
size, so that the benchmark needs no data; they pass through `Grouping.place` in order of time, one window = `live`
documents. The cost per document is taken around 10,000 stored, at the first full window, every 100,000 (a line tells, so
that a run cut short does too), and around `stored`.
Bars: ≥ 1,000 documents/s with 100,000 live, cost at 1,000,000 stored ≤ 1.3 × that at 10,000.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from pipeline.analysis.gist import WIDTH, kept
from pipeline.document import Analysis, Document, Judged, Kind, PlaceMention, Polarity, Scope, Sentiment, Topic
from pipeline.events.grouping import Grouping
from pipeline.events.incidents import SHIPPED, _read

START = datetime(2026, 1, 1, tzinfo=UTC)
WINDOW = timedelta(days=7)
TOWNS = tuple(f"第{number}街道" for number in range(200))
PROBE = 2_000  # documents timed at each mark
SAID_EVERY = 100_000
_RARE = "".join(chr(code) for code in range(0x4E00, 0x9FA5, 7))


def stream(seed: int, live: int) -> Iterator[Judged]:
    """Endless documents: a new event one time in three, else one of those begun lately, the busier the likelier."""
    random_, directions = random.Random(seed), np.random.default_rng(seed)
    kinds = [(incident.words, directions.standard_normal(WIDTH)) for incident in _read(SHIPPED).incident]
    events: list[tuple[str, list[str], list[str], Any]] = []  # town, words of its kind, of its own, what it is about
    gap = WINDOW / live
    number = 0
    while True:
        if not events or random_.random() < 1 / 3:
            own = ["".join(random_.choices(_RARE, k=2)) for _ in range(12)]
            words, of_kind = random_.choice(kinds)
            events.append((random_.choice(TOWNS), words, own, 0.6 * of_kind + directions.standard_normal(WIDTH)))
            events = events[-5000:]
        town, words, own, about = events[-1 - min(len(events) - 1, int(random_.expovariate(1 / 300)))]
        chatter = ["".join(random_.choices(_RARE, k=2)) for _ in range(random_.randrange(4, 25))]
        place = town if random_.random() < 0.6 else ""
        parts = [place, *random_.sample(list(words), min(2, len(words))), *random_.sample(own, 4), *chatter]
        random_.shuffle(parts)
        text = "，".join(part for part in parts if part)
        gist = kept(about + 0.6 * directions.standard_normal(WIDTH))
        yield judged(f"d{number}", text, place, START + gap * number, gist)
        number += 1


def judged(name: str, text: str, place: str, at: datetime, gist: str) -> Judged:
    places = (PlaceMention(place, place, "某区"),) if place else ()
    analysis = Analysis(
        name, "zh", Sentiment(Polarity.NEUTRAL, 0.0, 1.0), Topic("其他", 1.0), Scope.LOCAL, "", places, (), None, None, "", text, gist=gist
    )  # fmt: skip
    return Judged(Document(name, text, Kind.WEIBO, collected_at=at), analysis)


def yardstick() -> float:
    """How fast the machine is just now, 1 = a million counted words in .1 s: neighbours slow it by half for minutes."""
    words = [str(number % 997) for number in range(1_000)]
    started, counts = time.process_time(), dict[str, int]()
    for _ in range(1_000):
        for word in words:
            counts[word] = counts.get(word, 0) + 1
    return 0.1 / (time.process_time() - started)


def measured(live: int, stored: int, seed: int = 1) -> dict[str, Any]:
    """Documents a second around each mark, told as they are reached, and what the memory came to."""
    marks = {10_000, min(live, stored), stored, *range(SAID_EVERY, stored, SAID_EVERY)}
    grouping, found, pace, documents = Grouping(WINDOW), {}, {}, stream(seed, live)
    for number in range(1, stored + PROBE + 1):
        if number in marks:
            batch = [next(documents) for _ in range(PROBE)]
            before, started = yardstick(), time.process_time()
            for one in batch:
                grouping.place(one, None, one.document.known_at)
            found[number] = PROBE / (time.process_time() - started)
            pace[number] = (before + yardstick()) / 2
            print(
                f"{number:>9} stored, {len(grouping)} live: {found[number]:.0f} documents/s, the machine at {pace[number]:.2f}",
                file=sys.stderr,
                flush=True,
            )
        else:
            one = next(documents)
            grouping.place(one, None, one.document.known_at)
    largest = max(grouping.live.events.values(), key=lambda event: len(event.documents))
    return {
        "live": len(grouping),
        "events": len(grouping.live.events),
        "largest_event": len(largest.documents),
        "documents_per_second": {str(mark): round(rate) for mark, rate in found.items()},
        "machine": {str(mark): round(at, 3) for mark, at in pace.items()},
        "cost_ratio": found[10_000] / found[stored],
        "cost_ratio_at_one_pace": found[10_000] / pace[10_000] / (found[stored] / pace[stored]),
        "memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--live", type=int, default=100_000)
    parser.add_argument("--stored", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    result = measured(asked.live, max(asked.stored, 10_000))
    if asked.json:
        print(json.dumps(result))
        return
    for mark, rate in result["documents_per_second"].items():
        print(f"{mark:>9} stored: {rate} documents/s of processor time")
    print(
        f"cost at the end {result['cost_ratio']:.2f} × that at 10,000, {result['cost_ratio_at_one_pace']:.2f} × at one pace of"
    )
    print(f"the machine ({', '.join(f'{at:.2f}' for at in result['machine'].values())}); {result['memory_mb']} MB")
    print(f"{result['live']} live in {result['events']} events, the largest of {result['largest_event']}")


if __name__ == "__main__":
    main()
