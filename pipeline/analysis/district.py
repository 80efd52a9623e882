"""The district as the judgements read it (辖区): topics, places, departments and cues, from four TOML files of config/.

Reads `topics.toml`, `places.toml`, `departments.toml`, `cues.toml` in the folder given. A key that does not belong, or
a reference to a topic or town that does not exist, is a `DistrictError` that names file and key in Chinese.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from pipeline.analysis.sentiment import MODELS
from pipeline.analysis.topic_model import SHIPPED
from pipeline.document import Kind
from pipeline.errors import HuiyingError

OTHER = "其他"


class DistrictError(HuiyingError):
    """A file of the district's configuration is missing or wrong."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SubTopic(_Strict):
    """A finer topic and the words that tell it."""

    name: str
    words: tuple[str, ...]


class TopicRule(_Strict):
    """When a topic that the model does not know fires: one word of every group, near each other, none of `none`."""

    all: tuple[tuple[str, ...], ...] = Field(min_length=1)
    none: tuple[str, ...] = ()
    within: int = Field(default=0, ge=0)
    kinds: tuple[Kind, ...] = ()
    why: str


class TopicEntry(_Strict):
    """A first-level topic."""

    name: str
    display: str = ""
    model: bool = False
    sub: tuple[SubTopic, ...] = ()
    rule: tuple[TopicRule, ...] = ()


class _Topics(_Strict):
    model_file: str = ""  # the office's own trained model, beside this file; empty = the shipped one
    topic: tuple[TopicEntry, ...] = Field(min_length=1)


class Home(_Strict):
    """The district itself and the sources that write about it."""

    province: str
    city: str
    district: str
    aliases: tuple[str, ...] = ()
    context_aliases: tuple[str, ...] = ()
    city_aliases: tuple[str, ...] = ()
    local_sources: tuple[str, ...] = ()
    city_sources: tuple[str, ...] = ()
    unnamed_local: tuple[Kind, ...] = ()


class Town(_Strict):
    """A town or street with its villages; `context`: a town of that name exists elsewhere too.

    `outline`: its border as corners (degrees east, degrees north), for the map of the pages.
    """

    name: str
    aliases: tuple[str, ...] = ()
    context_aliases: tuple[str, ...] = ()
    context: bool = False
    villages: tuple[str, ...] = ()
    outline: tuple[tuple[float, float], ...] = ()

    @field_validator("outline")
    @classmethod
    def _encloses(cls, corners: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
        if corners:
            sides = zip(corners, (*corners[1:], corners[0]), strict=True)
            if not sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in sides):
                raise ValueError("outline 至少三个不在一条线上的点，每点写 [东经, 北纬]")
        return corners


class Place(_Strict):
    """A road, river or landmark; `context`: the name exists elsewhere too."""

    name: str
    kind: str = "landmark"
    aliases: tuple[str, ...] = ()
    town: str = ""
    context: bool = False


class Neighbour(_Strict):
    """A neighbouring district, county or city."""

    name: str
    aliases: tuple[str, ...] = ()
    city: str = ""
    context: bool = False


class National(_Strict):
    """Names of other provinces and cities, and words that mean the whole country."""

    names: tuple[str, ...] = ()
    country: tuple[str, ...] = ()


class International(_Strict):
    """Names of countries and places abroad."""

    names: tuple[str, ...] = ()


class Places(_Strict):
    """The gazetteer (地名)."""

    home: Home
    town: tuple[Town, ...] = ()
    place: tuple[Place, ...] = ()
    neighbour: tuple[Neighbour, ...] = ()
    national: National = National()
    international: International = International()


class Duty(_Strict):
    """One responsibility and the words by which people speak of it."""

    name: str
    words: tuple[str, ...]


class Department(_Strict):
    """A department with its duties; `supervises`: reports of wrongdoing go to it."""

    name: str
    aliases: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    duties: tuple[Duty, ...] = ()
    supervises: bool = False


class _Departments(_Strict):
    department: tuple[Department, ...] = Field(min_length=1)


