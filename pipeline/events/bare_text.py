"""What a text says besides where and to whom (去地名、去套语): place names and the phrases of letters and tickets left out.

Two matters of one estate share its name, and two tickets share 来电人反映: neither makes them one matter, nor do the letter
pairs that begin in such a word and end in the next.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from pipeline.document import PlaceMention

_SUFFIX = re.compile(r"(?<=..)(?:街道|小区|社区|镇|区|市|村)$")
_PART = re.compile(r"(?<![一-鿿])[一二三四五六七八九十\d]+(?:期|栋|号楼|幢|组|标段)")
_WHO = r"(?:市民|群众|居民|村民|来电人|来信人|当事人)"
_SAYS = r"(?:来电|致电|来信|反映|咨询|询问|投诉|举报|建议|求助)"
_THAT = r"(?:系|为|是|其?称|说|表示)"
_FORMULA = re.compile(
    r"(?=[市群居村来当致反咨询投举建求尊各领您你请盼谢感此敬恳希要望相有尽])"  # what one may begin with: else every letter asks for every phrase
    rf"(?:{_WHO}?{_SAYS}人?{_SAYS}?{_THAT}?|{_WHO}{_THAT}"
    r"|尊敬的(?:各位)?[区市县厅局镇省]?(?:领导|书记|局长|主任|长)?|(?:各位)?领导[您你们]?好?|[您你]们?好|请问(?:一下)?|盼望?(?:回复|答复|复)"
    r"|谢谢|感谢您|此致|敬礼|(?:请求|恳请|希望|要求|望)?(?:(?:相关|有关)部门)?尽快(?:处理|解决|回复|核实)?)"
)


def bare(cleaned: str, named: Iterable[str]) -> str:
    """A cleaned text without those names, longest first, the parts of an estate (二期, 5栋) after them, and formulas."""
    for name in named:
        cleaned = cleaned.replace(name, " ")
    return _FORMULA.sub(" ", _PART.sub(" ", cleaned))


def names_of(places: Iterable[PlaceMention]) -> list[str]:
    """How the places, and the towns and districts where they lie, may be called in a text, longest first: 沙洲镇, 沙洲."""
    called = {
        name for place in places for one in (place.name, place.town, place.district) if one for name in _called(one)
    }
    return sorted(called, key=lambda name: (-len(name), name))


@lru_cache(maxsize=1 << 12)
def _called(name: str) -> tuple[str, ...]:
    whole = name.lower()
    return whole, _SUFFIX.sub("", whole)
