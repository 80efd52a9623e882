"""What a document is about (主题): precise rules first, then the trained model, then the finer topic by its words.

In a text as long as a message the trained model decides; a topic that it was not trained on (安全生产, 公共安全, …) then
fires only by a rule of topics.toml. The shorter the text, the less the model knows of it and the more the words of
topics.toml weigh, for every topic. A text in which nothing stands out is 其他. `confidence` is the probability of the
label, or RULE_SURE.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from pipeline.analysis.clean import folded
from pipeline.analysis.cues import Found, PhraseBook
from pipeline.analysis.district import OTHER, TopicEntry, TopicRule
from pipeline.analysis.places import OWN_KINDS
from pipeline.analysis.topic_model import TopicModel, Verdict
from pipeline.document import Kind, Topic

RULE_SURE = 0.9
UNSURE, UNSURE_OF_MESSAGE = (
    0.30,
    0.12,
)  # below this the best is no better than a guess; a message is always about something
FEW = 4  # features known to the model below which it has nothing to say
MUCH = 150  # features from which the model is believed in full: a short message of thirty words
OF_OTHER_KINDS = 0.4  # how far it is believed of news and posts: it was trained on messages alone
WORD_WEIGHT = 2.5  # log-odds that a word of topics.toml adds where the model knows nothing
WORD_WEIGHT_IN_MESSAGES = (
    1.5  # the same in letters, the model's own kind of text: more costs .1 points of held-out messages
)
MOST_WORDS = 4.0


_Words = list[tuple[Found, tuple[tuple[str, str], ...]]]  # words of topics.toml in a text, with (topic, finer topic)


@dataclass(frozen=True, slots=True)
class _Rule:
    topic: str
    rule: TopicRule
    number: int


class TopicJudge:
    """Rules and model, ready to read texts."""

    def __init__(self, topics: tuple[TopicEntry, ...], model: TopicModel) -> None:
        self._topics = {entry.name: entry for entry in topics}
        self._model = model
        rules = [(entry.name, rule) for entry in topics for rule in entry.rule]
        self._rules = [_Rule(topic, rule, number) for number, (topic, rule) in enumerate(rules)]
        self._words: PhraseBook[tuple[int, int]] = PhraseBook(
            (folded(word), (rule.number, group))
            for rule in self._rules
            for group, words in enumerate((*rule.rule.all, rule.rule.none))
            for word in words
        )
        self._subs = PhraseBook(
            (folded(word), (entry.name, sub.name)) for entry in topics for sub in entry.sub for word in sub.words
        )

    @property
    def digest(self) -> str:
        return self._model.digest

    def judge(self, text: str, opening: int, kind: Kind) -> Topic:
        """Topic of a folded text whose first `opening` characters are title and opening."""
        fired = self._fired(text, opening, kind)
        if fired is not None:
            rule, said = fired
            sub, why = self._sub(self._subs.longest(text), opening, rule.topic)
            return Topic(rule.topic, RULE_SURE, sub, (f"规则：{rule.rule.why}（文中{'、'.join(said)}）", *why))
        verdict = self._model.judge(text)
        found = self._subs.longest(text)
        words = _topic_words(found, opening)
        if not words and verdict.known < FEW:
            return Topic(OTHER, 0.5, "", ("文中没有足以判断主题的词",))
        label, probability = self._weighed(verdict, words, kind)
        sub, why = self._sub(found, opening, label)
        if label == OTHER:
            return Topic(OTHER, round(probability, 3), sub, why)
        if probability < (UNSURE_OF_MESSAGE if kind in OWN_KINDS else UNSURE):
            return Topic(OTHER, round(1 - probability, 3), "", ("没有哪个主题足够突出",))
        return Topic(label, round(probability, 3), sub, (*_reason(verdict, label, probability), *why))

    def _weighed(self, verdict: Verdict, words: dict[str, float], kind: Kind) -> tuple[str, float]:
        """The likeliest topic and its probability: the model where it knows much of the text, words where it knows little."""
        sure = min(1.0, verdict.known / MUCH) * (1.0 if kind in OWN_KINDS else OF_OTHER_KINDS)
        unknown = sum(verdict.odds) / len(verdict.odds) - 2.0  # a topic that the model was not trained on
        odds = dict(zip(verdict.labels, verdict.odds, strict=True))
        weight = (WORD_WEIGHT_IN_MESSAGES if kind is Kind.MESSAGE else WORD_WEIGHT) * (1 - sure)
        scores = {name: sure * odds.get(name, unknown) for name in self._topics}
        for name, said in words.items():
            scores[name] += weight * min(MOST_WORDS, said)
        best = max(scores, key=scores.__getitem__)
        return best, 1 / sum(math.exp(score - scores[best]) for score in scores.values())

    def _fired(self, text: str, opening: int, kind: Kind) -> tuple[_Rule, list[str]] | None:
        """The first rule whose groups are all present, near enough, the first of them in the opening, and no forbidden word."""
        places: dict[tuple[int, int], list[tuple[int, str]]] = {}
        for found, meanings in self._words.find(text):
            for meaning in meanings:
                places.setdefault(meaning, []).append((found.start, found.phrase))
        for rule in self._rules:
            if rule.rule.kinds and kind not in rule.rule.kinds:
                continue
            groups = [places.get((rule.number, group), []) for group in range(len(rule.rule.all))]
            if (rule.number, len(groups)) in places or not all(groups):
                continue
            near = _near([[hit for hit in groups[0] if hit[0] < opening], *groups[1:]], rule.rule.within)
            if near is not None:
                return rule, near
        return None

    def _sub(self, found: _Words, opening: int, label: str) -> tuple[str, tuple[str, ...]]:
        """The finer topic with the most words (in title or opening twice), and those words."""
        scores: dict[str, float] = {}
        words: dict[str, list[str]] = {}
        for hit, meanings in found:
            for topic, sub in meanings:
                if topic == label:
                    scores[sub] = scores.get(sub, 0.0) + (2.0 if hit.end <= opening else 1.0) * len(hit.phrase)
                    words.setdefault(sub, []).append(hit.phrase)
        if not scores:
            return "", ()
        order = [sub.name for sub in self._topics[label].sub]
        best = max(order, key=lambda sub: (scores.get(sub, 0.0), -order.index(sub)))
        return best, (f"{best}：文中{'、'.join(list(dict.fromkeys(words[best]))[:3])}",)


def _topic_words(found: _Words, opening: int) -> dict[str, float]:
    """How much the words of topics.toml speak for each topic: each different word once, more in the opening."""
    weights: dict[str, float] = {}
    seen: set[str] = set()
    for hit, meanings in found:
        if hit.phrase not in seen:
            seen.add(hit.phrase)
            weight = (1.0 if len(hit.phrase) < 3 else 1.4) * (1.5 if hit.end <= opening else 1.0)
            for topic in {topic for topic, _ in meanings}:
                weights[topic] = weights.get(topic, 0.0) + weight
    return weights


def _near(groups: list[list[tuple[int, str]]], within: int) -> list[str] | None:
    """One word of each group, all within `within` characters of one of the first group's; None if there is none."""
    for at, first in groups[0]:
        chosen = [first]
        for group in groups[1:]:
            word = next((word for place, word in group if not within or abs(place - at) <= within), None)
            if word is None:
                break
            chosen.append(word)
        else:
            return chosen
    return None


def _reason(verdict: Verdict, label: str, probability: float) -> tuple[str, ...]:
    """How likely, and the words that spoke for it where the model agrees."""
    agrees = verdict.labels[verdict.odds.index(max(verdict.odds))] == label
    said = f"，依据文中{'、'.join(verdict.words)}" if agrees and verdict.words else ""
    return (f"{label}的可能性{probability:.0%}{said}",)
