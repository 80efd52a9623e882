"""处置单: the clock, the steps, the line and its versions, responses, effect, history; and the list of all."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from starlette.datastructures import UploadFile
from starlette.responses import Response

from dashboards.case_forms import forms_of, read_form
from dashboards.queries import cases as queries
from dashboards.room import Looking, Posted, Sent, Visitor, back_to
from pipeline.cases.clocks import START_NAMES, clocks
from pipeline.cases.facts import read_action
from pipeline.cases.forms import assessment_form, assignment_form, case_form, history_rows
from pipeline.cases.line import PAPER_NAMES, is_approved, step_names, waiting_steps
from pipeline.cases.permissions import View, view
from pipeline.cases.refusal import Refused
from pipeline.cases.responses import FORM_NAMES, open_questions
from pipeline.cases.state import FINISHED, CaseState
from pipeline.cases.steps import closing_obstacles
from pipeline.cases.vocabulary import Origin
from pipeline.cases.wording import grade_name
from pipeline.store import case_files
from pipeline.store import cases as case_store
from pipeline.store.schema.cases import cases as table

router = APIRouter(include_in_schema=False)
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@router.get("/cases")
def listed(visitor: Looking, show: str = "open") -> Response:
    """Those that the person may see, with their nearest clock."""
    finished = [phase.value for phase in FINISHED]
    where = table.c.phase.in_(finished) if show == "closed" else table.c.phase.not_in(finished)
    with visitor.room.services.store.read() as connection:
        found = queries.seen_by(queries.load_many(connection, where), visitor.person)
    mechanism, at = visitor.office.mechanism, visitor.now
    clock_of = {one.case.id: one.clock for one in reversed(queries.running(found, mechanism, at))}
    found.sort(key=lambda case: (clock_of[case.id].due if case.id in clock_of else at.replace(year=9999), case.number))
    return visitor.show(
        "cases.html", found=found, clock_of=clock_of, shown=show, number=visitor.number, can_open=visitor.may("open")
    )


@router.post("/cases")
def open_by_hand(sent: Posted) -> Response:
    """人工登记, 计划内发布, 工作建议函 or 情况动态."""
    visitor = sent.by
    origin = sent.text("origin")
    if origin not in (Origin.MANUAL, Origin.PLANNED, Origin.ADVICE, Origin.REPORT):
        raise Refused("请选择建单类型。")
    with visitor.room.services.store.write() as connection:
        changes = visitor.room.desk.open_by_hand(
            connection, visitor.person, visitor.now, title=sent.text("title"), reason=sent.text("reason"), origin=Origin(origin)
        )  # fmt: skip
        visitor.room.keep(connection, changes)
    return back_to(f"/cases/{changes[0].case_id}", "已建单。")


@router.get("/cases/{case_id}")
def show(visitor: Looking, case_id: str) -> Response:
    """The look is written down, except when a page that is open already brings itself up to date."""
    room = visitor.room
    if "x-live" in visitor.request.headers:
        with room.services.store.read() as connection:
            case, seen = _allowed(visitor, case_store.load(connection, case_id))
            entries = case_store.entries(connection, case_id)
    else:
        with room.services.store.write() as connection:
            case, seen = room.desk.see(connection, case_id, visitor.person, visitor.now)
            entries = case_store.entries(connection, case_id)
    office, mechanism = visitor.office, visitor.office.mechanism
    papers = [
        {
            "draft": draft,
            "name": PAPER_NAMES[draft.paper],
            "approved": is_approved(draft, mechanism, case.level),
            "waiting": step_names(mechanism, waiting_steps(draft, mechanism, case.level)),
            "steps": [(step_names(mechanism, [one.step]), one) for one in draft.approvals],
        }
        for draft in reversed(case.drafts)
    ]
    return visitor.show(
        "case.html",
        case=case,
        seen=seen.value,
        own=[one for one in case.assignments if seen is View.FULL or one.unit == visitor.person.unit],
        sent=[one for one in case.sent if seen is View.FULL or one[0] == visitor.person.unit],
        clocks=clocks(case, mechanism, visitor.now),
        start_names=START_NAMES,
        grade=grade_name(case.level, office),
        legal=mechanism.class_of(case.legal_class).name if case.legal_class else "",
        suggested=mechanism.class_of(mechanism.class_key(case.suggested_class)).name,
        papers=papers,
        forms=forms_of(case, office, visitor.person, seen),
        form_names=FORM_NAMES,
        questions=open_questions(case),
        obstacles=closing_obstacles(case, mechanism, visitor.now),
        steps=_steps(case, any(paper["approved"] for paper in papers)) if seen in (View.FULL, View.PART) else [],
        treatment=mechanism.treatments.get(case.assessment.opinion_kind, "") if case.assessment else "",
        history=list(reversed(history_rows(entries, office))) if seen is View.FULL else [],
        can_export=visitor.may("export"),
        number=visitor.number,
    )


@router.post("/cases/{case_id}/{kind}")
def act(sent: Posted, case_id: str, kind: str) -> Response:
    """One action of a person; the rules refuse what may not be, in one line."""
    visitor = sent.by
    with visitor.room.services.store.write() as connection:
        case, seen = _allowed(visitor, case_store.load(connection, case_id))
        form = next((one for one in forms_of(case, visitor.office, visitor.person, seen) if one.kind == kind), None)
        if form is None:
            raise Refused("现在不能办理这一步：可能已由他人办理，或不在您的权限内；请刷新页面。")
        raw = read_form(kind, {one.name: sent.all(one.name) for one in form.inputs}, form)
        action = read_action(raw | _kept_file(sent))
        changes = visitor.room.desk.act(connection, case_id, action, visitor.person, visitor.now)
        visitor.room.keep(connection, changes)
    return back_to(f"/cases/{case_id}", f"{form.title}：已记录。")


def _kept_file(sent: Sent) -> dict[str, str]:
    """The archived proof of a response: kept under its digest, named as it was sent."""
    file = sent.form.get("archive")
    if not isinstance(file, UploadFile) or not file.filename:
        return {}
    content = file.file.read(case_files.LIMIT + 1)
    if len(content) > case_files.LIMIT:
        raise Refused("存档件太大：每件不超过 50 MB。")
    digest = case_files.keep(sent.by.room.services.settings.data_dir, content)
    return {"archive": file.filename[:200], "archive_sha256": digest}


@router.get("/cases/{case_id}/paper/{name}")
def paper(visitor: Looking, case_id: str, name: str) -> Response:
    """处置单, 研判表 or 交办单 as a Word document; each export is written down."""
    office, at = visitor.office, visitor.now
    with visitor.room.services.store.write() as connection:
        case, seen = _allowed(visitor, case_store.load(connection, case_id))
        part = case.assignment(name)
        if part is not None and (seen is View.FULL or part.unit == visitor.person.unit):
            content, title = assignment_form(case, part, office), "交办单"
        elif seen is not View.FULL or not visitor.may("export"):
            raise Refused("您没有导出权限：请由新闻发言人或管理员导出。")
        elif name == "assessment":
            content, title = assessment_form(case, office, at), "研判表"
        else:
            content, title = case_form(case, case_store.entries(connection, case_id), office, at), "处置单"
        case_store.audit(connection, at, visitor.person.id, "export", case_id, title)
    headers = {"content-disposition": f'attachment; filename="{case_id}-{part.id if part else name}.docx"'}
    return Response(content, media_type=WORD, headers=headers)


def _steps(case: CaseState, approved: bool) -> list[tuple[str, datetime | bool | None]]:
    """签收 → 研判 → 决定 → 审签 → 回应 → 效果 → 办结: what is done, and when."""
    first = min((answer.moment for answer in case.responses), default=None)
    return [
        ("签收", case.acknowledged_at),
        ("研判", case.assessed_at),
        ("决定", case.decided_at),
        ("口径审签", approved),
        ("回应", first),
        ("效果评估", bool(case.effects)),
        ("办结", case.closed_at),
    ]


def _allowed(visitor: Visitor, case: CaseState | None) -> tuple[CaseState, View]:
    seen = view(visitor.person, case) if case else View.NONE
    if case is None or seen is View.NONE:
        raise Refused("没有这件处置单，或您无权查看。")
    return case, seen
