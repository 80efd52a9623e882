"""热线工单的办理: tickets past their term and how callers answered, said only where exports carry them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboards.briefings.content import Paragraph, Sentence
from pipeline.clock import parse_time
from pipeline.document import Satisfaction
from pipeline.store import tickets

if TYPE_CHECKING:
    from dashboards.briefings.material import Material
    from dashboards.briefings.proofs import Asking

_UNITS = 2  # named


def with_term(asking: Asking, at: str) -> str:
    return str(tickets.with_term(asking.connection, parse_time(at)))


def overdue(asking: Asking, at: str) -> str:
    return str(sum(tickets.overdue(asking.connection, parse_time(at)).values()))


def overdue_units(asking: Asking, at: str) -> str:
    """The units with the most overdue tickets, each with its count; '' = none is named."""
    found = sorted(tickets.overdue(asking.connection, parse_time(at)).items(), key=lambda one: (-one[1], one[0]))
    return "、".join(f"{unit}{count}件" for unit, count in found[:_UNITS] if unit)


def answered(asking: Asking, start: str, end: str, answer: str = "") -> str:
    """Callers who answered whose tickets were done in the time; all, or those with this answer."""
    found = tickets.answers(asking.connection, parse_time(start), parse_time(end))
    return str(sum(found.values()) if not answer else found.get(Satisfaction(answer), 0))


def handling(material: Material) -> list[Paragraph]:
    """Overdue tickets, and satisfaction; nothing where no ticket has a term and nobody was asked."""
    start, end = material.period.start, material.period.end
    found: list[Sentence] = []
    watched = material.figure("tickets_with_term", end)
    if watched.value != "0":
        late, units = material.figure("tickets_overdue", end), material.figure("tickets_overdue_units", end)
        text = "热线工单没有超过办理时限未办结的。"
        if late.value != "0":
            text = f"热线工单超过办理时限未办结{late.value}件" + (f"，较多的是{units.value}。" if units.value else "。")
        found.append(Sentence(text, (), (watched, late, units)))
    asked = material.figure("tickets_answered", start, end)
    if asked.value != "0":
        unsatisfied = material.figure("tickets_answered", start, end, Satisfaction.UNSATISFIED.value)
        text = f"本期办结的工单有{asked.value}件作了满意度评价，其中不满意{unsatisfied.value}件。"
        found.append(Sentence(text, (), (asked, unsatisfied)))
    return [Paragraph(tuple(found))] if found else []
