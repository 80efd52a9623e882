"""Times as Chinese pages write them (中文时间): 9月8日 22:14, 去年12月3日, 上周五, 8日22时, 3分钟前, 二〇二六年三月十五日.

A grammar of a date part and a clock part. What has no year is the latest such moment that is not after `now`; without
`now` only what is complete by itself is read. No answer is ever later than `now`: a clock that runs up to five minutes
ahead of ours is taken as `now`, anything later is not believed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

from pipeline.clock import SHANGHAI

Precision = Literal["", "second", "minute", "hour", "day"]
_AHEAD = timedelta(minutes=5)
_DIGITS = {c: n for n, c in enumerate("〇一二三四五六七八九")} | {"零": 0, "○": 0, "Ｏ": 0, "两": 2}
_DAYS = {"今": 0, "昨": 1, "前": 2, "大前": 3}
_UNITS = {"秒": timedelta(seconds=1), "分钟": timedelta(minutes=1), "小时": timedelta(hours=1), "天": timedelta(days=1),
          "日": timedelta(days=1), "周": timedelta(days=7), "个月": timedelta(days=30), "年": timedelta(days=365)}  # fmt: skip
_N = r"(?:\d{1,2}|[〇零一二三四五六七八九十]{1,3})"
_CLOCK = (
    rf"(?:\s*(?:[（(]?(?:星期|周)[一二三四五六日天][）)]?)?[\sT,，|]*(?P<half>凌晨|清晨|早上|早晨|早|上午|中午|下午|傍晚|晚上|晚间|晚|深夜)?\s*"
    rf"(?P<h>{_N})\s*(?:[:：]\s*(?P<m1>\d{{2}})(?:\s*[:：]\s*(?P<s1>\d{{2}})(?:\.\d+)?)?\s*(?P<zone>Z|[+-]\d\d:?\d\d)?"
    rf"|[时点](?:(?P<m2>{_N}|半)(?:分(?:(?P<s2>{_N})秒)?)?)?(?!间)))"
)
_MOMENT = re.compile(
    r"(?:"
    rf"(?P<year>(?<!\d)(?:19|20)\d\d|(?<![\d/.:-])\d\d(?=(?P<dash>[-/.])\d\d(?P=dash)\d\d\s+\d\d[:：]\d\d)|[一二][〇零○Ｏ一二三四五六七八九]{{3}})(?:\s*[-/年.]|\s(?=\s*\d{{1,2}}\s*/\s*\d))\s*(?P<month>{_N})\s*[-/月.]\s*(?P<day>{_N})(?!\d(?!\d[:：]\d\d))\s*[日号]?"
    rf"|(?P<ago>\d{{1,4}}|[一二两三四五六七八九十]{{1,3}}|半)\s*个?(?P<unit>秒|分钟|小时|天|日|周|个月|(?<=个)月|年)钟?(?:以)?前|(?P<just>刚刚)"
    rf"|(?P<back>今|去|前)年\s*(?P<month2>{_N})月(?P<day2>{_N})[日号]"
    rf"|(?<![\d年])(?P<month3>{_N})月\s*(?P<day3>{_N})[日号]"
    rf"|(?<![\d/.:-])(?P<month4>\d{{1,2}})[-/](?P<day4>\d{{1,2}})(?=\s+\d{{1,2}}[:：]\d\d)"
    rf"|(?P<relative>大前|今|昨|前)[天日]"
    rf"|(?P<week>上上|上|本|这)?个?(?:周|星期|礼拜)(?P<weekday>[一二三四五六日天])"
    rf"|(?<![\d月])(?P<day5>\d{{1,2}})[日号](?=\s*[上下中凌晚早]?[午晨上]?\s*\d{{1,2}}[时点:：])"
    rf")(?:{_CLOCK})?"
)  # fmt: skip
_COMPACT = re.compile(r"(20\d\d)(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?")


@dataclass(frozen=True, slots=True)
class Moment:
    """A time found in a text: aware (Asia/Shanghai), how exact, where it begins, whether it named its year, and whether
    it is told from the moment of reading (昨天, 3小时前)."""

    at: datetime
    precision: Precision
    start: int
    complete: bool
    relative: bool = False


def read_time(text: str, now: datetime | None = None) -> Moment | None:
    """The time that `text` gives: the first exact to the minute, else the first."""
    found = list(read_times(text, now))
    return next((moment for moment in found if moment.precision in ("minute", "second")), found[0] if found else None)


def read_times(text: str, now: datetime | None = None) -> Iterator[Moment]:
    """All times in `text`, in order; those that cannot be or lie after `now` are passed over."""
    whole = text.strip()
    if whole.isdecimal():
        yield from _machine(whole, now)
        return
    for match in _MOMENT.finditer(text):
        try:
            moment = _read(match, now)
        except (ValueError, OverflowError):
            continue
        if moment is not None and (kept := _not_after(moment, now)) is not None:
            yield kept


def number(text: str) -> int:
    """十五 → 15, 二〇二六 → 2026, 08 → 8; ValueError when it is no number."""
    if text.isdecimal():
        return int(text)
    if "十" in text:
        tens, _, ones = text.partition("十")
        return (_DIGITS[tens] if tens else 1) * 10 + (_DIGITS[ones] if ones else 0) if len(text) <= 3 else _no(text)
    return int("".join(str(_DIGITS[c]) for c in text)) if text and all(c in _DIGITS for c in text) else _no(text)


def _no(text: str) -> int:
    raise ValueError(f"no number: {text}")


def _read(match: re.Match[str], now: datetime | None) -> Moment | None:
    part = match.groupdict()
    today = now.astimezone(SHANGHAI) if now else None
    if part["year"]:
        year = number(part["year"])
        day = date(year + 2000 if year < 100 else year, number(part["month"]), number(part["day"]))
        return _with_clock(day, part, match.start(), True)
    if today is None:
        return None
    if part["ago"] or part["just"]:
        return replace(_ago(part, today, match.start()), relative=True)
    shown = _with_clock(_day(part, today.date()), part, match.start(), False)
    if part["relative"] or part["week"]:
        return replace(shown, relative=True)
    if shown.at <= today + _AHEAD or part["back"]:
        return shown
    return _with_clock(_day(part, today.date() - timedelta(days=1)), part, match.start(), False)


def _ago(part: dict[str, str | None], today: datetime, start: int) -> Moment:
    if part["just"]:
        return Moment(today.replace(second=0, microsecond=0), "minute", start, False)
    count, unit = part["ago"] or "", part["unit"] or ""
    step = _UNITS["个月" if unit == "月" else unit]
    at = today - (step / 2 if count == "半" else step * number(count))
    if step >= timedelta(days=1):
        return Moment(datetime.combine(at.date(), time(), SHANGHAI), "day", start, False)
    exact: Precision = "hour" if step == timedelta(hours=1) else "minute"
    return Moment(at.replace(second=0, microsecond=0), exact, start, False)


def _day(part: dict[str, str | None], latest: date) -> date:
    """The date part without a year: the last such day not after `latest`."""
    if back := part["back"]:
        return date(
            latest.year - {"今": 0, "去": 1, "前": 2}[back], number(part["month2"] or ""), number(part["day2"] or "")
        )
    if relative := part["relative"]:
        return latest - timedelta(days=_DAYS[relative])
    if weekday := part["weekday"]:
        wanted = "一二三四五六日".index(weekday.replace("天", "日"))
        if week := part["week"]:
            monday = latest - timedelta(days=latest.weekday())
            return monday + timedelta(days=wanted - 7 * {"上上": 2, "上": 1}.get(week, 0))
        return latest - timedelta(days=(latest.weekday() - wanted) % 7)
    if day := part["day5"]:
        return _last(latest, None, number(day))
    return _last(latest, number(part["month3"] or part["month4"] or ""), number(part["day3"] or part["day4"] or ""))


def _last(latest: date, month: int | None, day: int) -> date:
    year, at = latest.year, month or latest.month
    for _ in range(13):  # twelve months back, or years back to the last 29 February
        try:
            if (found := date(year, at, day)) <= latest:
                return found
        except ValueError:
            pass
        if month is None:
            year, at = (year, at - 1) if at > 1 else (year - 1, 12)
        else:
            year -= 1
    raise ValueError(f"no such day: {month}-{day}")


def _with_clock(day: date, part: dict[str, str | None], start: int, complete: bool) -> Moment:
    midnight = datetime.combine(day, time(), SHANGHAI)
    if part["h"] is None:
        return Moment(midnight, "day", start, complete)
    hour, half = number(part["h"]), part["half"] or ""
    minute_text, second_text = part["m1"] or part["m2"], part["s1"] or part["s2"]
    minute = 30 if minute_text == "半" else number(minute_text or "0")
    second = number(second_text or "0")
    if (
        half in ("下午", "傍晚", "晚上", "晚间", "晚", "深夜") and 1 <= hour < 12 and not (half == "深夜" and hour < 6)
    ) or (half == "中午" and hour < 4):
        hour += 12
    if hour > 23 or minute > 59 or second > 59:
        return Moment(midnight, "day", start, complete)
    at = midnight.replace(hour=hour, minute=minute, second=second)
    if zone := part["zone"]:
        at = datetime.fromisoformat(at.replace(tzinfo=None).isoformat() + zone).astimezone(SHANGHAI)
    exact: Precision = "second" if second_text else "minute" if minute_text else "hour"
    return Moment(at, exact, start, complete)


def _machine(digits: str, now: datetime | None) -> Iterator[Moment]:
    """Seconds or milliseconds since 1970, or 20260315072011."""
    try:
        if len(digits) in (8, 12, 14) and (match := _COMPACT.fullmatch(digits)):
            year, month, day, hour, minute, second = (int(part or 0) for part in match.groups())
            exact: Precision = "second" if match.group(6) else "minute" if match.group(4) else "day"
            moment = Moment(datetime(year, month, day, hour, minute, second, tzinfo=SHANGHAI), exact, 0, True)
        elif len(digits) in (10, 13) and digits[0] == "1":
            at = datetime.fromtimestamp(int(digits[:10]), UTC).astimezone(SHANGHAI)
            moment = Moment(at, "second", 0, True)
        else:
            return
    except ValueError:
        return
    if (kept := _not_after(moment, now)) is not None:
        yield kept


def _not_after(moment: Moment, now: datetime | None) -> Moment | None:
    if now is None or moment.at <= now:
        return moment
    if moment.at <= now + _AHEAD:
        return replace(moment, at=now.astimezone(SHANGHAI))
    return None