class RumourCues(_Strict):
    """Marks of an unverified claim, and of its refutation."""

    hearsay: tuple[str, ...]
    doubt: tuple[str, ...]
    urging: tuple[str, ...]
    claim: tuple[str, ...]
    refuted: tuple[str, ...]
    official: tuple[str, ...]


class AskCues(_Strict):
    """Words of demands and of questions; `courtesy`: what looks like one and is none."""

    demand: tuple[str, ...]
    question: tuple[str, ...]
    courtesy: tuple[str, ...] = ()


class AccusationCues(_Strict):
    """Words of a report of wrongdoing, and the posts it names."""

    verbs: tuple[str, ...]
    wrongs: tuple[str, ...]
    posts: tuple[str, ...]


class Cues(_Strict):
    """All phrase lists that suggest something to a person."""

    opinion: dict[str, tuple[str, ...]]
    rumour: RumourCues
    asks: AskCues
    accusation: AccusationCues


Model = TypeVar("Model", bound=_Strict)


@dataclass(frozen=True, slots=True)
class District:
    """What the judgements know of the district; `digest` changes when any of the files does."""

    topics: tuple[TopicEntry, ...]
    places: Places
    departments: tuple[Department, ...]
    cues: Cues
    digest: str
    topic_model: Path = SHIPPED
    sentiment_models: Path = MODELS  # the folder `sentiment` of config_dir where there is one (huiying train sentiment)

    @classmethod
    def load(cls, config_dir: Path) -> District:
        """Read and check the four files of `config_dir`. Errors: DistrictError, one Chinese line."""
        hashed = hashlib.sha256()
        written = _read(config_dir / "topics.toml", _Topics, hashed)
        topics = written.topic
        places = _read(config_dir / "places.toml", Places, hashed)
        departments = _read(config_dir / "departments.toml", _Departments, hashed).department
        cues = _read(config_dir / "cues.toml", Cues, hashed)
        _check(config_dir, topics, places, departments)
        if "错误看法" in cues.opinion:
            raise DistrictError(
                f"{config_dir / 'cues.toml'} 的 opinion 不能有“错误看法”：机器不判断观点对错，请删去这一项"
            )
        model = config_dir / written.model_file if written.model_file else SHIPPED
        if not model.is_file():
            raise DistrictError(
                f"{config_dir / 'topics.toml'} 的 model_file 指的 {model} 不存在：请用 huiying train topic 训练，或删去这一项"
            )
        own = config_dir / "sentiment"
        sentiment = own if (own / "sentiment.json").is_file() else MODELS
        return cls(topics, places, departments, cues, hashed.hexdigest()[:16], model, sentiment)


def _read(path: Path, model: type[Model], hashed: hashlib._Hash) -> Model:
    """One file, checked against its model."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise DistrictError(f"读不到配置文件 {path}：请放回该文件（随程序附带一份缺省的）") from error
    hashed.update(raw)
    try:
        return model.model_validate(tomllib.loads(raw.decode("utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DistrictError(f"{path} 不是正确的 UTF-8 TOML 文件：{error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        what = "没有这个键，请删去或改正" if first["type"] == "extra_forbidden" else first["msg"]
        raise DistrictError(f"{path} 的 {key} 有误：{what}") from error


def _check(config_dir: Path, topics: Iterable[TopicEntry], places: Places, departments: Iterable[Department]) -> None:
    """References between the files: a topic or town that is named must exist."""
    known = {entry.name for entry in topics} | {f"{entry.name}/{sub.name}" for entry in topics for sub in entry.sub}
    for department in departments:
        for topic in department.topics:
            if topic not in known:
                raise DistrictError(
                    f"{config_dir / 'departments.toml'} 的 {department.name} 写了没有的主题“{topic}”：请改成 topics.toml 里的名称"
                )
    towns = {town.name for town in places.town}
    for place in places.place:
        if place.town and place.town not in towns:
            raise DistrictError(f"{config_dir / 'places.toml'} 的 {place.name} 写了没有的镇街“{place.town}”")
