"""What is at stake and what could be done (风险与对策建议): one sentence of core risk, measures with owner and day. Never invented.

A measure is a line of the office's own file, a lesson of a closed case, or what a person wrote in the assessment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from dashboards.briefings import wording
from dashboards.briefings.content import Figure, Paragraph, Sentence
from dashboards.briefings.material import Material, Told
from dashboards.briefings.proofs import LONG_AGO
from dashboards.queries import alike
from pipeline.cases.responses import open_questions
from pipeline.cases.state import AssignmentStatus
from pipeline.events.consequences import lessons
from pipeline.events.countermeasures import AdviceFile, suggest
from pipeline.store.events import state_of

AFTER = (1, 2, 3, 3)  # days from the cut-off by which the first, second … measure is due


@dataclass(frozen=True, slots=True)
class Advice:
    """One measure: what, on whose word (`by` a person, else `source`), and its proof."""

    text: str
    source: str
    figures: tuple[Figure, ...]
    by: str = ""

    def sentence(self) -> Sentence:
        """With where it stands."""
        return Sentence(
            wording.stop(self.text + (f"（{self.source}）" if self.source else "")), (), self.figures, self.by
        )

    def short(self) -> Sentence:
        """Its first clause only."""
        first = self.text.split("；")[0]
        return Sentence(wording.stop(first + (f"（{self.source}）" if self.source else "")), (), self.figures, self.by)


def advice(material: Material, told: Told, most: int) -> list[Advice]:
    """A person's from the assessment, else lines of the office's own file, each with its source."""
    case = told.case
    if case and case.assessment and case.assessment.countermeasures:
        by = material.office.directory.name(case.assessed_by)
        figure = material.case_figure(case)
        return [Advice(one.rstrip("。"), "", (figure,), by) for one in case.assessment.countermeasures[:most]]
    file = AdviceFile.load(material.settings.file("countermeasures.toml"))
    found = suggest(
        state_of(told.row.state),
        file.measure,
        alike.opinion_kind(case, told.judged),
        alike.legal_class(case, material.office.mechanism),
        lessons(alike.read(material.connection, told.row).past),
    )
    stage = material.figure("stage", told.id, material.period.end)
    return [Advice(one.text.rstrip("。"), one.source.split("：")[0], (stage,)) for one in found[:most]]


def measures(material: Material, told: Told, most: int) -> list[Paragraph]:
    """Each with an owner and a day: the lead unit, else the one that the duty list names, else that it is to be named."""
    case = told.case
    guess = told.row.state.get("departments") or []
    who = "、".join(case.lead_units) if case and case.lead_units else f"建议由{guess[0]}" if guess else "责任单位待定"
    found = []
    for number, one in enumerate(advice(material, told, most)):
        day = wording.month_day(material.period.end + timedelta(days=AFTER[min(number, len(AFTER) - 1)]))
        basis = f"；依据：{one.source}" if one.source else ""
        text = f"{one.text}（{who}，{day}前{basis}）。"
        found.append(Paragraph((Sentence(text, (), one.figures, one.by),), f"{number + 1}."))
    return found


def risk(material: Material, told: Told) -> Sentence:
    """One sentence, from what the data says: open questions, a unit that is late, rumours, else the critics' share."""
    case = told.case
    stage = material.figure("stage", told.id, material.period.end)
    if case and (asked := open_questions(case)):
        more = f"等{len(asked)}个问题" if len(asked) > 1 else ""
        return _risk(f"群众所问“{asked[0].rstrip('？?')}”{more}尚未得到回答", (material.case_figure(case),))
    waiting = [task.unit for task in case.assignments if task.status is AssignmentStatus.OPEN] if case else []
    if case and waiting:
        units = "、".join(dict.fromkeys(waiting))
        return _risk(f"{units}尚未反馈，对外信息可能不全", (material.case_figure(case),))
    rumours = [one.document.id for one in told.judged if one.analysis.rumour]
    if rumours:
        return _risk(f"{len(rumours)}条信息带有传言迹象，未经证实的说法仍在流传", (stage,), rumours[:8])
    negative = material.figure("event_negative", told.id, LONG_AGO, material.period.end)
    all_ = material.figure("event", told.id, LONG_AGO, material.period.end)
    share = wording.percent(negative, all_)
    return _risk(f"{wording.titled(told.title)}负面信息占{share}，处于{stage.value}阶段", (negative, all_, stage))


def _risk(text: str, figures: tuple[Figure, ...], documents: Sequence[str] = ()) -> Sentence:
    return Sentence(f"主要风险：{text}。", tuple(documents), figures)
