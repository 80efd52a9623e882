"""Training the sentiment models (训练): the shipped ones from the research sets, an office's own from its labels.

`python -m pipeline.analysis.train_sentiment SHARED_DATA OUT [characters|encoder|all]` makes the shipped files: a first run
keeps rows apart to fit the weighing and to state honest figures, a second trains on every row but the sets' own eval files.
`huiying train sentiment --data FILE.tsv` adapts the character model (and SnowNLP's Bayes) to an office's labels.
"""

from __future__ import annotations

import csv
import json
import re

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.analysis.features import normalise
from pipeline.analysis.sentiment import MODELS, Weighing
from pipeline.analysis.sentiment_linear import LinearModel, count_idf, fit, load_linear, matrix
from pipeline.analysis.sentiment_sets import NEGATIVE, NEUTRAL, Labelled, read_labelled

STRENGTH = 10.0  # C of the character model (10 and 20 alike on kept-apart rows, 3 worse)
EXAMPLES = (
    MODELS / "sentiment_examples.tsv"
)  # official notices, polite complaints, sarcasm: written by us for the five traps


@dataclass(frozen=True, slots=True)
class Source:
    """A research set: its file, the share kept apart in the first run, and how much a row of it counts."""

    file: str
    kept_apart: float
    weight: int


SOURCES = (
    Source("ewect_usual_train.tsv", 0.05, 1),
    Source("ewect_virus_train.tsv", 0.05, 1),
    Source("weibo2018_train.tsv", 0.1, 1),
    Source("implicit_ecisa.tsv", 0.25, 2),
    Source("public_event_comments.tsv", 1 / 3, 4),
)


@dataclass(frozen=True, slots=True)
class Split:
    """Rows to train on with their weights, and the rows kept apart by set."""

    rows: list[Labelled]
    weights: list[int]
    apart: dict[str, list[Labelled]]


def read_split(data: Path, keep_apart: bool) -> Split:
    rows: list[Labelled] = []
    weights: list[int] = []
    apart: dict[str, list[Labelled]] = {}
    for source in SOURCES:
        labelled = read_labelled(data / "sentiment" / source.file)
        order = np.random.RandomState(7).permutation(len(labelled))
        kept = order[: int(len(order) * source.kept_apart)] if keep_apart else order[:0]
        apart[source.file] = [labelled[i] for i in kept]
        taken = [labelled[i] for i in order[len(kept) :]]
        rows += taken
        weights += [source.weight] * len(taken)
    office = [*read_labelled(EXAMPLES)] * 3 + portal_rows(data / "messages")
    return Split(rows + office, weights + [1] * len(office), apart)


_COMPLAINT = re.compile(
    "投诉|举报|扰民|违规|违法|拖欠|欺骗|虚假|强制|乱收费|严重|不作为|坑|噪音|噪声|油烟|污染|维权|质量问题|霸王|骗"
)
_QUESTION = re.compile("咨询|请问|如何|是否|什么时候|何时|怎么")


def portal_rows(messages: Path, most: int = 1200) -> list[Labelled]:
    """Weak labels from a government portal: complaints by their titles (negative), questions and official replies (neutral)."""
    csv.field_size_limit(2**31 - 1)
    with (messages / "hot_issue_messages.tsv").open(encoding="utf-8") as lines:
        posts = [
            (r["留言主题"], r["留言详情"][:200]) for r in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        ]
    with (messages / "messages_with_replies.tsv").open(encoding="utf-8") as lines:
        replies = [r["答复意见"][:200] for r in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)]
    negative = [f"{title} {text}" for title, text in posts if _COMPLAINT.search(title)]
    asking = [
        f"{title} {text}" for title, text in posts if _QUESTION.search(title) and not _COMPLAINT.search(title + text)
    ]
    return (
        [Labelled(text, NEGATIVE) for text in negative[:most]]
        + [Labelled(text, NEUTRAL) for text in asking[:most]]
        + [Labelled(text, NEUTRAL) for text in replies[:most]]
    )


def balance(labels: NDArray[np.int64]) -> NDArray[np.float32]:
    """Weight of a row: rarer classes count more, by the root of their rarity."""
    count = np.maximum(np.bincount(labels, minlength=3), 1)
    weight: NDArray[np.float32] = ((count.sum() / (3 * count)) ** 0.5)[labels].astype(np.float32)
    return weight


def train_characters(rows: Sequence[Labelled], weights: Sequence[int], start: LinearModel | None = None) -> LinearModel:
    """The character model of these rows; from `start`'s weights where one is given."""
    texts = [normalise(row.text) for row in rows]
    labels = np.array([row.label for row in rows])
    two_class = np.array([row.two_class for row in rows])
    idf = count_idf(texts) if start is None else start.idf
    origin = None if start is None else (start.weights.astype(np.float32), start.bias)
    fitted, bias = fit(
        matrix(texts, idf), labels, two_class, balance(labels) * np.array(weights, dtype=np.float32), STRENGTH, origin
    )
    return LinearModel(fitted.astype(np.float16), idf, bias)


def write_weighing(out: Path, fast: Weighing, accurate: Weighing, sure: float) -> None:
    named = {"fast": fast, "accurate": accurate}
    stored = {
        "sure": sure,
        "weighing": {
            n: {"characters": w.characters, "encoder": w.encoder, "bias": list(w.bias)} for n, w in named.items()
        },
    }
    (out / "sentiment.json").write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
