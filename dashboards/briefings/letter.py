"""Letters (函): 工作建议 to a unit about an event; and a rumour letter to the authorities, with address and text only.

A rumour letter is only for what seriously harms public order, needs a named approver, and never carries an identity.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from config.settings import Settings
from dashboards.briefings import parts, wording
from dashboards.briefings.advising import advice
from dashboards.briefings.content import Block, Briefing, BriefingKind, Heading, Paragraph, Sentence
from dashboards.briefings.frame import framed
from dashboards.briefings.material import Material, Period
from dashboards.briefings.proofs import LONG_AGO
from pipeline.analysis.accusation import accused_units
from pipeline.cases.people import Role
from pipeline.errors import HuiyingError
from pipeline.events.viewpoints import viewpoints
from pipeline.store import documents as document_store


def write(connection: Connection, settings: Settings, event_id: str, unit: str, at: datetime) -> Briefing:
    """工作建议: what people ask of the unit, the numbers, suggestions. HuiyingError when nothing is known of the event."""
    material = Material(connection, settings, Period(at - timedelta(days=7), at))
    told = material.told(event_id)
    if told is None:
        raise HuiyingError(f"没有事件 {event_id}；事件编号在看板网址 /events/ 之后。")
    accused = {name for one in told.judged for name in accused_units(one.analysis.accusation)}
    if unit in accused:
        raise HuiyingError(f"这个事件里有举报{unit}的来信，工作建议不能发给被举报单位；请改发其主管部门。")
    blocks: list[Block] = [Paragraph((Sentence(f"{unit}：", (told.first.document.id,)),))]
    blocks.append(
        Paragraph(
            (
                Sentence(f"现就{wording.titled(told.title)}有关情况提出工作建议。", (told.first.document.id,)),
                parts.spread(material, told, whole=True),
            )
        )
    )
    blocks.append(Heading(1, "群众关切"))
    groups = [group for group in viewpoints(told.judged) if group.side in ("negative", "question")][:3]
    for group in groups:
        quoted = group.quotes[0]
        text = f"{group.voices}人次{'提出疑问' if group.side == 'question' else '表示不满'}，如“{wording.quote(quoted.text)}”。"
        blocks.append(Paragraph((Sentence(text, tuple(one.document_id for one in group.quotes), quoted=True),)))
    if not groups:
        blocks.append(Paragraph(tuple(parts.quotes(material, told, 3))))
    blocks.append(Heading(1, "建议"))
    blocks += [Paragraph((one.sentence(),), f"{number}.") for number, one in enumerate(advice(material, told, 3), 1)]
    end = material.figure("event", told.id, LONG_AGO, at)
    blocks.append(Paragraph((Sentence("以上供参考，办理和回应情况请反馈我单位。", (), (end,)),)))
    made = framed(
        material,
        BriefingKind.LETTER,
        blocks,
        title=f"关于{wording.titled(told.title)}的工作建议",
        event_id=told.id,
        subject=unit,
    )
    return replace(made, hands=replace(made.hands, report_to="", send_to=unit, distribute=""))


def write_rumour(
    connection: Connection, settings: Settings, document_id: str, harm: str, approver: str, at: datetime
) -> Briefing:
    """The rumour letter. HuiyingError without a marked rumour, a harm in words, or an approver who may sign."""
    material = Material(connection, settings, Period(at - timedelta(days=7), at))
    judged = document_store.judged(connection, [document_id]).get(document_id)
    if judged is None or judged.analysis.rumour is None:
        raise HuiyingError(f"文档 {document_id} 没有传言标记，不能列为谣言线索；情绪、批评和质疑不是谣言。")
    if len(harm.strip()) < 10:
        raise HuiyingError("请写明它怎样严重扰乱公共秩序（不少于10个字）；只有这一种情形可以发函。")
    person = material.office.directory.get(approver)
    if not person.has(Role.SPOKESPERSON, Role.LEADER):
        raise HuiyingError(f"{person.name}不能批准谣言线索函；须由新闻发言人或领导署名批准。")
    text = wording.quote(judged.analysis.masked_text, 400)
    blocks: list[Block] = [
        Heading(1, "网址"), Paragraph((Sentence(judged.document.url or "（来源没有公开网址）", (document_id,)),)),
        Heading(1, "内容"), Paragraph((Sentence(f"“{text}”", (document_id,), quoted=True),)),
        Heading(1, "对公共秩序的影响"), Paragraph((Sentence(wording.stop(harm), (), (), by=person.name),)),
        Paragraph((Sentence("本函只列网址和内容，不含任何个人身份信息；是否属实由有权机关认定。", (document_id,)),)),
    ]  # fmt: skip
    made = framed(material, BriefingKind.RUMOUR, blocks, title="关于一条网络传言的线索函", subject=document_id)
    return replace(made, hands=replace(made.hands, report_to="", send_to="公安机关", distribute="", issuer=person.name))
