"""Learning to group: what is learned from written stories, in unrelated talk, groups them better than nothing learned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from config.settings import load_settings
from pipeline.analysis.analyse import Analyser, with_gist
from pipeline.analysis.district import District
from pipeline.document import Document, Judged, Kind
from pipeline.events import train_grouping as training
from pipeline.events.evaluate_grouping import b_cubed, grouped, read_firsts, read_truth
from pipeline.events.grouping import Grouping
from pipeline.events.shallow import Shallow

STORIES = Path(__file__).parents[2] / "evaluation" / "stories" / "learned_roads.jsonl"
WEEK = timedelta(days=7)


@pytest.fixture(scope="module")
def told() -> list[Judged]:
    analyser = Analyser(District.load(load_settings().config_dir), "fast")
    return [Judged(one, with_gist(analyser.analyse(one))) for one in read_firsts(STORIES, Kind.NEWS)]


def talk(told: list[Judged]) -> Iterator[Judged]:
    """What is of no story, once more under other names: unrelated talk."""
    truth = read_truth(STORIES)
    for judged in told:
        document = judged.document
        if truth[document.id].startswith("alone") and document.kind is not Kind.MESSAGE:
            yield Judged(Document(f"talk-{document.id}", document.text, document.kind), judged.analysis)


def test_trees_learned_from_stories_bring_them_together(
    told: list[Judged], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "TALK", ((0, 1), (30, 24)))
    monkeypatch.setattr(training, "ROUNDS", 2)
    monkeypatch.setattr(training, "TREES", 40)
    truth, said = read_truth(STORIES), list[str]()
    training.train(training.streams([(told, truth)], list(talk(told)), []), tmp_path / "grouping.npz", said.append)
    with np.load(tmp_path / "grouping.npz") as stored:
        trees = Shallow.read(stored)
    grouping, found = Grouping(WEEK, trees=trees), dict[str, str]()
    for judged in told:
        placement = grouping.place(judged, None, judged.document.known_at)
        found[placement.document_id] = placement.event_id
        found = {name: placement.event_id if at in placement.merged else at for name, at in found.items()}
    assert len(said) == 2
    assert b_cubed(found, truth).f1 > 0.55
    assert b_cubed({name: name for name in found}, truth).f1 < 0.5


def test_talk_comes_in_the_busiest_hours_of_the_stories(told: list[Judged]) -> None:
    moments = sorted(one.document.known_at for one in told)
    start = training._busiest(moments, timedelta(hours=12))
    inside = sum(start <= moment <= start + timedelta(hours=12) for moment in moments)
    assert inside == max(sum(first <= moment <= first + timedelta(hours=12) for moment in moments) for first in moments)


def test_two_real_letters_that_share_many_words_may_be_about_one_thing_and_teach_nothing(told: list[Judged]) -> None:
    letters = [one for one in told if one.document.kind is Kind.MESSAGE][:2]
    stream = training.Stream.of(letters, {})
    assert stream.same(letters[0], letters[1].document.id, words=0.5) is None
    assert stream.same(letters[0], letters[1].document.id, words=0.1) is False
    named = training.Stream.of(letters, {letters[0].document.id: "fire"})
    assert named.same(letters[0], letters[1].document.id, words=0.5) is False
    assert named.same(letters[0], "fire", words=0.0) is True


def test_unrelated_texts_are_read_once_each_and_in_a_fixed_order(tmp_path: Path) -> None:
    posts = tmp_path / "posts.tsv"
    posts.write_text("text\n" + "".join(f"今天第{n}杯奶茶\n" for n in (1, 2, 3, 1, 2)), encoding="utf-8")
    rows = list(training.talk_of({Kind.WEIBO: [posts], Kind.MESSAGE: []}, 1, ["沙洲镇"]))
    assert Counter(row.text.removeprefix("沙洲镇") for row in rows) == Counter(
        {f"今天第{n}杯奶茶": 1 for n in (1, 2, 3)}
    )
    assert rows[0].text.startswith("沙洲镇")
    assert rows == list(training.talk_of({Kind.WEIBO: [posts], Kind.MESSAGE: []}, 1, ["沙洲镇"]))


def test_shipped_trees_are_what_grouping_uses(told: list[Judged]) -> None:
    found = grouped(told, WEEK, timedelta(days=30), 200_000)
    assert b_cubed(found, read_truth(STORIES)).f1 > 0.58
