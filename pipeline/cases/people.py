"""The people of the office (人员、新闻发言人队伍): who they are, which unit, which roles.

Settings: config/people.toml (fictional in what is shipped), then the store's `people` table, which the administrator
keeps. No profile of the public is ever made; these are the office's own staff.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from pipeline.cases.refusal import Refused, say

Key = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")]


class Role(StrEnum):
    """Roles (角色). A leader reads; the leaders' secretary records what a leader decided."""

    ADMINISTRATOR = "administrator"
    SPOKESPERSON = "spokesperson"
    DUTY_OFFICER = "duty_officer"
    UNIT = "unit"
    SECRETARY = "secretary"
    LEADER = "leader"
    CONSULTED = "consulted"


ROLE_NAMES = {
    Role.ADMINISTRATOR: "管理员",
    Role.SPOKESPERSON: "新闻发言人",
    Role.DUTY_OFFICER: "值班员",
    Role.UNIT: "责任单位",
    Role.SECRETARY: "领导秘书",
    Role.LEADER: "领导",
    Role.CONSULTED: "会商单位",
}


class Person(BaseModel):
    """One of the staff. `approves` names the steps of the approval chain this person may pass."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: Key
    name: str = Field(min_length=1)
    title: str = ""
    unit: str = ""
    roles: frozenset[Role]
    approves: tuple[str, ...] = ()
    head: bool = False  # 单位负责人
    principal: bool = False  # 主要负责同志
    in_charge_of: tuple[str, ...] = ()  # units a leader is in charge of (分管)
    team: bool = False  # member of the spokespersons' team (新闻发言人队伍)
    mail: str = ""
    telephone: str = ""
    active: bool = True

    def has(self, *roles: Role) -> bool:
        return any(role in self.roles for role in roles)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")
    press_office: str
    person: list[Person]


class Directory:
    """All people, found by id, role and unit. Inactive people keep their name in old histories and get nothing new."""

    def __init__(self, people: Iterable[Person], press_office: str) -> None:
        self.press_office = press_office
        self._people = {person.id: person for person in people}

    def all(self) -> tuple[Person, ...]:
        return tuple(self._people.values())

    def find(self, person_id: str) -> Person | None:
        return self._people.get(person_id)

    def get(self, person_id: str) -> Person:
        """The active person with this id; Refused when there is none."""
        person = self._people.get(person_id)
        if person is None or not person.active:
            raise Refused(f"通讯录中没有在岗人员“{person_id}”：请先在人员名单中登记。")
        return person

    def name(self, person_id: str) -> str:
        person = self._people.get(person_id)
        return person.name if person else ("系统" if person_id == SYSTEM else person_id)

    def with_role(self, role: Role) -> tuple[Person, ...]:
        return tuple(p for p in self._people.values() if p.active and role in p.roles)

    def of_unit(self, unit: str) -> tuple[Person, ...]:
        return tuple(p for p in self._people.values() if p.active and p.unit == unit and not p.has(Role.LEADER))

    def heads(self, unit: str) -> tuple[Person, ...]:
        return tuple(p for p in self.of_unit(unit) if p.head)

    def leaders_of(self, units: Iterable[str]) -> tuple[Person, ...]:
        """The leaders in charge of any of these units (分管领导)."""
        wanted = set(units)
        return tuple(p for p in self.with_role(Role.LEADER) if wanted & set(p.in_charge_of))

    def principals(self) -> tuple[Person, ...]:
        return tuple(p for p in self.with_role(Role.LEADER) if p.principal)

    def team(self) -> tuple[Person, ...]:
        """新闻发言人队伍, by unit."""
        return tuple(sorted((p for p in self._people.values() if p.active and p.team), key=lambda p: (p.unit, p.id)))

    def units(self) -> tuple[str, ...]:
        """Every unit that has somebody to receive a 交办单."""
        return tuple(dict.fromkeys(p.unit for p in self._people.values() if p.active and p.has(Role.UNIT)))


SYSTEM = "system"


def load_people(path: Path) -> Directory:
    """config/people.toml → Directory. Refused with file and key when something is wrong."""
    try:
        file = _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Refused(f"{path.name} 读不出来：{error}；请检查文件和 TOML 写法。") from error
    except ValidationError as error:
        raise Refused(f"{path.name} 有误：{say(error)}。") from error
    seen: set[str] = set()
    for person in file.person:
        if person.id in seen:
            raise Refused(f"{path.name} 中人员编号“{person.id}”重复：每人一个编号。")
        seen.add(person.id)
    return Directory(file.person, file.press_office)
