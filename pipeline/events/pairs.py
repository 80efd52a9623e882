"""Pairs of headlines labelled same or not (标题对), and their folds."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline.errors import HuiyingError

FOLDS = 5

Folds = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Pair:
    source: str
    target: str
    same: bool


def read_pairs(path: Path) -> list[Pair]:
    """A TSV of label (1 = same), source, target, with a header and no quoting."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            if rows.fieldnames is None or not {"label", "source", "target"} <= set(rows.fieldnames):
                raise HuiyingError(f"{path} 缺少列：需要 label、source、target 三列，以制表符分隔")
            pairs = [Pair(row["source"] or "", row["target"] or "", row["label"].strip() == "1") for row in rows]
    except (OSError, UnicodeDecodeError) as error:
        raise HuiyingError(f"无法读取 {path}：{error}；请给出 UTF-8 编码的 TSV 文件") from error
    if not any(pair.same for pair in pairs) or all(pair.same for pair in pairs):
        raise HuiyingError(f"{path} 里要既有 label 为 1 的行，也有为 0 的行")
    return pairs


def folds(pairs: Sequence[Pair], count: int = FOLDS) -> Folds:
    """The fold of each pair; pairs that are connected through a text go together, so that no text is on both sides."""
    parent: dict[str, str] = {}

    def root(text: str) -> str:
        while parent.setdefault(text, text) != text:
            parent[text] = text = parent[parent[text]]
        return text

    for pair in pairs:
        parent[root(pair.source)] = root(pair.target)
    smallest: dict[str, str] = {}
    for text in list(parent):
        top = root(text)
        smallest[top] = min(smallest.get(top, text), text)
    names = [smallest[root(pair.source)] for pair in pairs]
    return np.array([int.from_bytes(blake2b(name.encode(), digest_size=4).digest(), "big") % count for name in names])
