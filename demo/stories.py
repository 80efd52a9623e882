"""Stories as data (故事): reads demo/stories/*.toml into pieces, each with its ground truth.

One file is one storyline: its label defaults at the top, then `documents`, one line each, and `[[article]]` for long texts.
A line's words: `at` "15 02:47" (day of March 2026 and time, Shanghai), `on` (a site of cast.toml), `by` (account, column or
department), `mood` "-", "0" or "+", `text`, `title`, `key` (a name for others to refer to), `re` (the key reposted, commented
on or copied), `grow` [likes, reposts, comments], `reads`, `hours`, `gone` (deleted at), `edited` {at, text}, `reply`.
A copy may leave out `text`: it then takes the first `keep` paragraphs of the original after its own `lead`.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from demo.growth import Growth
from pipeline.clock import SHANGHAI, shanghai
from pipeline.document import Kind, Polarity, Reply, Scope
from pipeline.errors import HuiyingError

HERE = Path(__file__).parent
FIRST_DAY = datetime(2026, 3, 13, tzinfo=SHANGHAI)  # the five days; a thin fortnight comes before them
LAST_MOMENT = datetime(2026, 3, 17, 23, 59, 59, tzinfo=SHANGHAI)

_MOODS = {"-": Polarity.NEGATIVE, "0": Polarity.NEUTRAL, "+": Polarity.POSITIVE}
SiteName = Literal[
    "gov",
    "daily",
    "metro",
    "online",
    "harbour",
    "weibo",
    "comment",
    "wechat",
    "mailbox",
    "forum",
    "video",
    "hotline",
    "disclosure",
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SiteEntry(_Strict):
    name: str
    kind: Kind
    host: str
    path: str


class AccountEntry(_Strict):
    type: int
    followers: int
    about: str


class Cast(_Strict):
    """The sites and the accounts that are not plain people."""

    sites: dict[SiteName, SiteEntry]
    accounts: dict[str, AccountEntry]


class ReplyEntry(_Strict):
    at: str
    by: str
    text: str


class EditEntry(_Strict):
    at: str
    text: str


class Line(_Strict):
    """One document of a story file; `storyline` where it is of another matter than the file's (a letter among the everyday ones)."""

    at: str
    on: SiteName
    mood: Literal["-", "0", "+"]
    by: str = ""
    text: str = ""
    title: str = ""
    key: str = ""
    re: str = ""
    lead: str = ""
    keep: int = 99
    credit: str = ""
    grow: tuple[int, int, int] | None = None
    reads: int | None = None
    hours: float = 6.0
    scope: Scope | None = None
    topic: str = ""
    place: str = ""
    rumour: bool = False
    accused: str = ""
    images: int = 0
    floors: tuple[str, ...] = ()
    reply: ReplyEntry | None = None
    shown: str = ""
    gone: str = ""
    edited: EditEntry | None = None
    storyline: str = ""


class Story(_Strict):
    """One story file: `alert` says whether an office must, may or must never be alerted to it; `grew_from` names the story that
    this one is the secondary opinion (次生舆情) of; alone = each document is its own matter."""

    storyline: str
    title: str
    scope: Scope
    topic: str
    place: str = ""
    alert: Literal["must", "may", "never"] = "never"
    grew_from: str = ""
    alone: bool = False
    documents: tuple[Line, ...] = ()
    article: tuple[Line, ...] = Field(default=())


@dataclass(frozen=True, slots=True)
class Truth:
    """What is true of one document: the labels that the pipeline is measured against ('' storyline = a matter of its own)."""

    native_id: str
    path: str
    storyline: str
    sentiment: Polarity
    scope: Scope
    topic: str
    kind: Kind
    rumour: bool = False
    copy_of: str = ""  # native id of the document that this one copies
    repost_of: str = ""  # native id of the document that this one forwards or comments on
    accused: str = ""  # the unit that a report of wrongdoing (举报) complains of


