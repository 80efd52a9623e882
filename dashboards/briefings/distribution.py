"""Who gets which paper, and by when (报送范围): by kind, from the office's own file; and who is reminded when one is late.

Settings: config/briefings.toml. A kind that the file does not name has no readers of its own: they are named each time.
"""

from __future__ import annotations

import tomllib
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from config.settings import explain
from dashboards.briefings.content import BriefingKind
from pipeline.cases.people import Directory, Person, Role
from pipeline.clock import SHANGHAI
from pipeline.errors import HuiyingError


class Paper(BaseModel):
    """The readers of one kind: everybody of these roles, and these people. `out_by` = HH:MM of the day of its cut-off."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: BriefingKind
    roles: tuple[Role, ...] = ()
    people: tuple[str, ...] = ()
    out_by: str = Field("", pattern=r"^(([01]\d|2[0-3]):[0-5]\d)?$")


class Distribution(BaseModel):
    """The whole of config/briefings.toml."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    source: str = Field(min_length=1)
    remind_minutes: int = Field(ge=0, le=600)
    paper: tuple[Paper, ...]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        kinds = [paper.kind for paper in self.paper]
        if len(set(kinds)) != len(kinds):
            raise ValueError("同一种简报只写一次")
        return self

    @classmethod
    def load(cls, path: Path) -> Distribution:
        """HuiyingError names file and key when something is wrong."""
        try:
            return cls.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise HuiyingError(f"{path} 读不懂：{error}；请按 TOML 格式改正。") from error
        except ValidationError as error:
            raise HuiyingError(f"{path}：{explain(error)}") from error

    def of(self, kind: BriefingKind) -> Paper | None:
        return next((paper for paper in self.paper if paper.kind is kind), None)

    def readers(self, kind: BriefingKind, directory: Directory) -> list[Person]:
        """Active people with a mail address; those whom the file names first."""
        paper = self.of(kind)
        if paper is None:
            return []
        named = [directory.get(key) for key in paper.people]
        others = [person for person in directory.all() if person.has(*paper.roles)]
        return [person for person in dict.fromkeys([*named, *others]) if person.active and person.mail]

    def out_by(self, kind: BriefingKind, day: date) -> datetime | None:
        """When it must be out that day; None = whenever it is signed."""
        paper = self.of(kind)
        if paper is None or not paper.out_by:
            return None
        return datetime.combine(day, time.fromisoformat(paper.out_by), SHANGHAI)

    def remind_from(self, kind: BriefingKind, day: date) -> datetime | None:
        """When its signers are reminded, if it is not out by then."""
        until = self.out_by(kind, day)
        return until - timedelta(minutes=self.remind_minutes) if until else None
