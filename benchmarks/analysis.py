"""The whole analysis of a document on one core, against SnowNLP's sentiment alone, in the same run.

    python -m benchmarks.analysis [--texts FILE.tsv] [--json]

Texts: a TSV with a `text` column (default: the Weibo posts of ../shared/data where present, else the demo city's posts).
Bars: accurate ≥ 3 × SnowNLP, fast ≥ 10 ×, a 1,500-character article ≥ 100 a second with accurate.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # one core, for the peer too
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from config.settings import load_settings
from pipeline.analysis.analyse import Analyser
from pipeline.analysis.district import District
from pipeline.analysis.sentiment import ASKED
from pipeline.analysis.sentiment_sets import read_columns
from pipeline.document import Document, Kind

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("HUIYING_SHARED_DATA", ROOT.parent / "shared" / "data"))
WARM_UP, POSTS, PEER_POSTS, ARTICLES, ROUNDS = 200, 1000, 100, 60, 2
ARTICLE = 1500  # characters


def posts(file: Path | None) -> tuple[str, list[str]]:
    """Where the texts come from, and enough of them: no text is judged twice in a round."""
    if file is None and SHARED.is_dir():
        file = SHARED / "sentiment" / "ewect_usual_eval.tsv"
    if file is not None:
        return file.name, [text for _, text in read_columns(file) if text.strip()][: WARM_UP + POSTS]
    from demo.stories import load_pieces

    return "demo", [piece.text for piece in load_pieces() if piece.text][: WARM_UP + POSTS]


def articles(texts: Sequence[str]) -> list[str]:
    """Articles of ARTICLE characters, joined from posts, each different."""
    out: list[str] = []
    for n in range(ARTICLES):
        joined, at = "", n * 7
        while len(joined) < ARTICLE:
            joined += texts[at % len(texts)] + "\n"
            at += 1
        out.append(joined[:ARTICLE])
    return out


def rate(work: Callable[[str], object], texts: Sequence[str]) -> float:
    """Texts a second of processor time, one a call, the best of ROUNDS (others may be using the machine)."""
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.process_time()
        for text in texts:
            work(text)
        best = min(best, time.process_time() - started)
    return len(texts) / best


def snownlp_sentiment() -> Callable[[str], object]:
    from snownlp import SnowNLP

    return lambda text: SnowNLP(text).sentiments


def measure(file: Path | None) -> dict[str, object]:
    source, texts = posts(file)
    warm, measured = texts[:WARM_UP], texts[WARM_UP:] or texts
    long = articles(texts)
    peer = rate(snownlp_sentiment(), measured[:PEER_POSTS])
    district = District.load(load_settings().config_dir)
    found: dict[str, object] = {
        "texts": source,
        "posts": len(measured),
        "characters": round(sum(map(len, measured)) / len(measured), 1),
        "snownlp_sentiment_alone_per_second": round(peer, 1),
    }
    for engine in ("accurate", "fast", "snownlp"):
        started = time.process_time()
        analyser = Analyser(district, engine)
        loaded = time.process_time() - started

        def work(text: str, kind: Kind = Kind.WEIBO, analyser: Analyser = analyser) -> object:
            return analyser.analyse(Document(id="x", text=text, kind=kind))

        for text in warm:
            work(text)
        speed = rate(work, measured)
        asked = [
            any(r.startswith(ASKED) for r in analyser.analyse(Document("x", t)).sentiment.reasons) for t in measured
        ]
        found[engine] = {
            "load_seconds": round(loaded, 2),
            "posts_per_second": round(speed, 1),
            "ratio_to_snownlp": round(speed / peer, 2),
            "share_to_encoder": round(sum(asked) / len(asked), 3),
            "articles_per_second": round(rate(lambda text: work(text, Kind.NEWS), long), 1),
        }
    return found


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--texts", type=Path)
    arguments.add_argument("--json", action="store_true")
    chosen = arguments.parse_args()
    found = measure(chosen.texts)
    if chosen.json:
        sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
        return
    for name, value in found.items():
        sys.stdout.write(f"{name}: {value}\n")


if __name__ == "__main__":
    main()
