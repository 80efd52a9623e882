"""Places of the gazetteer in a text (地名), and which of several places of that name is meant (歧义).

A name that exists in many cities (人民路: `context = true`) counts only where something else says ours is meant: another
place of the district in the same text, or a source or kind of document that speaks of the district. A name that stands
right behind another city's (北京市人民路) belongs to that city.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from pipeline.analysis.clean import folded
from pipeline.analysis.cues import Found, PhraseBook
from pipeline.analysis.district import Places
from pipeline.analysis.words import cut
from pipeline.document import Document, Kind, PlaceMention, Scope

OWN_KINDS = (Kind.MESSAGE, Kind.HOTLINE, Kind.DISCLOSURE)  # addressed to the district itself
_JOINTS = frozenset(
    {"", "市", "省", "区", "县", "的", "市的", "省的", "市区", "市中心", "·", " ", "特别行政区", "自治区"}
)


_WITH_PERSON = frozenset("民才大社力口事工")
_SOURCE = "来源是本地的"
_UNNAMED = "没有提到地名，按本区信源收集的帖文算本地"


@dataclass(frozen=True, slots=True)
class Entry:
    """One name of the gazetteer: canonical name, how near it is, and what it lies in."""

    name: str
    scope: Scope
    rank: int  # 0 city or district as a whole, 1 town, 2 village, road, landmark
    town: str = ""
    district: str = ""
    context: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """A name as it stands in the text."""

    entry: Entry
    found: Found


@dataclass(frozen=True, slots=True)
class Mentions:
    """What the gazetteer found: hits that count, hits refused, and why the document itself is ours ('' if nothing says so)."""

    hits: tuple[Hit, ...]
    refused: tuple[Hit, ...]
    own: str
    unnamed: str = ""  # why a text without any place is still taken for ours
    by_source: bool = False  # `own` rests on the source alone

    def places(self) -> tuple[PlaceMention, ...]:
        """The district's and its neighbours' places, in order of appearance; the whole district only when nothing finer is named."""
        seen: dict[str, Hit] = {}
        for hit in self.hits:
            if hit.entry.scope in (Scope.LOCAL, Scope.NEIGHBOURING):
                seen.setdefault(hit.entry.name, hit)
        finer = any(hit.entry.rank for hit in seen.values())
        return tuple(
            PlaceMention(hit.entry.name, hit.entry.town, hit.entry.district, self._why(hit))
            for hit in seen.values()
            if hit.entry.rank or not finer
        )

    def _why(self, hit: Hit) -> str:
        where = f"文中“{hit.found.phrase}”"
        if not hit.entry.context:
            return where
        other = next((x.entry.name for x in self.hits if x.entry.scope is Scope.LOCAL and not x.entry.context), "")
        why = f"同文提到{other}" if other else self.own or self.unnamed or "来源是本市媒体"
        return f"{where}（各地都有同名；{why}，故认作本区）"


class Gazetteer:
    """Finds the places of a text; built once for a district."""

    def __init__(self, places: Places) -> None:
        self._home = places.home
        self._book = PhraseBook((folded(phrase), entry) for phrase, entry in _entries(places))

    def find(self, text: str, document: Document) -> Mentions:
        """`text`: folded title and body. The document's own place, source and kind are evidence too."""
        hits = [Hit(meanings[0], found) for found, meanings in self._book.longest(text)]
        hits = [hit for hit in hits if not _speaks_of_people(hit, text) and _stands_alone(hit, text)]
        own = self._own(document)
        unnamed = _UNNAMED if document.kind in self._home.unnamed_local else ""
        foreign = _owned_by_others(hits, text)
        sure = any(
            hit.entry.scope is Scope.LOCAL and not hit.entry.context for i, hit in enumerate(hits) if i not in foreign
        )
        elsewhere = any(hit.entry.scope in (Scope.NATIONAL, Scope.INTERNATIONAL) for hit in hits)
        near = own or unnamed or any(source in document.source for source in self._home.city_sources)
        kept: list[Hit] = []
        refused: list[Hit] = []
        for i, hit in enumerate(hits):
            ours = not hit.entry.context or sure or (bool(near) and not elsewhere)
            (kept if ours and i not in foreign else refused).append(hit)
        return Mentions(tuple(kept), tuple(refused), own, unnamed, own.startswith(_SOURCE))

    def _own(self, document: Document) -> str:
        """Why the document speaks of the district without naming it; '' when nothing says so."""
        if document.place:
            named = self._book.longest(folded(document.place))
            if any(meanings[0].scope is Scope.LOCAL for _, meanings in named):
                return f"发布地是{document.place}"
            if named:
                return ""
        if document.kind in OWN_KINDS:
            return "是写给本区的留言或申请"
        if any(source in document.source for source in self._home.local_sources):
            return f"{_SOURCE}{document.source}"
        return ""


