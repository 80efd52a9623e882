"""One paragraph of what happened (事件摘要), made of sentences as they were written, each with its source.

Extractive: sentences are chosen, never rewritten. A sentence is worth the rare words that it shares with the rest of
the event; each next one is worth only what the chosen ones do not yet say. The newest word of an institution is always
kept when there is one, and so is a critical voice when there are critics: a summary that hides them is wrong.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pipeline.document import Judged, Kind, Polarity
from pipeline.events import sparse

SENTENCES = 4
SHORTEST, LONGEST = 10, 120  # letters of a sentence
READ = 300  # documents read
_END = re.compile(r"(?<=[。！？!?；;\n])")
_TALK = re.compile(r"^(?:您好|你好|尊敬的|谢谢|感谢|此致|请问|联系人|联系电话|责任编辑|来源)")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence as written, and where it stands."""

    text: str
    document_id: str
    source: str
    at: datetime


def summarise(
    documents: Sequence[Judged], official: frozenset[str] = frozenset(), count: int = SENTENCES
) -> tuple[Sentence, ...]:
    """The sentences of the summary in order of time; `official` = names of institutional sources."""
    read = list(documents)[-READ:]
    offers = _sentences(read)
    if not offers:
        return ()
    weight = _weights(offers)
    must = [_newest_official(offers, read, official), _a_critic(offers, read, weight)]
    chosen: list[Sentence] = list(dict.fromkeys(one for one in must if one is not None))[:count]
    covered = {term for one in chosen for term in _terms(one.text)}
    left = [one for one in offers if one not in chosen]
    while left and len(chosen) < count:
        best = max(left, key=lambda one: _gain(one, weight, covered))
        if _gain(best, weight, covered) <= 0:
            break
        chosen.append(best)
        covered |= _terms(best.text)
        left.remove(best)
    return tuple(sorted(chosen, key=lambda one: (one.at, one.document_id)))


def _sentences(documents: Sequence[Judged]) -> list[Sentence]:
    """Every sentence once, of the document that said it first."""
    seen: dict[str, Sentence] = {}
    for judged in documents:
        document = judged.document
        for part in _END.split(judged.analysis.masked_text[:1500]):
            text = " ".join(part.split())
            if SHORTEST <= len(text) <= LONGEST and not _TALK.match(text):
                seen.setdefault(
                    text, Sentence(text, document.id, document.source, document.published_at or document.known_at)
                )
    return list(seen.values())


def _weights(offers: Sequence[Sentence]) -> dict[str, float]:
    """Term → rarity × how many documents say it, beyond the first."""
    rarity = sparse.shipped_rarity()
    said: dict[str, set[str]] = {}
    for one in offers:
        for term in _terms(one.text):
            said.setdefault(term, set()).add(one.document_id)
    return {term: rarity[sparse.cell(term)] * math.log(len(names)) for term, names in said.items() if len(names) > 1}


def _gain(one: Sentence, weight: dict[str, float], covered: set[str]) -> float:
    fresh = math.fsum(sorted(weight.get(term, 0.0) for term in _terms(one.text) - covered))
    return fresh / math.sqrt(len(one.text) + 20)


def _newest_official(offers: Sequence[Sentence], read: Sequence[Judged], official: frozenset[str]) -> Sentence | None:
    names = {
        judged.document.id
        for judged in read
        if judged.document.source in official or (judged.document.kind is Kind.NEWS and not official)
    }
    spoken = [one for one in offers if one.document_id in names]
    if not spoken:
        return None
    newest = max(spoken, key=lambda one: (one.at, one.document_id)).document_id
    return next(one for one in spoken if one.document_id == newest)


def _a_critic(offers: Sequence[Sentence], read: Sequence[Judged], weight: dict[str, float]) -> Sentence | None:
    critical = {judged.document.id for judged in read if judged.analysis.sentiment.label is Polarity.NEGATIVE}
    spoken = [one for one in offers if one.document_id in critical]
    return max(spoken, key=lambda one: (_gain(one, weight, set()), one.text), default=None)


def _terms(text: str) -> set[str]:
    return {word for word in sparse.words(sparse.clean(text)) if len(word) > 1}


def words_of(documents: Sequence[Judged], count: int = 8) -> tuple[tuple[str, int], ...]:
    """The event's own words: rare elsewhere, said by many here; each with how many documents say it."""
    rarity = sparse.shipped_rarity()
    said: Counter[str] = Counter()
    for judged in documents:
        said.update(_terms(f"{judged.analysis.masked_title} {judged.analysis.masked_text[:300]}"))
    best = sorted(said, key=lambda word: (-math.log1p(said[word]) * rarity[sparse.cell(word)] * (said[word] > 1), word))
    return tuple((word, said[word]) for word in best[:count])
