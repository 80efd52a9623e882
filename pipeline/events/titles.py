"""A title that a person can read at a glance (事件标题): of all that was said, the line that says best what happened.

Nothing is invented: a title is a headline, or the first clause of a post, as it was written, cleaned of marks. Among
the candidates the one wins whose rare words most of the event's documents share, that names a place, that is a
headline, and that is neither too long nor a shout.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

from pipeline.document import Judged, Kind
from pipeline.events import sparse

SHORTEST, LONGEST = 8, 28  # letters of a good title
READ = 200  # documents looked at, the earliest half and the latest half
_BRACKETED = re.compile(r"^\s*【([^】]{4,40})】")
_MARKS = re.compile(r"#[^#\s]{1,30}#|@[\w\-·]{1,30}|https?://\S+|\[[^\]\s]{1,8}\]|【[^】]*】")
_SENTENCE = re.compile(r"[。！？!?；;\n…]+")
_GREETING = re.compile(
    r"^(?:尊敬的[^，,：:！!]{0,12}[，,：:！!]|(?:各位)?领导[^，,：:！!]{0,4}[，,：:！!]|您?你?好[，,：:！!]+|本网讯|本报讯|"
    r"(?:市民|来电人|当事人)(?:来电)?(?:反映|称|咨询|投诉|反馈)?[：:，,]?|如题|记者从[^，,]{0,20}(?:获悉|了解到)[，,]|据[^，,]{2,16}(?:消息|报道|通报)[，,])\s*"
)
_COMMON = re.compile(r"^(?:反映|咨询|投诉|关于|请求|恳请|建议)?(?:问题|情况|求助|投诉|咨询|建议|反映|留言)?$")
_HEADLINE_KINDS = (Kind.NEWS, Kind.WECHAT)


def title_of(documents: Sequence[Judged]) -> str:
    """The best title of an event's documents, in the order in which they came; '' when none has any text."""
    chosen = list(documents) if len(documents) <= READ else [*documents[: READ // 2], *documents[-READ // 2 :]]
    offers = {offer: judged for judged in reversed(chosen) if (offer := line_of(judged))}
    if not offers:
        return ""
    spread: Counter[str] = Counter()
    for judged in chosen:
        spread.update(_terms(f"{judged.analysis.masked_title} {judged.analysis.masked_text[:200]}"))
    places = Counter(place.name for judged in chosen for place in judged.analysis.places)
    order = {offer: number for number, offer in enumerate(reversed(offers))}
    return max(offers, key=lambda offer: (_worth(offer, offers[offer], spread, places, len(chosen)), -order[offer]))


def line_of(judged: Judged) -> str:
    """What one document offers as a title: its own, its 【headline】, or its first clause that says something."""
    title, text = judged.analysis.masked_title.strip(), judged.analysis.masked_text
    if title and not _COMMON.match(title):
        return _tidy(title)
    bracketed = _BRACKETED.match(text)
    if bracketed and len(bracketed[1]) >= SHORTEST:
        return _tidy(bracketed[1])
    for sentence in _SENTENCE.split(_MARKS.sub(" ", text)[:300]):
        line = sentence
        while (shorter := _GREETING.sub("", line.strip())) != line:
            line = shorter
        if len(sparse.clean(line).replace(" ", "")) >= SHORTEST:
            return _tidy(line)
    return _tidy(_MARKS.sub(" ", text))[:LONGEST]


def _tidy(line: str) -> str:
    """One line, its marks off, cut at a comma when it is too long."""
    line = " ".join(_MARKS.sub(" ", line).split()).strip(" ，,。:：、；;—-")
    if len(line) <= LONGEST:
        return line
    cut = max(line.rfind(mark, SHORTEST, LONGEST) for mark in "，,；; ：:")
    return line[:cut].rstrip(" ，,：:") if cut >= SHORTEST else line[: LONGEST - 1] + "…"


def _worth(offer: str, judged: Judged, spread: Counter[str], places: Counter[str], size: int) -> float:
    """How well a line stands for all of them; comparable only within one event."""
    rarity = sparse.shipped_rarity()
    terms = _terms(offer)
    shared = math.fsum(sorted(rarity[sparse.cell(term)] * (spread[term] - 1) / size for term in terms))
    value = shared / math.sqrt(len(terms) + 4)
    value += 0.8 * max((count / size for name, count in places.items() if name in offer), default=0.0)
    value += 0.5 if judged.document.kind in _HEADLINE_KINDS and judged.document.title else 0.0
    value += 0.2 if judged.document.title else 0.0
    value -= 0.06 * max(0, SHORTEST - len(offer)) + 0.04 * max(0, len(offer) - LONGEST)
    return value - 0.3 * sum(mark in offer for mark in ("！", "!", "？", "?", "…"))


def _terms(text: str) -> set[str]:
    return {word for word in sparse.words(sparse.clean(text)) if len(word) > 1}
