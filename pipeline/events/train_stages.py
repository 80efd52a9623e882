"""Training of the forecasts (预测训练): `huiying train stages --curves A.tsv.gz --curves B.tsv.gz --cascades T [--posts P]`.

Curves: gradient-boosted trees over words judged at 20, 30 and 40 minutes (the neighbours weigh less), calibrated on files or
days that the calibrating trees had not seen. Cascades: trees for “passes 500” and for the logarithm of the size, calibrated
on folds by post. Event growth: logistic curves over many ages of whole and thinned cascades, resampled by post.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import (
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, StratifiedKFold

from pipeline.events.adaptation import Scaling
from pipeline.events.baseline import HOUR
from pipeline.events.cascades import LARGE, Cascade, post_features, seen_after, time_features
from pipeline.events.curves import FIRST, Samples, samples
from pipeline.events.forecast import DOCUMENT_WEIGHT, HOT_VOLUME, HOURS, features
from pipeline.events.forest import Forest, exported
from pipeline.events.hot_list import HotList
from pipeline.events.stage_models import (
    CASCADES,
    CASCADES_WITH_POSTS,
    CURVES,
    GROWTH,
    MODELS,
    SCALING,
    Ensemble,
    Floats,
    Growth,
)

Flags = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.int64]
BESIDE = (FIRST - 600, FIRST + 600)
BESIDE_HOUR = (1800, 2700, 4500, 7200)  # seconds
BESIDE_WEIGHT = 0.3
SIZES = (LARGE / 5, LARGE * 5)  # sizes beyond count as these: who is far from the line says nothing about it
SEEDS = 3
TREES = 300
RESAMPLES = 60
AGES = (0.25, 0.5, 1, 2, 3, 6, 12, 24)
THINNED = (1.0, 0.3, 0.1, 0.03)


@dataclass(frozen=True, slots=True)
class Trained:
    """What was learned, with the probabilities that rows got from models that had not seen them."""

    model: Ensemble
    held_out: Floats
    labels: Flags


@dataclass(frozen=True, slots=True)
class Rows:
    """Training rows: `group` keeps together what must not be on both sides of a split; `judged` marks the task's own."""

    features: Floats
    labels: Flags
    weights: Floats
    group: Indices
    judged: Flags


Families = list[list[Forest]]  # forests of one kind, whose scores are averaged before the kinds are weighed


def fit_curves(rows: Rows, at: Indices) -> Families:
    forests = []
    for leaves, rate, share in ((8, 0.04, 0.3), (16, 0.03, 0.2)):
        for seed in range(SEEDS):
            model = HistGradientBoostingClassifier(
                max_iter=250,
                learning_rate=rate,
                max_leaf_nodes=leaves,
                min_samples_leaf=60,
                l2_regularization=10,
                max_features=share,
                early_stopping=False,
                random_state=seed,
            )
            forests.append(exported(model.fit(rows.features[at], rows.labels[at], sample_weight=rows.weights[at])))
    return [forests]


def _fit_cascades(rows: Rows, at: Indices, sizes: Floats) -> Families:
    table, labels, size, weights = rows.features[at], rows.labels[at], sizes[at], rows.weights[at]
    shared: dict[str, Any] = {"learning_rate": 0.04, "l2_regularization": 10, "max_features": 0.3}
    passes, sums = [], []
    for seed in range(SEEDS):
        sort = HistGradientBoostingClassifier(
            max_iter=120, max_leaf_nodes=6, min_samples_leaf=30, early_stopping=False, random_state=seed, **shared
        )
        passes.append(exported(sort.fit(table, labels, sample_weight=weights)))
        many = HistGradientBoostingRegressor(
            max_iter=200, max_leaf_nodes=8, min_samples_leaf=20, early_stopping=False, random_state=seed, **shared
        )
        sums.append(exported(many.fit(table, size, sample_weight=weights)))
    drawn = ExtraTreesClassifier(TREES, min_samples_leaf=8, max_features=0.4, random_state=0)
    return [passes, sums, [exported_drawn(drawn.fit(table, labels, sample_weight=weights))]]


def exported_drawn(model: Any) -> Forest:
    """The arrays of fitted extra trees: the mean over trees of the leaf's share of positives."""
    columns, roots, offset = [], [], 0
    for estimator in model.estimators_:
        tree = estimator.tree_
        leaf = tree.children_left < 0
        value = tree.value[:, 0, -1]
        roots.append(offset)
        columns.append(
            (
                np.where(leaf, -1, tree.feature),
                np.where(leaf, 0.0, tree.threshold),
                np.where(leaf, 0, tree.children_left + offset),
                np.where(leaf, 0, tree.children_right + offset),
                np.where(leaf, value / len(model.estimators_), 0.0),
            )
        )
        offset += tree.node_count
    feature, threshold, left, right, value = (np.concatenate(column) for column in zip(*columns, strict=True))
    return Forest(
        np.array(roots, dtype=np.int32),
        feature.astype(np.int32),
        threshold.astype(np.float64),
        left.astype(np.int32),
        right.astype(np.int32),
        value.astype(np.float64),
        0.0,
    )


