"""领导批示: recorded by the leaders' secretary, with the scan; with a unit it becomes a task with feedback. Pure."""

from __future__ import annotations

from dataclasses import replace

from pipeline.cases.actions import Assigned, Instructed
from pipeline.cases.assignment import assign, lead_of
from pipeline.cases.facts import AnyFact
from pipeline.cases.office import Applier, Asking, Decider
from pipeline.cases.people import Role
from pipeline.cases.refusal import Refused
from pipeline.cases.secrecy import refuse_state_secrets
from pipeline.cases.state import CaseState, Entry, Instruction


def _decide_instructed(case: CaseState, action: Instructed, asking: Asking) -> tuple[AnyFact, ...]:
    leader = asking.office.directory.get(action.leader)
    if not leader.has(Role.LEADER):
        raise Refused(f"{leader.name}不是领导：批示人须是领导，一般意见请用“记事”。")
    refuse_state_secrets(asking.office.mechanism.secrecy, action.text)
    recorded = action.model_copy(update={"id": f"i{len(case.instructions) + 1}"})
    if not action.unit:
        return (recorded,)
    if action.due is None:
        raise Refused("批示交单位办理的，须写反馈时间。")
    task = Assigned(
        unit=action.unit,
        asked=f"落实{leader.name}批示：{action.text}",
        due=action.due,
        lead=lead_of(case) is None,
        reason="领导批示",
    )
    return recorded, assign(case, task, asking.office, asking.at, instruction=recorded.id)


def _apply_instructed(case: CaseState, fact: Instructed, entry: Entry) -> CaseState:
    made = Instruction(fact.id, fact.leader, fact.text, fact.scan, entry.at, fact.unit)
    return replace(case, instructions=(*case.instructions, made))


DECIDERS: dict[type, Decider] = {Instructed: _decide_instructed}
APPLIERS: dict[type, Applier] = {Instructed: _apply_instructed}
