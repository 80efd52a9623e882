"""What every rule of this room is asked with (动作的问法): who asks, when, under which mechanism and directory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipeline.cases.facts import AnyFact
from pipeline.cases.mechanism import Mechanism
from pipeline.cases.people import Directory, Person
from pipeline.cases.state import CaseState, Entry


@dataclass(frozen=True, slots=True)
class Office:
    """The office as configured: its mechanism and its people."""

    mechanism: Mechanism
    directory: Directory


@dataclass(frozen=True, slots=True)
class Asking:
    """An action is asked for by a person at a moment."""

    by: Person
    at: datetime
    office: Office


Decider = Callable[[CaseState, Any, Asking], tuple[AnyFact, ...]]
Applier = Callable[[CaseState, Any, Entry], CaseState]
