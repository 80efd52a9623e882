"""紧急信息报送: drafts of 首报、续报、终报 and the record that they went. Pure; off by default.

Settings: mechanism.upward. The official channel remains 总值班室: the system drafts and counts hours, it sends nothing.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Literal

from pipeline.cases.actions import UpwardReported
from pipeline.cases.clocks import has_clock, moment_text
from pipeline.cases.facts import AnyFact
from pipeline.cases.office import Applier, Asking, Decider, Office
from pipeline.cases.refusal import Refused
from pipeline.cases.secrecy import refuse_state_secrets
from pipeline.cases.state import CaseState, Entry

Step = Literal["first", "follow", "final"]
STEP_NAMES: dict[Step, str] = {"first": "首报", "follow": "续报", "final": "终报"}


def draft(case: CaseState, step: Step, office: Office, at: datetime) -> str:
    """A draft to be checked by a person: only what the file says, verified and unverified kept apart."""
    assessment = case.assessment
    verified = "；".join(assessment.verified) if assessment and assessment.verified else "（正在核实）"
    parts = [
        f"时间：事发{moment_text(case.happened)}，首次见于网上{moment_text(case.first_seen)}，接报{moment_text(case.detected)}。",
        f"已核实情况：{verified}。",
    ]
    if step != "final" and assessment and assessment.unverified:
        parts.append(f"待核实情况：{'；'.join(assessment.unverified)}。")
    parts.append(f"群众诉求：{'；'.join(case.demands) or '（研判中）'}。")
    parts.append(f"处置进展：{_progress(case)}。")
    parts.append(
        "后续情况将及时续报。" if step != "final" else f"处置结果：{case.closing_note or '（办结说明待填）'}。"
    )
    head = [
        f"关于“{case.title}”的情况报告（{STEP_NAMES[step]}）",
        f"报送单位：{office.mechanism.office.name}　报送渠道：{office.mechanism.upward.channel}　起草时间：{moment_text(at)}",
    ]
    return "\n".join(head + [f"{numeral}、{part}" for numeral, part in zip("一二三四五六", parts, strict=False)])


def _progress(case: CaseState) -> str:
    parts = [f"{a.unit}{'已反馈' if a.feedback else '正在办理'}" for a in case.assignments]
    parts += [f"{moment_text(r.moment)}{r.unit}发布《{r.title}》" for r in case.responses]
    return "；".join(parts) or "已启动研判"


def _decide_reported(case: CaseState, action: UpwardReported, asking: Asking) -> tuple[AnyFact, ...]:
    if not has_clock(case):
        raise Refused("此件不是突发舆情，不需要紧急信息报送。")
    refuse_state_secrets(asking.office.mechanism.secrecy, action.text)
    steps = [report.step for _, report in case.upward]
    if action.step == "first" and steps:
        raise Refused("首报已经报送：请改报续报或终报。")
    if action.step != "first" and not steps:
        raise Refused("还没有首报：请先首报。")
    if "final" in steps:
        raise Refused("终报已经报送，不再续报。")
    return (action,)


def _apply_reported(case: CaseState, fact: UpwardReported, entry: Entry) -> CaseState:
    return replace(case, upward=(*case.upward, (entry.at, fact)))


DECIDERS: dict[type, Decider] = {UpwardReported: _decide_reported}
APPLIERS: dict[type, Applier] = {UpwardReported: _apply_reported}
