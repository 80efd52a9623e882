"""Numbers of dead and injured that a text states (伤亡数字): only for suggesting the legal class, never as fact."""

from __future__ import annotations

import re
from dataclasses import dataclass

_DIGITS = {"零": 0, "〇": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_NUMBER = r"(\d{1,4}|[一二两三四五六七八九十百]{1,5})"
_WHO = r"(?:名|个|位)?(?:工人|职工|群众|村民|学生|乘客|人员|人|居民|消防员)?"
_DEAD = re.compile(
    rf"{_NUMBER}{_WHO}(?:不幸|当场|已经|已|因伤势过重)?(?:死亡|遇难|身亡|丧生|罹难|死了)|(?:死亡|遇难|死了){_NUMBER}(?:余|多)?(?:人|名|个)"
)
_HURT = re.compile(
    rf"{_NUMBER}{_WHO}(?:不同程度)?(?:轻伤|重伤|受伤|烧伤|中毒|住院|送医)|(?:受伤|重伤|轻伤|中毒){_NUMBER}(?:余|多)?(?:人|名|个)"
)
_HINT = re.compile(r"死|遇难|身亡|丧生|罹难|伤|中毒|住院|送医")
_DOUBTED = re.compile(r"传言|谣|编造|不实|网传|虚假|捏造|误传|听说|据传|系假|摆拍")
_SENTENCE = re.compile(r"[。！？!?；;\n]")
_LIMIT = 4000


@dataclass(frozen=True, slots=True)
class Casualties:
    """Highest numbers stated: by official or media sources (`dead`, `hurt`), and by anybody (`claimed_dead`)."""

    dead: int = 0
    hurt: int = 0
    claimed_dead: int = 0

    def with_claim(self, said: tuple[int, int], *, vouched: bool) -> Casualties:
        """After one more text that says (dead, hurt)."""
        dead, hurt = said
        if not dead and not hurt:
            return self
        if not vouched:
            return Casualties(self.dead, self.hurt, max(self.claimed_dead, dead))
        return Casualties(max(self.dead, dead), max(self.hurt, hurt), max(self.claimed_dead, dead))

    def joined(self, other: Casualties) -> Casualties:
        """Of both events."""
        return Casualties(
            max(self.dead, other.dead), max(self.hurt, other.hurt), max(self.claimed_dead, other.claimed_dead)
        )


def casualties(text: str, *, vouched: bool = False) -> tuple[int, int]:
    """(dead, hurt): the highest numbers that `text` states; (0, 0) when it states none.

    `vouched`: an official or media text; what it only repeats in order to doubt it is left out.
    """
    head = text[:_LIMIT]
    if not _HINT.search(head):
        return 0, 0
    if vouched:
        head = "。".join(sentence for sentence in _SENTENCE.split(head) if not _DOUBTED.search(sentence))
    return _highest(_DEAD, head), _highest(_HURT, head)


def _highest(pattern: re.Pattern[str], text: str) -> int:
    return max((_value(match[1] or match[2]) for match in pattern.finditer(text)), default=0)


def _value(word: str) -> int:
    if word.isdigit():
        return int(word)
    total = section = 0
    for sign in word:
        if sign in _DIGITS:
            section = _DIGITS[sign]
        else:
            total += (section or 1) * {"十": 10, "百": 100}[sign]
            section = 0
    return total + section