def _entries(places: Places) -> Iterator[tuple[str, Entry]]:
    """Every name with what it stands for: near ones first, because the first meaning of a name is the one taken."""
    yield from _home(places)
    yield from _ground(places)
    for near in places.neighbour:
        sure = Entry(near.name, Scope.NEIGHBOURING, 1, district=near.name)
        if near.city:
            yield near.city + near.name, sure
        for name in (near.name, *near.aliases):
            yield name, replace(sure, context=near.context)
    yield places.home.province, Entry(places.home.province, Scope.NATIONAL, 0)
    for name in (*places.national.names, *places.national.country):
        yield name, Entry(name, Scope.NATIONAL, 0)
    for name in places.international.names:
        yield name, Entry(name, Scope.INTERNATIONAL, 0)


def _home(places: Places) -> Iterator[tuple[str, Entry]]:
    """The district and its city as a whole."""
    home = places.home
    district = Entry(home.district, Scope.LOCAL, 0, district=home.district)
    for name in (home.district, home.city + home.district, *home.aliases):
        yield name, district
    for name in home.context_aliases:
        yield name, Entry(home.district, Scope.LOCAL, 0, district=home.district, context=True)
    for name in (home.city, *home.city_aliases):
        yield name, Entry(home.city, Scope.LOCAL, 0)


def _ground(places: Places) -> Iterator[tuple[str, Entry]]:
    """Towns, villages, roads and landmarks."""
    district = places.home.district
    for town in places.town:
        for name in (town.name, *town.aliases):
            yield name, Entry(town.name, Scope.LOCAL, 1, town.name, district, town.context)
        for name in town.context_aliases:
            yield name, Entry(town.name, Scope.LOCAL, 1, town.name, district, context=True)
        for village in town.villages:
            yield village, Entry(village, Scope.LOCAL, 2, town.name, district)
    for place in places.place:
        for name in (place.name, *place.aliases):
            yield name, Entry(place.name, Scope.LOCAL, 2, place.town, district, place.context)


def _speaks_of_people(hit: Hit, text: str) -> bool:
    """云港人: people of here, who may be anywhere (but 云港人民…, 云港人才…)."""
    end = hit.found.end
    return hit.entry.rank == 0 and text[end : end + 1] == "人" and text[end + 1 : end + 2] not in _WITH_PERSON


def _stands_alone(hit: Hit, text: str) -> bool:
    """A short name of elsewhere is a word of its own there (not 南阳 in 朝南阳台)."""
    start, end = hit.found.start, hit.found.end
    if hit.entry.scope in (Scope.LOCAL, Scope.NEIGHBOURING) or end - start != 2:
        return True
    before = max(0, start - 5)
    at = before
    for word in cut(text[before : end + 5]):
        if at == start:
            return word in (text[start:end], text[start : end + 1]) and word[2:] in ("", "市", "省")
        at += len(word)
    return False


def _owned_by_others(hits: list[Hit], text: str) -> set[int]:
    """Which hits stand right behind a name of another city or province, and so are that city's."""
    owned: set[int] = set()
    for i in range(1, len(hits)):
        before, hit = hits[i - 1], hits[i]
        if hit.entry.scope not in (Scope.LOCAL, Scope.NEIGHBOURING):
            continue
        joint = text[before.found.end : hit.found.start]
        others = before.entry.scope in (Scope.NATIONAL, Scope.INTERNATIONAL) or i - 1 in owned
        near = before.entry.scope is Scope.NEIGHBOURING and hit.entry.scope is Scope.LOCAL and hit.entry.rank > 0
        if joint in _JOINTS and (others or near):
            owned.add(i)
    return owned
