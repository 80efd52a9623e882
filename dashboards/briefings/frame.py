"""What every paper has (版头): identity, number, masthead, hands, annex. The bodies are each paper's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256

from sqlalchemy import select

from dashboards.briefings import wording
from dashboards.briefings.content import KIND_NAMES, Block, Briefing, BriefingKind, Hands, Source
from dashboards.briefings.material import Material
from dashboards.briefings.proofs import LETTERS
from dashboards.words import full_moment, short
from pipeline.cases.people import Role
from pipeline.clock import iso, shanghai
from pipeline.document import Kind, Secrecy
from pipeline.store import briefings as store
from pipeline.store.documents import analysis_columns
from pipeline.store.schema.documents import analyses, documents


def framed(
    material: Material,
    kind: BriefingKind,
    blocks: Sequence[Block],
    *,
    title: str = "",
    period: str = "",
    event_id: str = "",
    series: str = "",
    marks: dict[str, str] | None = None,
    secrecy: Secrecy = Secrecy.INTERNAL,
    hands: Hands | None = None,
    subject: str = "",
) -> Briefing:
    """The paper around a body. Its id follows from kind, subject and cut-off, so the same paper keeps its number."""
    office = material.settings.office
    end = material.period.end
    local = shanghai(end)
    key = sha256("\x1f".join((kind, event_id or subject, iso(end))).encode()).hexdigest()[:24]
    number = store.number_for(material.connection, key, kind, local.year)
    made = Briefing(
        id=key,
        kind=kind,
        masthead=f"{office.letterhead}{KIND_NAMES[kind]}",
        issue=f"〔{local.year}〕第{number}期",
        office=office.name,
        date=wording.day(end),
        title=title,
        period=period or f"监测时段：{wording.clock(material.period.start)}至{wording.clock(end)}",
        cut_off=end,
        blocks=tuple(blocks),
        hands=hands or signing(material),
        secrecy=secrecy,
        event_id=event_id,
        series=series,
        marks=marks or {},
        names=dict(material.called),
    )
    return with_sources(material, made)


def with_sources(material: Material, briefing: Briefing) -> Briefing:
    """The annex: one line for each document that a sentence stands on."""
    ids = briefing.document_ids()
    rows = material.connection.execute(
        select(documents, *analysis_columns()).outerjoin(analyses).where(documents.c.id.in_(ids))
    )
    found = {row.id: row for row in rows}
    listed = []
    for key in ids:
        row = found.get(key)
        if row is None:
            continue
        kind = Kind(row.kind)
        title = short(row.masked_title or row.masked_text or "", 30)
        public = (
            any(name in row.source for name in (*material.voice.official, *material.voice.media))
            or kind is Kind.NEWS
            or kind in LETTERS
        )
        source = row.source if public and row.source else wording.voice(kind)
        listed.append(
            Source(
                key,
                title,
                source,
                full_moment(row.published_at or row.known_at),
                row.url,
                sha256(row.text.encode()).hexdigest(),
            )
        )
    return replace(briefing, sources=tuple(listed))


def signing(material: Material) -> Hands:
    """报/送 from the directory's leaders; 编辑 is who is on duty at the cut-off; reviewer and issuer sign later."""
    people = material.office.directory.all()
    principal = [p for p in people if p.active and p.has(Role.LEADER) and p.principal]
    others = [p for p in people if p.active and p.has(Role.LEADER) and not p.principal]
    consulted = dict.fromkeys(p.unit for p in people if p.active and p.has(Role.CONSULTED) and p.unit)
    editors = material.figure("on_duty", material.period.end, "duty").value
    return Hands(
        report_to="、".join(f"{p.name}{_post(p.title)}" for p in principal[:3]) or "区政府主要负责同志",
        send_to="、".join(f"{p.name}{_post(p.title)}" for p in others[:4]),
        distribute="、".join(list(consulted)[:6]),
        editor=material.names([one for one in editors.split("、") if one][:2]),
    )


def _post(title: str) -> str:
    return f"（{title}）" if title else ""
