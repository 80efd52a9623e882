"""The duty roster (24小时值班表): shifts from a pattern, holidays, swaps, gaps. Pure.

Settings: config/roster.toml. A duty shift and a 带班领导 shift are two posts; a moment without a duty officer is a gap.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipeline.cases.clocks import moment_text
from pipeline.cases.refusal import Refused, say
from pipeline.clock import SHANGHAI

Post = Literal["duty", "leader"]
POST_NAMES: dict[Post, str] = {"duty": "值班员", "leader": "带班领导"}


@dataclass(frozen=True, slots=True)
class Shift:
    """One person at one post from start to end (end excluded)."""

    id: str
    starts_at: datetime
    ends_at: datetime
    person: str
    post: Post
    note: str = ""
    swapped_from: str = ""

    def covers(self, at: datetime) -> bool:
        return self.starts_at <= at < self.ends_at


@dataclass(frozen=True, slots=True)
class OnDuty:
    """Who is on duty at one moment."""

    officers: tuple[str, ...] = ()
    leaders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch of time without a duty officer. `known_from` does not move as time passes, so a gap has one name."""

    starts_at: datetime
    ends_at: datetime
    known_from: datetime | None

    def text(self) -> str:
        return f"值班表空缺：{moment_text(self.starts_at)}至{moment_text(self.ends_at)}没有值班员，请马上排班"


class ShiftTime(BaseModel):
    """A shift of the day: starts at a time, lasts some hours."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    start: time
    hours: float = Field(gt=0, le=24)


class Holiday(BaseModel):
    """Days with people of their own (节假日值班); a working weekend day is `workday`."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    first: date
    last: date
    workday: bool = False
    officers: tuple[str, ...] = ()
    leaders: tuple[str, ...] = ()


class Pattern(BaseModel):
    """config/roster.toml: the shifts of a day and the order in which people take them."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    begins: date
    shift: tuple[ShiftTime, ...] = Field(min_length=1)
    officers: tuple[str, ...]
    weekend_officers: tuple[str, ...] = ()
    leaders: tuple[str, ...]
    fill_days: int = Field(ge=1, le=370)
    holiday: tuple[Holiday, ...] = ()
    source: str

    @model_validator(mode="after")
    def _whole_day(self) -> Self:
        if abs(sum(shift.hours for shift in self.shift) - 24) > 1e-9:
            raise ValueError("各班次时长合计须为24小时")
        return self

    def holiday_of(self, day: date) -> Holiday | None:
        return next((h for h in self.holiday if h.first <= day <= h.last), None)


def load_pattern(path: Path) -> Pattern:
    """Read config/roster.toml. Refused with file and key when something is wrong."""
    try:
        return Pattern.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Refused(f"{path.name} 读不出来：{error}；请检查文件和 TOML 写法。") from error
    except ValidationError as error:
        raise Refused(f"{path.name} 有误：{say(error)}。") from error


def shift_id(starts_at: datetime, post: str, person: str) -> str:
    """The same shift has the same id, however often it is made."""
    said = f"{starts_at.isoformat()}|{post}|{person}"
    return "d" + hashlib.sha256(said.encode()).hexdigest()[:20]


def make_shift(starts_at: datetime, ends_at: datetime, person: str, post: Post, note: str = "") -> Shift:
    """A shift with its id. Refused when it ends before it begins."""
    if ends_at <= starts_at:
        raise Refused("班次的结束时间须晚于开始时间：请改正。")
    return Shift(shift_id(starts_at, post, person), starts_at, ends_at, person, post, note)


def generate(pattern: Pattern, first: date, last: date) -> list[Shift]:
    """The shifts of every day from `first` to `last`, by rotation; holidays take their own people, in their own order."""
    made: list[Shift] = []
    day = first
    while day <= last:
        holiday = pattern.holiday_of(day)
        number = (day - pattern.begins).days
        officers = _officers(pattern, day, holiday)
        leaders = holiday.leaders if holiday and holiday.leaders else pattern.leaders
        note = holiday.name if holiday else ""
        for place, shift in enumerate(pattern.shift):
            start = datetime.combine(day, shift.start, SHANGHAI)
            end = start + timedelta(hours=shift.hours)
            if officers:
                person = officers[(number * len(pattern.shift) + place) % len(officers)]
                made.append(make_shift(start, end, person, "duty", note or shift.name))
        if leaders:
            start = datetime.combine(day, pattern.shift[0].start, SHANGHAI)
            made.append(make_shift(start, start + timedelta(hours=24), leaders[number % len(leaders)], "leader", note))
        day += timedelta(days=1)
    return made


def _officers(pattern: Pattern, day: date, holiday: Holiday | None) -> tuple[str, ...]:
    if holiday and holiday.officers:
        return holiday.officers
    working = bool(holiday and holiday.workday) or day.weekday() < 5
    return pattern.officers if working or not pattern.weekend_officers else pattern.weekend_officers


def on_duty(shifts: Iterable[Shift], at: datetime) -> OnDuty:
    """Who is on duty at `at`."""
    now = sorted((s for s in shifts if s.covers(at)), key=lambda s: (s.starts_at, s.id))
    return OnDuty(
        tuple(dict.fromkeys(s.person for s in now if s.post == "duty")),
        tuple(dict.fromkeys(s.person for s in now if s.post == "leader")),
    )


def gaps(shifts: Sequence[Shift], start: datetime, end: datetime) -> list[Gap]:
    """Stretches of [start, end) without a duty officer. `shifts` should reach back before `start`."""
    found: list[Gap] = []
    covered: datetime | None = None
    reached = start
    for shift in sorted((s for s in shifts if s.post == "duty"), key=lambda s: s.starts_at):
        if shift.starts_at > reached and reached < end:
            found.append(Gap(reached, min(shift.starts_at, end), covered))
        if shift.ends_at > reached:
            reached = shift.ends_at
        if covered is None or shift.ends_at > covered:
            covered = shift.ends_at
    if reached < end:
        found.append(Gap(reached, end, covered))
    return [gap for gap in found if gap.starts_at < gap.ends_at]


def swap(shift: Shift, person: str, note: str) -> Shift:
    """Somebody else takes the shift (换班); who had it stays on record."""
    if person == shift.person:
        raise Refused("换班须换成另一个人。")
    if not note.strip():
        raise Refused("换班须写明原因。")
    return replace(shift, person=person, note=note.strip(), swapped_from=shift.person)
