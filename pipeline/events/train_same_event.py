"""Training of the same-event model (同一事件模型训练): `huiying train same-event --data B.tsv [--topic-data A.tsv]`.

1. Boosted trees learn on the features of the pairs: first "same topic" (where such pairs are given), then "same event"
   with the topic's answer among the features.
2. A small network learns both tasks on the wheel's sentence vectors, which stay as they are (JAX; the `train` extra).
3. A logistic regression weighs both. It is fitted on answers about pairs that neither had seen (folds by connected
   texts); what ships is then trained on all pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
import optax
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from pipeline.events.forest import Forest, exported
from pipeline.events.pair_features import pair_features
from pipeline.events.pairs import FOLDS, Folds, Pair, folds
from pipeline.events.same_event import HEAD, SENTENCE, Sentences, alignment, genre

BATCH, HIDDEN, PROJECTED = 128, 64, 256
GENRES = 12  # directions in which the texts differ most
TREE_SEEDS = 2

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Weights = dict[str, Any]
Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Recipe:
    passes: int = 8
    rate: float = 1e-3
    decay: float = 0.1
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Task:
    """Pairs of one task, read: features, the two vectors' rows, the answer, the fold."""

    features: Floats
    rows: npt.NDArray[np.int64]
    same: Flags
    fold: Folds


def read_tasks(events: Sequence[Pair], topics: Sequence[Pair], report: Report) -> tuple[Task, Task, Floats]:
    """Both tasks, and the vectors of all texts."""
    sentences, pairs = Sentences(), [*events, *topics]
    texts = list(dict.fromkeys(text for pair in pairs for text in (pair.source, pair.target)))
    row = {text: number for number, text in enumerate(texts)}
    report(f"编码 {len(texts)} 条文本")
    vectors = np.array([sentences.vector(text) for text in texts])
    report(f"计算 {len(pairs)} 对的特征")
    features = np.array([both_features(sentences, pair) for pair in pairs])
    rows = np.array([(row[pair.source], row[pair.target]) for pair in pairs])
    same, fold, cut = np.array([pair.same for pair in pairs]), folds(pairs), len(events)
    first, second = (
        Task(features[part], rows[part], same[part], fold[part]) for part in (slice(cut), slice(cut, None))
    )
    return first, second, vectors


def both_features(sentences: Sentences, pair: Pair) -> Floats:
    """Features of a pair as `SameEvent` computes them."""
    return np.concatenate([pair_features(pair.source, pair.target), alignment(sentences, pair.source, pair.target)])


def genre_axes(vectors: Floats) -> Floats:
    """The main directions of the texts' mean vectors, without any label; as they are stored."""
    means = vectors[:, SENTENCE:]
    axes = np.linalg.svd(means - means.mean(axis=0), full_matrices=False)[2][:GENRES].T
    return axes.astype(np.float32).astype(np.float64)


def with_genre(task: Task, vectors: Floats, axes: Floats) -> Task:
    found = [genre(vectors[left], vectors[right], axes) for left, right in task.rows]
    return replace(task, features=np.hstack([task.features, np.reshape(found, (len(task.rows), axes.shape[1]))]))


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


def tuned(events: Task, topics: Task, out: int, vectors: Any, recipe: Recipe) -> Weights:
    """The network trained on all pairs but those of fold `out` (-1: on all)."""
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


def grown(features: Floats, same: Flags) -> Forest:
    """Boosted trees on the features of pairs, the mean of a few seeds."""
    return joined(
        [
            exported(
                HistGradientBoostingClassifier(
                    max_iter=160,
                    learning_rate=0.04,
                    max_leaf_nodes=8,
                    min_samples_leaf=40,
                    l2_regularization=10.0,
                    max_features=0.4,
                    random_state=seed,
                ).fit(features, same)
            )
            for seed in range(TREE_SEEDS)
        ]
    )


def joined(forests: Sequence[Forest]) -> Forest:
    """The mean of several forests as one."""
    offsets = np.cumsum([0, *(len(forest.feature) for forest in forests)])[:-1]
    moved = list(zip(forests, offsets, strict=True))
    return Forest(
        np.concatenate([f.roots + o for f, o in moved]).astype(np.int32),
        np.concatenate([f.feature for f in forests]),
        np.concatenate([f.threshold for f in forests]),
        np.concatenate([f.left + o for f, o in moved]).astype(np.int32),
        np.concatenate([f.right + o for f, o in moved]).astype(np.int32),
        np.concatenate([f.value / len(forests) for f in forests]),
        float(np.mean([f.start for f in forests])),
    )


def forests(events: Task, topics: Task, out: int) -> tuple[Forest, Forest]:
    """(event trees, topic trees) of all pairs but those of fold `out`; without topic pairs, topic trees learn on events."""
    about = topics if len(topics.same) else events
    topic = grown(about.features[about.fold != out], about.same[about.fold != out])
    seen = events.fold != out
    return grown(with_topic(events.features[seen], topic), events.same[seen]), topic


def with_topic(features: Floats, topic: Forest) -> Floats:
    return np.column_stack([features, [topic.logit(row) for row in features]])


def answers(events: Task, which: Flags, trees: tuple[Forest, Forest], weights: Weights, vectors: Any) -> Floats:
    """What the stack weighs, of the chosen pairs: both trees, both logits, both cosines."""
    features = with_topic(events.features[which], trees[1])
    logits, cosine, plain = evidence(weights, vectors[events.rows[which, 0]], vectors[events.rows[which, 1]])
    scores = [trees[0].logit(row) for row in features]
    return np.column_stack([scores, features[:, -1], np.asarray(logits), np.asarray(cosine), np.asarray(plain)])


def stacked(found: Floats, same: Flags) -> Floats:
    """Weights of the evidence, and the bias last."""
    model = LogisticRegression(C=1.0, max_iter=3000).fit(found, same)
    return np.append(model.coef_[0], model.intercept_[0])


def train(tasks: tuple[Task, Task, Floats], path: Path, recipe: Recipe, report: Report) -> tuple[Floats, Flags]:
    """Train and write the model; answers (score, truth) of every event pair when held out, for honest figures."""
    *read, plain = tasks
    axes = genre_axes(plain)
    events, topics = (with_genre(task, plain, axes) for task in read)
    vectors = jnp.array(plain, jnp.float32)
    found = np.zeros((len(events.same), 6))
    for k in range(FOLDS):
        report(f"第 {k + 1}/{FOLDS} 折")
        held = events.fold == k
        trees, weights = forests(events, topics, k), tuned(events, topics, k, vectors, recipe)
        found[held] = answers(events, held, trees, weights, vectors)
    scores = np.zeros(len(events.same))
    for k in range(FOLDS):
        held = events.fold == k
        stack = stacked(found[~held], events.same[~held])
        scores[held] = found[held] @ stack[:-1] + stack[-1]
    report("用全部标题对训练")
    trees, weights = forests(events, topics, -1), tuned(events, topics, -1, vectors, recipe)
    arrays = trees[0].arrays("event_") | trees[1].arrays("topic_")
    arrays |= {
        name: np.asarray(weights[name], dtype=np.float16 if name in ("project", "hidden") else np.float32)
        for name in HEAD
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, **arrays, genre=axes.astype(np.float32), stack=stacked(found, events.same))  # type: ignore[arg-type]
    return scores, events.same
