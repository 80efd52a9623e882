"""Fitting how sure to be (校准): from kept-apart rows, the weights that turn logits into calibrated probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from pipeline.analysis.sentiment import Weighing

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class KeptApart:
    """Rows of one set that no model was trained on, with both models' logits [n, 3]."""

    name: str
    characters: Floats
    encoder: Floats
    labels: NDArray[np.int64]
    two_class: bool


def fit_weighing(sets: Sequence[KeptApart], with_encoder: bool) -> Weighing:
    """Least cross-entropy over the sets, every set counting by the root of its size."""

    def cost(x: NDArray[np.float64]) -> float:
        total = 0.0
        for kept in sets:
            logits = kept.characters * x[0] + np.array([x[2], x[3], -x[2] - x[3]])
            if with_encoder:
                logits = logits + kept.encoder * x[1]
            if kept.two_class:
                logits = np.where([False, True, False], -1e4, logits)
            logits = logits - logits.max(axis=1, keepdims=True)
            logp = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
            total -= float(logp[np.arange(len(logp)), kept.labels].mean()) * len(logp) ** 0.5
        return total

    best = minimize(
        cost, np.array([1.0, 1.0 if with_encoder else 0.0, 0.0, 0.0]), method="Nelder-Mead", options={"maxiter": 2000}
    ).x
    bias = (float(best[2]), float(best[3]), float(-best[2] - best[3]))
    return Weighing(float(best[0]), float(best[1]) if with_encoder else 0.0, bias)
