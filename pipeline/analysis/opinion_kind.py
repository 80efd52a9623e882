"""Kind of opinion (建设性意见、实际困难、重大问题、模糊认识), as a suggestion to a person with its reasons.

Each kind has its phrases (cues.toml); a phrase in title or opening counts twice, each further different phrase adds.
There is no 错误看法 here: the machine never calls an opinion wrong. A neutral or official text that voices nothing gets none.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from pipeline.analysis.clean import folded
from pipeline.analysis.cues import PhraseBook
from pipeline.document import Kind, Suggestion

ENOUGH = 1.0
_VOICES = (
    Kind.MESSAGE,
    Kind.HOTLINE,
    Kind.DISCLOSURE,
    Kind.WEIBO,
    Kind.FORUM,
    Kind.VIDEO,
)  # where people speak for themselves
_SERIOUS = "重大问题"
_FAINT = {"模糊认识": 0.6}  # people ask questions in every kind of text, so a question says less


class OpinionKinds:
    """The phrases of every kind, ready to read texts."""

    def __init__(self, phrases: Mapping[str, tuple[str, ...]]) -> None:
        self._kinds = tuple(phrases)
        self._book = PhraseBook((folded(phrase), kind) for kind, many in phrases.items() for phrase in many)

    def suggest(self, text: str, opening: int, kind: Kind) -> Suggestion | None:
        """The likeliest kind for a folded text; None when too little points to any."""
        scores = dict.fromkeys(self._kinds, 0.0)
        words: dict[str, list[str]] = {one: [] for one in self._kinds}
        for found, meanings in self._book.longest(text):
            for one in meanings:
                if found.phrase not in words[one]:
                    words[one].append(found.phrase)
                    scores[one] += (2.0 if found.end <= opening else 1.0) * _FAINT.get(one, 1.0)
        needed = ENOUGH if kind in _VOICES else 3 * ENOUGH
        best = max(self._kinds, key=lambda one: (scores[one], one == _SERIOUS, -self._kinds.index(one)))
        if scores[best] < needed:
            return None
        total = sum(scores.values())
        confidence = scores[best] / (total + 1) * (1 - math.exp(-scores[best]))
        return Suggestion(best, round(confidence, 3), (f"文中{'、'.join(words[best][:4])}", "供研判参考，由人确定"))
