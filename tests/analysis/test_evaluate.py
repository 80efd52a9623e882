"""The evaluation frame: its figures on hand-made answers, its files, its commands, and the floors of the shipped models."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from pipeline.analysis.evaluate import (
    calibration_error,
    classification,
    covered_accuracy,
    sentiment_figures,
    sign_confidence,
)
from pipeline.analysis.evaluate_commands import evaluate_sentiment, train_sentiment
from pipeline.analysis.features import without_emoticons
from pipeline.analysis.sentiment import load_engine
from pipeline.analysis.sentiment_sets import Labelled, LabelsRefused, read_labelled
from pipeline.document import Polarity, Sentiment
from pipeline.errors import HuiyingError

FLOORS = Path(__file__).parents[2] / "evaluation" / "sentiment.json"


def test_figures_on_hand_counted_answers() -> None:
    figures = classification(["a", "a", "b", "b"], ["a", "b", "b", "b"], [0.9, 0.6, 0.8, 0.7], seconds=2)
    assert figures.accuracy == 0.75
    assert (figures.classes["a"].precision, figures.classes["a"].recall) == (1, 0.5)
    assert (figures.classes["b"].precision, figures.classes["b"].recall) == (2 / 3, 1)
    assert figures.macro_f1 == pytest.approx((2 / 3 + 0.8) / 2)
    assert figures.accuracy_at_80 == 1  # the least sure row, the wrong one, goes to people
    assert figures.per_second == 2


def test_a_class_never_said_counts_as_zero() -> None:
    assert classification(["a", "b"], ["b", "b"]).classes["a"].f1 == 0


def test_calibration_error_is_the_gap_between_confidence_and_accuracy() -> None:
    right, sure = np.array([1.0, 0.0, 1.0, 1.0]), np.array([0.95, 0.95, 0.55, 0.55])
    assert calibration_error(right, sure) == pytest.approx((abs(1 - 1.9) + abs(2 - 1.1)) / 4)
    assert calibration_error(np.ones(5), np.ones(5)) == 0


def test_coverage_leaves_the_least_sure_fifth_to_people() -> None:
    assert covered_accuracy(np.array([0.0, 1, 1, 1, 1]), np.array([0.1, 0.5, 0.6, 0.7, 0.8])) == 1


@pytest.mark.parametrize(
    ("label", "p"),
    [(Polarity.NEGATIVE, (0.6, 0.3, 0.1)), (Polarity.NEUTRAL, (0.1, 0.7, 0.2)), (Polarity.POSITIVE, (0, 0, 1))],
)
def test_confidence_of_the_sign_leaves_neutral_out(label: Polarity, p: tuple[float, float, float]) -> None:
    judged = Sentiment(label, p[2] - p[0], max(p))
    assert sign_confidence(judged) == pytest.approx(max(p[0], p[2]) / (p[0] + p[2]))


def test_two_class_rows_are_judged_by_the_sign_of_the_score() -> None:
    rows = [Labelled("好", 2, two_class=True), Labelled("坏", 0, two_class=True)]
    judged = {"好": Sentiment(Polarity.NEUTRAL, 0.1, 0.8), "坏": Sentiment(Polarity.NEUTRAL, -0.1, 0.8)}
    assert sentiment_figures(rows, judged.__getitem__).accuracy == 1


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_labels_may_be_words_emotions_or_numbers(tmp_path: Path) -> None:
    rows = read_labelled(
        write(
            tmp_path / "a.tsv",
            "id\tlabel\ttext",
            "1\t负面\t差",
            "2\thappy\t好",
            "3\tsurprise\t呀",
            '4\tneutral\t"他"说',
        )
    )
    assert [(row.label, row.text, row.two_class) for row in rows] == [
        (0, "差", False),
        (2, "好", False),
        (1, '"他"说', False),
    ]
    assert all(row.two_class for row in read_labelled(write(tmp_path / "b.tsv", "label\ttext", "0\t差", "1\t好")))


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (("标签\t正文", "0\t差"), "缺少 label 或 text"),
        (("label\ttext", "很差\t差"), "第 2 行的标签“很差”不认识"),
        (("label\ttext",), "没有带标签的行"),
    ],
)
def test_a_file_of_another_shape_is_refused_in_one_line(tmp_path: Path, lines: tuple[str, ...], said: str) -> None:
    with pytest.raises(LabelsRefused, match=said):
        read_labelled(write(tmp_path / "x.tsv", *lines))


def test_a_missing_or_foreign_file_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(LabelsRefused, match="打不开"):
        read_labelled(tmp_path / "none.tsv")
    (tmp_path / "gbk.tsv").write_bytes("label\ttext\n负面\t差\n".encode("gb18030"))
    with pytest.raises(LabelsRefused, match="UTF-8"):
        read_labelled(tmp_path / "gbk.tsv")


OFFICE = (
    "label\ttext",
    "negative\t断桥隧道又封了",
    "positive\t断桥隧道通了",
    "neutral\t断桥隧道通车时间",
    *["positive\t芦花快线好"] * 6,
    *["negative\t又是盲盒班车"] * 6,
)


def test_evaluate_command_prints_every_engine_side_by_side(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = write(tmp_path / "rows.tsv", *OFFICE)
    evaluate_sentiment(data, ["fast", "snownlp"], None, as_json=True)
    printed = json.loads(capsys.readouterr().out)
    assert set(printed["engines"]) == {"fast", "snownlp"}
    for forms in printed["engines"].values():
        assert set(forms) == {"as_is", "without_emoticons"}
        assert {"accuracy", "macro_f1", "classes", "calibration_error", "accuracy_at_80", "per_second"} <= set(
            forms["as_is"]
        )
    evaluate_sentiment(data, ["fast"], None, as_json=False)
    assert "宏平均F1" in capsys.readouterr().out


@pytest.mark.parametrize("engine", ["accurate", "snownlp"])
def test_training_on_the_offices_labels_teaches_its_words(
    engine: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, out = write(tmp_path / "rows.tsv", *OFFICE), tmp_path / "models"
    train_sentiment([data], out, engine, as_json=True)  # type: ignore[arg-type]
    assert json.loads(capsys.readouterr().out)["rows"] == 15
    name = "fast" if engine == "accurate" else engine
    before, after = load_engine(name), load_engine(name, out)
    assert after.judge("又是盲盒班车").score < before.judge("又是盲盒班车").score
    assert after.judge("芦花快线好").score > before.judge("芦花快线好").score
    assert after.digest != before.digest


def test_training_on_one_class_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HuiyingError, match="至少要有两类"):
        train_sentiment(
            [write(tmp_path / "one.tsv", "label\ttext", "0\t差", "0\t坏")], tmp_path / "m", "accurate", False
        )


cached_engine = cache(load_engine)


@pytest.mark.parametrize("file", sorted(json.loads(FLOORS.read_text(encoding="utf-8"))["accurate"]))
def test_shipped_model_keeps_its_floors(file: str, shared_data: Path) -> None:
    floors = json.loads(FLOORS.read_text(encoding="utf-8"))
    rows = read_labelled(shared_data / "sentiment" / file)
    plain = [Labelled(without_emoticons(row.text), row.label, row.two_class) for row in rows]
    for name in ("accurate", "fast"):
        found, without = (sentiment_figures(some, cached_engine(name).judge) for some in (rows, plain))
        floor = floors[name][file]
        assert found.accuracy >= floor["accuracy"]
        assert found.macro_f1 >= floor["macro_f1"]
        assert found.calibration_error is not None
        assert found.calibration_error <= floor["calibration_error"]
        assert found.accuracy_at_80 is not None
        assert found.accuracy_at_80 >= found.accuracy + floor["gain_at_80"]
        assert without.macro_f1 >= floor["macro_f1_without_emoticons"]
