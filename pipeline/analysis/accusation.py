"""Reports of wrongdoing (举报): whom the text accuses, so that it is never routed to that unit.

A text accuses when a verb of reporting (举报, 检举…) and a unit or post stand near each other, or when a wrong of office (受贿,
吃拿卡要…) stands near a unit, a town or a post in the same sentence. A unit that is only addressed (区住建局领导：…), asked (请区住建局查处)
or told (已报派出所) is not accused. Only units and posts are kept, never a person's name.
"""

from __future__ import annotations

import re

from pipeline.analysis.clean import folded
from pipeline.analysis.cues import Found, PhraseBook
from pipeline.analysis.district import AccusationCues, District

NEAR = 24  # characters between the wrong and who did it
_ADDRESSED = re.compile(r"(?:的?(?:各位)?(?:领导|负责人|同志)|您好|你好|[，,]?(?:您好|你好))|[：:]")
_ASKED = re.compile(r"(?:请|求|望|恳请|由|向|(?<!举)报|报警|报案|致|经|建议|希望)(?:求|到|告|给|了)?$")
_UNIT = re.compile(r"(?!街道|镇|村|社区|居)\S{2,}(?:局|委|办|部|队|镇|乡|街道|公司|村)")
_TOWN = re.compile(r"\S{2,}?(?:镇|乡|街道)")
_END = re.compile(r"[。！？!?；;\n]")


class Accusations:
    """Verbs, wrongs, posts and units, ready to read texts."""

    def __init__(self, district: District) -> None:
        cues: AccusationCues = district.cues.accusation
        units = [
            (folded(name), department.name)
            for department in district.departments
            for name in (department.name, *department.aliases)
        ]
        towns = [
            (folded(name), town.name)
            for town in district.places.town
            for name in (town.name, town.name + "政府", *town.aliases, *town.villages)
        ]
        villages = [
            (folded(village), f"{town.name}{village}") for town in district.places.town for village in town.villages
        ]
        self._book = PhraseBook(
            [(folded(verb), ("verb", "")) for verb in cues.verbs]
            + [(folded(wrong), ("wrong", "")) for wrong in cues.wrongs]
            + [(folded(post), ("post", post)) for post in cues.posts]
            + [
                (phrase, ("unit", name))
                for phrase, name in units + [t for t in towns if t[0] not in dict(villages)] + villages
            ]
        )

    def find(self, text: str) -> str:
        """The accused unit and post in words (柳渡镇柳东村 村主任), '' when the text accuses nobody of an office."""
        marks: dict[str, list[tuple[int, int, str]]] = {"verb": [], "wrong": [], "post": [], "unit": []}
        for found, meanings in self._book.longest(text):
            for mark, name in meanings:
                if mark in ("verb", "wrong") or not _only_addressed(text, found):
                    marks[mark].append((found.start, found.end, name))
        blamed = [post for post in marks["post"] if self._is_blamed(text, post[0], post[1], marks)]
        units = [
            name
            for start, end, name in marks["unit"]
            if self._is_blamed(text, start, end, marks) or any(0 <= post[0] - end <= 12 for post in blamed)
        ]
        accused = [name for _, _, name in blamed]
        return " ".join(dict.fromkeys([*units, *accused]))

    @staticmethod
    def _is_blamed(text: str, start: int, end: int, marks: dict[str, list[tuple[int, int, str]]]) -> bool:
        """A verb of reporting just before and a wrong anywhere, or a wrong just behind in the same sentence."""
        reported = any(0 <= start - verb[1] <= NEAR // 2 for verb in marks["verb"])
        wronged = any(
            0 <= wrong[0] - end <= NEAR and text[wrong[0] - 1] != "被" and not _END.search(text, end, wrong[0])
            for wrong in marks["wrong"]
        )
        return wronged or (reported and bool(marks["wrong"]))


def accused_units(accusation: str) -> tuple[str, ...]:
    """The units in the words of an accusation, a village's town with it: 柳渡镇柳东村 村委会主任 → 柳渡镇柳东村, 柳渡镇.

    What is kept from a unit (lead, notices, letters) is kept by these names; posts alone name no unit.
    """
    found: dict[str, None] = {}
    for word in accusation.split():
        if _UNIT.fullmatch(word):
            found[word] = None
            if town := _TOWN.match(word):
                found[town[0]] = None
    return tuple(found)


def _only_addressed(text: str, found: Found) -> bool:
    """Is the unit written to, asked or told, not spoken of?"""
    asked = _ASKED.search(text, max(0, found.start - 4), found.start)
    return bool(_ADDRESSED.match(text, found.end) or asked)
