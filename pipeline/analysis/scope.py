"""How near an opinion is (范围): local, neighbouring, national or international, with the reason in words.

Each place that counts adds its weight (title and opening 3, later 1, at most 6 for one level); the district's own places
weigh half as much again, because what touches us must not be missed. Without any place the document's own source,
kind or place decides; without that it is national.
"""

from __future__ import annotations

from collections import Counter

from pipeline.analysis.places import Hit, Mentions
from pipeline.document import Scope

OWN, ADDRESSED = (
    2.5,
    5.0,
)  # what our own source weighs (less than a place in the title), and what being written to us weighs
OPENING = 60  # characters after the title that weigh like the title
_LEVEL = {Scope.LOCAL: "本区", Scope.NEIGHBOURING: "周边", Scope.NATIONAL: "外地", Scope.INTERNATIONAL: "境外"}


def judge(mentions: Mentions, title_length: int) -> tuple[Scope, str]:
    """Scope and reason."""
    weights: Counter[Scope] = Counter()
    for hit in mentions.hits:
        weights[hit.entry.scope] += 3 if hit.found.start < title_length + OPENING else 1
    scores = {level: min(6.0, weight) * (1.5 if level is Scope.LOCAL else 1.0) for level, weight in weights.items()}
    if mentions.own:
        scores[Scope.LOCAL] = scores.get(Scope.LOCAL, 0.0) + (OWN if mentions.by_source else ADDRESSED)
    if not scores and mentions.unnamed:
        return Scope.LOCAL, mentions.unnamed
    if not scores:
        refused = _names(mentions.refused)
        return Scope.NATIONAL, f"没有提到本区或周边的地名{f'（{refused}各地都有，不足为凭）' if refused else ''}"
    order = (Scope.LOCAL, Scope.NEIGHBOURING, Scope.INTERNATIONAL, Scope.NATIONAL)
    level = max(order, key=lambda one: (scores.get(one, 0.0), -order.index(one)))
    named = _names(tuple(hit for hit in mentions.hits if hit.entry.scope is level))
    if level is Scope.LOCAL and mentions.own:
        return level, f"{mentions.own}{f'，提到{named}' if named else ''}"
    return level, f"提到{_LEVEL[level]}的{named}"


def _names(hits: tuple[Hit, ...]) -> str:
    return "、".join(list(dict.fromkeys(hit.entry.name for hit in hits))[:3])
