"""Training the shipped sentiment models (随附模型的训练) from the research sets and a small Chinese language model.

`python -m pipeline.analysis.train_shipped DATA BASE.jar OUT`: rows kept apart fit the weighing and give the honest figures;
the sets' own eval files are never read. Nearly all of its time is `fine_tune`.
"""

from __future__ import annotations

import csv
import json
import re
import sys
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.analysis import snownlp_engine
from pipeline.analysis.features import normalise
from pipeline.analysis.sentiment import Weighing
from pipeline.analysis.sentiment_linear import LinearModel
from pipeline.analysis.sentiment_sets import NAMES, NEGATIVE, NEUTRAL, Labelled, read_labelled
from pipeline.analysis.sentiment_weighing import KeptApart, fit_weighing
from pipeline.analysis.train_sentiment import TEMPERATURE, train_characters

HERE = Path(__file__).parent
EXAMPLES = HERE / "sentiment_examples.tsv"  # notices, polite complaints, sarcasm...: written by us, for the traps
FRAMES = HERE / "sentiment_frames.toml"  # the tone of hotlines, letters, notices and local news: frames and fills
SURE = (
    0.70  # the characters' probability from which the encoder is not asked (to .85: within .003, twice as many asked)
)

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Source:
    """A research set: its file, the share kept apart in the first run, and how much a row of it counts."""

    file: str
    kept_apart: float
    weight: int


RESEARCH = (
    Source("ewect_usual_train.tsv", 0.05, 1),
    Source("ewect_virus_train.tsv", 0.05, 1),
    Source("weibo2018_train.tsv", 0.1, 1),
    Source("implicit_ecisa.tsv", 0.25, 2),
    Source("public_event_comments.tsv", 1 / 3, 4),
)


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows to train on and how much each counts."""

    rows: list[Labelled]
    weights: list[float]


@dataclass(frozen=True, slots=True)
class Split:
    """Rows to learn (the research sets and the office's world) and the rows kept apart by set."""

    taught: Rows
    apart: dict[str, list[Labelled]]


def read_split(data: Path, keep_apart: bool) -> Split:
    taught = Rows([], [])
    apart: dict[str, list[Labelled]] = {}

    def add(rows: Sequence[Labelled], weight: float) -> None:
        taught.rows.extend(rows)
        taught.weights.extend([weight] * len(rows))

    for source in RESEARCH:
        labelled = read_labelled(data / "sentiment" / source.file)
        order = np.random.RandomState(7).permutation(len(labelled))
        kept = order[: int(len(order) * source.kept_apart)] if keep_apart else order[:0]
        apart[source.file] = [labelled[i] for i in kept]
        add([labelled[i] for i in order[len(kept) :]], source.weight)
    add(read_labelled(EXAMPLES), 4)
    add(composed_rows(), 0.5)
    add(portal_rows(data / "messages"), 0.5)
    return Split(taught, apart)


def composed_rows() -> list[Labelled]:
    """Every frame of FRAMES with each of its fills."""
    frames = tomllib.loads(FRAMES.read_text(encoding="utf-8"))["frame"]
    return [
        Labelled(form.replace("{}", fill), NAMES.index(frame["label"]))
        for frame in frames
        for form in frame["forms"]
        for fill in frame["fills"]
    ]


_COMPLAINT = re.compile(
    "投诉|举报|扰民|违规|违法|拖欠|欺骗|虚假|强制|乱收费|严重|不作为|坑|噪音|噪声|油烟|污染|维权|质量问题|霸王|骗"
)
_QUESTION = re.compile("咨询|请问|如何|是否|什么时候|何时|怎么")


def portal_rows(messages: Path, most: int = 1200) -> list[Labelled]:
    """Weak labels from a government portal: complaints by title (negative), questions and official replies (neutral)."""
    csv.field_size_limit(2**31 - 1)
    with (messages / "hot_issue_messages.tsv").open(encoding="utf-8") as lines:
        reader = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        posts = [(row["留言主题"], row["留言详情"][:200]) for row in reader]
    with (messages / "messages_with_replies.tsv").open(encoding="utf-8") as lines:
        reader = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        replies = [row["答复意见"][:200] for row in reader]
    negative = [f"{title} {text}" for title, text in posts if _COMPLAINT.search(title)]
    asking = [
        f"{title} {text}" for title, text in posts if _QUESTION.search(title) and not _COMPLAINT.search(title + text)
    ]
    return (
        [Labelled(text, NEGATIVE) for text in negative[:most]]
        + [Labelled(text, NEUTRAL) for text in asking[:most]]
        + [Labelled(text, NEUTRAL) for text in replies[:most]]
    )


def kept_apart(
    split: Split, model: LinearModel, encode: Callable[[Sequence[str]], NDArray[np.float32]]
) -> list[KeptApart]:
    """Both models' logits of the rows kept apart; `encode` answers the encoder's for normalised texts."""
    sets = []
    for name, rows in split.apart.items():
        texts = [normalise(row.text) for row in rows]
        characters = np.stack([model.logits(model.find(text)) for text in texts])
        labels = np.array([row.label for row in rows])
        sets.append(KeptApart(name, characters, encode(texts), labels, rows[0].two_class))
    return sets


def write_weighing(out: Path, fast: Weighing, accurate: Weighing, sure: float) -> None:
    named = {"fast": fast, "accurate": accurate}
    weighing = {
        name: {"characters": w.characters, "encoder": w.encoder, "bias": list(w.bias)} for name, w in named.items()
    }
    stored = {"sure": sure, "weighing": weighing}
    (out / "sentiment.json").write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")


def fine_tune(taught: Rows, jar: Path, out: Path) -> None:
    """Write the encoder. A row that counts 2 is shown twice a pass, one that counts a half every other time."""
    from pipeline.analysis.encoder import FILE
    from pipeline.analysis.sentiment_base import read_base
    from pipeline.analysis.sentiment_finetune import Recipe, Tuner
    from pipeline.analysis.sentiment_network import save_network

    def say(line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    base = read_base(jar).for_texts(normalise(row.text) for row in taught.rows)
    weight = np.array(taught.weights)
    shown = np.floor(weight + np.random.RandomState(5).random_sample(len(weight))).astype(int)
    save_network(out / FILE, Tuner(taught.rows, Recipe(), base, shown.tolist()).run(say), base.vocabulary)


def train_shipped(data: Path, jar: Path, out: Path) -> None:
    """Make the shipped files in `out` from the research sets under `data` and the language model in `jar`.

    The encoder never learns the rows kept apart; the characters (seconds) learn them after the weighing is fitted.
    """
    from pipeline.analysis.encoder import FILE, Encoder

    out.mkdir(parents=True, exist_ok=True)
    split, whole = read_split(data, keep_apart=True), read_split(data, keep_apart=False)
    fine_tune(split.taught, jar, out)
    encoder = Encoder(out / FILE)
    characters = train_characters(split.taught.rows, split.taught.weights)
    sets = kept_apart(split, characters, lambda texts: np.stack([encoder.answer(text) for text in texts]))
    write_weighing(out, fit_weighing(sets, with_encoder=False), fit_weighing(sets, with_encoder=True), SURE)

    train_characters(whole.taught.rows, whole.taught.weights).save(out / "sentiment-characters.npz")
    rows = whole.taught.rows
    bayes = snownlp_engine.train_bayes([row.text for row in rows], [row.label for row in rows])
    snownlp_engine.save_bayes(out / "sentiment-snownlp.npz", bayes, TEMPERATURE)


if __name__ == "__main__":
    train_shipped(*map(Path, sys.argv[1:4]))