@dataclass(frozen=True, slots=True)
class Piece:
    """One document of the city with everything that a site needs to serve it."""

    key: str
    site: SiteName
    native_id: str
    path: str
    by: str
    title: str
    text: str
    published_at: datetime
    shown_at: datetime
    growth: Growth
    truth: Truth
    parent: str = ""  # native id
    credit: str = ""
    place: str = ""
    reply: Reply | None = None
    images: int = 0
    floors: tuple[str, ...] = ()
    gone_at: datetime | None = None
    edited_at: datetime | None = None
    edited_text: str = ""


def digest_number(*parts: str) -> int:
    """A number that is the same on every machine and in every process: what seeds everything that looks like chance here."""
    return int.from_bytes(hashlib.blake2b("\x1f".join(parts).encode(), digest_size=8).digest())


def moment_of(text: str, key: str = "") -> datetime:
    """'15 02:47' → that minute of March 2026 in Shanghai; the second is drawn from `key`."""
    stamp = datetime.strptime(f"2026-03-{text}", "%Y-%m-%d %H:%M")  # noqa: DTZ007 (the zone is set in the next line)
    return stamp.replace(second=digest_number(key) % 60 if key else 0, tzinfo=SHANGHAI)


@cache
def load_cast() -> Cast:
    """The sites and accounts of cast.toml."""
    with (HERE / "cast.toml").open("rb") as file:
        return Cast.model_validate(tomllib.load(file))


def site_name(site: str) -> str:
    """A site's name as its pages show it."""
    return next(entry.name for key, entry in load_cast().sites.items() if key == site)


@cache
def load_stories() -> tuple[Story, ...]:
    """All story files, in the order of their names."""
    return tuple(read_story(path) for path in sorted((HERE / "stories").glob("*.toml")))


