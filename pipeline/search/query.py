"""The query language (检索式): what people type → what the index is asked.

  拆迁 补偿            both words          "拆迁 补偿"          side by side
  拆迁 OR 征地         either              拆迁 -签约           without (also: NOT 签约)
  (甲 OR 乙) 丙        grouping            kind:weibo,forum     a field has one of the values (also 类别:微博)
  time:2026-03-15     that day, month or year; time:2026-03-13..2026-03-15; time:24h, time:7d; time:今天, time:昨天
Fields: kind 类别, source 信源, sentiment 情感, topic 主题, place 地点, department 部门, scope 范围, stage 阶段,
event 事件, time 时间. OR binds loosest. A word without any letter or digit (an emoji) is left out and told.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from pipeline.clock import SHANGHAI
from pipeline.document import Kind, Polarity, Scope, Stage
from pipeline.errors import HuiyingError
from pipeline.search.port import All, Field, InStage, Node, Not, OneOf, Some, Within, Words
from pipeline.search.tokens import tokens


class QueryError(HuiyingError):
    """The query cannot be understood."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """The question, and the words that were left out because nothing in them can be searched."""

    where: Node
    ignored: tuple[str, ...] = ()


NAMES: Mapping[str, str] = {
    "kind": "kind", "类别": "kind", "source": "source", "信源": "source", "来源": "source",
    "sentiment": "sentiment", "情感": "sentiment", "topic": "topic", "主题": "topic",
    "place": "place", "地点": "place", "department": "department", "部门": "department",
    "scope": "scope", "范围": "scope", "stage": "stage", "阶段": "stage",
    "event": "event", "事件": "event", "time": "time", "时间": "time",
}  # fmt: skip
REFUSED = {"author", "作者", "user", "用户", "网名", "昵称"}

VALUES: Mapping[str, Mapping[str, str]] = {
    "kind": {
        "新闻": Kind.NEWS, "微博": Kind.WEIBO, "微信": Kind.WECHAT, "留言": Kind.MESSAGE, "热线": Kind.HOTLINE,
        "论坛": Kind.FORUM, "视频": Kind.VIDEO, "依申请公开": Kind.DISCLOSURE,
    },
    "sentiment": {"负面": Polarity.NEGATIVE, "中性": Polarity.NEUTRAL, "正面": Polarity.POSITIVE},
    "scope": {
        "本地": Scope.LOCAL, "周边": Scope.NEIGHBOURING, "国内": Scope.NATIONAL, "国际": Scope.INTERNATIONAL,
    },
    "stage": {
        "散播": Stage.SPREAD, "集聚": Stage.GATHERING, "热议": Stage.HOT, "回落": Stage.COOLING, "平息": Stage.QUIET,
    },
}  # fmt: skip
ENUMS: Mapping[str, Iterable[str]] = {"kind": Kind, "sentiment": Polarity, "scope": Scope, "stage": Stage}

_QUOTED = r'"[^"]*"?|“[^”]*”?'
_LEXEME = re.compile(rf'\s*(?:(?P<sign>[()|（）])|(?P<minus>-(?=\S))|(?P<word>(?:{_QUOTED}|[^\s"“()（）|])+))')
_FIELD = re.compile(r"(?P<name>[^\W\d]+)[:：](?P<value>.+)", re.DOTALL)
_DEEPEST = 20
_MOST_LEXEMES = 200


def parse(text: str, now: datetime) -> Parsed:
    """Read a query; `now` is what 24h, 今天 and the like are reckoned from. QueryError says what is wrong."""
    parser = _Parser(_lexemes(text), now)
    where = parser.either(depth=0)
    if parser.next is not None:
        raise QueryError(f"检索式里多了一个“{parser.next.text}”；请检查括号是否成对。")
    return Parsed(where, tuple(parser.ignored))


def resolve_stages(node: Node, events_in: Callable[[tuple[str, ...]], Iterable[str]]) -> Node:
    """Replace stage filters by the events that `events_in(stages)` says stand there now."""
    match node:
        case InStage(stages):
            return OneOf(Field.EVENT, tuple(sorted(events_in(stages))))
        case Not(part):
            return Not(resolve_stages(part, events_in))
        case All(parts):
            return All(tuple(resolve_stages(part, events_in) for part in parts))
        case Some(parts):
            return Some(tuple(resolve_stages(part, events_in) for part in parts))
        case _:
            return node


@dataclass(frozen=True, slots=True)
class _Lexeme:
    kind: str  # sign, minus, word
    text: str


def _lexemes(text: str) -> list[_Lexeme]:
    found: list[_Lexeme] = []
    at = 0
    text = text.rstrip()
    while at < len(text):
        match = _LEXEME.match(text, at)
        if match is None:  # a lone closing quotation mark
            at += 1
            continue
        at = match.end()
        kind = match.lastgroup or "word"
        part = match[kind].translate({0xFF08: "(", 0xFF09: ")"}) if kind == "sign" else match[kind]
        found.append(_Lexeme(kind, part))
    if len(found) > _MOST_LEXEMES:
        raise QueryError(f"检索式太长（{len(found)} 个词，最多 {_MOST_LEXEMES} 个）；请分几次检索。")
    return found


@dataclass(slots=True)
class _Parser:
    """Recursive descent: either := both (OR both)*; both := one+; one := - one | ( either ) | word."""

    lexemes: list[_Lexeme]
    now: datetime
    at: int = 0
    ignored: list[str] = field(default_factory=list)

    @property
    def next(self) -> _Lexeme | None:
        return self.lexemes[self.at] if self.at < len(self.lexemes) else None

    def take(self) -> _Lexeme:
        lexeme = self.lexemes[self.at]
        self.at += 1
        return lexeme

    def either(self, depth: int) -> Node:
        if depth > _DEEPEST:
            raise QueryError(f"括号套得太深（最多 {_DEEPEST} 层）；请简化检索式。")
        parts = [self.both(depth)]
        while self.next is not None and self.next.text in ("OR", "|"):
            self.take()
            parts.append(self.both(depth))
        kept = tuple(part for part in parts if part is not None)
        if len(kept) == 1:
            return kept[0]
        return Some(kept) if kept or self.ignored else All()

    def both(self, depth: int) -> Node | None:
        """The parts that must all hold; None when nothing is left of them."""
        parts: list[Node] = []
        while self.next is not None and self.next.text not in ("OR", "|", ")"):
            part = self.one(depth)
            if part is not None:
                parts.append(part)
        if not parts:
            return None
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def one(self, depth: int) -> Node | None:
        negations = 0
        while self.next is not None and (self.next.kind == "minus" or self.next.text == "NOT"):
            self.take()
            negations += 1
        if self.next is None or self.next.text in ("OR", "|", ")"):
            raise QueryError("NOT 或减号后面缺少词；例如：拆迁 -签约。")
        lexeme = self.take()
        part = self.group(depth) if lexeme.text == "(" and lexeme.kind == "sign" else self.word(lexeme.text)
        return Not(part) if part is not None and negations % 2 else part

    def group(self, depth: int) -> Node:
        inner = self.either(depth + 1)
        if self.next is None:
            raise QueryError("检索式缺少右括号；请补上“)”。")
        self.take()
        return inner

    def word(self, text: str) -> Node | None:
        match = _FIELD.fullmatch(text)
        name = match["name"].lower() if match else ""
        if name in REFUSED:
            raise QueryError("不提供按作者检索：本系统不跟踪个人；请按内容、地点或信源检索。")
        if match and name in NAMES:
            return _filter(NAMES[name], match["value"], self.now)
        found = tuple(tokens(text))
        if not found:
            self.ignored.append(text)
            return None
        return Words(found)


def _filter(name: str, value: str, now: datetime) -> Node:
    values = [part.strip('"“” ') for part in re.split(r"[,，](?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)", value)]
    values = [part for part in values if part]
    if not values:
        raise QueryError(f"“{name}:”后面缺少取值。")
    if name == "time":
        return _one([_within(part, now) for part in values])
    if name in VALUES:
        values = [_value(name, part) for part in values]
    if name == "stage":
        return InStage(tuple(values))
    return OneOf(Field(name), tuple(values))


def _one(parts: list[Node]) -> Node:
    return parts[0] if len(parts) == 1 else Some(tuple(parts))


def _value(name: str, value: str) -> str:
    allowed = [str(each) for each in ENUMS[name]]
    named = VALUES[name].get(value, value.lower())
    if named not in allowed:
        words = "、".join(f"{chinese}（{english}）" for chinese, english in VALUES[name].items())
        raise QueryError(f"“{value}”不是可用的取值；{name} 可用：{words}。")
    return str(named)


_RELATIVE = re.compile(r"(\d{1,5})(h|d|小时|天)")
_DATE = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2})(?:[T ](\d{1,2}):(\d{2}))?)?)?")


def _within(value: str, now: datetime) -> Within:
    if ".." in value:
        left, right = value.split("..", 1)
        since = _period(left, now)[0] if left else None
        until = _period(right, now)[1] if right else None
        if since is None and until is None:
            raise QueryError("时间范围两头都空着；例如：time:2026-03-13..2026-03-15。")
        return Within(since, until)
    return Within(*_period(value, now))


def _period(value: str, now: datetime) -> tuple[datetime, datetime]:
    """The stretch that one time names: [start, end). QueryError when it is no time."""
    today = now.astimezone(SHANGHAI).date()
    if value in ("今天", "today"):
        return _days(today, today)
    if value in ("昨天", "yesterday"):
        return _days(today - timedelta(days=1), today - timedelta(days=1))
    relative = _RELATIVE.fullmatch(value)
    if relative:
        hours = int(relative[1]) * (1 if relative[2] in ("h", "小时") else 24)
        return now - timedelta(hours=hours), now + timedelta(seconds=1)
    try:
        return _absolute(value)
    except ValueError:
        raise QueryError(
            f"“{value}”不是时间；可写 2026-03-15、2026-03、2026-03-13..2026-03-15、24h、7d、今天、昨天。"
        ) from None


def _absolute(value: str) -> tuple[datetime, datetime]:
    match = _DATE.fullmatch(value)
    if match is None:
        raise ValueError(value)
    year, month, day, hour, minute = (int(part) if part else None for part in match.groups())
    if year is None or not 1970 <= year <= 2200:
        raise ValueError(value)
    if month is None:
        return _days(date(year, 1, 1), date(year, 12, 31))
    if day is None:
        return _days(date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1]))
    if hour is None or minute is None:
        return _days(date(year, month, day), date(year, month, day))
    start = datetime(year, month, day, hour, minute, tzinfo=SHANGHAI)
    return start, start + timedelta(minutes=1)


def _days(first: date, last: date) -> tuple[datetime, datetime]:
    return (
        datetime.combine(first, time(), SHANGHAI),
        datetime.combine(last + timedelta(days=1), time(), SHANGHAI),
    )
