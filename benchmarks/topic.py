"""Topic of government messages: cross-validated accuracy over all labels, beside logistic regression in the same run.

python -m benchmarks.topic [--folds 5] [--only 1] [--json]     reads messages/topic_train_tokens.tsv of the shared data

Each fold trains a model on the other folds and judges its rows by the whole judge (rules, model, words of topics.toml),
so a row that a rule takes to 安全生产 or that comes out as 其他 counts as wrong. The peer is what one would pick first:
word TF-IDF and scikit-learn's LogisticRegression as it comes. Both see the same words.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

import config
from pipeline.analysis.district import District
from pipeline.analysis.evaluate import calibration_error, covered_accuracy
from pipeline.analysis.topic import TopicJudge
from pipeline.analysis.topic_model import TopicModel
from pipeline.analysis.train_topic import read_examples, train
from pipeline.document import Kind

OPENING = 70


def measure(folds: int, only: int) -> dict[str, float]:
    shared = Path(os.environ.get("HUIYING_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
    examples = read_examples(shared / "messages" / "topic_train_tokens.tsv")
    labels = np.array([example.label for example in examples])
    topics = District.load(Path(config.__file__).parent).topics
    measured = np.zeros(len(labels), bool)
    ours, peer, sure, seconds = np.zeros(len(labels), bool), np.zeros(len(labels), bool), np.zeros(len(labels)), 0.0
    with tempfile.TemporaryDirectory() as folder:
        splits = StratifiedKFold(folds, shuffle=True, random_state=0).split(labels, labels)
        for learn, apart in islice(splits, only or folds):
            measured[apart] = True
            train([examples[i] for i in learn], Path(folder) / "topic.npz", folds=2)
            judge = TopicJudge(topics, TopicModel.load(Path(folder) / "topic.npz"))
            texts = ["".join(examples[i].tokens) for i in apart]
            started = time.process_time()
            found = [judge.judge(text, OPENING, Kind.MESSAGE) for text in texts]
            seconds += time.process_time() - started
            ours[apart] = [topic.label == labels[i] for topic, i in zip(found, apart, strict=True)]
            sure[apart] = [topic.confidence for topic in found]
            vectorizer = TfidfVectorizer(analyzer=lambda tokens: tokens, sublinear_tf=True, min_df=2)
            rows = vectorizer.fit_transform([examples[i].tokens for i in learn])
            regression = LogisticRegression(max_iter=300).fit(rows, labels[learn])
            peer[apart] = regression.predict(vectorizer.transform([examples[i].tokens for i in apart])) == labels[apart]
    ours, peer, sure = ours[measured], peer[measured], sure[measured]
    return {
        "rows": float(len(ours)),
        "accuracy": float(ours.mean()),
        "logistic_regression": float(peer.mean()),
        "calibration_error": calibration_error(ours.astype(float), sure),
        "accuracy_at_80": covered_accuracy(ours.astype(float), sure),
        "documents_a_second": len(ours) / seconds,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--only", type=int, default=0, help="measure so many of the folds; 0 = all")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found = measure(arguments.folds, arguments.only)
    if arguments.json:
        sys.stdout.write(json.dumps(found) + "\n")
    else:
        sys.stdout.write("".join(f"{name:>22} {value:.4f}\n" for name, value in found.items()))
    floor = json.loads((Path(__file__).resolve().parents[1] / "evaluation" / "topic.json").read_text("utf-8"))[
        "accuracy"
    ]
    if found["accuracy"] < floor:
        sys.stderr.write(f"accuracy {found['accuracy']:.4f} is below the floor {floor} of evaluation/topic.json\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