def curve_rows(lists: Sequence[HotList]) -> Rows:
    """Rows of several months; each month is cut into days that stay together."""
    tables: list[tuple[Samples, float, int]] = []
    for month, found in enumerate(lists):
        tables.append((samples(found), 1.0, month))
        tables += [(samples(found, first), 0.5, month) for first in BESIDE]
    return Rows(
        np.vstack([table.features for table, _, _ in tables]),
        np.concatenate([table.reached for table, _, _ in tables]),
        np.concatenate([np.full(len(table.reached), weight) for table, weight, _ in tables]),
        np.concatenate([np.full(len(table.reached), month) for table, _, month in tables]),
        np.concatenate([np.full(len(table.reached), weight == 1.0) for table, weight, _ in tables]),
    )


def train_curves(lists: Sequence[HotList]) -> Trained:
    """Trees over all months, calibrated where each month was held out (or, of one month, its last third)."""
    rows = curve_rows(lists)
    group = rows.group if len(lists) > 1 else _thirds(rows)
    return _trained(rows, group, lambda at: fit_curves(rows, at))


def _thirds(rows: Rows) -> Indices:
    return np.array([int(3 * number / len(rows.labels)) for number in range(len(rows.labels))], dtype=np.int64)


def train_cascades(cascades: Sequence[Cascade], profile: Sequence[float], with_posts: bool) -> Trained:
    """Trees over the first hour of each post, calibrated on five folds by post.

    Each post is also judged at half an hour, 45, 75 and 120 minutes, as if that were its hour: rows that only train, and
    weigh less.
    """
    labels = np.array([cascade.is_large for cascade in cascades])
    sizes = np.log(np.clip([len(cascade.times) + cascade.untimed for cascade in cascades], *SIZES))
    fold = np.zeros(len(labels), dtype=np.int64)
    for number, (_, held) in enumerate(StratifiedKFold(5, shuffle=True, random_state=0).split(labels, labels)):
        fold[held] = number
    times = 1 + len(BESIDE_HOUR)
    seen = [*cascades, *(seen_after(cascade, seconds) for seconds in BESIDE_HOUR for cascade in cascades)]
    judged = np.arange(len(seen)) < len(cascades)
    rows = Rows(
        np.array([cascade_features(cascade, profile, with_posts) for cascade in seen]),
        np.tile(labels, times),
        np.where(judged, 1.0, BESIDE_WEIGHT),
        np.tile(fold, times),
        judged,
    )
    return _trained(rows, rows.group, lambda at: _fit_cascades(rows, at, np.tile(sizes, times)))


def cascade_features(cascade: Cascade, profile: Sequence[float], with_posts: bool) -> Floats:
    """The row that the cascade model of that kind reads."""
    row = time_features(cascade, profile)
    return np.concatenate([row, post_features(cascade)]) if with_posts else row


def _trained(rows: Rows, group: Indices, fit: Callable[[Indices], Families]) -> Trained:
    """Fit on all rows; weigh the families and calibrate on scores of groups that the scoring trees had not seen."""
    judged = np.flatnonzero(rows.judged)
    held: Floats = np.zeros((0, 0))
    for name in np.unique(group):
        families = fit(np.flatnonzero(group != name))
        mine = np.flatnonzero((group == name) & rows.judged)
        if not held.size:
            held = np.zeros((len(rows.labels), len(families)))
        held[mine] = np.column_stack([_scores(family, rows.features[mine]) for family in families])
    weights = 1 / held[judged].std(axis=0)  # each kind of forest counts alike
    raw = held[judged] @ weights
    platt = LogisticRegression(C=1e6).fit(raw[:, None], rows.labels[judged])
    slope, shift = float(platt.coef_[0, 0]), float(platt.intercept_[0])
    families = fit(np.arange(len(rows.labels)))
    forests = tuple(forest for family in families for forest in family)
    spread = [weight / len(family) for weight, family in zip(weights, families, strict=True) for _ in family]
    chances: Floats = 1 / (1 + np.exp(-(slope * raw + shift)))
    return Trained(Ensemble(forests, np.array(spread), slope, shift), chances, rows.labels[judged])


