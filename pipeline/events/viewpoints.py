"""What people think, in groups, each with its share and real quotes (观点归纳); critics are never left out, questions are grouped.

A group is made of voices that share the same telling words and the same side. Its label is its own words (none for
voices of one side that share nothing), its quotes are sentences as written, the most typical first. Groups of critics
stand first, however small: the share says how many.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.document import Judged, Polarity
from pipeline.events import sparse

GROUPS, QUOTES = 8, 3
READ = 500  # voices read
ALIKE = 0.12  # cosine from which a voice joins a group
NEAREST = 0.04  # the same for a voice that stayed alone
SHORTEST, LONGEST = 6, 80
_END = re.compile(r"(?<=[。！？!?；;\n])")
_QUESTION = re.compile(r"[?？]|(?:吗|呢|么)[。！]?$|^(?:请问|为什么|为何|什么时候|怎么)")


@dataclass(frozen=True, slots=True)
class Quote:
    """A sentence as written, and the document that says it."""

    text: str
    document_id: str


@dataclass(frozen=True, slots=True)
class Viewpoint:
    """One group: `label` = the words that its voices share; `share` of all voices; `side` = negative, neutral, positive or question."""

    label: tuple[str, ...]
    side: str
    voices: int
    share: float
    quotes: tuple[Quote, ...]


@dataclass(slots=True)
class _Group:
    side: str
    terms: Counter[str]
    voices: list[tuple[Quote, dict[str, float]]]


def viewpoints(documents: Sequence[Judged], groups: int = GROUPS) -> tuple[Viewpoint, ...]:
    """Groups of an event's voices: critics first, then questions, then the rest, each by size."""
    voices = [found for judged in list(documents)[-READ:] if (found := _voice(judged))]
    if not voices:
        return ()
    common = _too_common(terms for _, _, terms in voices)
    made: list[_Group] = []
    for side, quote, terms in voices:
        own = {term: weight for term, weight in terms.items() if term not in common} or terms
        best = max(
            ((_cosine(own, group), -number, group) for number, group in enumerate(made) if group.side == side),
            key=lambda pair: pair[:2],
            default=None,
        )
        if best is not None and best[0] >= ALIKE:
            group = best[2]
        else:
            group = _Group(side, Counter(), [])
            made.append(group)
        group.voices.append((quote, own))
        group.terms.update(own.keys())
    return _shown(_gathered(made), len(voices), groups)


def _gathered(made: Sequence[_Group]) -> list[_Group]:
    """Lone voices join the nearest group of their side, and what is left of a side stands together without a label."""
    large = [group for group in made if len(group.voices) > 1]
    rest: dict[str, _Group] = {}
    for group in made:
        if len(group.voices) > 1:
            continue
        ((quote, own),) = group.voices
        near = [(_cosine(own, other), -number, other) for number, other in enumerate(large) if other.side == group.side]
        best = max(near, key=lambda pair: pair[:2], default=None)
        if best is not None and best[0] >= NEAREST:
            best[2].voices.append((quote, own))
            best[2].terms.update(own.keys())
        else:
            rest.setdefault(group.side, _Group(group.side, Counter(), [])).voices.append((quote, own))
    return [*large, *rest.values()]


def _shown(made: Sequence[_Group], voices: int, groups: int) -> tuple[Viewpoint, ...]:
    """The largest groups of every side; the largest of the critics and of the questions is always among them."""
    order = {Polarity.NEGATIVE.value: 0, "question": 1}
    largest = sorted(made, key=lambda group: -len(group.voices))
    always = [next((group for group in largest if group.side == side), None) for side in order]
    kept = [group for group in always if group is not None]
    kept += [group for group in largest if group not in kept][: max(0, groups - len(kept))]
    kept.sort(key=lambda group: (order.get(group.side, 2), -len(group.voices)))
    return tuple(
        Viewpoint(_label(group), group.side, len(group.voices), len(group.voices) / voices, _quotes(group))
        for group in kept
    )


def _voice(judged: Judged) -> tuple[str, Quote, dict[str, float]] | None:
    """(side, the sentence that speaks, its words); None when the document says nothing of its own."""
    text = judged.analysis.masked_text.split("//@")[0]
    parts = [" ".join(part.split()) for part in _END.split(text)]
    parts = [part for part in parts if len(part) >= SHORTEST]
    if not parts:
        return None
    asked = next((part for part in parts if _QUESTION.search(part)), None)
    negative = judged.analysis.sentiment.label is Polarity.NEGATIVE
    said = asked or max(parts, key=lambda part: (len(_words(part)), -len(part)))
    side = "question" if asked and not negative else judged.analysis.sentiment.label.value
    rarity = sparse.shipped_rarity()
    terms = {word: rarity[sparse.cell(word)] for word in _words(text[:200])}
    quote = said if len(said) <= LONGEST else said[: LONGEST - 1] + "…"
    return (side, Quote(quote, judged.document.id), terms) if terms else None


def _words(text: str) -> list[str]:
    return [word for word in dict.fromkeys(sparse.words(sparse.clean(text))) if len(word) > 1]


def _too_common(voices: Iterable[dict[str, float]]) -> set[str]:
    """Words of the event itself: said by so many that they divide nobody."""
    counted: Counter[str] = Counter()
    size = 0
    for terms in voices:
        counted.update(terms.keys())
        size += 1
    return {word for word, count in counted.items() if size > 6 and count > 0.4 * size}


def _cosine(terms: dict[str, float], group: _Group) -> float:
    size = len(group.voices)
    dot = math.fsum(
        sorted(weight * weight * group.terms[word] / size for word, weight in terms.items() if word in group.terms)
    )
    mine = math.fsum(sorted(weight * weight for weight in terms.values()))
    rarity = sparse.shipped_rarity()
    theirs = math.fsum(sorted((rarity[sparse.cell(word)] * count / size) ** 2 for word, count in group.terms.items()))
    return dot / math.sqrt(mine * theirs) if mine and theirs else 0.0


def _label(group: _Group) -> tuple[str, ...]:
    rarity = sparse.shipped_rarity()
    best = sorted(group.terms, key=lambda word: (-group.terms[word] * rarity[sparse.cell(word)], word))
    return tuple(best[:3])


def _quotes(group: _Group) -> tuple[Quote, ...]:
    """The most typical voices, no sentence twice."""
    typical = sorted(
        group.voices, key=lambda voice: (-_cosine(voice[1], group), -len(voice[0].text), voice[0].document_id)
    )
    return tuple({quote.text: quote for quote, _ in reversed(typical)}.values())[::-1][:QUOTES]
