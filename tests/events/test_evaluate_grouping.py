"""The evaluation of grouping: B-cubed by hand, and floors on the demo city's storylines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from demo.export import write
from pipeline.errors import HuiyingError
from pipeline.events.commands import evaluate_grouping
from pipeline.events.evaluate_grouping import b_cubed, read_truth

STORIES = Path(__file__).parents[2] / "evaluation" / "stories"
FLOORS = json.loads((Path(__file__).parents[2] / "evaluation" / "grouping.json").read_text(encoding="utf-8"))


def test_b_cubed_is_what_the_formula_says() -> None:
    found = {"a": "1", "b": "1", "c": "1", "d": "2"}
    truth = {"a": "fire", "b": "fire", "c": "flood", "d": "flood"}
    figures = b_cubed(found, truth)
    assert figures.precision == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1) / 4)
    assert figures.recall == pytest.approx((1 + 1 + 1 / 2 + 1 / 2) / 4)


def test_the_demo_citys_storylines_meet_above_the_floors(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "docs.jsonl", tmp_path / "truth.jsonl")
    evaluate_grouping(tmp_path / "docs.jsonl", tmp_path / "truth.jsonl", as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert found["documents"] > 500
    assert {name: found[name] >= FLOORS[name] for name in ("precision", "recall", "f1")} == dict.fromkeys(
        ("precision", "recall", "f1"), True
    )
    assert found["f1"] > found["peers"]["single_pass_tfidf"]["f1"]


@pytest.mark.parametrize(
    "name", ["held_out_march", "held_out_april", "held_out_may", "held_out_june", "held_out_august"]
)
def test_stories_that_nothing_learned_from_meet_above_the_floors(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Matters of other days, that no word list was made for and no tree has seen: what an office may expect elsewhere."""
    stories = STORIES / f"{name}.jsonl"
    evaluate_grouping(stories, stories, as_json=True)
    found = json.loads(capsys.readouterr().out)
    floors = FLOORS[name]
    assert {figure: found[figure] >= floors[figure] for figure in floors} == dict.fromkeys(floors, True)
    assert found["f1"] > found["peers"]["single_pass_tfidf"]["f1"]


def test_a_truth_that_is_none_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "truth.jsonl").write_text('{"id": "a"}\n', encoding="utf-8")
    with pytest.raises(HuiyingError, match="每行须是 JSON"):
        read_truth(tmp_path / "truth.jsonl")
