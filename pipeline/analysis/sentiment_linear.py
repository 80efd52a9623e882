"""The character model (字符模型): hashed n-grams of 1-3 characters, tf-idf, softmax regression. Microseconds a text.

Trained by minimising cross-entropy with L2 (scipy's L-BFGS); a two-class row is judged between negative and positive
only, so sets without a neutral answer teach polarity without teaching that nothing is neutral. Retraining on an
office's own labels starts from the shipped weights: L2 then pulls towards them, not towards nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.analysis.features import BUCKETS, Grams, grams

Floats = NDArray[np.float32]
STEPS_OF_IDF = 16.0  # idf is kept in sixteenths, in one byte


@dataclass(frozen=True, slots=True)
class Found:
    """The n-grams of one text that the model knows, each with its value (idf, the whole of length one)."""

    grams: Grams
    value: Floats


@dataclass(frozen=True)
class LinearModel:
    """`weights` [buckets, 3] in half precision; `idf` by bucket in sixteenths, 0 = unknown; `bias` [3]."""

    weights: NDArray[np.float16]
    idf: NDArray[np.uint8]
    bias: Floats

    def find(self, text: str) -> Found:
        """The known n-grams of a normalised text."""
        return weigh(grams(text), self.idf)

    def contributions(self, found: Found) -> Floats:
        """What every n-gram found adds to the three logits [n, 3]."""
        return self.weights.take(found.grams.bucket, axis=0).astype(np.float32) * found.value[:, None]

    def logits(self, found: Found) -> Floats:
        total: Floats = self.contributions(found).sum(axis=0) + self.bias
        return total

    def save(self, path: Path) -> None:
        known = np.flatnonzero(self.idf).astype(np.uint32)
        np.savez_compressed(path, known=known, weights=self.weights[known], idf=self.idf[known], bias=self.bias)


def load_linear(path: Path) -> LinearModel:
    with np.load(path, allow_pickle=False) as stored:
        known = stored["known"]
        weights, idf = np.zeros((BUCKETS, 3), dtype=np.float16), np.zeros(BUCKETS, dtype=np.uint8)
        weights[known], idf[known] = stored["weights"], stored["idf"]
        return LinearModel(weights, idf, stored["bias"])


def weigh(all_grams: Grams, idf: NDArray[np.uint8]) -> Found:
    """Keep the known n-grams; value each occurrence by its idf, the whole of length one."""
    weight = idf.take(all_grams.bucket)
    known = weight.nonzero()[0]
    value = weight.take(known).astype(np.float32)
    return Found(
        Grams(all_grams.bucket.take(known), all_grams.start.take(known), all_grams.length.take(known)),
        value / np.float32(max(1.0, np.sqrt(value @ value))),
    )


def count_idf(texts: Sequence[str], at_least: int = 2) -> NDArray[np.uint8]:
    """Smoothed idf by bucket from normalised texts; a bucket seen in fewer than `at_least` texts stays unknown."""
    seen = np.zeros(BUCKETS, dtype=np.int64)
    for text in texts:
        seen[np.unique(grams(text).bucket)] += 1
    idf = np.log((1 + len(texts)) / (1 + seen)) + 1
    return np.where(seen >= at_least, np.clip(np.rint(idf * STEPS_OF_IDF), 1, 255), 0).astype(np.uint8)


def matrix(texts: Sequence[str], idf: NDArray[np.uint8]) -> Any:
    """Rows of values by bucket (scipy CSR) of normalised texts."""
    from scipy import sparse

    found = [weigh(grams(text), idf) for text in texts]
    ends = np.cumsum([0, *(len(f.value) for f in found)])
    data = np.concatenate([f.value for f in found]) if found else np.zeros(0, dtype=np.float32)
    columns = np.concatenate([f.grams.bucket for f in found]).astype(np.int64) if found else np.zeros(0, dtype=np.int64)
    rows = sparse.csr_matrix((data, columns, ends), shape=(len(texts), BUCKETS))
    rows.sum_duplicates()
    return rows


def fit(
    rows: Any,
    labels: NDArray[np.int64],
    two_class: NDArray[np.bool_],
    weight: Floats,
    strength: float,
    start: tuple[Floats, Floats] | None = None,
    iterations: int = 120,
) -> tuple[Floats, Floats]:
    """Softmax regression: weights [buckets, 3] and bias. `strength` = sklearn's C; L2 pulls towards `start`."""
    from scipy.optimize import minimize

    used = np.flatnonzero(np.bincount(rows.indices, minlength=BUCKETS))
    x = rows[:, used].tocsr()
    origin = np.zeros((len(used) + 1, 3)) if start is None else np.vstack([start[0][used], start[1]]).astype(np.float64)
    target = np.eye(3)[labels]
    closed = np.where(two_class, -1e4, 0.0)
    held = len(used) + (start is not None)  # the bias is free, except where a model is only adapted

    def cost(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        moved = flat.reshape(-1, 3)
        w = (origin + moved).astype(np.float32)
        logits = (x @ w[:-1] + w[-1]).astype(np.float64)
        logits[:, 1] += closed
        logits -= logits.max(axis=1, keepdims=True)
        total = np.exp(logits).sum(axis=1, keepdims=True)
        error = (np.exp(logits) / total - target) * weight[:, None]
        value = -(weight[:, None] * target * (logits - np.log(total))).sum() + (moved[:held] ** 2).sum() / (
            2 * strength
        )
        gradient = np.vstack([x.T @ error.astype(np.float32), error.sum(axis=0)])
        gradient[:held] += moved[:held] / strength
        return float(value), gradient.ravel()

    best = minimize(
        cost, np.zeros(origin.size), jac=True, method="L-BFGS-B", options={"maxiter": iterations, "maxcor": 8}
    )
    fitted = (origin + best.x.reshape(-1, 3)).astype(np.float32)
    weights = np.zeros((BUCKETS, 3), dtype=np.float32) if start is None else start[0].copy()
    weights[used] = fitted[:-1]
    return weights, fitted[-1]
