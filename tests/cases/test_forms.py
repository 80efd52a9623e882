"""The office's Word forms say what the file says (处置单、研判表、交办单)."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import datetime

import pytest
from docx import Document

from pipeline.cases.forms import assessment_form, assignment_form, case_form
from pipeline.cases.refusal import Refused
from pipeline.store import cases

from .conftest import Play

At = Callable[[float], datetime]


def words(content: bytes) -> str:
    document = Document(io.BytesIO(content))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([p.text for p in document.paragraphs] + cells)


@pytest.fixture
def played(play: Play, hours: At) -> Play:
    play.alert(hours(0))
    play.answering(hours(0.1), legal_class="other", as_major=True, approver="ding_haiyang", reason="参照执行")
    play.act("gu_lan", "assigned", hours(1), unit="区应急管理局", asked="核实伤亡", due=hours(3).isoformat())
    play.act("ming_ce", "instructed", hours(1), leader="lu_zhiming", text="全力救治", scan="批〔2026〕15号")
    play.approved_line(hours(2), text="火灾造成2人受伤。")
    play.respond(hours(2), answers=["有没有人员伤亡"])
    return play


def test_the_file_on_paper_holds_class_clock_assignment_line_response_and_history(played: Play, hours: At) -> None:
    office = played.desk.office(played.connection)
    entries = cases.entries(played.connection, played.case_id)
    text = words(case_form(played.case, entries, office, hours(4)))
    for said in (
        "政务舆情处置单（云港舆〔2026〕001号）",
        "其他政务舆情，参照重大执行（丁海洋批准）",
        "舆情提示等级（本单位）橙色",
        "发布权威信息",
        "按时完成",
        "国办发〔2016〕80号",
        "云港舆交〔2026〕001-1号",
        "全力救治",
        "法律审核 吕衡",
        "政府网站发布",
        "尚未回答的问题：空气还能不能呼吸；起火原因",
        "签收（网页）",
    ):
        assert said in text, said


def test_assessment_and_assignment_have_forms_of_their_own(played: Play, hours: At) -> None:
    office = played.desk.office(played.connection)
    text = words(assessment_form(played.case, office, hours(4)))
    for said in ("政务舆情研判表", "网传有人死亡", "散播阶段可能后果", "谣言扩散", "热议阶段可能后果", "重大问题"):
        assert said in text
    text = words(assignment_form(played.case, played.case.assignments[0], office))
    for said in (
        "政务舆情交办单",
        "区应急管理局（牵头）",
        "核实伤亡",
        "3月15日 05:40",
        "属地管理、分级负责、谁主管谁负责",
    ):
        assert said in text


def test_a_report_that_contradicts_what_was_published_is_not_closed_silently(played: Play, hours: At) -> None:
    staff = played.desk.shipped.of_unit("区应急管理局")[0].id
    played.act(staff, "fed_back", hours(2.5), assignment="a1", text="经核实共4人受伤")
    with pytest.raises(Refused, match="已发布文稿第1版"):
        played.act("fang_yi", "assignment_closed", hours(3), assignment="a1")
    played.act("fang_yi", "assignment_closed", hours(3), assignment="a1", accept_conflict="已发更正")
