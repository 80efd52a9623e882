"""Adapting the encoder's upper layers to the office's world (领域适应): seconds on one core, nothing of the rest forgotten.

The lower layers stay; what they say of a text (its pooled vector) is computed once. New rows are taught by their labels;
anchors, rows that the encoder knows already, are taught by its own former answers, so that it keeps them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from numpy.typing import NDArray

from pipeline.analysis.encoder import Encoder
from pipeline.analysis.features import normalise
from pipeline.analysis.sentiment_sets import Labelled

UPPER = ("cnn_W", "cnn_b", "d0", "d1", "d2", "d3", "p1", "p3", "head", "bias")
BATCH, SMOOTHING = 128, 0.05
CLOSED = np.array([0, 1e4, 0], dtype=np.float32)  # two-class rows never ask for neutral

Weights = dict[str, Any]
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Pooled:
    """Texts as the lower layers leave them, with labels and how much each counts."""

    vectors: Floats
    sizes: Floats
    labels: NDArray[np.int64]
    two_class: Floats
    weight: Floats


def pool(encoder: Encoder, rows: Sequence[Labelled], weights: Sequence[float]) -> Pooled:
    found = [encoder.pooled(normalise(row.text)) for row in rows]
    return Pooled(
        np.stack([vector for vector, _ in found]),
        np.array([size for _, size in found], dtype=np.float32),
        np.array([row.label for row in rows]),
        np.array([row.two_class for row in rows], dtype=np.float32),
        np.array(weights, dtype=np.float32),
    )


def upper(weights: Weights, vectors: Any, sizes: Any, key: Any = None) -> Any:
    """Logits from pooled vectors; with a key, three tenths of the head's inputs are dropped."""
    n = sizes[:, None]
    mean = (vectors @ weights["cnn_W"] + n * weights["cnn_b"]) / jnp.sqrt(n)
    y0 = jax.nn.relu(mean @ weights["d0"])
    y1 = jax.nn.relu(mean @ weights["p1"] + y0 @ weights["d1"])
    z = jnp.tanh(y1 @ weights["p3"] + jax.nn.relu(y1 @ weights["d2"]) @ weights["d3"])
    feature = jnp.concatenate([z * 4, mean], -1)
    if key is not None:
        feature = feature * jax.random.bernoulli(key, 0.7, feature.shape) / 0.7
    return feature @ weights["head"] + weights["bias"]


def adapt(weights: Weights, new: Pooled, anchors: Pooled, passes: float = 2.0, rate: float = 3e-4) -> Weights:
    """The upper layers after learning `new` by label and `anchors` by their former answers (averaged over the end)."""
    start = {name: jnp.array(weights[name]) for name in UPPER}
    former = jax.nn.softmax(upper(start, anchors.vectors, anchors.sizes) - anchors.two_class[:, None] * CLOSED)
    told = np.eye(3)[new.labels] * (1 - SMOOTHING) + SMOOTHING / 3 * (1 - new.two_class[:, None] * np.array([0, 1, 0]))
    target = np.concatenate([told, np.asarray(former)]).astype(np.float32)
    vectors, sizes, two_class, weight = (
        np.concatenate([getattr(new, name), getattr(anchors, name)])
        for name in ("vectors", "sizes", "two_class", "weight")
    )
    steps = int(passes * len(vectors) / BATCH)
    schedule = optax.warmup_cosine_decay_schedule(0, rate, min(20, steps // 4), steps, rate / 50)
    optimiser = optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(schedule, weight_decay=0.02))

    def loss(w: Weights, v: Any, n: Any, wanted: Any, two: Any, counts: Any, key: Any) -> Any:
        logp = jnp.maximum(jax.nn.log_softmax(upper(w, v, n, key) - two[:, None] * CLOSED), -50)
        return -(counts[:, None] * wanted * logp).sum() / BATCH

    @jax.jit
    def step(w: Weights, mean: Weights, state: Any, keep: Any, *batch: Any) -> tuple[Weights, Weights, Any]:
        change, state = optimiser.update(jax.grad(loss)(w, *batch), state, w)
        w = optax.apply_updates(w, change)
        return w, jax.tree.map(lambda m, x: keep * m + (1 - keep) * x, mean, w), state

    random, key = np.random.RandomState(0), jax.random.PRNGKey(0)
    current, average, state = start, start, optimiser.init(start)
    order = np.concatenate([random.permutation(len(vectors)) for _ in range(int(passes) + 2)])
    for number in range(steps):
        key, part = jax.random.split(key)
        j = order[number * BATCH : (number + 1) * BATCH]
        keep = 0.97 if number > steps * 0.6 else 0.0
        current, average, state = step(
            current, average, state, keep, vectors[j], sizes[j], target[j], two_class[j], weight[j], part
        )
    return {**weights, **{name: np.asarray(value) for name, value in average.items()}}