def _scores(family: Sequence[Forest], table: Floats) -> Floats:
    return Ensemble(tuple(family), np.full(len(family), 1 / len(family)), 1.0, 0.0).logits(table)


@dataclass(frozen=True, slots=True)
class Ages:
    """Event growth rows: what is seen at an age of a cascade, and whether it is hot within 6 and 24 hours."""

    features: Floats
    labels: Flags  # rows × hours ahead
    post: Indices


def growth_rows(cascades: Sequence[Cascade], profile: Sequence[float]) -> Ages:
    """Whole and thinned cascades at many ages, as long as they are not hot yet."""
    random = np.random.default_rng(0)
    rows, labels, posts = [], [], []
    for number, cascade in enumerate(cascades):
        for share in THINNED:
            times = np.array(cascade.times, dtype=np.int64)
            kept = times if share == 1.0 else times[random.random(len(times)) < share]
            for age in AGES:
                at = cascade.start + int(age * HOUR)
                if _volume(kept, cascade.start, at, 6) >= HOT_VOLUME:
                    continue
                volumes = [_volume(kept, cascade.start, at, hours) for hours in (1, 2, 6)]
                rows.append(features(volumes[0], volumes[1] - volumes[0], volumes[2], at - cascade.start, at, profile))
                labels.append([_becomes_hot(kept, cascade.start, at, hours) for hours in HOURS])
                posts.append(number)
    return Ages(np.array(rows), np.array(labels, dtype=np.bool_), np.array(posts, dtype=np.int64))


def _volume(times: Indices, start: int, at: int, hours: int) -> float:
    upper, lower = np.searchsorted(times, [at, at - hours * HOUR], side="right")
    return float(upper - lower) + (DOCUMENT_WEIGHT if at - start < hours * HOUR else 0)


def _becomes_hot(times: Indices, start: int, at: int, hours: int) -> bool:
    ahead = times[(times > at) & (times <= at + hours * HOUR)]
    return any(_volume(times, start, int(moment), 6) >= HOT_VOLUME for moment in ahead[::5])


def train_growth(ages: Ages) -> tuple[Growth, Floats]:
    """Logistic curves per resample of posts; and each row's chances from folds that had not seen its post."""
    centre, scale = ages.features.mean(axis=0), ages.features.std(axis=0)
    table = (ages.features - centre) / scale
    random = np.random.default_rng(1)
    posts = np.unique(ages.post)
    of_post = [np.flatnonzero(ages.post == post) for post in posts]
    weights = np.zeros((len(HOURS), RESAMPLES, table.shape[1] + 1))
    for resample in range(RESAMPLES):
        chosen = np.concatenate([of_post[i] for i in random.integers(0, len(posts), len(posts))])
        for which in range(len(HOURS)):
            weights[which, resample] = _logistic(table[chosen], ages.labels[chosen, which])
    held = np.zeros(ages.labels.shape)
    for seen, unseen in GroupKFold(5).split(table, groups=ages.post):
        for which in range(len(HOURS)):
            row = _logistic(table[seen], ages.labels[seen, which])
            held[unseen, which] = 1 / (1 + np.exp(-(row[0] + table[unseen] @ row[1:])))
    return Growth(HOURS, weights, centre, scale), held


def _logistic(table: Floats, labels: Flags) -> Floats:
    model = LogisticRegression(C=1.0, max_iter=200).fit(table, labels)
    return np.concatenate([model.intercept_, model.coef_[0]])


def train(
    lists: Sequence[HotList], cascades: Sequence[Cascade], profile: Sequence[float], out: Path = MODELS
) -> dict[str, Trained]:
    """Train what there is data for and write the models into `out`; answers the held-out chances by model."""
    os.makedirs(out, exist_ok=True)
    results: dict[str, Trained] = {}
    if lists:
        results["curves"] = train_curves(lists)
        results["curves"].model.save(out / CURVES)
        Scaling.of(np.vstack([samples(found).features for found in lists])).save(out / SCALING)
    if cascades:
        results["cascades"] = train_cascades(cascades, profile, with_posts=False)
        results["cascades"].model.save(out / CASCADES)
        if any(cascade.post for cascade in cascades):
            results["cascades_posts"] = train_cascades(cascades, profile, with_posts=True)
            results["cascades_posts"].model.save(out / CASCADES_WITH_POSTS)
        ages = growth_rows(cascades, profile)
        growth, held = train_growth(ages)
        growth.save(out / GROWTH)
        for which, hours in enumerate(HOURS):
            results[f"growth_{hours}h"] = Trained(results["cascades"].model, held[:, which], ages.labels[:, which])
    return results
