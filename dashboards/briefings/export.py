"""Files of a briefing (导出): .docx, .pdf and .txt side by side, numbers asked again, the template of the office when it has one."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection

from config.settings import Settings
from dashboards.briefings import docx_writer, pdf_writer, plain_writer, proofs
from dashboards.briefings.content import KIND_NAMES, Briefing
from pipeline.clock import shanghai

TEMPLATE = "letterhead.docx"


def write(connection: Connection, settings: Settings, briefing: Briefing, out: Path) -> list[Path]:
    """Three files in `out`. UnprovenError when a sentence has no proof."""
    made = proofs.recomputed(connection, briefing)
    template = settings.data_dir / "config" / TEMPLATE
    out.mkdir(parents=True, exist_ok=True)
    stem = out / name_of(made)
    files = {
        ".docx": docx_writer.write(made, template if template.exists() else None),
        ".pdf": pdf_writer.write(made),
        ".txt": plain_writer.write(made).encode(),
    }
    paths = []
    for suffix, content in files.items():
        path = stem.with_name(stem.name + suffix)
        path.write_bytes(content)
        paths.append(path)
    return paths


def name_of(briefing: Briefing) -> str:
    """日报-2026-03-15-0700, 快报-首报-…"""
    series = briefing.series.split("（")[0]
    parts = [KIND_NAMES[briefing.kind], *([series] if series else []), f"{shanghai(briefing.cut_off):%Y-%m-%d-%H%M}"]
    return "-".join(parts)
