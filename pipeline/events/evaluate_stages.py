"""Figures of the forecasts (预测评测): `huiying evaluate stages --curves FILE | --cascades TIMES [--posts POSTS]`.

The shipped model beside the simple rules, on the same rows: average precision, recall where precision is at least .8, Brier
score and a reliability table. Formulas as in scikit-learn, written out so that the product needs only numpy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.events.adaptation import Scaling, corrected
from pipeline.events.cascades import CascadeError, post_features, read_cascades, time_features
from pipeline.events.curves import samples
from pipeline.events.hot_list import CurveError, Floats, read_hot_list
from pipeline.events.stage_models import CASCADES, CASCADES_WITH_POSTS, CURVES, MODELS, SCALING, Ensemble
from pipeline.events.stage_settings import StageSettings

Flags = npt.NDArray[np.bool_]
PRECISION = 0.8
BINS = (0.0, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)


@dataclass(frozen=True, slots=True)
class Bin:
    """Rows whose chance lies between two bounds: what was said, and what came."""

    low: float
    high: float
    rows: int
    said: float
    came: float


@dataclass(frozen=True, slots=True)
class ForecastFigures:
    """How well a forecast does on one kind of growth."""

    task: str
    rows: int
    base_rate: float
    average_precision: float
    recall_at_precision_80: float
    brier: float
    simple_rules: Mapping[str, float]
    reliability: tuple[Bin, ...]

    def as_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "task": self.task,
            "rows": self.rows,
            "base_rate": round(self.base_rate, 4),
            "average_precision": round(self.average_precision, 4),
            "recall_at_precision_80": round(self.recall_at_precision_80, 4),
            "brier": round(self.brier, 4),
            "simple_rules": {name: round(value, 4) for name, value in self.simple_rules.items()},
            "reliability": [
                {"from": b.low, "to": b.high, "rows": b.rows, "said": round(b.said, 3), "came": round(b.came, 3)}
                for b in self.reliability
            ],
        }


def evaluate_curves(path: Path, models: Path = MODELS) -> ForecastFigures:
    """Will a new word of the hot-search list reach the top ten after its first half hour?"""
    table = samples(read_hot_list(path))
    if not 0 < table.reached.sum() < len(table.reached):
        raise CurveError(f"{path} 里的新词全都或全没有进前十，无法评测")
    model = Ensemble.load(models / CURVES)
    chances = corrected(table, model.logits(table.features), Scaling.load(models / SCALING))
    rules = {
        "growth_of_heat": table.column("growth"),
        "rank_now": -table.column("rank"),
        "heat_now": table.column("log_heat"),
    }
    return figures("curves", table.reached, chances, rules)


def evaluate_cascades(times: Path, posts: Path | None = None, models: Path = MODELS) -> ForecastFigures:
    """Will a post pass 500 reposts and comments, from its first hour?"""
    profile = StageSettings.load().normal.day_profile
    cascades = read_cascades(times, posts)
    large = np.array([cascade.is_large for cascade in cascades])
    if not 0 < large.sum() < len(large):
        raise CascadeError(f"{times} 里的帖子全都或全没有超过 500 次转评，无法评测")
    rows = [time_features(cascade, profile) for cascade in cascades]
    counts = np.array([sum(t <= cascade.start + 3600 for t in cascade.times) for cascade in cascades])
    recent = np.array([sum(2400 < t - cascade.start <= 3600 for t in cascade.times) for cascade in cascades])
    model = Ensemble.load(models / CASCADES)
    informed = Ensemble.load(models / CASCADES_WITH_POSTS) if posts else model
    chances = np.array(
        [
            informed.probability(np.concatenate([row, post_features(cascade)]))
            if posts and cascade.post
            else model.probability(row)
            for row, cascade in zip(rows, cascades, strict=True)
        ]
    )
    rules = {"first_hour_count": counts.astype(np.float64), "last_20_minutes_count": recent.astype(np.float64)}
    return figures("cascades", large, chances, rules)


def figures(task: str, labels: Flags, chances: Floats, rules: Mapping[str, Floats]) -> ForecastFigures:
    """All figures of one task."""
    return ForecastFigures(
        task=task,
        rows=len(labels),
        base_rate=float(labels.mean()),
        average_precision=average_precision(labels, chances),
        recall_at_precision_80=recall_at(labels, chances, PRECISION),
        brier=float(np.mean((chances - labels) ** 2)),
        simple_rules={name: average_precision(labels, score) for name, score in rules.items()},
        reliability=reliability(labels, chances),
    )


def _curve(labels: Flags, scores: Floats) -> tuple[Floats, Floats]:
    """Precision and recall at each distinct score, highest first."""
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    hits = np.cumsum(labels[order])
    ends = np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1)
    return hits[ends] / (ends + 1.0), hits[ends] / max(1, int(labels.sum()))


def average_precision(labels: Flags, scores: Floats) -> float:
    """Σ (recall step × precision), ties taken together."""
    precision, recall = _curve(labels, scores)
    return float(np.sum(np.diff(recall, prepend=0.0) * precision))


def recall_at(labels: Flags, scores: Floats, least: float) -> float:
    """The highest recall at which precision is at least `least`; 0 when it never is."""
    precision, recall = _curve(labels, scores)
    return float(recall[precision >= least].max(initial=0.0))


def reliability(labels: Flags, chances: Floats, bounds: Sequence[float] = BINS) -> tuple[Bin, ...]:
    """What was said beside what came, by band of chance; empty bands are left out."""
    bins = []
    for low, high in pairwise(bounds):
        inside = (chances >= low) & ((chances < high) | (high == bounds[-1]))
        if inside.any():
            bins.append(Bin(low, high, int(inside.sum()), float(chances[inside].mean()), float(labels[inside].mean())))
    return tuple(bins)
