"""简报: a kept paper as a page shows it: its lines in order, each sentence with what it stands on."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from dashboards.briefings import layout
from dashboards.briefings.content import Briefing, Heading, Paragraph, Picture, Sentence


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence and its proof in words; `document` opens the first text that it stands on."""

    text: str
    document: str
    proof: str


@dataclass(frozen=True, slots=True)
class Line:
    """One block: a heading of a level, a paragraph, the n-th picture, or room for a leader's hand."""

    what: str
    level: int = 0
    text: str = ""
    said: tuple[Said, ...] = ()


def lines(briefing: Briefing) -> list[Line]:
    counts: Counter[int] = Counter()
    pictures = 0
    found = []
    for block in briefing.blocks:
        if isinstance(block, Heading):
            found.append(Line("heading", block.level, layout.numbered(block, counts)))
        elif isinstance(block, Paragraph):
            found.append(Line("paragraph", text=block.lead, said=tuple(map(_said, block.sentences))))
        elif isinstance(block, Picture):
            found.append(Line("picture", pictures, block.alternative))
            pictures += 1
        else:
            found.append(Line("space", text=block.label))
    return found


def _said(sentence: Sentence) -> Said:
    proof = []
    if sentence.documents:
        proof.append(f"依据 {len(sentence.documents)} 篇原文")
    if sentence.figures:
        proof.append("数字由库内数据算出，签发时重算")
    if sentence.by:
        proof.append(f"{sentence.by}的研判")
    return Said(layout.spoken(sentence), sentence.documents[0] if sentence.documents else "", "；".join(proof))
