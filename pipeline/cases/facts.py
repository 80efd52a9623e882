"""Every fact of a case's history as one type (处置单的动作与事实), and how it is read and written.

The action a person asks for and the fact that the history keeps are the same record, so the history reads as what was
done. `actions` are what persons do, `happenings` what the machine records.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from pipeline.cases.actions import Action
from pipeline.cases.happenings import Happening
from pipeline.cases.refusal import Refused, say

AnyFact = Action | Happening

_ACTIONS: TypeAdapter[Action] = TypeAdapter(Annotated[Action, Field(discriminator="kind")])
_FACTS: TypeAdapter[AnyFact] = TypeAdapter(Annotated[AnyFact, Field(discriminator="kind")])


def read_action(raw: dict[str, Any]) -> Action:
    """An action from a form, a command or a signed link. Raises Refused naming the field that is wrong."""
    try:
        return _ACTIONS.validate_python(raw)
    except ValidationError as error:
        raise Refused(f"动作“{raw.get('kind', '')}”有误：{say(error, skip=1)}。") from error


def read_fact(raw: dict[str, Any]) -> AnyFact:
    """A fact from the history."""
    return _FACTS.validate_python(raw)


def write_fact(fact: AnyFact) -> dict[str, Any]:
    """The fact as the history keeps it: JSON values only."""
    return fact.model_dump(mode="json")
