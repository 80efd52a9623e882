"""What a text is about (要旨), as one short vector: a small network reads it, and texts of one matter come near each other.

A post that says 煤气 comes near one that says 燃气, though they share no word. Whole numbers of a byte, so that sums of them are
exact in any order. Read of the masked text, one text a call (`encoder`): the same in any batch.
"""

from __future__ import annotations

import base64
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline.analysis.encoder import Encoder, Floats
from pipeline.analysis.features import normalise

Gist = npt.NDArray[np.int8]  # [WIDTH]

MODEL = Path(__file__).parent / "models" / "gist-encoder.onnx.gz"
WIDTH = 256
LENGTH = 400  # of a gist before it is rounded: its usual coordinate is then 25, and hardly one does not fit a byte


def gist(text: str) -> str:
    """The gist of a masked text with its title before it, '' of a text that says nothing."""
    said = normalise(text)
    return kept(_encoder().answer(said)) if said else ""


def kept(answer: Floats) -> str:
    """An answer as an analysis keeps it: of one length, WIDTH signed bytes in base64."""
    whole = np.rint(answer * (LENGTH / max(float(np.linalg.norm(answer)), 1e-6)))
    return base64.b64encode(np.clip(whole, -127, 127).astype(np.int8).tobytes()).decode()


def read_gist(kept: str) -> Gist:
    """The gist of an analysis; all zero, near nothing, when it has none (judged before there were gists)."""
    return np.frombuffer(base64.b64decode(kept), dtype=np.int8) if kept else np.zeros(WIDTH, dtype=np.int8)


@cache
def _encoder() -> Encoder:
    return Encoder(MODEL)
