"""The office's forms as Word documents (研判表、交办单、处置单). Pure: state in, bytes out."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from datetime import datetime

from docx import Document as new_document
from docx.document import Document as Word
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Pt

from pipeline.cases.assessment import STAGES
from pipeline.cases.clocks import STANDING_NAMES, START_NAMES, clocks, moment_text
from pipeline.cases.line import PAPER_NAMES, step_names
from pipeline.cases.office import Office
from pipeline.cases.responses import FORM_NAMES, open_questions
from pipeline.cases.secrecy import SECRECY_NAMES
from pipeline.cases.state import PHASE_NAMES, Assignment, CaseState, Entry
from pipeline.cases.steps import apply
from pipeline.cases.vocabulary import StartKind
from pipeline.cases.wording import grade_name, tell
from pipeline.clock import shanghai

Rows = Sequence[Sequence[str]]


def case_form(case: CaseState, entries: Sequence[Entry], office: Office, at: datetime) -> bytes:
    """The whole file on paper: facts, clocks, assessment, assignments, texts, responses, effect, history."""
    word = _start(f"政务舆情处置单（{case.number}）")
    _table(word, ("项目", "内容"), _facts(case, office))
    _section(word, "时限", ("事项", "起点", "应于", "状态", "依据"), _clock_rows(case, office, at))
    _assessment(word, case)
    parts = [
        (a.number, a.unit, "牵头" if a.lead else "配合", a.asked, moment_text(a.due), a.feedback)
        for a in case.assignments
    ]
    _section(word, "交办与反馈", ("编号", "单位", "分工", "要求", "反馈时间", "反馈"), parts)
    instructed = [(office.directory.name(i.leader), moment_text(i.at), i.text, i.scan) for i in case.instructions]
    _section(word, "领导批示", ("领导", "时间", "批示", "批示件"), instructed)
    _section(word, "文稿审签", ("文稿", "标识", "起草", "审签"), _draft_rows(case, office))
    _section(word, "回应", ("方式", "时间", "单位", "标题", "链接或存档", "回答的问题"), _response_rows(case))
    if open_questions(case):
        word.add_paragraph(f"尚未回答的问题：{'；'.join(open_questions(case))}")
    effects = [(e.response, f"前后各{e.hours}小时", e.verdict) for e in case.effects]
    _section(word, "回应效果", ("回应", "时段", "结论"), effects)
    for title, text in (("办结说明", case.closing_note), ("事后评估", case.evaluation)):
        if text:
            word.add_heading(title, level=2)
            word.add_paragraph(text)
    _section(word, "办理记录", ("序号", "时间", "人员", "记录"), history_rows(entries, office))
    return _finish(word)


def history_rows(entries: Iterable[Entry], office: Office) -> list[tuple[str, str, str, str]]:
    """Every line of the history, as it read when it was written."""
    rows, case = [], CaseState()
    for entry in entries:
        case = apply(case, entry)
        by = office.directory.name(entry.by)
        rows.append((str(entry.seq), f"{shanghai(entry.at):%Y-%m-%d %H:%M}", by, tell(entry.fact, case, office)))
    return rows


def assessment_form(case: CaseState, office: Office, at: datetime) -> bytes:
    """研判表."""
    word = _start(f"政务舆情研判表（{case.number}）")
    _table(word, ("项目", "内容"), _facts(case, office))
    _section(word, "时限", ("事项", "起点", "应于", "状态", "依据"), _clock_rows(case, office, at))
    _assessment(word, case)
    return _finish(word)


def assignment_form(case: CaseState, assignment: Assignment, office: Office) -> bytes:
    """舆情交办单."""
    word = _start("政务舆情交办单")
    rows = [
        ("编号", assignment.number),
        ("承办单位", f"{assignment.unit}（{'牵头' if assignment.lead else '配合'}）"),
        ("事项", case.title),
        ("办理要求", assignment.asked),
        ("交办时间", moment_text(assignment.assigned_at)),
        ("反馈时间", moment_text(assignment.due)),
        ("原则", office.mechanism.office.units_lead_principle),
        ("反馈", assignment.feedback),
        ("交办单位", office.mechanism.office.name),
    ]
    _table(word, ("项目", "内容"), rows)
    return _finish(word)


def _facts(case: CaseState, office: Office) -> Rows:
    legal = office.mechanism.class_of(case.legal_class).name if case.legal_class else "（未定）"
    if case.as_major:
        legal += f"，参照重大执行（{office.directory.name(case.as_major_approver)}批准）"
    who = f"（{office.directory.name(case.class_by)}：{case.class_reason}）" if case.class_by else ""
    return [
        ("标题", case.title),
        ("状态", PHASE_NAMES[case.phase]),
        ("法定类别", legal + who),
        ("本单位等级", grade_name(case.level, office)),
        *((START_NAMES[kind], moment_text(moment)) for kind, moment in _starts(case)),
        ("牵头单位", "、".join(case.lead_units) or "（未交办）"),
    ]


def _starts(case: CaseState) -> Iterable[tuple[StartKind, datetime | None]]:
    return zip(START_NAMES, (case.happened, case.first_seen, case.detected), strict=True)


def _clock_rows(case: CaseState, office: Office, at: datetime) -> Rows:
    return [
        (
            view.name + ("（暂按预警建议计时）" if view.provisional else ""),
            f"{START_NAMES[view.governing]} {moment_text(view.start)}",
            moment_text(view.due),
            STANDING_NAMES[view.standing] + (f"：{view.reason}" if view.reason else ""),
            view.source,
        )
        for view in clocks(case, office.mechanism, at)
    ]


def _assessment(word: Word, case: CaseState) -> None:
    form = case.assessment
    if form is None:
        return
    rows = [
        ("已核实", "；".join(form.verified)),
        ("待核实", "；".join(form.unverified)),
        ("群众诉求", "；".join(form.demands)),
        *((f"{STAGES[key]}阶段可能后果", text) for key, text in form.consequences.items()),
        ("意见类型", form.opinion_kind),
        ("回应重点", "、".join(form.key_classes)),
        ("走势", form.trend),
        ("对策建议", "；".join(form.countermeasures)),
    ]
    if case.decision:
        rows.append(("决定", f"{case.decision.decision}：{case.decision.reason}"))
    _section(word, "研判", ("项目", "内容"), rows)


def _draft_rows(case: CaseState, office: Office) -> Rows:
    rows = []
    for draft in case.drafts:
        passed = [
            f"{step_names(office.mechanism, [a.step])} {office.directory.name(a.by)} {moment_text(a.at)}"
            for a in draft.approvals
        ]
        state = f"退回：{draft.returned}" if draft.returned else "；".join(passed)
        name = f"{PAPER_NAMES[draft.paper]}第{draft.version}版"
        rows.append((name, SECRECY_NAMES[draft.secrecy], office.directory.name(draft.drafted_by), state))
    return rows


def _response_rows(case: CaseState) -> Rows:
    return [
        (FORM_NAMES[r.form], moment_text(r.moment), r.unit, r.title, r.url or r.archive, "；".join(r.answers))
        for r in case.responses
    ]


def _start(title: str) -> Word:
    word = new_document()
    style = word.styles["Normal"]
    style.font.name = "仿宋_GB2312"
    style.font.size = Pt(12)
    style.element.rPr.rFonts.set(qn("w:eastAsia"), "仿宋_GB2312")
    paragraph = word.add_paragraph()
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    run = paragraph.add_run(title)
    run.bold = True
    run.font.size = Pt(18)
    return word


def _section(word: Word, title: str, heads: Sequence[str], rows: Rows) -> None:
    if rows:
        word.add_heading(title, level=2)
        _table(word, heads, rows)


def _table(word: Word, heads: Sequence[str], rows: Rows) -> None:
    table = word.add_table(rows=1, cols=len(heads), style="Table Grid")
    for cell, text in zip(table.rows[0].cells, heads, strict=True):
        cell.text = text
    for row in rows:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text


def _finish(word: Word) -> bytes:
    stream = io.BytesIO()
    word.save(stream)
    return stream.getvalue()
