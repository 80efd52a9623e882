"""Learning on while the month goes (随行校正): what became of earlier words corrects the forecast of later ones.

A hot-search list changes its ways (words held just below the top ten, busier evenings) faster than a model is retrained.
Every six hours of the list's own time a ridge-penalised logistic correction is fitted, on top of the trees' fixed score, to
the words judged so far with what is known of them by then. A word's chance uses only corrections made before its moment, so
that evaluating a past month gives what living through it would have given.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline.events.curves import FEATURES, SETTLED, Samples
from pipeline.events.hot_list import Floats
from pipeline.events.stage_models import opened

STEP = 6 * 3600
ENOUGH = 200  # settled words below which nothing is corrected
PENALTY = 100.0
CLIP = 3.0
_RANKS = (11, 12, 13, 15, 20)


@dataclass(frozen=True, slots=True)
class Scaling:
    """Mean and spread of each feature in the training months: never of the month that is being forecast."""

    centre: Floats
    spread: Floats

    @classmethod
    def of(cls, table: Floats) -> Scaling:
        """From training rows."""
        return cls(table.mean(axis=0), table.std(axis=0) + 1e-9)

    def save(self, path: Path) -> None:
        np.savez_compressed(path, centre=self.centre, spread=self.spread)

    @classmethod
    def load(cls, path: Path) -> Scaling:
        """Read it back. ModelError when the file is not there."""
        with opened(path) as stored:
            return cls(stored["centre"], stored["spread"])


def corrected(table: Samples, scores: Floats, scaling: Scaling) -> Floats:
    """Chances of all words, in the order of `table`, each corrected by what was known at its moment. `scores` are logits."""
    design = _design(table, scores, scaling)
    slot = table.judged_at // STEP
    chances = scores.copy()
    weights = np.zeros(design.shape[1])
    for step in np.unique(slot):
        now = step * STEP
        known = np.flatnonzero(table.judged_at <= now - SETTLED)
        if len(known) >= ENOUGH:
            rose = (table.reached_at[known] <= now).astype(np.float64)
            weights = _fit(design[known], scores[known], rose, weights)
        present = np.flatnonzero(slot == step)
        chances[present] += design[present] @ weights
    found: Floats = 1 / (1 + np.exp(-np.clip(chances, -30, 30)))
    return found


def _design(table: Samples, scores: Floats, scaling: Scaling) -> Floats:
    features = np.clip((table.features - scaling.centre) / scaling.spread, -CLIP, CLIP)
    rank = table.features[:, FEATURES.index("rank")]
    below = np.column_stack([rank <= least for least in _RANKS]).astype(np.float64)
    close = (rank <= 13) * scores / 2
    return np.column_stack([np.ones(len(scores)), features, below, scores / 2, close])


def _fit(design: Floats, offset: Floats, labels: Floats, start: Floats, rounds: int = 8) -> Floats:
    """Newton steps for the penalised logistic correction; the constant is barely held back."""
    penalty = np.full(design.shape[1], PENALTY)
    penalty[0] = 1.0
    weights = start.copy()
    for _ in range(rounds):
        chances = 1 / (1 + np.exp(-np.clip(offset + design @ weights, -30, 30)))
        slope = design.T @ (chances - labels) + penalty * weights
        curvature: npt.NDArray[np.float64] = (design * (chances * (1 - chances))[:, None]).T @ design
        move = np.linalg.solve(curvature + np.diag(penalty), slope)
        weights -= move
        if float(np.abs(move).max()) < 1e-6:
            break
    return weights
