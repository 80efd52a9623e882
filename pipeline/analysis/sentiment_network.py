"""A fine-tuned encoder as one small file (压成小文件): whole-number weights in an ONNX graph that `encoder` runs.

Every weight is stored as a whole number from -MOST to MOST with one scale per output (table: per token), the scale chosen for
the least squared error; sums are whole numbers too, so they are the same on every processor. Needs the `train` extra (onnx).
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from pipeline.analysis.encoder import TOKENS
from pipeline.analysis.sentiment_base import HEADS, LAYERS, PEAK, WIDTH

MOST = 19  # as many as fit into 10 MB; 31 judge no better
CLIPS = np.linspace(0.5, 1.0, 26)  # shares of the largest weight that are tried as the end of the scale

Floats = NDArray[np.float32]


def rounded(weights: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Whole numbers and the scale of each row [rows, width]: of CLIPS, the one with the least squared error."""
    peak = np.maximum(np.abs(weights).max(axis=1, keepdims=True), 1e-9)
    best, error = peak / MOST, np.full((len(weights), 1), np.inf)
    for clip in CLIPS:
        scale = peak * clip / MOST
        off = ((np.clip(np.rint(weights / scale), -MOST, MOST) * scale - weights) ** 2).sum(axis=1, keepdims=True)
        best, error = np.where(off < error, scale, best), np.minimum(off, error)
    whole = np.clip(np.rint(weights / best), -MOST, MOST).astype(np.int8)
    return whole, best[:, 0].astype(np.float32)


class _Graph:
    """Nodes and constants of a growing graph; every method returns the name of what it made."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, value: NDArray[Any]) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.array(value, order="C"), name))
        return name

    def numbers(self, *values: int) -> str:
        return self.constant(np.array(values, dtype=np.int64))

    def node(self, kind: str, *inputs: str, outputs: int = 1, **attributes: Any) -> Any:
        names = [f"n{len(self.nodes)}_{k}" for k in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, **attributes))
        return names[0] if outputs == 1 else names

    def normed(self, x: str, gain: Floats, shift: Floats) -> str:
        name: str = self.node(
            "LayerNormalization", x, self.constant(gain), self.constant(shift), axis=-1, epsilon=1e-12
        )
        return name

    def linear(self, x: str, weights: Floats, bias: Floats) -> str:
        """x @ weights.T + bias, x rounded to eight bits as it comes."""
        whole, scale = rounded(weights)
        read, read_scale, zero = self.node("DynamicQuantizeLinear", x, outputs=3)
        product = self.node(
            "Cast", self.node("MatMulInteger", read, self.constant(whole.T), zero), to=TensorProto.FLOAT
        )
        both = self.node("Mul", read_scale, self.constant(scale))
        name: str = self.node("Add", self.node("Mul", product, both), self.constant(bias))
        return name


def graph(weights: Mapping[str, Floats]) -> Any:
    """The network: (ids [n], places [n]) → answer, as long as the head. Names of the weights as `sentiment_finetune` has them."""
    g = _Graph()
    whole, scale = rounded(weights["table"])
    row = g.node("Cast", g.node("Gather", g.constant(whole), "ids"), to=TensorProto.FLOAT)
    token = g.node("Mul", row, g.node("Gather", g.constant(scale[:, None]), "ids"))
    place = g.node("Gather", g.constant(weights["places"][:TOKENS].astype(np.float16)), "places")
    x = g.node("Add", token, g.node("Cast", place, to=TensorProto.FLOAT))
    x = g.normed(x, weights["table_gain"], weights["table_shift"])
    for k in range(LAYERS):
        x = _layer(g, x, {name[2:]: value for name, value in weights.items() if name.startswith(f"{k}_")})
    first = g.node("Gather", x, g.numbers(0), axis=0)
    mean = g.node("ReduceMean", x, g.numbers(0), keepdims=1)
    peak = g.node("Mul", g.node("ReduceMax", x, g.numbers(0), keepdims=1), g.constant(np.array(PEAK, dtype=np.float32)))
    pooled = g.node("Concat", first, mean, peak, axis=1)
    answer = g.node("Gemm", pooled, g.constant(weights["head"]), g.constant(weights["head_bias"]), transB=1)
    length = len(weights["head_bias"])
    g.nodes.append(helper.make_node("Reshape", [answer, g.numbers(length)], ["answer"]))
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["n"]) for name in ("ids", "places")]
    outputs = [helper.make_tensor_value_info("answer", TensorProto.FLOAT, [length])]
    return helper.make_graph(g.nodes, "encoder", inputs, outputs, g.constants)


def _layer(g: _Graph, x: str, w: Mapping[str, Floats]) -> str:
    """One layer: every token hears the others, then thinks for itself."""
    asked = g.node("Reshape", g.linear(x, w["asking"], w["asking_bias"]), g.numbers(-1, 3, HEADS, WIDTH // HEADS))
    apart = g.node("Transpose", asked, perm=[1, 2, 0, 3])
    query, key, value = (g.node("Gather", apart, g.constant(np.array(k, dtype=np.int64)), axis=0) for k in range(3))
    near = g.node("MatMul", query, g.node("Transpose", key, perm=[0, 2, 1]))
    near = g.node("Mul", near, g.constant(np.array((WIDTH // HEADS) ** -0.5, dtype=np.float32)))
    heard = g.node("Transpose", g.node("MatMul", g.node("Softmax", near, axis=-1), value), perm=[1, 0, 2])
    heard = g.node("Reshape", heard, g.numbers(-1, WIDTH))
    x = g.normed(g.node("Add", x, g.linear(heard, w["heard"], w["heard_bias"])), w["heard_gain"], w["heard_shift"])
    inner = g.node("Gelu", g.linear(x, w["inner"], w["inner_bias"]))
    return g.normed(g.node("Add", x, g.linear(inner, w["outer"], w["outer_bias"])), w["outer_gain"], w["outer_shift"])


def save_network(file: Path, weights: Mapping[str, Floats], vocabulary: Sequence[str]) -> None:
    """Write the graph with its vocabulary in its metadata, compressed."""
    model = helper.make_model(graph(weights), opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    helper.set_model_props(model, {"vocabulary": json.dumps(list(vocabulary), ensure_ascii=False)})
    onnx.checker.check_model(model)
    gzip = zlib.compressobj(
        9, wbits=31, strategy=zlib.Z_HUFFMAN_ONLY
    )  # weights repeat nothing: a tenth smaller without
    file.write_bytes(gzip.compress(model.SerializeToString()) + gzip.flush())
