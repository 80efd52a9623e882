"""The rule file (预警规则文件): config/rules.toml as typed data, and errors that name file, line and the allowed words.

A bad file is refused whole; whoever loads it keeps the rules that were in force.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from pipeline.alerts.private import why_private
from pipeline.document import Kind, Scope, Stage
from pipeline.errors import HuiyingError

SHIPPED = Path(__file__).resolve().parents[2] / "config" / "rules.toml"
AUDIENCES = ("duty_officer", "spokesperson", "unit", "leader", "secretary", "consulted", "administrator")
Audience = Literal["duty_officer", "spokesperson", "unit", "leader", "secretary", "consulted", "administrator"]
Subject = Literal["event", "early_sign", "source", "case", "nothing"]


class RulesError(HuiyingError):
    """The rule file cannot be used: file, line, what is wrong, and the words that are allowed there."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=40)]


class When(_Strict):
    """The condition of a rule: every key that is given must hold."""

    # an event: where it stands and what it is about
    stages: tuple[Stage, ...] = Field((), description="阶段之一")
    scopes: tuple[Scope, ...] = Field((), description="范围之一")
    topics: tuple[str, ...] = Field((), description="话题之一：一级名称，或“一级/细类”")
    places: tuple[str, ...] = Field((), description="提到的地点之一")
    departments: tuple[str, ...] = Field((), description="可能的责任单位之一")
    kinds: tuple[Kind, ...] = Field((), description="信源类别之一")
    sources: tuple[str, ...] = Field((), description="信源名称之一")
    key_classes: tuple[str, ...] = Field((), description="重点回应类别之一（[[key_class]]）")
    words: tuple[Word, ...] = Field((), description="关注词之一出现在标题或正文")
    without: tuple[Word, ...] = Field((), description="这些词都不出现")
    # how much
    min_documents: int | None = Field(None, ge=1, description="文档数不少于")
    min_documents_last_hour: int | None = Field(None, ge=1, description="近 1 小时文档数不少于")
    min_voices: int | None = Field(None, ge=1, description="不同声音不少于")
    min_local_voices: int | None = Field(None, ge=1, description="本地群众不少于")
    min_media: int | None = Field(None, ge=1, description="媒体家数不少于")
    min_authority: int | None = Field(None, ge=1, description="官方与媒体文档不少于")
    max_authority: int | None = Field(None, ge=0, description="官方与媒体文档不多于")
    min_messages: int | None = Field(None, ge=1, description="来信来电不少于")
    min_rumours: int | None = Field(None, ge=1, description="带传言迹象的文档不少于")
    min_reposts: int | None = Field(None, ge=1, description="转发不少于")
    min_comments: int | None = Field(None, ge=1, description="评论不少于")
    min_heat: float | None = Field(None, gt=0, description="热度不低于")
    min_negative: int | None = Field(None, ge=1, description="负面文档不少于")
    min_negative_share: float | None = Field(None, gt=0, le=1, description="负面占比不低于（0 至 1）")
    min_dead: int | None = Field(None, ge=1, description="官方或媒体所报死亡人数不少于")
    min_hurt: int | None = Field(None, ge=1, description="官方或媒体所报受伤人数不少于")
    min_claimed_dead: int | None = Field(None, ge=1, description="任何人所说死亡人数不少于（含传言）")
    min_forecast_6h: float | None = Field(None, gt=0, le=1, description="6 小时内进入热议的可能性不低于")
    min_forecast_24h: float | None = Field(None, gt=0, le=1, description="24 小时内进入热议的可能性不低于")
    # early signs, sources, cases, nothing
    max_odds: float | None = Field(None, gt=0, lt=1, description="平时出现这么多的概率不高于（苗头）")
    min_silent_hours: float | None = Field(None, gt=0, description="无稿小时数不少于（信源）")
    min_expected: float | None = Field(None, gt=0, description="这段时间平时应有的篇数不少于（信源）")
    max_share_left: float | None = Field(None, ge=0, le=1, description="剩余时限占比不高于（处置单）")
    max_hours_left: float | None = Field(None, ge=0, description="剩余小时不多于（处置单）")
    hours: float | None = Field(None, gt=0, description="多少小时内无预警（无事说明）")


ABOUT_TEXT = frozenset({"topics", "places", "departments"})
ALLOWED: Mapping[str, frozenset[str]] = {
    "event": frozenset(When.model_fields)
    - {"max_odds", "min_silent_hours", "min_expected", "max_share_left", "max_hours_left", "hours"},
    "early_sign": ABOUT_TEXT | {"min_messages", "max_odds"},
    "source": frozenset({"kinds", "sources", "min_silent_hours", "min_expected"}),
    "case": ABOUT_TEXT | {"max_share_left", "max_hours_left"},
    "nothing": frozenset({"hours"}),
}


class Rule(_Strict):
    """One rule: a sentence for people, a condition for the machine."""

    key: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{1,63}$")]
    sentence: Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=120)]
    level: int = Field(ge=1, le=4)
    audience: tuple[Audience, ...] = Field(min_length=1)
    on: Subject = "event"
    enabled: bool = True
    when: When


class KeyClass(_Strict):
    """A class of opinion that the rules call important, and how it is recognised."""

    name: str
    words: tuple[Word, ...] = ()
    topics: tuple[str, ...] = ()


class LegalClass(_Strict):
    """Numbers stated by official or media sources from which 特别重大、重大突发事件 is suggested."""

    dead: int = Field(10, ge=1)
    hurt: int = Field(50, ge=1)


