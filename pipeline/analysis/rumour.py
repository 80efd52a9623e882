"""Marks of an unverified claim (传言线索): a flag for a person to check, apart from sentiment and never a verdict.

A text is flagged when a claim of something grave stands near hearsay (网传…), doubt (求证…) or urging (速转…), or two of
these three stand together;
a text that refutes (辟谣…) or comes from an official voice without hearsay is not.
"""

from __future__ import annotations

from pipeline.analysis.clean import folded
from pipeline.analysis.cues import PhraseBook
from pipeline.analysis.district import RumourCues
from pipeline.document import Suggestion

LABEL = "未经证实"
_NAMES = {"hearsay": "转述", "doubt": "求证", "urging": "催促转发或称被隐瞒", "claim": "严重情形"}
NEAR = 60  # characters between a claim and the hearsay that carries it


class RumourMarks:
    """The marks, ready to read texts."""

    def __init__(self, cues: RumourCues) -> None:
        self._book = PhraseBook(
            (folded(phrase), mark)
            for mark in ("hearsay", "doubt", "urging", "claim", "refuted", "official")
            for phrase in getattr(cues, mark)
        )

    def suggest(self, text: str) -> Suggestion | None:
        """The flag with its reasons; None when the text bears no marks, or refutes them."""
        marks: dict[str, list[tuple[int, str]]] = {}
        for found, meanings in self._book.find(text):
            for mark in meanings:
                marks.setdefault(mark, []).append((found.start, found.phrase))
        if "refuted" in marks or not marks.keys() & {"hearsay", "doubt", "urging"}:
            return None
        claims = marks.get("claim", [])
        strength = sum(
            weight
            for mark, weight in (("hearsay", 0.35), ("doubt", 0.25), ("urging", 0.3))
            if _beside(marks.get(mark, []), claims)
        )
        if len(marks.keys() & {"hearsay", "doubt", "urging"}) > 1:
            strength = max(strength, 0.35)
        if "official" in marks:
            strength *= 0.5
        if strength < 0.25:
            return None
        reasons = tuple(
            f"{_NAMES[mark]}：{'、'.join(dict.fromkeys(word for _, word in marks[mark]))}"
            for mark in ("hearsay", "doubt", "urging", "claim")
            if mark in marks
        )
        return Suggestion(LABEL, round(min(0.95, 0.2 + strength), 3), (*reasons, "只提示核实，不代表内容不实"))


def _beside(marks: list[tuple[int, str]], claims: list[tuple[int, str]]) -> bool:
    """Some mark stands within NEAR characters of some claim."""
    return any(abs(place - claim) <= NEAR for place, _ in marks for claim, _ in claims)
