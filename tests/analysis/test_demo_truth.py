"""Judgements against the truth that the demo city keeps beside its stories: figures that only rise."""

from __future__ import annotations

import json
from pathlib import Path

from demo.documents import documents
from demo.truth import truth_of
from pipeline.analysis.analyse import Analyser

FLOORS = json.loads((Path(__file__).parents[2] / "evaluation" / "topic.json").read_text(encoding="utf-8"))


def test_scope_and_topic_of_the_demo_city(analyser: Analyser) -> None:
    judged = [(analyser.analyse(document), truth) for document in documents() if (truth := truth_of(document))]
    assert len(judged) >= 400
    scope = sum(analysis.scope is truth.scope for analysis, truth in judged) / len(judged)
    topic = sum(analysis.topic.label == truth.topic for analysis, truth in judged) / len(judged)
    assert scope >= FLOORS["demo_scope_accuracy"]
    assert topic >= FLOORS["demo_topic_accuracy"]


def test_reports_of_wrongdoing_go_to_the_supervisors_and_never_to_the_unit_they_name(analyser: Analyser) -> None:
    judged = [(analyser.analyse(document), truth) for document in documents() if (truth := truth_of(document))]
    reports = [(analysis, truth) for analysis, truth in judged if truth.accused]
    assert len(reports) >= 2
    for analysis, truth in reports:
        assert truth.accused in analysis.accusation
        assert analysis.departments[0].name == "区纪委监委"
        assert truth.accused not in {guess.name for guess in analysis.departments}
    assert [analysis.masked_text for analysis, truth in judged if analysis.accusation and not truth.accused] == []
