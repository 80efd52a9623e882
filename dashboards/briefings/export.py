"""Files of a briefing (导出): .docx, .pdf and .txt side by side, numbers asked again, the template of the office when it has one."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from sqlalchemy import Connection

from config.settings import Settings
from dashboards.briefings import docx_writer, pdf_writer, plain_writer, proofs
from dashboards.briefings.content import KIND_NAMES, Briefing
from pipeline.clock import shanghai

TEMPLATE = "letterhead.docx"
Form = Literal["docx", "pdf", "txt"]
FORMS: tuple[Form, ...] = ("docx", "pdf", "txt")


def write(connection: Connection, settings: Settings, briefing: Briefing, out: Path) -> list[Path]:
    """Three files in `out`. UnprovenError when a sentence has no proof."""
    made = proofs.recomputed(connection, briefing)
    out.mkdir(parents=True, exist_ok=True)
    paths = []
    for form in FORMS:
        path = out / file_name(made, form)
        path.write_bytes(drawn(settings, made, form))
        paths.append(path)
    return paths


def drawn(settings: Settings, briefing: Briefing, form: Form) -> bytes:
    """The paper as it stands, in one form. UnprovenError when a sentence has no proof."""
    if form == "pdf":
        return pdf_writer.write(briefing)
    if form == "txt":
        return plain_writer.write(briefing).encode()
    template = settings.data_dir / "config" / TEMPLATE
    return docx_writer.write(briefing, template if template.exists() else None)


def file_name(briefing: Briefing, form: Form) -> str:
    """日报-2026-03-15-0700.docx, 快报-首报-….docx; a correction says so and of which paper it is."""
    series = briefing.series.split("（")[0]
    kind = KIND_NAMES[briefing.kind] + ("更正" if briefing.corrects else "")
    parts = [kind, *([series] if series else []), f"{shanghai(briefing.cut_off):%Y-%m-%d-%H%M}"]
    return "-".join(parts) + f".{form}"
