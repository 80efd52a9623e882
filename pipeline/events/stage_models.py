"""Forecast models (预测模型): boosted trees and logistic curves as plain arrays, with the calibration they were given.

Each file holds numbers only (no text, no pickles). Who made them, from what, and how well they do: docs/models/stages.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.errors import HuiyingError
from pipeline.events.forest import Forest

Floats = npt.NDArray[np.float64]
MODELS = Path(__file__).parent / "models"
CURVES, SCALING = "curves.npz", "curves_scaling.npz"
CASCADES, CASCADES_WITH_POSTS, GROWTH = "cascades.npz", "cascades_posts.npz", "growth.npz"


class ModelError(HuiyingError):
    """A model file is missing or of another version."""


@dataclass(frozen=True, slots=True)
class Ensemble:
    """Several forests, each summed, their sums weighed, shifted and squashed into one calibrated probability."""

    forests: tuple[Forest, ...]
    weights: Floats
    slope: float
    shift: float

    def score(self, row: Floats) -> float:
        """The raw score of one row."""
        return math.fsum(weight * forest.logit(row) for weight, forest in zip(self.weights, self.forests, strict=True))

    def logits(self, table: Floats) -> Floats:
        """The calibrated logits of many rows at once."""
        total = np.zeros(len(table))
        for weight, forest in zip(self.weights, self.forests, strict=True):
            total += weight * np.concatenate(
                [_walk(forest, table[start : start + 1024]) for start in range(0, len(table), 1024)]
            )
        return self.slope * total + self.shift

    def probability(self, row: Floats) -> float:
        """The calibrated probability of one row."""
        return sigmoid(self.slope * self.score(row) + self.shift)

    def save(self, path: Path) -> None:
        """Write the arrays (trees in half the width where that loses nothing that matters)."""
        arrays: dict[str, npt.NDArray[Any]] = {
            "weights": self.weights,
            "calibration": np.array([self.slope, self.shift]),
        }
        for number, forest in enumerate(self.forests):
            arrays |= forest.arrays(f"{number}_")
        np.savez_compressed(path, **arrays)  # type: ignore[arg-type]

    @classmethod
    def load(cls, path: Path) -> Ensemble:
        """Read them back. ModelError when the file is not there."""
        with opened(path) as stored:
            weights = stored["weights"]
            slope, shift = (float(value) for value in stored["calibration"])
            forests = tuple(Forest.read(stored, f"{number}_") for number in range(len(weights)))
        return cls(forests, weights, slope, shift)


@dataclass(frozen=True, slots=True)
class Growth:
    """Logistic curves of event growth: by hours ahead, one row of weights per resample of the training data."""

    hours: tuple[int, ...]
    weights: Floats  # hours × resamples × (features + 1)
    centre: Floats
    scale: Floats

    def probabilities(self, row: Floats, hours: int) -> Floats:
        """One probability per resample: their spread is the honest range."""
        weights = self.weights[self.hours.index(hours)]
        logits = weights[:, 0] + weights[:, 1:] @ ((row - self.centre) / self.scale)
        chances: Floats = 1 / (1 + np.exp(-np.clip(logits, -30, 30)))
        return chances

    def save(self, path: Path) -> None:
        np.savez_compressed(
            path, hours=np.array(self.hours), weights=self.weights, centre=self.centre, scale=self.scale
        )

    @classmethod
    def load(cls, path: Path) -> Growth:
        """Read them back. ModelError when the file is not there."""
        with opened(path) as stored:
            hours = tuple(int(hour) for hour in stored["hours"])
            return cls(hours, stored["weights"], stored["centre"], stored["scale"])


def _walk(forest: Forest, table: Floats) -> Floats:
    """The forest's sum for each row: all rows and trees step down together."""
    at = np.tile(forest.roots, (len(table), 1))
    rows = np.arange(len(table))[:, None]
    while True:
        feature = forest.feature[at]
        inner = feature >= 0
        if not inner.any():
            sums: Floats = forest.start + forest.value[at].sum(axis=1)
            return sums
        lower = table[rows, np.maximum(feature, 0)] <= forest.threshold[at]
        at = np.where(inner, np.where(lower, forest.left[at], forest.right[at]), at)


def sigmoid(value: float) -> float:
    """1 / (1 + e^-value), safe at both ends."""
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, value))))


def opened(path: Path) -> Any:
    """The arrays of a model file. ModelError when it cannot be read."""
    try:
        return np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise ModelError(f"预测模型 {path} 读不出来（{error}）；请重新安装，或用 huiying train stages 训练") from error
