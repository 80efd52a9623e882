"""Judgements against the truth that the demo city keeps beside its stories: figures that only rise."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from demo.documents import documents
from demo.truth import alerting_storylines, truth_of
from pipeline.analysis.analyse import Analyser
from pipeline.document import Analysis
from pipeline.events.tally import Tally

FLOORS = json.loads((Path(__file__).parents[2] / "evaluation" / "topic.json").read_text(encoding="utf-8"))


def test_scope_and_topic_of_the_demo_city(analyser: Analyser) -> None:
    judged = [(analyser.analyse(document), truth) for document in documents() if (truth := truth_of(document))]
    assert len(judged) >= 400
    scope = sum(analysis.scope is truth.scope for analysis, truth in judged) / len(judged)
    topic = sum(analysis.topic.label == truth.topic for analysis, truth in judged) / len(judged)
    assert scope >= FLOORS["demo_scope_accuracy"]
    assert topic >= FLOORS["demo_topic_accuracy"]


def test_a_matter_has_its_topic_though_many_of_its_posts_name_none(analyser: Analyser) -> None:
    """What people see is the event's topic: of every story that has its file, as the tally of an event counts it."""
    matters: dict[str, list[tuple[Analysis, str]]] = {}
    for document in documents():
        truth = truth_of(document)
        if truth and truth.storyline in alerting_storylines():
            matters.setdefault(truth.storyline, []).append((analyser.analyse(document), truth.topic))
    right = 0
    for several in matters.values():
        tally = Tally("", "", 0, 0)
        tally.topics.update((analysis.topic.label, analysis.topic.sub) for analysis, _ in several)
        right += tally.topic[0] == Counter(topic for _, topic in several).most_common(1)[0][0]
    assert right / len(matters) >= FLOORS["demo_event_topic_accuracy"]


def test_reports_of_wrongdoing_go_to_the_supervisors_and_never_to_the_unit_they_name(analyser: Analyser) -> None:
    judged = [(analyser.analyse(document), truth) for document in documents() if (truth := truth_of(document))]
    reports = [(analysis, truth) for analysis, truth in judged if truth.accused]
    assert len(reports) >= 2
    for analysis, truth in reports:
        assert truth.accused in analysis.accusation
        assert analysis.departments[0].name == "区纪委监委"
        assert truth.accused not in {guess.name for guess in analysis.departments}
    assert [analysis.masked_text for analysis, truth in judged if analysis.accusation and not truth.accused] == []
