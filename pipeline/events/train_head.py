"""Training of the small network of the same-event model (小网络训练): two tasks on sentence vectors that stay as they are.

JAX (the `train` extra); what is learned is walked with numpy by `same_event.Head`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
import optax

from pipeline.events.pairs import Folds
from pipeline.events.same_event import SENTENCE

BATCH, HIDDEN, PROJECTED = 128, 64, 256

Flags = npt.NDArray[np.bool_]
Weights = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Recipe:
    passes: int = 8
    rate: float = 1e-3
    decay: float = 0.1
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Couples:
    """Pairs of one task as rows of the vectors, the answer, the fold."""

    rows: npt.NDArray[np.int64]
    same: Flags
    fold: Folds


def evidence(weights: Weights, left: Any, right: Any, key: Any = None) -> tuple[Any, Any, Any]:
    """(logits [B, 2], projected cosine, plain cosine); the same sum as `same_event.Head` in JAX, with dropout while training."""
    plain = (left[:, :SENTENCE] * right[:, :SENTENCE]).sum(-1)
    left, right = _dropped(left, key, 0.8), _dropped(right, key, 0.8)
    u, v = (x @ weights["project"] for x in (left, right))
    u, v = (x / jnp.sqrt((x * x).sum(-1, keepdims=True) + 1e-6) for x in (u, v))
    cosine = (u * v).sum(-1)
    joined = _dropped(jnp.concatenate([jnp.abs(u - v) * 8, u * v * 64], -1), key, 0.7, scale=True)
    hidden = _dropped(jax.nn.relu(joined @ weights["hidden"] + weights["hidden_bias"]), key, 0.7, scale=True)
    both = jnp.stack([plain, cosine], -1)
    return hidden @ weights["out"] + both @ weights["cosines"] + weights["bias"], cosine, plain


def _dropped(x: Any, key: Any, kept: float, *, scale: bool = False) -> Any:
    if key is None:
        return x
    mask = jax.random.bernoulli(jax.random.fold_in(key, x.shape[-1]), kept, x.shape)
    return x * mask / (kept if scale else 1.0)


def tuned(events: Couples, topics: Couples, out: int, vectors: Any, recipe: Recipe) -> Weights:
    """The network trained on all pairs but those of fold `out` (-1: on all)."""
    vectors = jnp.array(vectors, jnp.float32)
    rows = np.concatenate([task.rows[task.fold != out] for task in (events, topics)])
    same = np.concatenate([task.same[task.fold != out] for task in (events, topics)]).astype(np.float32)
    task_of = np.repeat([0, 1], [int((task.fold != out).sum()) for task in (events, topics)])
    random = np.random.RandomState(recipe.seed)
    weights: Weights = {
        "project": jnp.array(random.randn(vectors.shape[1], PROJECTED) / np.sqrt(PROJECTED), jnp.float32),
        "hidden": jnp.array(random.randn(2 * PROJECTED, HIDDEN) * 0.05, jnp.float32),
        "hidden_bias": jnp.zeros(HIDDEN),
        "out": jnp.array(random.randn(HIDDEN, 2) * 0.05, jnp.float32),
        "cosines": jnp.full((2, 2), 4.0),
        "bias": jnp.array([-4.0, -3.0]),
    }
    steps = max(1, recipe.passes * len(rows) // BATCH)
    optimiser = optax.adamw(optax.cosine_decay_schedule(recipe.rate, steps), weight_decay=recipe.decay)
    state, key = optimiser.init(weights), jax.random.PRNGKey(recipe.seed)

    def loss(w: Weights, pair: Any, answer: Any, task: Any, part: Any) -> Any:
        logits = evidence(w, vectors[pair[:, 0]], vectors[pair[:, 1]], part)[0]
        logit = jnp.take_along_axis(logits, task[:, None], 1)[:, 0]
        return (jax.nn.softplus(logit) - answer * logit).mean()

    @jax.jit
    def step(w: Weights, s: Any, *batch: Any) -> tuple[Weights, Any]:
        change, s = optimiser.update(jax.grad(loss)(w, *batch), s, w)
        return optax.apply_updates(w, change), s

    for _ in range(steps):
        chosen = random.randint(0, len(rows), BATCH)
        pair = rows[chosen] if random.random_sample() < 0.5 else rows[chosen][:, ::-1]
        key, part = jax.random.split(key)
        weights, state = step(weights, state, pair, same[chosen], task_of[chosen], part)
    return weights
