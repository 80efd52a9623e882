"""How well do documents meet in events (归并评测)? B-cubed of the grouping beside a plain single-pass clustering, in one run.

B-cubed: of each document, how many of its event's documents are of its own matter (precision), and how many of its
matter's documents are in its event (recall); the mean over the documents, so a large event weighs what it holds.
"""

from __future__ import annotations

import json
import math
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from pipeline.document import Document, Judged, Kind
from pipeline.errors import HuiyingError
from pipeline.events import sparse
from pipeline.events.copies import Copies
from pipeline.events.grouping import Grouping
from pipeline.importing import Rejected, read_documents

THRESHOLDS = tuple(step / 20 for step in range(2, 15))  # of the peer's cosine


@dataclass(frozen=True, slots=True)
class BCubed:
    """Means over the documents."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        return 2 * self.precision * self.recall / (self.precision + self.recall) if self.precision else 0.0

    def row(self) -> dict[str, float]:
        return asdict(self) | {"f1": self.f1}


def b_cubed(found: Mapping[str, str], truth: Mapping[str, str]) -> BCubed:
    """Of documents by id: the event where each was put, and the matter that it is about."""
    events, matters = Counter(found.values()), Counter(truth[name] for name in found)
    both = Counter((event, truth[name]) for name, event in found.items())
    cells = [(both[event, truth[name]], events[event], matters[truth[name]]) for name, event in found.items()]
    return BCubed(
        math.fsum(shared / size for shared, size, _ in cells) / len(cells),
        math.fsum(shared / size for shared, _, size in cells) / len(cells),
    )


def read_truth(path: Path) -> dict[str, str]:
    """Matter by document id, from JSONL rows of `id` and `storyline`; '' = a matter of its own."""
    truth: dict[str, str] = {}
    try:
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            truth[row["id"]] = row["storyline"] or f"alone:{row['id']}"
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise HuiyingError(f"读不出基准 {path}：{error}；每行须是 JSON，有 id 和 storyline") from error
    return truth


def read_firsts(path: Path, kind: Kind) -> Iterator[Document]:
    """The file's documents, each as it was first collected, in the order of the flow."""
    firsts: dict[str, Document] = {}
    for row in read_documents(path, kind):
        if not isinstance(row, Rejected) and (row.published_at or row.collected_at):
            firsts.setdefault(row.id, row)
    yield from sorted(firsts.values(), key=lambda document: (document.known_at, document.id))


def grouped(stream: Iterable[Judged], window: timedelta, copy_window: timedelta, copy_limit: int) -> dict[str, str]:
    """Where each document ends up, as the flow places them one by one."""
    grouping, copies = Grouping(window), Copies(copy_window, copy_limit)
    found: dict[str, str] = {}
    for judged in stream:
        document = judged.document
        copy = copies.find(document.id, document.text, document.known_at)
        placement = grouping.place(judged, copy, document.known_at)
        found[document.id] = placement.event_id
        if placement.merged:
            found = {name: placement.event_id if at in placement.merged else at for name, at in found.items()}
    return found


def single_pass(stream: Sequence[Judged], threshold: float) -> dict[str, str]:
    """The usual peer: a document joins the cluster of the nearest centroid by TF-IDF cosine, or starts one."""
    rarity = sparse.shipped_rarity()
    centroids: list[dict[int, float]] = []
    postings: dict[int, list[int]] = defaultdict(list)
    found: dict[str, str] = {}
    for judged in stream:
        vector = _unit(Counter(map(sparse.cell, _terms(judged))), rarity)
        dots: dict[int, float] = defaultdict(float)
        for cell, weight in vector.items():
            for number in postings[cell]:
                dots[number] += weight * centroids[number][cell]
        cosines = [(dot / _norm(centroids[number]), -number) for number, dot in dots.items()]
        best, number = max(cosines, default=(0.0, 0))
        number = -number
        if best < threshold:
            number = len(centroids)
            centroids.append({})
        for cell, weight in vector.items():
            if cell not in centroids[number]:
                postings[cell].append(number)
            centroids[number][cell] = centroids[number].get(cell, 0.0) + weight
        found[judged.document.id] = str(number)
    return found


def evaluate(stream: Sequence[Judged], truth: Mapping[str, str], settings: Any) -> dict[str, Any]:
    """Our figures, and the peer's at the threshold that suits it best on these very documents."""
    known = [judged for judged in stream if judged.document.id in truth]
    if not known:
        raise HuiyingError("基准里没有这些文档的编号；请确认两个文件出自同一次导出")
    started = time.process_time()
    days = (timedelta(days=settings.window_days), timedelta(days=settings.copy_window_days))
    found = grouped(known, *days, settings.copy_limit)
    seconds = time.process_time() - started
    peers = [(b_cubed(single_pass(known, threshold), truth), threshold) for threshold in THRESHOLDS]
    best, threshold = max(peers, key=lambda pair: pair[0].f1)
    return b_cubed(found, truth).row() | {
        "documents": len(known),
        "events": len(set(found.values())),
        "matters": len({truth[name] for name in found}),
        "per_second": len(known) / seconds if seconds else None,
        "peers": {"single_pass_tfidf": best.row() | {"threshold": threshold}},
    }


def _terms(judged: Judged) -> list[str]:
    text = sparse.clean(f"{judged.analysis.masked_title} {judged.analysis.masked_text}")
    return [*sparse.words(text), *sparse.pairs(text)]


def _unit(counts: Counter[int], rarity: Sequence[float]) -> dict[int, float]:
    vector = {cell: (1 + math.log(times)) * rarity[cell] for cell, times in counts.items()}
    norm = _norm(vector)
    return {cell: weight / norm for cell, weight in vector.items()}


def _norm(vector: Mapping[int, float]) -> float:
    return math.sqrt(math.fsum(weight * weight for weight in vector.values())) or 1.0