def read_story(path: Path) -> Story:
    """One story file; HuiyingError names the file, the line of `documents` (counted from 0) and the key that is wrong."""
    try:
        with path.open("rb") as file:
            return Story.model_validate(tomllib.load(file))
    except tomllib.TOMLDecodeError as error:
        raise HuiyingError(f"演示故事 {path.name} 不是有效的 TOML：{error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise HuiyingError(f"演示故事 {path.name} 的 {where} 有误：{first['msg']}") from error


@cache
def load_pieces() -> tuple[Piece, ...]:
    """Every document of the city, ordered by the time it was published."""
    stories = load_stories()
    lines = [(story, line) for story in stories for line in (*story.documents, *story.article)]
    keyed = {line.key: (story, line) for story, line in lines if line.key}
    if len(keyed) != sum(1 for _, line in lines if line.key):
        raise HuiyingError("演示故事里有重复的 key，请改名")
    numbers = _case_numbers(lines)
    natives = {_name(story, line): _native_id(story, line, numbers) for story, line in lines}
    pieces = [_piece(story, line, keyed, natives) for story, line in lines]
    if len({piece.native_id for piece in pieces}) != len(pieces):
        raise HuiyingError("演示故事里有两条同时、同人、同站点的文档，请改一下时间")
    return tuple(sorted(pieces, key=lambda piece: (piece.published_at, piece.native_id)))


def _name(story: Story, line: Line) -> str:
    return line.key or f"{story.storyline}|{line.on}|{line.at}|{line.by}|{line.title}|{line.text[:24]}"


def _case_numbers(lines: list[tuple[Story, Line]]) -> dict[str, int]:
    """Portal, hotline and disclosure numbers count up in the order of arrival, as an office's do."""
    numbers: dict[str, int] = {}
    for site, first in (("mailbox", 112), ("hotline", 20381), ("disclosure", 9)):
        arrived = sorted((moment_of(line.at), _name(story, line)) for story, line in lines if line.on == site)
        for step, (_, name) in enumerate(arrived):
            numbers[name] = first + step * (7 if site == "hotline" else 1)
    return numbers


def _native_id(story: Story, line: Line, numbers: dict[str, int]) -> str:
    name = _name(story, line)
    at = moment_of(line.at, name)
    draw = digest_number(line.on, name)
    match line.on:
        case "weibo" | "comment":
            return f"52{int((at - datetime(2026, 1, 1, tzinfo=SHANGHAI)).total_seconds()):08d}{draw % 1_000_000:06d}"
        case "video":
            return f"74{int(at.timestamp())}{draw % 10_000_000:07d}"
        case "mailbox":
            return f"YGXX{at:%Y%m%d}{numbers[name]:05d}"
        case "hotline":
            return f"GD{at:%Y%m%d}{numbers[name]:06d}"
        case "disclosure":
            return f"ysq2026-{numbers[name]:03d}"
        case _:
            return f"{4_800_000 + int((at - FIRST_DAY).total_seconds() // 60) * 10 + draw % 10}{draw // 10 % 100:02d}"


def _piece(story: Story, line: Line, keyed: dict[str, tuple[Story, Line]], natives: dict[str, str]) -> Piece:
    cast = load_cast()
    site = cast.sites[line.on]
    name = _name(story, line)
    at = moment_of(line.at, name)
    if line.re and line.re not in keyed:
        raise HuiyingError(f"演示故事 {story.storyline} 引用了不存在的 key：{line.re}")
    parent = natives[line.re] if line.re else ""
    native_id = natives[name]
    text = line.text or _cut(keyed[line.re][1], line)
    is_copy = bool(parent) and not line.text
    draw = digest_number("path", native_id)
    path = site.path.format(
        y=at.year,
        m=at.month,
        d=at.day,
        mm=f"{at.month:02d}",
        dd=f"{at.day:02d}",
        n=native_id,
        id=native_id,
        parent=parent,
        slug=_slug(draw),
    )
    truth = Truth(
        native_id,
        path,
        line.storyline or ("" if story.alone else story.storyline),
        _MOODS[line.mood],
        line.scope or story.scope,
        line.topic or story.topic,
        site.kind,
        line.rumour,
        copy_of=parent if is_copy else "",
        repost_of=parent if not is_copy else "",
        accused=line.accused,
    )
    return Piece(
        line.key or native_id,
        line.on,
        native_id,
        path,
        line.by,
        line.title,
        text,
        at,
        moment_of(line.shown) if line.shown else at,
        _growth(line, draw),
        truth,
        parent=parent,
        credit=line.credit,
        place=line.place or story.place,
        reply=Reply(line.reply.text, line.reply.by, moment_of(line.reply.at)) if line.reply else None,
        images=line.images,
        floors=line.floors,
        gone_at=moment_of(line.gone) if line.gone else None,
        edited_at=moment_of(line.edited.at) if line.edited else None,
        edited_text=line.edited.text if line.edited else "",
    )


def _cut(original: Line, copy: Line) -> str:
    """A wire copy: the editor's own lead, then the first paragraphs of the original."""
    kept = "\n".join(original.text.strip().split("\n")[: copy.keep])
    return f"{copy.lead}{kept}"


def _growth(line: Line, draw: int) -> Growth:
    """The line's own figures; a post without any gets the few that nobody's post gets."""
    likes, reposts, comments = line.grow or (draw % 23, draw // 23 % 4, draw // 97 % 7)
    match line.on:
        case "weibo":
            return Growth(likes, reposts, comments, None, line.hours)
        case "video":
            return Growth(likes, reposts, comments, line.reads or likes * 40 + 300, line.hours)
        case "comment":
            return Growth(likes, None, None, None, line.hours)
        case "forum":
            return Growth(None, None, comments, line.reads or comments * 60 + 80 + draw % 90, line.hours)
        case "mailbox":
            return Growth(likes, None, None, None, line.hours)
        case _:
            return Growth(None, None, None, line.reads, line.hours)


def _slug(draw: int) -> str:
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz0123456789-_"
    return "".join(letters[digest_number(str(draw), str(step)) % len(letters)] for step in range(22))


def shown(at: datetime) -> Iterator[Piece]:
    """The pieces that anyone can see at a moment: already published, not yet deleted."""
    for piece in load_pieces():
        if piece.shown_at <= at and (piece.gone_at is None or at < piece.gone_at):
            yield piece


def wall(moment: datetime, pattern: str = "%Y-%m-%d %H:%M") -> str:
    """A time as the city's pages print it."""
    return shanghai(moment).strftime(pattern)
