"""The mechanism as the office set it (机制): hours, chains, tables, with the source of each number beside it.

Settings: config/mechanism.toml. Nothing in this room holds a number of its own; provinces differ.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipeline.cases.people import Role
from pipeline.cases.refusal import Refused, say
from pipeline.cases.vocabulary import Form, StartKind
from pipeline.document import Secrecy

Audience = Literal[
    "duty_officer", "shift_leader", "unit_head", "spokesperson", "lead_unit", "assigned_unit", "leader_in_charge",
    "principal_leader", "administrator", "secretary",
]  # fmt: skip
ClassKey = Literal["major", "other"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Duty(_Part):
    """One thing owed by a time: `hours` from the governing start; a shorter local limit may stand beside it."""

    key: str
    name: str
    hours: float = Field(gt=0)
    local_hours: float | None = Field(default=None, gt=0)
    local_source: str = ""
    forms: tuple[Form, ...] = Field(min_length=1)
    source: str = Field(min_length=1)

    @model_validator(mode="after")
    def _shorter(self) -> Self:
        if self.local_hours is not None and (self.local_hours > self.hours or not self.local_source):
            raise ValueError("本地时限只能更短，且要写明依据 local_source")
        return self


class LegalClass(_Part):
    """A legal class (法定类别) and what is owed in it.

    `start`: the first of these that is known, and not out of reach, governs. A slow burn whose first post is weeks old
    would else be overdue before anybody could know of it.
    """

    key: ClassKey
    name: str
    start: tuple[StartKind, ...] = Field(min_length=1)
    start_reach_hours: float | None = Field(default=None, gt=0)  # older starts than this before detection do not govern
    start_source: str
    source: str = Field(min_length=1)
    duty: tuple[Duty, ...]


class Grade(_Part):
    """舆情提示等级（本单位）."""

    level: int = Field(ge=1, le=4)
    name: str
    acknowledge_minutes: int = Field(gt=0)
    source: str = Field(min_length=1)


class Opening(_Part):
    """Which alerts open a case by themselves."""

    levels: tuple[int, ...]
    rules: tuple[str, ...] = ()
    never_rules: tuple[str, ...] = ()
    first_seen_days: int = Field(
        gt=0
    )  # a publication older than this before the event opened here is not its beginning
    source: str


class EscalationStep(_Part):
    """After `times` the grade's acknowledge_minutes without acknowledgement, `tell` is told."""

    times: float = Field(ge=0)
    tell: tuple[Audience, ...] = Field(min_length=1)


class Escalation(_Part):
    """值班员 → 单位负责人 → 分管领导."""

    step: tuple[EscalationStep, ...] = Field(min_length=1)
    source: str


class Warning_(_Part):
    """A warning before a deadline: at a share of the time gone, or minutes before the end."""

    mark: Literal["half", "three_quarters", "hour_before"]
    name: str
    share: float | None = Field(default=None, gt=0, lt=1)
    minutes_before: int | None = Field(default=None, gt=0)
    tell: tuple[Audience, ...]

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.share is None) == (self.minutes_before is None):
            raise ValueError("share 与 minutes_before 只填一个")
        return self


class Deadlines(_Part):
    """Warnings and who hears of a missed deadline."""

    warning: tuple[Warning_, ...]
    missed_tell: tuple[Audience, ...]
    source: str


class ChainStep(_Part):
    """One step of the approval chain; `by` = secretary means a leader's approval, recorded by the secretary."""

    key: str
    name: str
    leader: bool = False


class Chain(_Part):
    """The approval chain for some grades: stages in order; the steps of one stage may pass in any order."""

    levels: tuple[int, ...]
    stages: tuple[tuple[str, ...], ...] = Field(min_length=1)


class Approval(_Part):
    """口径审签."""

    step: tuple[ChainStep, ...]
    chain: tuple[Chain, ...]
    source: str

    @model_validator(mode="after")
    def _whole(self) -> Self:
        known = {step.key for step in self.step}
        levels = [level for chain in self.chain for level in chain.levels]
        if sorted(levels) != [1, 2, 3, 4]:
            raise ValueError("四个等级须各有且只有一条审签链 levels")
        for chain in self.chain:
            for key in (key for stage in chain.stages for key in stage):
                if key not in known:
                    raise ValueError(f"审签链用到未定义的环节“{key}”")
        return self

    def stages(self, level: int) -> tuple[tuple[str, ...], ...]:
        return next(chain.stages for chain in self.chain if level in chain.levels)

    def find(self, key: str) -> ChainStep | None:
        return next((step for step in self.step if step.key == key), None)


