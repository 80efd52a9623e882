"""The forms on the page of a case (处置单表单): which actions this person may take now, and how a filled form is read.

What may be done is said by mechanism.permissions and refused by the rules themselves; here it is only offered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dashboards.case_inputs import MAKERS, Input
from pipeline.cases.office import Office
from pipeline.cases.people import Person
from pipeline.cases.permissions import View, action_name
from pipeline.cases.state import CaseState, Phase
from pipeline.cases.steps import offered
from pipeline.clock import parse_time
from pipeline.errors import HuiyingError


@dataclass(frozen=True, slots=True)
class ActionForm:
    """A form on the page of a case."""

    kind: str
    title: str
    inputs: tuple[Input, ...]
    first: bool = False  # what is due now


def forms_of(case: CaseState, office: Office, person: Person, seen: View) -> list[ActionForm]:
    """The actions that this person may take on this case as it stands, what is due now first."""
    found = []
    taken = offered(case)
    for kind, maker in MAKERS.items():
        if kind not in taken:
            continue
        permitted = set(office.mechanism.permissions.get(kind, ()))
        if not person.roles & permitted or (seen is View.PROTECTED and kind not in ("fed_back", "noted")):
            continue
        inputs = maker(case, office, person)
        if inputs is not None:
            found.append(ActionForm(kind, action_name(kind), tuple(inputs), _is_due(kind, case)))
    return sorted(found, key=lambda form: not form.first)


def read_form(kind: str, inputs: Mapping[str, list[str]], form: ActionForm) -> dict[str, Any]:
    """What was filled in, as the action's own fields. HuiyingError names the field that cannot be read."""
    raw: dict[str, Any] = {"kind": kind}
    consequences: dict[str, str] = {}
    for one in form.inputs:
        said = [value.strip() for value in inputs.get(one.name, []) if value.strip()]
        if one.widget == "file":
            continue  # kept by the view, which adds its name and digest
        if not said and one.widget != "check":
            continue
        value = _value(one, said)
        if one.name.startswith("consequences."):
            consequences[one.name.partition(".")[2]] = value
        elif one.name == "draft":
            raw["paper"], _, version = said[0].partition(":")
            raw["version"] = int(version)
        else:
            raw[one.name] = value
    if consequences:
        raw["consequences"] = consequences
    return raw


def _value(one: Input, said: list[str]) -> Any:
    match one.widget:
        case "moment":
            try:
                return parse_time(said[0])
            except ValueError as error:
                raise HuiyingError(f"“{one.label}”的时间写法不对；请写成 2026-03-15T08:30。") from error
        case "lines":
            return tuple(line.strip() for line in said[0].splitlines() if line.strip())
        case "many":
            return tuple(said)
        case "check":
            return bool(said)
        case "number":
            if not said[0].isdigit():
                raise HuiyingError(f"“{one.label}”须是数字。")
            return int(said[0])
        case _:
            return said[0]


def _is_due(kind: str, case: CaseState) -> bool:
    """What the next step usually is, as the file stands."""
    if case.acknowledged_at is None and not case.finished:
        return kind == "acknowledged"
    if not case.legal_class and not case.finished and case.assessment is not None:
        return kind in ("class_set", "fed_back")
    due: dict[Phase, tuple[str, ...]] = {
        Phase.OPENED: ("acknowledged",),
        Phase.ASSESSING: ("assessed",) if case.assessment is None else ("decided", "assigned"),
        Phase.ANSWERING: ("drafted",) if not case.drafts else ("step_approved", "responded"),
        Phase.CLOSED: ("evaluated",),
    }
    return kind in (*due.get(case.phase, ()), "fed_back")
