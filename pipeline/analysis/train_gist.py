"""Make the encoder of gists (制作要旨模型): a small Chinese language model as published, its answer turned so that texts differ.

Nothing is learned but which directions tell texts from texts: of what the model makes of several thousand texts, the strongest
directions (length, register) are left out, the next WIDTH kept and made somewhat even. Teaching the model what belongs together, by
hashtags or by written stories, made it know those and no others better (docs/models/grouping.md). Needs the `train` extra (onnx).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.analysis.encoder import Pieces, read_artifact, session_of
from pipeline.analysis.features import normalise
from pipeline.analysis.gist import WIDTH
from pipeline.analysis.sentiment_base import WIDTH as BASE_WIDTH
from pipeline.analysis.sentiment_base import read_base
from pipeline.analysis.sentiment_network import save_network

Floats = NDArray[np.float32]

LEFT_OUT, EVEN = 3, 0.5  # strongest directions left out; how far the kept ones are made equally strong
LOOKED_AT = 12_000  # texts that show the directions
SAID_EVERY = 2_000


def train(texts: Sequence[str], jar: Path, out: Path, say: Callable[[str], None]) -> None:
    """Write the encoder: vocabulary of all the texts, directions of LOOKED_AT of them, evenly drawn."""
    said = [normalise(text) for text in texts]
    base = read_base(jar).for_texts(said)
    head, bias = directions(first_pieces(said[:: max(1, len(said) // LOOKED_AT)], jar, say))
    weights = base.weights | {"head": np.pad(head, ((0, 0), (0, 2 * BASE_WIDTH))), "head_bias": bias}
    out.parent.mkdir(parents=True, exist_ok=True)
    save_network(out, weights, base.vocabulary)


def first_pieces(texts: Sequence[str], jar: Path, say: Callable[[str], None]) -> Floats:
    """What the model as published answers of each text: its first piece [texts, BASE_WIDTH]."""
    network, numbers = read_artifact(jar)
    pieces, session, found = Pieces(numbers), session_of(network), []
    for number, text in enumerate(texts, 1):
        ids = np.array([pieces.ids(text)], dtype=np.int64)
        given = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        found.append(session.run(None, given)[0][0, 0])
        if number % SAID_EVERY == 0:
            say(f"{number:,} / {len(texts):,} 篇")
    return np.array(found, dtype=np.float32)


def directions(answers: Floats) -> tuple[Floats, Floats]:
    """Head and bias that turn an answer about the middle of all, of a usual length of one."""
    middle = answers.mean(axis=0)
    _, sizes, axes = np.linalg.svd(answers - middle, full_matrices=False)
    kept = slice(LEFT_OUT, LEFT_OUT + WIDTH)
    turn = axes[kept] / sizes[kept, None] ** EVEN
    turn /= np.linalg.norm((answers - middle) @ turn.T, axis=1).mean()
    return turn.astype(np.float32), (-turn @ middle).astype(np.float32)