class Upward(_Part):
    """紧急信息报送 clock, from 接报; off unless the office turns it on."""

    enabled: bool = False
    first_hours: float = Field(gt=0)
    follow_hours: float = Field(gt=0)
    channel: str
    source: str


class Assignments(_Part):
    """交办催办."""

    number: str
    feedback_hours: dict[Literal["1", "2", "3", "4"], float]
    remind_minutes_before: int = Field(gt=0)
    recusal_units: tuple[str, ...] = Field(min_length=2)  # who takes the lead from a unit that people complain of
    source: str


class Linkage(_Part):
    """发布、解读、回应 三联动."""

    interpretation_hours: float = Field(ge=0)
    source: str


class EffectSettings(_Part):
    """Before and after: equal windows; below `similar_minimum` similar events nothing is concluded."""

    hours: int = Field(gt=0)
    similar_minimum: int = Field(ge=3)
    own_sources: tuple[str, ...]  # names of our own accounts: what they say is no public voice
    source: str


class RosterRules(_Part):
    """How far ahead the roster must be filled, and who hears of a gap."""

    look_ahead_hours: int = Field(gt=0)
    gap_tell: tuple[Audience, ...]
    source: str


class Column(_Part):
    """A column of the statistics: exact unit names first, then name endings, then `rest`."""

    name: str
    units: tuple[str, ...] = ()
    endings: tuple[str, ...] = ()
    rest: bool = False


class Statistics(_Part):
    title: str
    column: tuple[Column, ...]
    source: str

    @model_validator(mode="after")
    def _rest(self) -> Self:
        if sum(column.rest for column in self.column) != 1:
            raise ValueError("statistics.column 须有且只有一栏 rest = true")
        return self


class Retention(_Part):
    years: int = Field(ge=1)
    source: str


class SecrecyRules(_Part):
    """Marks that are refused on input, and what each channel may carry."""

    refused_marks: tuple[str, ...] = Field(min_length=1)
    full_mail_domains: tuple[str, ...] = ()
    notice_text: str
    full: dict[
        Literal["mail_listed", "mail_other", "wechat", "dingtalk", "wecom", "feishu", "webhook", "model"],
        tuple[Secrecy, ...],
    ]
    source: str


class Office(_Part):
    name: str
    case_number: str
    units_lead_principle: str


class Mechanism(_Part):
    """config/mechanism.toml, whole."""

    office: Office
    opening: Opening
    grade: tuple[Grade, ...]
    legal_class: tuple[LegalClass, ...]
    key_classes: tuple[str, ...]
    treatments: dict[str, str]
    deadlines: Deadlines
    escalation: Escalation
    upward: Upward
    assignments: Assignments
    approval: Approval
    linkage: Linkage
    effect: EffectSettings
    roster: RosterRules
    statistics: Statistics
    retention: Retention
    secrecy: SecrecyRules
    permissions: dict[str, tuple[Role, ...]]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if sorted(grade.level for grade in self.grade) != [1, 2, 3, 4]:
            raise ValueError("grade 须有 1、2、3、4 四级")
        if sorted(one.key for one in self.legal_class) != ["major", "other"]:
            raise ValueError("legal_class 须有 major 与 other 两类")
        for action, roles in self.permissions.items():
            if Role.LEADER in roles:
                raise ValueError(f"permissions.{action}：领导只读，其意见由领导秘书录入，不能直接授权")
        return self

    def class_of(self, key: str) -> LegalClass:
        return next(one for one in self.legal_class if one.key == key)

    def grade_of(self, level: int) -> Grade:
        return next(one for one in self.grade if one.level == level)

    def duty(self, key: str) -> Duty | None:
        return next((duty for one in self.legal_class for duty in one.duty if duty.key == key), None)

    def class_key(self, said: str) -> ClassKey:
        """An alert's suggestion (key or name) → class; anything else is the second class."""
        return "major" if said in ("major", self.class_of("major").name) else "other"


def load_mechanism(path: Path) -> Mechanism:
    """Read config/mechanism.toml. Refused with file, key and value when something is wrong."""
    try:
        return Mechanism.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Refused(f"{path.name} 读不出来：{error}；请检查文件和 TOML 写法。") from error
    except ValidationError as error:
        raise Refused(f"{path.name} 有误：{say(error)}。") from error
