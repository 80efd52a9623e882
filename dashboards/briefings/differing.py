"""What is said otherwise than we published (与已发布事实不一致): the two words side by side, each with its proof; nobody is called wrong."""

from __future__ import annotations

from dashboards.briefings import wording
from dashboards.briefings.content import Block, Heading, Paragraph, Sentence
from dashboards.briefings.material import Material, Told
from pipeline.cases.published import differing, published_facts
from pipeline.document import Judged

SHOWN = 4


def unlike_published(material: Material, told: Told) -> list[Block]:
    """A heading and the sentences; nothing when nothing differs."""
    sentences = said_otherwise(material, told)
    return [Heading(2, "与已发布事实不一致的说法"), Paragraph(tuple(sentences))] if sentences else []


def said_otherwise(material: Material, told: Told) -> list[Sentence]:
    """At most SHOWN sentences, what was said after publication first, then how many repeat numbers that we corrected."""
    if told.case is None:
        return []
    facts = published_facts([told.case], until=material.period.end)
    figure = material.case_figure(told.case) if facts else None
    found: list[tuple[bool, Sentence]] = []
    outdated: list[Judged] = []
    for one in told.judged:
        at = one.document.published_at or one.document.known_at
        for mark in differing(f"{one.analysis.masked_title}\n{one.analysis.masked_text}", at, facts):
            if mark.ours is not None:
                outdated.append(one)
                break
            text = (
                f"{wording.clock(at)}，{material.source_name(one)}称“{mark.said}”，"
                f"{wording.clock(mark.fact.moment)}{'已' if not mark.before else ''}发布为“{mark.fact.said}”。"
            )
            found.append((mark.before, Sentence(text, (one.document.id,), (figure,) if figure else (), quoted=True)))
    sentences = [sentence for _, sentence in sorted(found, key=lambda pair: pair[0])[:SHOWN]]
    if outdated:
        ids = tuple(one.document.id for one in outdated[-8:])
        sentences.append(Sentence(f"另有{len(outdated)}条引用的是我方已更正的数字。", ids))
    return sentences
