"""Who may be responsible (谁主管谁负责、属地管理): the best three of the duty list, each with why.

Score of a department: for each of its duties the words found (a longer word says more, one in the title or opening twice
as much, a duty at most 4), its topic (2 × confidence for the finer, 1.2 × for the first level), its name in the text
(1). A town scores 2 for a place that lies in it and 1 for each more. Confidence = 1 − e^(−score/3). A unit that the text
reports for wrongdoing is left out, and the supervising department comes first (DESIGN: complainants are protected).
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field

from pipeline.analysis.clean import folded
from pipeline.analysis.cues import PhraseBook
from pipeline.analysis.district import Department
from pipeline.document import DepartmentGuess, PlaceMention, Topic

BEST = 3
ENOUGH = 1.0  # a lower score is no reason to trouble a department


@dataclass(slots=True)
class _Score:
    duties: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    words: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    extra: float = 0.0
    reasons: list[str] = field(default_factory=list)

    def total(self) -> float:
        return self.extra + sum(min(4.0, value) for value in self.duties.values())

    def why(self) -> str:
        best = sorted(self.words, key=lambda duty: (-self.duties[duty], duty))[:2]
        return "；".join([*(f"职责“{duty}”：文中{'、'.join(self.words[duty][:3])}" for duty in best), *self.reasons])


class DutyList:
    """The duty list, ready to read texts."""

    def __init__(self, departments: tuple[Department, ...]) -> None:
        self._departments = {department.name: department for department in departments}
        self._duties = PhraseBook(
            (folded(word), (department.name, duty.name))
            for department in departments
            for duty in department.duties
            for word in duty.words
        )
        self._names = PhraseBook(
            (folded(alias), department.name)
            for department in departments
            for alias in (department.name, *department.aliases)
        )
        self._by_label: dict[str, list[str]] = {}
        for department in departments:
            for topic in department.topics:
                self._by_label.setdefault(topic, []).append(department.name)
        self._supervisors = tuple(department.name for department in departments if department.supervises)

    def named(self, text: str) -> list[tuple[int, str]]:
        """Departments named in a folded text: (where, name)."""
        return [(found.start, meanings[0]) for found, meanings in self._names.longest(text)]

    def guess(
        self, text: str, opening: int, topic: Topic, places: tuple[PlaceMention, ...], accused: str
    ) -> tuple[DepartmentGuess, ...]:
        """The best three for a folded text whose first `opening` characters weigh double."""
        scores: dict[str, _Score] = defaultdict(_Score)
        self._by_words(text, opening, scores)
        self._by_topic(topic, scores)
        _by_place(places, scores)
        if accused:
            for name in list(scores):
                if self._is_accused(name, accused):
                    del scores[name]
            for name in self._supervisors:
                scores[name].extra += 20.0
                scores[name].reasons.append(f"文中举报{accused}，不转被举报单位")
        ranked = sorted(scores.items(), key=lambda item: (-item[1].total(), item[0]))
        return tuple(
            DepartmentGuess(name, round(1 - math.exp(-score.total() / 3), 3), score.why())
            for name, score in ranked[:BEST]
            if score.total() >= ENOUGH
        )

    def _by_words(self, text: str, opening: int, scores: dict[str, _Score]) -> None:
        seen: set[tuple[str, str, str]] = set()
        for found, meanings in self._duties.find(text):
            for name, duty in meanings:
                if (name, duty, found.phrase) not in seen:
                    seen.add((name, duty, found.phrase))
                    weight = 0.6 + 0.2 * min(4, len(found.phrase))
                    scores[name].duties[duty] += weight * (2 if found.end <= opening else 1)
                    scores[name].words[duty].append(found.phrase)
        for name in dict.fromkeys(name for _, name in self.named(text)):
            scores[name].extra += 1.0
            scores[name].reasons.append("文中提到该单位")

    def _by_topic(self, topic: Topic, scores: dict[str, _Score]) -> None:
        finer = self._by_label.get(f"{topic.label}/{topic.sub}", []) if topic.sub else []
        for name in finer:
            scores[name].extra += 2.0 * topic.confidence
            scores[name].reasons.append(f"主题是{topic.label}·{topic.sub}")
        for name in self._by_label.get(topic.label, []):
            if name not in finer:
                scores[name].extra += 1.2 * topic.confidence
                scores[name].reasons.append(f"主题是{topic.label}")

    def _is_accused(self, name: str, accused: str) -> bool:
        names = (name, *(self._departments[name].aliases if name in self._departments else ()))
        return any(alias in accused for alias in names)


def _by_place(places: tuple[PlaceMention, ...], scores: dict[str, _Score]) -> None:
    for place in places:
        if place.town:
            score = scores[place.town]
            score.extra += 1.0 if score.reasons else 2.0
            score.reasons.append(f"属地：{place.name}" if place.name != place.town else "属地：文中点到")
