"""Routing (分送): who is told of an alert, by which channel and when; quiet hours, and one digest in place of many.

Settings: config/routing.toml. Pure: people, duty and the hour go in, deliveries come out; nobody is told twice of one alert
by one channel, because the key of a delivery is made of nothing else.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.alerts.rules import LEVEL_NAMES
from pipeline.clock import SHANGHAI, shanghai
from pipeline.document import Alert
from pipeline.errors import HuiyingError

SHIPPED = Path(__file__).resolve().parents[2] / "config" / "routing.toml"
Channel = Literal["mail", "dingtalk", "wecom", "feishu", "webhook"]


class RoutingError(HuiyingError):
    """config/routing.toml cannot be used: file, key and value."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Quiet(_Strict):
    """Hours in which only grave alerts disturb (免打扰); start = end: none."""

    start: time
    end: time
    through_level: int = Field(2, ge=0, le=4)

    def until(self, at: datetime) -> datetime | None:
        """When the quiet hours around `at` end; None outside them."""
        local = shanghai(at)
        now = local.time()
        inside = self.start <= now < self.end if self.start < self.end else now >= self.start or now < self.end
        if self.start == self.end or not inside:
            return None
        day = local.date() if now < self.end else local.date() + timedelta(days=1)
        return datetime.combine(day, self.end, SHANGHAI)


class Digest(_Strict):
    """When many notices become one."""

    late_minutes: int = Field(60, ge=1)
    many: int = Field(3, ge=2)


class Wish(_Strict):
    """What one person wants to hear, and how."""

    id: str
    channels: tuple[Channel, ...] = ("mail",)
    topics: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    levels: tuple[int, ...] = ()
    quiet: Quiet | None = None


class Routing(_Strict):
    """The whole of config/routing.toml."""

    quiet: Quiet
    digest: Digest = Digest(late_minutes=60, many=3)
    person: tuple[Wish, ...] = ()

    @classmethod
    def load(cls, path: Path = SHIPPED) -> Routing:
        """Read the file; RoutingError names file, key and value when it is wrong."""
        try:
            return cls.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise RoutingError(f"{path} 读不懂：{error}；请按 TOML 格式改正。") from error
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(str(part) for part in first["loc"])
            raise RoutingError(f"{path} 的 {key} 不对：{first['msg']}（值 {str(first['input'])[:40]!r}）。") from error


