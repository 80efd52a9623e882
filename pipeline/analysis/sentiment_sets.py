"""Labelled sentences (带标签的语料): the office's own file, or the research sets that the shipped models were trained on."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

NEGATIVE, NEUTRAL, POSITIVE = 0, 1, 2
NAMES = ("negative", "neutral", "positive")

_LABELS = {
    **{word: NEGATIVE for word in ("negative", "neg", "0", "-1", "angry", "sad", "fear", "负面", "消极", "负")},
    **{word: NEUTRAL for word in ("neutral", "neu", "中性", "中立", "中")},
    **{word: POSITIVE for word in ("positive", "pos", "1", "happy", "正面", "积极", "正")},
}
_LEFT_OUT = {"surprise", "惊讶"}  # neither good nor bad nor neutral


@dataclass(frozen=True, slots=True)
class Labelled:
    """One sentence with its class; `two_class` when its annotators could not answer "neutral"."""

    text: str
    label: int
    two_class: bool = False


def read_labelled(path: Path) -> list[Labelled]:
    """Read a TSV with a header that names `label` and `text` (other columns are ignored), UTF-8, no quoting.

    A file without any neutral row is two-class. Raises ValueError (one Chinese line) on a file of another shape.
    """
    with path.open(encoding="utf-8-sig", newline="") as lines:
        pairs = list(_pairs(path, lines))
    if not pairs:
        raise ValueError(f"{path} 里没有带标签的行：请检查是否有 label 和 text 两列、以制表符分隔")
    two_class = all(label != NEUTRAL for _, label in pairs)
    return [Labelled(text, label, two_class) for text, label in pairs]


def _pairs(path: Path, lines: Iterable[str]) -> Iterator[tuple[str, int]]:
    csv.field_size_limit(2**31 - 1)
    rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
    if not {"label", "text"} <= set(rows.fieldnames or ()):
        raise ValueError(f"{path} 缺少 label 或 text 列：第一行应为列名，以制表符分隔")
    for row in rows:
        word = (row["label"] or "").strip().lower()
        if word in _LEFT_OUT:
            continue
        if word not in _LABELS:
            raise ValueError(
                f"{path} 第 {rows.line_num} 行的标签“{word}”不认识：请用 negative、neutral、positive（或 负面、中性、正面）"
            )
        yield row["text"] or "", _LABELS[word]