class RuleFile(_Strict):
    """The whole file."""

    legal: LegalClass = Field(default=LegalClass(dead=10, hurt=50), alias="class")
    key_class: tuple[KeyClass, ...] = ()
    rule: tuple[Rule, ...] = Field(min_length=1)


def read_rules(path: Path) -> RuleFile:
    """Read and check a rule file. RulesError names file, line and what is allowed."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RulesError(f"{path} 读不出来（{error}）；请检查文件是否存在、是否为 UTF-8。原有规则继续有效。") from error
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        where = f"第 {line[1]} 行" if line else "末尾"
        raise RulesError(f"{path} {where}不合 TOML 写法：{error}；请检查引号、方括号。原有规则继续有效。") from error
    try:
        rules = RuleFile.model_validate(values)
    except ValidationError as error:
        raise _refusal(path, text, error) from error
    _check(path, text, rules)
    return rules


def _check(path: Path, text: str, rules: RuleFile) -> None:
    """What types alone do not say: keys once, conditions that fit the subject, no private person."""
    seen: set[str] = set()
    classes = {known.name for known in rules.key_class}
    for number, rule in enumerate(rules.rule):

        def refuse(key: str, why: str, number: int = number) -> RulesError:
            line = _line_of(text, ("rule", number, *key.split(".")))
            return RulesError(f"{path} 第 {line} 行：{why}原有规则继续有效。")

        if rule.key in seen:
            raise refuse("key", f"规则名 {rule.key} 用了两次；请换一个。")
        seen.add(rule.key)
        given = rule.when.model_fields_set
        if not given:
            raise refuse("when", f"规则 {rule.key} 没有条件，会事事预警；请至少写一条。")
        for key in sorted(given - ALLOWED[rule.on]):
            allowed = "、".join(sorted(ALLOWED[rule.on]))
            raise refuse(f"when.{key}", f'条件 {key} 不能用于 on = "{rule.on}"；可用：{allowed}。')
        for name in rule.when.key_classes:
            if name not in classes:
                raise refuse("when.key_classes", f"没有“{name}”这个重点类别；可用：{'、'.join(sorted(classes))}。")
        for word in rule.when.words:
            if why := why_private(word):
                raise refuse("when.words", f"关注词“{word}”{why}；回应关注事，不盯人，请改用事情、单位或地点。")


_MESSAGES = {
    "extra_forbidden": "没有这一项",
    "missing": "缺少这一项",
    "enum": "值不在可用范围内",
    "literal_error": "值不在可用范围内",
}


def _refusal(path: Path, text: str, error: ValidationError) -> RulesError:
    first = error.errors()[0]
    location = tuple(first["loc"])
    line = _line_of(text, location)
    key = ".".join(str(part) for part in location if not isinstance(part, int))
    what = _MESSAGES.get(first["type"], first["msg"])
    value = "" if first["type"] in ("missing", "extra_forbidden") else f"（写的是 {str(first['input'])[:40]!r}）"
    return RulesError(f"{path} 第 {line} 行：{key} {what}{value}；可用：{_allowed(location)}。原有规则继续有效。")


def _allowed(location: tuple[Any, ...]) -> str:
    names = [part for part in location if isinstance(part, str)]
    choices: dict[str, tuple[str, ...]] = {
        "stages": tuple(Stage),
        "scopes": tuple(Scope),
        "kinds": tuple(Kind),
        "audience": AUDIENCES,
        "on": tuple(ALLOWED),
        "level": ("1（红）", "2（橙）", "3（黄）", "4（蓝）"),
    }
    for name in reversed(names):
        if name in choices:
            return "、".join(choices[name])
    if "when" in names:
        if field := When.model_fields.get(names[-1]):
            return field.description or ""
        return "、".join(When.model_fields)
    if names[:1] == ["rule"]:
        return "、".join(Rule.model_fields)
    if names[:1] == ["key_class"]:
        return "、".join(KeyClass.model_fields)
    return "class、key_class、rule"


def _line_of(text: str, location: tuple[Any, ...]) -> int:
    """The line (from 1) of a key, found by counting table headers; the nearest header when the key is not written."""
    table = str(location[0]) if location else ""
    number = next((part for part in location if isinstance(part, int)), 0)
    keys = [part for part in location[1:] if isinstance(part, str)]
    lines = text.splitlines()
    start, end = _span(lines, table, number)
    for key in reversed(keys):
        pattern = re.compile(rf"^\s*(?:\[[\w.]*\b{re.escape(key)}\]|[\"']?{re.escape(key)}[\"']?\s*=)")
        for index in range(start, end):
            if pattern.match(lines[index]):
                return index + 1
    return start + 1


def _span(lines: list[str], table: str, number: int) -> tuple[int, int]:
    """Lines of the `number`-th [[table]] (or the [table]), up to the next of another."""
    header = re.compile(rf"^\s*\[+\s*{re.escape(table)}\s*\]+")
    starts = [index for index, line in enumerate(lines) if header.match(line)]
    if not starts:
        named = re.compile(rf"^\s*[\"']?{re.escape(table)}[\"']?\s*=")
        index = next((index for index, line in enumerate(lines) if named.match(line)), 0)
        return index, index + 1
    start = starts[min(number, len(starts) - 1)]
    inner = re.compile(rf"^\s*\[+\s*{re.escape(table)}\.")
    other = re.compile(r"^\s*\[")
    end = next(
        (
            index
            for index in range(start + 1, len(lines))
            if other.match(lines[index]) and not inner.match(lines[index])
        ),
        len(lines),
    )
    return start, end