class Staff(Protocol):
    """What routing needs of a person; `roles` are the names that rules use as audience."""

    @property
    def id(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def roles(self) -> Collection[str]: ...
    @property
    def active(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class About:
    """What an alert is about, as far as routing needs it."""

    topics: tuple[str, ...] = ()  # label and label/sub
    places: tuple[str, ...] = ()
    units: tuple[str, ...] = ()  # responsible units, guessed or set
    accused: tuple[str, ...] = ()  # units complained of: never told


@dataclass(frozen=True, slots=True)
class Delivery:
    """One alert to one person by one channel, not before `due_at`."""

    key: str
    person_id: str
    channel: Channel
    alert: Alert
    due_at: datetime
    why: str


def route(
    alert: Alert,
    about: About,
    staff: Iterable[Staff],
    routing: Routing,
    at: datetime,
    on_duty: Collection[str] = (),
) -> list[Delivery]:
    """Deliveries of one alert to those of its audience whom it concerns. `on_duty`: ids of the shift; empty = everybody."""
    wishes = {wish.id: wish for wish in routing.person}
    deliveries = []
    for person in staff:
        role = _role(alert, about, person, on_duty)
        wish = wishes.get(person.id, Wish(id=person.id))
        if not role or not _concerns(wish, alert, about):
            continue
        quiet = wish.quiet or routing.quiet
        waits = None if alert.level <= quiet.through_level else quiet.until(at)
        why = f"作为{role}" + (f"；免打扰，{waits:%H:%M} 后送达" if waits else "")
        deliveries += [
            Delivery(delivery_key(alert.id, person.id, channel), person.id, channel, alert, waits or at, why)
            for channel in wish.channels
        ]
    return deliveries


_ROLE_NAMES = {
    "duty_officer": "值班员",
    "spokesperson": "新闻发言人",
    "unit": "责任单位",
    "leader": "领导",
    "secretary": "领导秘书",
    "consulted": "会商单位",
    "administrator": "管理员",
}


def _role(alert: Alert, about: About, person: Staff, on_duty: Collection[str]) -> str:
    """In which role the person is of the alert's audience; '' when in none."""
    if not person.active or person.unit in about.accused:
        return ""
    for role in alert.audience:
        if role == person.id:
            return "指定人员"
        if role not in person.roles:
            continue
        if role == "unit" and person.unit not in about.units:
            continue
        if role == "duty_officer" and on_duty and person.id not in on_duty:
            continue
        return _ROLE_NAMES.get(role, role)
    return ""


def _concerns(wish: Wish, alert: Alert, about: About) -> bool:
    if wish.levels and alert.level not in wish.levels:
        return False
    if wish.topics and not set(wish.topics) & set(about.topics):
        return False
    return not wish.places or bool(set(wish.places) & set(about.places))


def delivery_key(alert_id: str, person_id: str, channel: str) -> str:
    """The deterministic key of a delivery, also its Message-ID."""
    return "n" + hashlib.sha256(f"{alert_id}\n{person_id}\n{channel}".encode()).hexdigest()[:40]


@dataclass(frozen=True, slots=True)
class Letter:
    """What goes out: one alert, or a digest of several."""

    key: str
    person_id: str
    channel: Channel
    subject: str
    text: str
    due_at: datetime
    alerts: tuple[str, ...]


def letters(deliveries: Sequence[Delivery], routing: Routing, now: datetime) -> list[Letter]:
    """Gather per person and channel: what is long past, or waits for the same morning, becomes one digest."""
    gathered: dict[tuple[str, Channel, datetime | None], list[Delivery]] = {}
    late = timedelta(minutes=routing.digest.late_minutes)
    for delivery in deliveries:
        past = now - delivery.alert.at > late
        waits = delivery.due_at > now
        slot = now if past else delivery.due_at if waits else None
        gathered.setdefault((delivery.person_id, delivery.channel, slot), []).append(delivery)
    found = []
    for (person, channel, slot), group in gathered.items():
        several = slot is not None and len(group) >= (2 if slot == now else routing.digest.many)
        found += [_digest(person, channel, group, now)] if several else [_single(delivery) for delivery in group]
    return sorted(found, key=lambda letter: (letter.due_at, letter.key))


def _single(delivery: Delivery) -> Letter:
    alert = delivery.alert
    subject = f"【{LEVEL_NAMES[alert.level]}提示】{alert.title}"
    text = f"{alert.reason}\n（{shanghai(alert.at):%m-%d %H:%M}，{delivery.why}）"
    return Letter(delivery.key, delivery.person_id, delivery.channel, subject, text, delivery.due_at, (alert.id,))


def _digest(person: str, channel: Channel, group: Sequence[Delivery], now: datetime) -> Letter:
    ordered = sorted(group, key=lambda d: (d.alert.level, d.alert.at, d.alert.id))
    alerts = [delivery.alert for delivery in ordered]
    span = f"{shanghai(min(a.at for a in alerts)):%m-%d %H:%M} 至 {shanghai(max(a.at for a in alerts)):%m-%d %H:%M}"
    subject = f"补报：{span} 共 {len(alerts)} 条预警，最高{LEVEL_NAMES[alerts[0].level]}"
    lines = [f"以下预警属于 {span}，合并告知："]
    lines += [f"{LEVEL_NAMES[a.level]} {shanghai(a.at):%m-%d %H:%M} {a.title}\n　{a.reason}" for a in alerts]
    key = delivery_key("\n".join(a.id for a in alerts), person, channel)
    due = max([now, *(delivery.due_at for delivery in group)])
    return Letter(key, person, channel, subject, "\n".join(lines), due, tuple(a.id for a in alerts))
