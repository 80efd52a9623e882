"""Random sequences of actions by random people and roles reach no state that the rules forbid.

The oracle below is written from the rules, not from the code: it looks only at the history and at the configuration.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.cases.actions import (
    Acknowledged,
    Assessed,
    Assigned,
    ClassSet,
    Closed,
    Decided,
    Drafted,
    FedBack,
    Lowered,
    Raised,
    Reopened,
    Responded,
    Reviewed,
    StepApproved,
    StepReturned,
)
from pipeline.cases.assignment import protect
from pipeline.cases.audience import to_tell
from pipeline.cases.escalation import due
from pipeline.cases.facts import AnyFact, read_action
from pipeline.cases.happenings import AlertJoined, Opened
from pipeline.cases.line import waiting_steps
from pipeline.cases.office import Office
from pipeline.cases.people import Role
from pipeline.cases.refusal import Refused
from pipeline.cases.roster import OnDuty
from pipeline.cases.state import AssignmentStatus, CaseState, Entry, Phase
from pipeline.cases.steps import apply, decide, fold
from pipeline.cases.vocabulary import Origin

from .conftest import FIRE

UNITS = ("区应急管理局", "区消防救援大队", "区城管局", "区委宣传部")
ACCUSED = "区城管局"
FORMS = ("press_conference", "site_statement", "weibo", "interpretation", "portal_reply")
PAPERS = ("line", "statement", "plan", "material", "policy")
ORIGINS = (Origin.ALERT, Origin.ALERT, Origin.ALERT, Origin.PLANNED)
STEPS = ("legal", "secrecy", "publicity", "cyber", "deputy", "principal")


def _fields(rng: random.Random, case: CaseState, at: datetime) -> dict[str, Callable[[], dict[str, Any]]]:
    later = (at + timedelta(hours=rng.choice([1, 5, 30]))).isoformat()
    before = (at - timedelta(minutes=rng.choice([0, 1, 90]))).isoformat()
    some = f"a{rng.randint(1, max(1, len(case.assignments)))}"
    paper = rng.choice(PAPERS)
    version = max([d.version for d in case.drafts if d.paper == paper], default=1) - rng.choice([0, 0, 0, 1])
    unit = rng.choice(UNITS)
    approver = rng.choice(["", "ding_haiyang", "fang_yi", "gu_lan"])
    leader = rng.choice(["", "song_wenbo", "lu_zhiming", "gu_lan"])
    text = rng.choice(["无人员伤亡", "造成2人受伤", "情况说明"])
    return {
        "acknowledged": lambda: {"via": "link"},
        "start_set": lambda: {"which": rng.choice(["happened", "first_seen"]), "moment": before, "reason": "核实"},
        "class_set": lambda: {
            "legal_class": rng.choice(["major", "other", "other"]),
            "reason": "研判",
            "as_major": rng.random() < 0.3,
            "approver": approver,
        },
        "grade_set": lambda: {"level": rng.randint(1, 4), "reason": "调整"},
        "raised": lambda: {"authority": "澜州市指挥部", "reason": "提级"},
        "lowered": lambda: {"reason": "结束"},
        "supplied": lambda: {"text": "材料"},
        "assessed": lambda: {
            "verified": ["起火"],
            "demands": ["有没有伤亡"],
            "consequences": {"spread": "扩散", "gathering": "集聚", "hot": "热议"},
            "opinion_kind": "重大问题",
        },
        "decided": lambda: {
            "decision": rng.choice(["answer", "answer", "offline", "watch"]),
            "reason": "研判",
            "approver": approver,
            "review_at": later,
        },
        "reviewed": lambda: {"resolved": rng.random() < 0.5, "reason": "回访", "review_at": later},
        "assigned": lambda: {"unit": unit, "asked": "核实", "due": later, "lead": rng.random() < 0.5},
        "reminded": lambda: {"assignment": some},
        "fed_back": lambda: {"assignment": some, "text": text},
        "feedback_returned": lambda: {"assignment": some, "reason": "不详", "due": later},
        "reassigned": lambda: {"assignment": some, "unit": unit, "reason": "不属职责", "due": later},
        "assignment_closed": lambda: {"assignment": some, "accept_conflict": rng.choice(["", "以应急口径为准"])},
        "instructed": lambda: {"leader": leader or "lu_zhiming", "text": "抓紧", "unit": rng.choice(["", unit]), "due": later},
        "drafted": lambda: {"paper": paper, "text": text, "secrecy": rng.choice(["public", "public", "internal"])},
        "step_approved": lambda: {
            "paper": paper, "version": max(1, version), "step": rng.choice(STEPS), "leader": leader, "scan": "件1",
        },
        "step_returned": lambda: {"paper": paper, "version": max(1, version), "step": rng.choice(STEPS), "reason": "改"},
        "responded": lambda: {
            "form": rng.choice(FORMS), "title": "通报", "unit": unit, "moment": rng.choice([before, at.isoformat()]),
            "paper": paper, "version": max(1, version), "url": "http://www.yungang.example",
            "linked": rng.choice(["answer", "release"]),
        },
        "miss_explained": lambda: {"duty": rng.choice(["response", "authoritative_information"]), "reason": "核实难"},
        "closed": lambda: {"note": "办结"},
        "reopened": lambda: {"reason": "复燃"},
        "folded": lambda: {"into": "云港舆〔2026〕002号", "reason": "同一事件"},
        "evaluated": lambda: {"text": "评估"},
    }  # fmt: skip


def _guided(
    rng: random.Random, case: CaseState, office: Office, at: datetime
) -> tuple[str, str, dict[str, Any]] | None:
    """Now and then somebody does the sensible next thing, so that long paths are reached too."""
    if case.phase is Phase.OPENED:
        return "gu_lan", "acknowledged", {}
    if case.phase is Phase.ASSESSING and rng.random() < 0.5:
        kind = "decided" if case.assessment and case.legal_class else rng.choice(["assessed", "class_set"])
        return "fang_yi", kind, {}
    if not case.drafts or case.phase is Phase.RAISED:
        return None
    draft = rng.choice(case.drafts[-3:])
    steps = waiting_steps(draft, office.mechanism, case.level)
    fields: dict[str, Any] = {"paper": draft.paper, "version": draft.version}
    if not steps:
        linked = rng.choice(["answer", "release", "interpretation"])
        moment = (at - timedelta(minutes=rng.choice([0, 0, 5]))).isoformat()
        said = {"form": rng.choice(FORMS), "title": "通报", "unit": "区委宣传部", "moment": moment, "archive": "件"}
        return rng.choice(["qin_wan", "fang_yi"]), "responded", fields | said | {"linked": linked}
    step = rng.choice(steps)
    people = {"legal": "lv_heng", "secrecy": "bao_mi", "publicity": "jian_shen", "cyber": "wang_qing"}
    if rng.random() < 0.1:
        return people.get(step, "ming_ce"), "step_returned", fields | {"step": step, "reason": "请改"}
    if step in people:
        return people[step], "step_approved", fields | {"step": step}
    leader = {"deputy": "song_wenbo", "principal": "lu_zhiming"}[step]
    return "ming_ce", "step_approved", fields | {"step": step, "leader": leader, "scan": "件1"}


@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 10**9), origin=st.sampled_from(ORIGINS))
def test_no_sequence_of_actions_reaches_a_forbidden_state(seed: int, origin: Origin, office: Office) -> None:
    history, case = _live(seed, origin, office)
    assert fold(history) == case


def test_the_sequences_reach_every_phase_and_every_kind_of_action(office: Office) -> None:
    """The property would prove nothing if the random office never got anywhere."""
    kinds: set[str] = set()
    phases: set[Phase] = set()
    for seed in range(110):
        history, _ = _live(seed, ORIGINS[seed % len(ORIGINS)], office)
        kinds |= {entry.fact.kind for entry in history}
        case = CaseState()
        for entry in history:
            case = apply(case, entry)
            phases.add(case.phase)
    assert phases == set(Phase)
    assert set(_fields(random.Random(0), CaseState(), FIRE)) <= kinds


def _live(seed: int, origin: Origin, office: Office) -> tuple[list[Entry], CaseState]:
    """One random life of a case; every step is checked by the oracle."""
    rng = random.Random(seed)
    people = [p.id for p in office.directory.all()]
    busy = ["gu_lan", "fang_yi", "fang_yi", "qin_wan", "ming_ce"]
    at = FIRE
    accused = (ACCUSED,) if rng.random() < 0.5 else ()
    opened = Opened(
        origin=origin, number="云港舆〔2026〕001号", title="起火", level=rng.randint(1, 4), detected=at, accused=accused,
        policy=rng.random() < 0.5, suggested_units=("区应急管理局",), legal_class=rng.choice(["major", "other"]),
    )  # fmt: skip
    history = [Entry("c1", 1, at, "system", opened)]
    case = apply(CaseState(), history[0])
    for _ in range(90):
        at += timedelta(minutes=rng.choice([0, 1, 10, 10, 60, 400]))
        facts: tuple[AnyFact, ...]
        by = "system"
        roll = rng.random()
        if roll < 0.12:
            facts = due(case, office.mechanism, at)
        elif roll < 0.14:
            joined = AlertJoined(alert_id=f"x{len(history)}", rule="举报", level=3, reason="举报", accused=(ACCUSED,))
            facts = (*protect(case, [ACCUSED], office, at), joined) if not case.finished else ()
        else:
            guided = _guided(rng, case, office, at) if rng.random() < 0.4 else None
            makers = _fields(rng, case, at)
            kind = rng.choice(sorted(makers))
            who, kind, fields = guided or (rng.choice([*busy, rng.choice(people)]), kind, {})
            fields = fields or makers[kind]()
            if kind == "fed_back" and case.assignments and rng.random() < 0.7:
                held = case.assignment(fields["assignment"])
                staff = office.directory.of_unit(held.unit) if held else ()
                who = staff[0].id if staff else who
            by = who
            try:
                facts = decide(case, read_action({"kind": kind, **fields}), office.directory.get(who), at, office)
            except Refused:
                continue
        for fact in facts:
            entry = Entry("c1", len(history) + 1, at, by, fact)
            before, case = case, apply(case, entry)
            history.append(entry)
            _check(history, before, case, entry, office)
    return history, case


def _check(history: list[Entry], before: CaseState, case: CaseState, entry: Entry, office: Office) -> None:
    _check_people(history, before, case, entry, office)
    _check_told(case, entry, office)
    _check_order(history, before, case, entry)
    _check_class(before, case, entry)
    _check_raised(before, entry)
    _check_four_eyes(history, entry, office)
    if isinstance(entry.fact, Responded):
        _check_response(history, entry.fact, entry, before, office)
    if isinstance(entry.fact, Closed):
        _check_closed(history, before)
    if before.finished:
        assert not isinstance(entry.fact, Responded | Decided | Assigned | Drafted | Assessed | FedBack)


def _check_people(history: list[Entry], before: CaseState, case: CaseState, entry: Entry, office: Office) -> None:
    """A leader never acts; the unit complained of never leads and is never the sole owner; a unit feeds back its own."""
    by = office.directory.find(entry.by)
    assert entry.by == "system" or (by is not None and not by.has(Role.LEADER))
    leads = [a.unit for a in case.assignments if a.lead]
    assert not set(leads) & set(case.accused)
    assert len(leads) <= 1
    assert leads or not case.assignments
    if isinstance(entry.fact, FedBack):
        held = before.assignment(entry.fact.assignment)
        assert held is not None
        assert by is not None
        assert by.unit == held.unit


def _check_told(case: CaseState, entry: Entry, office: Office) -> None:
    """Whoever is told may see the case; the unit complained of hears of its own assignments only."""
    own = ("assigned", "reassigned", "reminded", "feedback_returned", "assignment_overdue")
    holders = {a.unit for a in case.assignments}
    for key in to_tell(entry.fact, case, office, OnDuty()):
        person = office.directory.get(key)
        if person.unit in case.accused and person.roles <= {Role.UNIT, Role.CONSULTED}:
            assert entry.fact.kind in own
            assert person.unit in holders
        if person.roles == frozenset({Role.UNIT}):
            assert person.unit in holders


def _check_order(history: list[Entry], before: CaseState, case: CaseState, entry: Entry) -> None:
    """Nothing is judged before somebody has acknowledged, and that happens once."""
    acknowledged = sum(isinstance(e.fact, Acknowledged) for e in history)
    assert acknowledged <= 1
    if isinstance(entry.fact, Assessed | Decided | Assigned | Raised | Drafted) and case.origin is Origin.ALERT:
        assert acknowledged == 1


def _check_class(before: CaseState, case: CaseState, entry: Entry) -> None:
    """参照重大执行 and quiet decisions have an approver who is somebody else; the first class is never settled quietly."""
    fact = entry.fact
    if isinstance(fact, ClassSet) and fact.as_major:
        assert fact.approver not in ("", entry.by)
    if isinstance(fact, Decided):
        assert before.assessment is not None
        assert before.legal_class
        if fact.decision != "answer":
            assert fact.approver not in ("", entry.by)
            assert fact.reason
            assert fact.review_at
            assert fact.review_at > entry.at
    if case.legal_class == "major" or case.as_major:
        assert case.phase not in (Phase.OFFLINE, Phase.WATCHING)


def _check_raised(before: CaseState, entry: Entry) -> None:
    """While raised the office publishes nothing."""
    if isinstance(entry.fact, Responded | Drafted | StepApproved | StepReturned | Decided | Reviewed):
        assert before.phase is not Phase.RAISED
    if isinstance(entry.fact, Lowered):
        assert before.phase is Phase.RAISED


def _check_closed(history: list[Entry], before: CaseState) -> None:
    """Every part done, a response where one was decided, a review where none was."""
    assert all(a.status is AssignmentStatus.CLOSED for a in before.assignments)
    if before.phase is Phase.ANSWERING and before.origin is Origin.ALERT:
        assert before.responses
    if before.phase in (Phase.OFFLINE, Phase.WATCHING):
        last = next(e.fact for e in reversed(history[:-1]) if isinstance(e.fact, Reviewed | Decided | Reopened))
        assert isinstance(last, Reviewed)
        assert last.resolved


def _check_four_eyes(history: list[Entry], entry: Entry, office: Office) -> None:
    if not isinstance(entry.fact, StepApproved):
        return
    fact = entry.fact
    drafted = next(
        e
        for e in history
        if isinstance(e.fact, Drafted) and (e.fact.paper, e.fact.version) == (fact.paper, fact.version)
    )
    assert drafted.by not in (entry.by, fact.leader)
    deciders = [
        e.fact.leader or e.by
        for e in history
        if isinstance(e.fact, StepApproved) and (e.fact.paper, e.fact.version) == (fact.paper, fact.version)
    ]
    assert len(deciders) == len(set(deciders))
    decider = office.directory.find(fact.leader or entry.by)
    assert decider is not None
    assert fact.step in decider.approves
    if decider.has(Role.LEADER):
        recorder = office.directory.find(entry.by)
        assert recorder is not None
        assert recorder.has(Role.SECRETARY)
        assert fact.scan


def _check_response(history: list[Entry], fact: Responded, entry: Entry, before: CaseState, office: Office) -> None:
    """Nothing goes out but a public text whose whole chain, for the grade of that moment, was passed before."""
    drafted = next(
        e.fact
        for e in history
        if isinstance(e.fact, Drafted) and (e.fact.paper, e.fact.version) == (fact.paper, fact.version)
    )
    assert isinstance(drafted, Drafted)
    assert drafted.secrecy == "public"
    passed = {
        e.fact.step: e.at
        for e in history
        if isinstance(e.fact, StepApproved) and (e.fact.paper, e.fact.version) == (fact.paper, fact.version)
    }
    wanted = {step for stage in office.mechanism.approval.stages(before.level) for step in stage}
    assert wanted <= set(passed)
    assert not any(
        isinstance(e.fact, StepReturned) and (e.fact.paper, e.fact.version) == (fact.paper, fact.version)
        for e in history
    )
    assert max(passed.values()) <= fact.moment <= entry.at
    if before.policy and fact.linked == "release":
        papers = {e.fact.paper for e in history if isinstance(e.fact, StepApproved)}
        assert {"plan", "material"} <= papers
