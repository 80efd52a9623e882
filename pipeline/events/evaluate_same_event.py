"""How well are same-event pairs told apart (同一事件评测)? Our model beside the cosine of character TF-IDF, in one run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

from pipeline.events.pairs import Pair
from pipeline.events.same_event import shipped_same_event

Floats = npt.NDArray[np.float64]
FEW = 200  # pairs that are scored sooner than a second process has started


@dataclass(frozen=True, slots=True)
class PairFigures:
    """Of one scorer on one file of pairs."""

    pairs: int
    same: int
    auc: float
    average_precision: float
    best_f1: float
    per_second: float | None = None


def figures(scores: Floats, truth: npt.NDArray[np.bool_], seconds: float | None = None) -> PairFigures:
    """Area under the ROC curve, average precision, and F1 at its best threshold."""
    precision, recall, _ = precision_recall_curve(truth, scores)
    best = float(np.max(2 * precision * recall / np.maximum(precision + recall, 1e-12)))
    return PairFigures(
        len(truth),
        int(truth.sum()),
        float(roc_auc_score(truth, scores)),
        float(average_precision_score(truth, scores)),
        best,
        len(truth) / seconds if seconds else None,
    )


def evaluate(pairs: Sequence[Pair], advance: Callable[[int], None]) -> dict[str, Any]:
    """Our figures, and under `peers` those of the simple scorers on the same pairs."""
    truth = np.array([pair.same for pair in pairs])
    scores = np.zeros(len(pairs))
    started = time.perf_counter()
    for number, score in enumerate(_scores(pairs)):
        scores[number] = score
        advance(number + 1)
    ours = figures(scores, truth, time.perf_counter() - started)
    peers = {"char_tfidf_cosine": figures(tfidf_cosines(pairs), truth)}
    return asdict(ours) | {"peers": {name: asdict(found) for name, found in peers.items()}}


def _scores(pairs: Sequence[Pair]) -> Iterator[float]:
    """In order; many pairs are read on all cores, with the same answers, since each pair is scored by itself."""
    if len(pairs) < FEW:
        yield from map(_score, pairs)
        return
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        yield from pool.map(_score, pairs, chunksize=32)


def _score(pair: Pair) -> float:
    return shipped_same_event().score(pair.source, pair.target)


def tfidf_cosines(pairs: Sequence[Pair]) -> Floats:
    """The usual peer: cosine of character 1-3-gram TF-IDF, its rarities learned on these very texts."""
    texts = [text for pair in pairs for text in (pair.source, pair.target)]
    matrix = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True).fit_transform(texts)
    cosines: Floats = np.asarray(matrix[0::2].multiply(matrix[1::2]).sum(axis=1)).ravel()
    return cosines
