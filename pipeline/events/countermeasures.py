"""Countermeasure suggestions (对策建议): from config/countermeasures.toml and the office's own closed cases, each with its source.

Nothing is written here by a machine: every line is a line of the file, or a lesson that a person wrote when closing a case.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.document import EventState, Stage
from pipeline.errors import HuiyingError
from pipeline.events.evidence import STAGE_NAMES

SHIPPED = Path(__file__).resolve().parents[2] / "config" / "countermeasures.toml"


class CountermeasuresError(HuiyingError):
    """config/countermeasures.toml cannot be used: file, key and value."""


class Advice(BaseModel):
    """One line and when it applies: every condition that is given must hold."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    text: str = Field(min_length=4)
    source: str = Field(min_length=2)
    stages: tuple[Stage, ...] = ()
    topics: tuple[str, ...] = ()
    opinion_kinds: tuple[str, ...] = ()
    legal_classes: tuple[str, ...] = ()
    min_departments: int = 0
    min_rumours: int = 0
    min_messages: int = 0
    min_media: int = 0
    min_dead_or_hurt: int = 0
    min_negative_share: float = 0.0
    max_authority: int | None = None

    def why(self, state: EventState, opinion_kind: str, legal_class: str) -> str | None:
        """Why it applies, in words; None when it does not."""
        reasons = []
        for wanted, have, words in (
            (self.stages, state.stage in self.stages, STAGE_NAMES[state.stage]),
            (self.topics, _has_topic(self.topics, state), state.topic_sub or state.topic),
            (self.opinion_kinds, opinion_kind in self.opinion_kinds, opinion_kind),
            (self.legal_classes, legal_class in self.legal_classes, legal_class),
        ):
            if wanted and not have:
                return None
            if wanted:
                reasons.append(words)
        for least, number, words in (
            (self.min_departments, len(state.departments), "涉及单位 {}"),
            (self.min_rumours, state.rumours, "带传言迹象 {} 条"),
            (self.min_messages, state.messages, "来信来电 {} 件"),
            (self.min_media, state.media, "媒体 {} 家"),
            (self.min_dead_or_hurt, state.dead + state.hurt, "所报伤亡 {} 人"),
        ):
            if number < least:
                return None
            if least:
                reasons.append(words.format(number))
        share = state.negative / max(1, state.documents)
        if share < self.min_negative_share or (self.max_authority is not None and state.authority > self.max_authority):
            return None
        if self.min_negative_share:
            reasons.append(f"负面占 {share:.0%}")
        return "，".join(reasons) or "总是适用"


class AdviceFile(BaseModel):
    """The whole of config/countermeasures.toml."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    measure: tuple[Advice, ...]
    worse: tuple[Advice, ...] = ()

    @classmethod
    def load(cls, path: Path = SHIPPED) -> AdviceFile:
        """Read the file; CountermeasuresError names file, key and value when it is wrong."""
        try:
            return cls.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise CountermeasuresError(f"{path} 读不懂：{error}；请按 TOML 格式改正。") from error
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(str(part) for part in first["loc"])
            raise CountermeasuresError(
                f"{path} 的 {key} 不对：{first['msg']}（{str(first['input'])[:40]!r}）。"
            ) from error


@dataclass(frozen=True, slots=True)
class Countermeasure:
    """One suggestion: what, from where, why here."""

    text: str
    source: str
    why: str


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a person wrote when closing a case of the same topic."""

    case_number: str
    topic: str
    topic_sub: str
    text: str


def suggest(
    state: EventState,
    advice: Iterable[Advice],
    opinion_kind: str = "",
    legal_class: str = "",
    lessons: Iterable[Lesson] = (),
) -> list[Countermeasure]:
    """Suggestions that apply to the event now: the file's in its order, then lessons of closed cases on the same topic."""
    found = [
        Countermeasure(one.text, one.source, why)
        for one in advice
        if (why := one.why(state, opinion_kind, legal_class)) is not None
    ]
    kind = state.topic_sub or state.topic
    alike = [one for one in lessons if one.topic == state.topic and one.topic_sub in ("", state.topic_sub)]
    return found + [Countermeasure(one.text, f"处置单 {one.case_number} 的经验", f"同属{kind}") for one in alike]


def _has_topic(topics: Iterable[str], state: EventState) -> bool:
    for topic in topics:
        label, _, sub = topic.partition("/")
        if label == state.topic and sub in ("", state.topic_sub):
            return True
    return False
