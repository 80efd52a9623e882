"""Labelled sentences (带标签的语料): the office's own file, or the research sets that the shipped models were trained on."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import HuiyingError

NEGATIVE, NEUTRAL, POSITIVE = 0, 1, 2
NAMES = ("negative", "neutral", "positive")

_LABELS = {
    **dict.fromkeys(("negative", "neg", "0", "-1", "angry", "sad", "fear", "负面", "消极", "负"), NEGATIVE),
    **dict.fromkeys(("neutral", "neu", "中性", "中立", "中"), NEUTRAL),
    **dict.fromkeys(("positive", "pos", "1", "happy", "正面", "积极", "正"), POSITIVE),
}
_LEFT_OUT = {"surprise", "惊讶"}  # neither good nor bad nor neutral
FEELINGS = ("happy", "angry", "sad", "fear", "surprise", "neutral")  # asked for by SMP2020-EWECT


@dataclass(frozen=True, slots=True)
class Labelled:
    """One sentence with its class (-1: none); `two_class` when its annotators could not answer "neutral".

    `feeling`: which of FEELINGS they chose, where they were asked.
    """

    text: str
    label: int
    two_class: bool = False
    feeling: int | None = None


class LabelsRefused(HuiyingError):
    """A labelled file that cannot be used."""


def read_labelled(path: Path) -> list[Labelled]:
    """Read a sentiment file. A file without any neutral row is two-class. Errors: LabelsRefused."""
    rows = []
    for number, (word, text) in enumerate(read_columns(path), start=2):
        label = word.lower()
        if label in _LEFT_OUT:
            continue
        if label not in _LABELS:
            raise LabelsRefused(
                f"{path} 第 {number} 行的标签“{word}”不认识：请用 negative、neutral、positive（或 负面、中性、正面）。"
            )
        rows.append((text, label))
    if not rows:
        raise LabelsRefused(f"{path} 里没有带标签的行：请在列名下面写上 label 和 text。")
    said = {label for _, label in rows}
    two_class = all(_LABELS[label] != NEUTRAL for label in said)
    asked = {name: number for number, name in enumerate(FEELINGS)} if "angry" in said else {}
    return [Labelled(text, _LABELS[label], two_class, asked.get(label)) for text, label in rows]


def read_columns(path: Path) -> list[tuple[str, str]]:
    """(label, text) of every row of a TSV whose header names both (other columns are ignored), UTF-8, no quoting."""
    csv.field_size_limit(2**31 - 1)
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
            if not {"label", "text"} <= set(rows.fieldnames or ()):
                raise LabelsRefused(f"{path} 缺少 label 或 text 列：第一行应为列名，以制表符分隔。")
            return [((row["label"] or "").strip(), row["text"] or "") for row in rows]
    except UnicodeDecodeError as error:
        raise LabelsRefused(f"{path} 不是 UTF-8 编码：请另存为 UTF-8 再试。") from error
    except OSError as error:
        raise LabelsRefused(f"{path} 打不开：请检查路径（{error.strerror}）。") from error
