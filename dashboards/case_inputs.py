"""What a person fills in for each action on a case (处置单各步骤要填什么): one maker an action, None when it cannot be done now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipeline.cases.line import PAPER_NAMES, waiting_steps
from pipeline.cases.office import Office
from pipeline.cases.people import Person, Role
from pipeline.cases.responses import FORM_NAMES, open_questions
from pipeline.cases.secrecy import SECRECY_NAMES
from pipeline.cases.state import AssignmentStatus, CaseState, Phase
from pipeline.cases.vocabulary import Paper

Options = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Input:
    """One field. `widget`: text, area, lines (one item a line), moment, choice, many, check, number."""

    name: str
    label: str
    widget: str = "text"
    options: Options = ()
    needed: bool = True
    value: str = ""


Maker = Callable[[CaseState, Office, Person], Sequence[Input] | None]
OPINION_KINDS = ("建设性意见", "实际困难", "重大问题", "模糊认识", "错误看法")
STARTS = (("happened", "事发"), ("first_seen", "首次见于网上"), ("detected", "本单位发现"))
DECISIONS = (("answer", "公开回应"), ("offline", "线下解决"), ("watch", "持续关注"))
REPORTS = (("first", "首报"), ("follow", "续报"), ("final", "终报"))
LINKED = (("answer", "回应"), ("release", "发布"), ("interpretation", "解读"))


def _reason(label: str = "理由") -> Input:
    return Input("reason", label, "area")


def _leaders(office: Office, needed: bool = True, name: str = "approver", label: str = "批准的领导") -> Input:
    people = [(one.id, f"{one.name}（{one.title}）") for one in office.directory.with_role(Role.LEADER)]
    return Input(name, label, "choice", (("", "—"), *people), needed)


def _units(office: Office) -> Options:
    return [(unit, unit) for unit in office.directory.units()]


def _papers() -> Options:
    return [(paper.value, name) for paper, name in PAPER_NAMES.items()]


def _secrecies() -> Options:
    return [(str(key), name) for key, name in SECRECY_NAMES.items()]


def _open_parts(case: CaseState, statuses: Sequence[AssignmentStatus], person: Person | None = None) -> Options:
    return [
        (one.id, f"{one.number} {one.unit}")
        for one in case.assignments
        if one.status in statuses and (person is None or one.unit == person.unit)
    ]


def _acknowledged(case: CaseState, _office: Office, _person: Person) -> Sequence[Input] | None:
    return () if case.acknowledged_at is None and not case.finished else None


def _start_set(case: CaseState, _office: Office, _person: Person) -> Sequence[Input] | None:
    return (
        None
        if case.finished
        else (Input("which", "哪个起点", "choice", STARTS), Input("moment", "时间", "moment"), _reason())
    )


def _class_set(case: CaseState, office: Office, _person: Person) -> Sequence[Input] | None:
    if case.finished:
        return None
    names = [(one.key, one.name) for one in office.mechanism.legal_class]
    return (
        Input("legal_class", "法定类别", "choice", names, value="other"),
        Input("as_major", "参照重大执行", "check", needed=False),
        _leaders(office, needed=False),
        _reason(),
    )


def _grade_set(case: CaseState, office: Office, _person: Person) -> Sequence[Input] | None:
    if case.finished:
        return None
    grades = [(str(one.level), one.name) for one in office.mechanism.grade]
    return (Input("level", "舆情提示等级（本单位）", "choice", grades, value=str(case.level)), _reason())


def _assessed(case: CaseState, office: Office, _person: Person) -> Sequence[Input] | None:
    if case.finished or case.acknowledged_at is None:
        return None
    form = case.assessment
    return (
        Input("verified", "已核实（每行一条）", "lines", needed=False, value="\n".join(form.verified) if form else ""),
        Input("unverified", "待核实（每行一条）", "lines", needed=False, value="\n".join(form.unverified) if form else ""),
        Input("demands", "群众诉求（最集中的在前）", "lines", needed=False, value="\n".join(form.demands) if form else ""),
        Input("consequences.spread", "散播阶段可能后果", "area", value=form.consequences["spread"] if form else ""),
        Input("consequences.gathering", "集聚阶段可能后果", "area", value=form.consequences["gathering"] if form else ""),
        Input("consequences.hot", "热议阶段可能后果", "area", value=form.consequences["hot"] if form else ""),
        Input("opinion_kind", "意见类型", "choice", [(name, name) for name in OPINION_KINDS], value=form.opinion_kind if form else ""),
        Input("key_classes", "回应重点", "many", [(name, name) for name in office.mechanism.key_classes], False),
        Input("trend", "走势", needed=False, value=form.trend if form else ""),
        Input("countermeasures", "对策建议（每行一条）", "lines", needed=False, value="\n".join(form.countermeasures) if form else ""),
    )  # fmt: skip


def _decided(case: CaseState, office: Office, _person: Person) -> Sequence[Input] | None:
    if case.finished or case.assessment is None or not case.legal_class:
        return None
    return (
        Input("decision", "决定", "choice", DECISIONS),
        _reason(),
        Input("units", "由谁回应", "many", _units(office), False),
        Input("channels", "在哪里回应", "many", [(form.value, name) for form, name in FORM_NAMES.items()], False),
        Input("answer_at", "何时回应", "moment", needed=False),
        _leaders(office, needed=False, label="批准的领导（线下解决、持续关注必填）"),
        Input("review_at", "复核时间（线下解决、持续关注必填）", "moment", needed=False),
    )


def _reviewed(case: CaseState, _office: Office, _person: Person) -> Sequence[Input] | None:
    if case.phase not in (Phase.OFFLINE, Phase.WATCHING):
        return None
    return (
        Input("resolved", "已经解决", "check", needed=False),
        _reason("复核情况"),
        Input("review_at", "下次复核", "moment", needed=False),
    )


def _assigned(case: CaseState, office: Office, _person: Person) -> Sequence[Input] | None:
    if case.finished or case.acknowledged_at is None:
        return None
    suggested = case.suggested_units[0] if case.suggested_units else ""
    return (
        Input("unit", "承办单位", "choice", _units(office), value=suggested),
        Input("asked", "办理要求", "area"),
        Input("due", "反馈时间", "moment"),
        Input("lead", "牵头", "check", needed=False, value="" if case.lead_units else "1"),
        Input("reason", "说明（牵头以外的理由）", needed=False),
    )


def _on_parts(*statuses: AssignmentStatus, extra: Callable[[Office], Sequence[Input]], own: bool = False) -> Maker:
    def make(case: CaseState, office: Office, person: Person) -> Sequence[Input] | None:
        parts = _open_parts(case, statuses, person if own else None)
        return (Input("assignment", "交办事项", "choice", parts), *extra(office)) if parts else None

    return make


def _noted(_case: CaseState, _office: Office, _person: Person) -> Sequence[Input] | None:
    subjects = (("note", "记事"), ("consultation", "会商纪要"), ("handover", "交接"))
    return (Input("subject", "类型", "choice", subjects), Input("text", "内容", "area"))


def _sent_to(case: CaseState, office: Office, _person: Person) -> Sequence[Input] | None:
    if case.finished:
        return None
    units = sorted({one.unit for one in office.directory.with_role(Role.CONSULTED)})
    return (Input("unit", "会商单位", "choice", [(unit, unit) for unit in units]), Input("text", "送阅内容", "area"))


def _drafted(case: CaseState, _office: Office, _person: Person) -> Sequence[Input] | None:
    if case.finished or case.acknowledged_at is None:
        return None
    last = case.latest(Paper.LINE)
    return (
        Input("paper", "文稿", "choice", _papers()),
        Input("text", "全文", "area", value=last.text if last else ""),
        Input("secrecy", "标识", "choice", _secrecies(), value="internal"),
        Input("publish_at", "拟发布时间", "moment", needed=False),
    )


def _waiting(case: CaseState, office: Office, person: Person) -> list[tuple[str, str, str]]:
    """(draft, step, what to show) of the steps that this person may pass now."""
    found = []
    for paper in Paper:
        draft = case.latest(paper)
        for key in waiting_steps(draft, office.mechanism, case.level) if draft else ():
            step = office.mechanism.approval.find(key)
            own = step is not None and (person.has(Role.SECRETARY) if step.leader else key in person.approves)
            if draft is not None and step is not None and own:
                found.append((f"{paper.value}:{draft.version}", key, f"{PAPER_NAMES[paper]}第{draft.version}版"))
    return found


def _step(returned: bool) -> Maker:
    def make(case: CaseState, office: Office, person: Person) -> Sequence[Input] | None:
        waiting = _waiting(case, office, person)
        if not waiting:
            return None
        drafts = list({draft: name for draft, _, name in waiting}.items())
        steps = [
            (key, step.name)
            for key in dict.fromkeys(key for _, key, _ in waiting)
            if (step := office.mechanism.approval.find(key))
        ]
        own = (Input("draft", "文稿", "choice", drafts), Input("step", "环节", "choice", steps))
        if returned:
            return (*own, _reason("退回理由"))
        extra: tuple[Input, ...] = (Input("comment", "意见", needed=False),)
        if person.has(Role.SECRETARY):
            extra = (*extra, _leaders(office, False, "leader", "签批的领导"), Input("scan", "签批件编号", needed=False))
        return (*own, *extra)

    return make


def _responded(case: CaseState, office: Office, person: Person) -> Sequence[Input] | None:
    if case.finished or not case.drafts:
        return None
    drafts = [
        (f"{draft.paper.value}:{draft.version}", f"{PAPER_NAMES[draft.paper]}第{draft.version}版")
        for draft in reversed(case.drafts)
    ]
    questions = [(question, question) for question in open_questions(case)]
    return (
        Input("form", "回应方式", "choice", [(form.value, name) for form, name in FORM_NAMES.items()]),
        Input("title", "标题"),
        Input("unit", "回应单位", value=person.unit or office.directory.press_office),
        Input("moment", "发出时间", "moment"),
        Input("draft", "依据的文稿", "choice", drafts),
        Input("url", "链接（没有链接的附存档件）", needed=False),
        Input("archive", "存档件", "file", needed=False),
        Input("reach", "传播量", "number", needed=False),
        Input("linked", "三联动中的作用", "choice", LINKED),
        Input("answers", "回答了哪些问题", "many", questions, False),
        Input("principal", "主要负责同志出席", "check", needed=False),
    )


def _response_planned(case: CaseState, office: Office, person: Person) -> Sequence[Input] | None:
    if case.finished:
        return None
    return (
        Input("form", "方式", "choice", [(form.value, name) for form, name in FORM_NAMES.items()]),
        Input("planned_at", "计划时间", "moment"),
        Input("unit", "单位", value=person.unit or office.directory.press_office),
        Input("title", "标题"),
    )


def _reach(case: CaseState, _office: Office, _person: Person) -> Sequence[Input] | None:
    answers = [(one.id, one.title) for one in case.responses]
    return (Input("response", "回应", "choice", answers), Input("reach", "传播量", "number")) if answers else None


def _instructed(case: CaseState, office: Office, _person: Person) -> Sequence[Input] | None:
    if case.finished:
        return None
    return (
        _leaders(office, True, "leader", "领导"),
        Input("text", "批示内容", "area"),
        Input("scan", "批示件编号", needed=False),
        Input("unit", "落实单位", "choice", (("", "—"), *_units(office)), False),
        Input("due", "反馈时间", "moment", needed=False),
    )


def _miss_explained(case: CaseState, office: Office, _person: Person) -> Sequence[Input] | None:
    duties = [(key, rule.name if (rule := office.mechanism.duty(key)) else key) for key, _ in sorted(case.missed)]
    return (Input("duty", "逾期事项", "choice", duties), _reason("逾期原因")) if duties else None


def _adopted(case: CaseState, _office: Office, _person: Person) -> Sequence[Input] | None:
    waiting = [(one.id, one.title) for one in case.submissions if one.adopted_at is None]
    return (Input("submission", "报送件", "choice", waiting), Input("how", "采用情况")) if waiting else None


def _upward(case: CaseState, office: Office, _person: Person) -> Sequence[Input] | None:
    if not office.mechanism.upward.enabled or case.finished:
        return None
    return (Input("step", "报送", "choice", REPORTS), Input("text", "内容", "area"))


def _while_open(*inputs: Input) -> Maker:
    return lambda case, _office, _person: None if case.finished else inputs


def _when_finished(*inputs: Input) -> Maker:
    return lambda case, _office, _person: inputs if case.finished else None


def _feedback(_office: Office) -> Sequence[Input]:
    return (Input("text", "反馈内容", "area"), Input("secrecy", "标识", "choice", _secrecies(), value="internal"))


def _elsewhere(office: Office) -> Sequence[Input]:
    return (Input("unit", "改派给", "choice", _units(office)), _reason(), Input("due", "反馈时间", "moment"))


def _closing(_office: Office) -> Sequence[Input]:
    conflict = Input("accept_conflict", "数字矛盾仍予认可的理由", needed=False)
    return (Input("note", "办结说明", needed=False), conflict)


_EVALUATION = (
    Input("text", "评估", "area"),
    Input("lessons", "经验教训（每行一条）", "lines", needed=False),
    Input("precedent", "列为典型案例", "check", needed=False),
)
_OPEN, _BACK = AssignmentStatus.OPEN, AssignmentStatus.FED_BACK
MAKERS: dict[str, Maker] = {
    "acknowledged": _acknowledged,
    "fed_back": _on_parts(_OPEN, extra=_feedback, own=True),
    "class_set": _class_set,
    "grade_set": _grade_set,
    "assigned": _assigned,
    "assessed": _assessed,
    "decided": _decided,
    "reviewed": _reviewed,
    "drafted": _drafted,
    "step_approved": _step(returned=False),
    "step_returned": _step(returned=True),
    "responded": _responded,
    "response_planned": _response_planned,
    "reach_counted": _reach,
    "reminded": _on_parts(_OPEN, extra=lambda _o: (Input("text", "催办内容", "area", needed=False),)),
    "feedback_returned": _on_parts(_BACK, extra=lambda _o: (_reason("退回理由"), Input("due", "重新反馈时间", "moment"))),
    "reassigned": _on_parts(_OPEN, _BACK, extra=_elsewhere),
    "assignment_closed": _on_parts(_BACK, extra=_closing),
    "sent_to": _sent_to,
    "instructed": _instructed,
    "start_set": _start_set,
    "noted": _noted,
    "corrected": _while_open(Input("entry", "更正第几条记录", "number"), Input("text", "正确的是", "area")),
    "miss_explained": _miss_explained,
    "raised": _while_open(Input("authority", "上级机构"), _reason()),
    "supplied": lambda case, _o, _p: (Input("text", "提供的材料", "area"),) if case.raised_to and not case.finished else None,
    "lowered": lambda case, _o, _p: (_reason(),) if case.phase is Phase.RAISED else None,
    "closed": _while_open(Input("note", "办结说明", "area")),
    "submitted": lambda _case, _o, _p: (
        Input("title", "题目"), Input("to", "报给"), Input("text", "内容", "area", needed=False),
    ),
    "adopted": _adopted,
    "upward_reported": _upward,
    "folded": _while_open(Input("into", "并入哪一件（编号）"), _reason("并案理由")),
    "reopened": _when_finished(_reason("重新启动的理由")),
    "evaluated": _when_finished(*_EVALUATION),
}  # fmt: skip
