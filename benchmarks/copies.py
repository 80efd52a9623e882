"""Copies found and wrongly found, one edit at a time as editors make them, over real texts thinned to be unlike each other.

    python -m benchmarks.copies [--texts FILE ...] [--count 20000] [--tries 2000] [--json]

Texts: TSV files with a `text` column or 留言主题/留言详情, JSONL with `text` (default: those of ../shared/data). They are
thinned to pairwise Jaccard < .3 over character 4-grams, since real data holds copies of its own. Each edit is tried on
its own and all together; the peer, datasketch's MinHashLSH, runs on the same texts. Bars: recall ≥ .97 at precision
≥ .98 for each single edit, ≥ 5,000 documents a second.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import rjieba

from pipeline.events.copies import Copies
from pipeline.events.shingles import normalise, shingles

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("HUIYING_SHARED_DATA", ROOT.parent / "shared" / "data"))
DEFAULTS = (
    "messages/hot_issue_messages.tsv",
    "sentiment/ewect_usual_train.tsv",
    "sentiment/weibo2018_train.tsv",
    "spread/cascade_posts.jsonl",
)
SHORTEST = 20  # letters of a text that is edited
AT = datetime(2026, 1, 1, tzinfo=UTC)
WINDOW, LIMIT = timedelta(days=30), 200_000
Edit = Callable[[str], str]


def texts_of(path: Path) -> Iterable[str]:
    with path.open(encoding="utf-8", newline="") as file:
        if path.suffix == ".jsonl":
            yield from (json.loads(line)["text"] for line in file)
            return
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            yield row["text"] if "text" in row else f"{row['留言主题']}。{row['留言详情']}"


def thinned(texts: Sequence[str], count: int) -> list[str]:
    """Texts no two of which share 30 % of their 4-grams (checked through every gram that fewer than 300 hold)."""
    holders: defaultdict[int, list[int]] = defaultdict(list)
    kept: list[str] = []
    sizes: list[int] = []
    for text in texts:
        grams = shingles(normalise(text)).tolist()
        common = Counter(number for gram in grams if len(holders[gram]) < 300 for number in holders[gram])
        if any(both / (len(grams) + sizes[number] - both) >= 0.3 for number, both in common.most_common(20)):
            continue
        for gram in grams:
            holders[gram].append(len(kept))
        kept.append(text)
        sizes.append(len(grams))
        if len(kept) == count:
            break
    return kept


class Editor:
    """What editors do to a text, one thing at a time; seeded."""

    def __init__(self, texts: Sequence[str], seed: int) -> None:
        self.random = random.Random(seed)
        sample = self.random.sample(list(texts), min(2000, len(texts)))
        self.words = [word for text in sample for word in rjieba.cut(text) if len(word) > 1]

    def edits(self) -> dict[str, Edit]:
        single: dict[str, Edit] = {
            "cut a third": lambda text: text[: len(text) * 2 // 3],
            "reorder": self.reordered,
            "new headline": self.retitled,
            "added lead": self.led,
            "10 % of words": self.reworded,
        }
        return single | {"all together": self.all_together}

    def some(self, count: int) -> str:
        return "".join(self.random.sample(self.words, count))

    def reordered(self, text: str) -> str:
        parts = re.split(r"(?<=[。！？!?；;\n])", text)
        parts = parts if len(parts) > 2 else re.split(r"(?<=[，,。！？!?；; ])", text)
        self.random.shuffle(parts)
        return "".join(parts)

    def retitled(self, text: str) -> str:
        parts = [part for part in re.split(r"(?<=[。！？!?；;\n])", text) if part]
        body = "".join(parts[1:]) if len(parts) > 1 and len(parts[0]) < 0.3 * len(text) else text
        return self.some(6) + "。" + body

    def led(self, text: str) -> str:
        return f"本报讯 {self.some(12)}，记者从现场获悉。{text}"

    def reworded(self, text: str) -> str:
        words = list(rjieba.cut(text))
        for at in self.random.sample(range(len(words)), max(1, round(0.1 * len(words)))):
            words[at] = self.random.choice(self.words)
        return "".join(words)

    def all_together(self, text: str) -> str:
        return self.led(self.retitled(self.reordered(self.reworded(text[: len(text) * 2 // 3]))))


def measured(texts: Sequence[str], tries: int) -> dict[str, Any]:
    """Our figures: each copy is looked for among all originals, as if it had come last."""
    copies = Copies(WINDOW, LIMIT)
    started = time.perf_counter()
    false = sum(copies.find(str(number), text, AT) is not None for number, text in enumerate(texts))
    per_second = len(texts) / (time.perf_counter() - started)
    editor = Editor(texts, 5)
    found: dict[str, Any] = {}
    for name, edit in editor.edits().items():
        chosen = editor.random.sample(range(len(texts)), min(tries, len(texts)))
        answers = [(number, copies.look(edit(texts[number]))) for number in chosen]
        found[name] = _rates([(number, answer.original_id if answer else None) for number, answer in answers])
    long = [number for number, text in enumerate(texts) if len(text) >= 300]
    chosen = editor.random.sample(long, min(tries, len(long)))
    answers = [(number, copies.look(editor.all_together(texts[number]))) for number in chosen]
    found["all together, 300 letters and more"] = _rates([(n, a.original_id if a else None) for n, a in answers])
    return {"per_second": per_second, "false_among_originals": false, "edits": found}


def peer(texts: Sequence[str], tries: int) -> dict[str, Any]:
    """datasketch MinHashLSH, 128 hashes at Jaccard .5, on character 4-grams."""
    from datasketch import MinHash, MinHashLSH

    def sketch(text: str) -> Any:
        plain, hashed = normalise(text), MinHash(num_perm=128)
        hashed.update_batch([plain[i : i + 4].encode() for i in range(max(1, len(plain) - 3))])
        return hashed

    index = MinHashLSH(threshold=0.5, num_perm=128)
    started = time.perf_counter()
    for number, text in enumerate(texts):
        hashed = sketch(text)
        index.query(hashed)
        index.insert(str(number), hashed)
    per_second = len(texts) / (time.perf_counter() - started)
    editor = Editor(texts, 5)
    found = {}
    for name, edit in editor.edits().items():
        chosen = editor.random.sample(range(len(texts)), min(tries, len(texts)))
        answers = [(number, min(index.query(sketch(edit(texts[number]))), key=int, default=None)) for number in chosen]
        found[name] = _rates(answers)
    return {"per_second": per_second, "edits": found}


def _rates(answers: Sequence[tuple[int, str | None]]) -> dict[str, float]:
    right = sum(str(number) == answer for number, answer in answers)
    said = sum(answer is not None for _, answer in answers)
    return {"recall": right / len(answers), "precision": right / said if said else 1.0}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=Path, nargs="+", default=[SHARED / name for name in DEFAULTS])
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--tries", type=int, default=2_000)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    if missing := [path for path in asked.texts if not path.is_file()]:
        sys.exit(f"没有这些文件：{'、'.join(map(str, missing))}；用 --texts 给出别的文本")
    texts = [text for path in asked.texts for text in texts_of(path) if len(normalise(text)) >= SHORTEST]
    random.Random(0).shuffle(texts)
    kept = thinned(texts, asked.count)
    ours, theirs = measured(kept, asked.tries), peer(kept, min(500, asked.tries))
    if asked.json:
        print(json.dumps({"texts": len(kept), "ours": ours, "datasketch": theirs}, ensure_ascii=False))
        return
    print(f"{len(kept)} texts, pairwise Jaccard < .3; {ours['false_among_originals']} originals taken for copies")
    print(
        f"{ours['per_second']:.0f} documents/s, datasketch {theirs['per_second']:.0f}: {ours['per_second'] / theirs['per_second']:.1f} ×"
    )
    for name, rates in ours["edits"].items():
        beside = theirs["edits"].get(name)
        tail = f"   datasketch {beside['recall']:.3f} / {beside['precision']:.3f}" if beside else ""
        print(f"{name:36} recall {rates['recall']:.3f} precision {rates['precision']:.3f}{tail}")


if __name__ == "__main__":
    main()
