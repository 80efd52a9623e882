"""Why a text was judged so (理由): the words that moved the score, with their place, sign and weight, in Chinese."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

import numpy as np
import rjieba
from numpy.typing import NDArray

from pipeline.analysis.sentiment_linear import Found

SHOWN = 3  # words on the side of the judgement; one more on the other side
CONSIDERED = 7  # strongest words kept
LEAST = 0.08  # of log-odds: less is noise
EXPLAINED = 600  # characters explained: reasons come from the head of an article
_JOINS = frozenset("不没无未别莫勿非很太真好又总")  # a one-character word that belongs to the next one


_PARTICLES = frozenset("的了吧呢啊吗呀嘛地得着过就也都还和与在是")


@dataclass(frozen=True, slots=True)
class Phrase:
    """A word of the text and how much it moved positive against negative (log-odds)."""

    text: str
    start: int
    weight: float


def moving_phrases(text: str, found: Found, contributions: NDArray[np.float32]) -> list[Phrase]:
    """Spread every n-gram's share over its characters, add up by word, strongest first."""
    size = min(len(text), EXPLAINED)
    start = np.minimum(np.maximum(found.grams.start, 0), size)
    end = np.minimum(found.grams.start + found.grams.length, size)
    each = (contributions[:, 2] - contributions[:, 0]) / found.grams.length
    steps = np.bincount(start, weights=each, minlength=size + 1) - np.bincount(end, weights=each, minlength=size + 1)
    total = np.zeros(size + 1)
    steps.cumsum()[:size].cumsum(out=total[1:])
    places = [0, *_word_ends(text[:size])]
    reached = total.take(places)
    told = reached[1:] - reached[:-1]
    size_of = np.abs(told)
    strong = (-size_of).argsort(kind="stable")[: np.count_nonzero(size_of >= LEAST)].tolist()
    found_in_order = (Phrase(text[places[n] : places[n + 1]].strip(), places[n], float(told[n])) for n in strong)
    return list(islice((phrase for phrase in found_in_order if _says_something(phrase.text)), CONSIDERED))


def _word_ends(text: str) -> list[int]:
    """Where words end; an intensifier or a negation goes with the word after it, an emoticon stays whole."""
    ends: list[int] = []
    begin = at = 0
    bracket = False
    for word in rjieba.cut(text):
        at += len(word)
        bracket = (bracket or word == "[") and word != "]" and at - begin < 12
        if not bracket and word not in _JOINS:
            ends.append(at)
            begin = at
    return ends if begin == at else [*ends, at]


def _says_something(phrase: str) -> bool:
    """Not a particle, not punctuation; an emoticon, an emoji, ! and ? say something. Words are all of one sort."""
    if not phrase or phrase in _PARTICLES:
        return False
    first = phrase[0]
    return first.isalnum() or first in "[!?" or len(phrase.encode()) >= 4


def in_words(phrases: list[Phrase], text: str, towards: int) -> tuple[str, ...]:
    """Reasons for the office. `towards` = 1 when judged positive, -1 negative, 0 neutral; places are those of `text`."""
    if towards:
        with_it = [p for p in phrases if p.weight * towards > 0][:SHOWN]
        against = [p for p in phrases if p.weight * towards < 0][:1]
    else:
        with_it, against = phrases[:2], []
    seen: dict[str, Phrase] = {}
    for phrase in (*with_it, *against):
        seen.setdefault(phrase.text, phrase)
    lower = text.lower()
    return tuple(_sentence(phrase, lower) for phrase in seen.values())


def _sentence(phrase: Phrase, lower: str) -> str:
    found = lower.find(phrase.text)
    place = f"第{found + 1}–{found + len(phrase.text)}字，" if found >= 0 else ""
    side = "正面" if phrase.weight > 0 else "负面"
    return f"“{phrase.text}”（{place}偏{side} {abs(phrase.weight):.2f}）"
