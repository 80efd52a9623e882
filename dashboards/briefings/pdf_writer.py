"""A briefing as PDF through Typst: the same content, the same layout; free fonts stand in for the standard's.

Fonts: the standard's own when the system has them, else Fandol (Debian's texlive-lang-chinese) when installed, else Noto
from the wheel, so that no letter is missing.
"""

from __future__ import annotations

import base64
import json
import tempfile
from collections import Counter
from importlib.resources import files
from pathlib import Path
from typing import Any

from dashboards.briefings import layout
from dashboards.briefings.content import (
    Briefing,
    Heading,
    Paragraph,
    Picture,
    Space,
    marks_of,
    number_marks,
    require_proof,
)
from dashboards.briefings.docx_writer import annex_lines

TEMPLATE = Path(__file__).with_name("briefing.typ")
FOLDERS = (
    Path("/usr/share/texlive/texmf-dist/fonts/opentype/public/fandol"),
    Path("/usr/share/texmf/fonts/opentype/public/fandol"),
)


def write(briefing: Briefing) -> bytes:
    """The file. UnprovenError when a sentence has no proof."""
    import typst

    require_proof(briefing)
    with tempfile.TemporaryDirectory(prefix="huiying-") as folder:
        root = Path(folder)
        data = _data(briefing, root)
        (root / "data.json").write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
        (root / "briefing.typ").write_text(TEMPLATE.read_text(encoding="utf-8"), encoding="utf-8")
        made = typst.compile(str(root / "briefing.typ"), root=str(root), font_paths=font_folders())
    assert isinstance(made, bytes)
    return made


def font_folders() -> list[str]:
    """Where the letters come from: the wheel always, Fandol when it is there."""
    return [str(files("pylopdf_fonts_zh_cn")), *(str(folder) for folder in FOLDERS if folder.exists())]


def _data(briefing: Briefing, root: Path) -> dict[str, Any]:
    """What the template draws: only strings, numbers and lists, so that no text is ever read as markup."""
    marks = marks_of(briefing)
    counts: Counter[int] = Counter()
    blocks: list[dict[str, Any]] = [{"kind": "note", "text": note} for note in briefing.notes]
    for number, block in enumerate(briefing.blocks):
        if isinstance(block, Heading):
            blocks.append({"kind": "heading", "level": block.level, "text": layout.numbered(block, counts)})
        elif isinstance(block, Paragraph):
            said = [{"text": layout.spoken(one), "marks": number_marks(marks[one])} for one in block.sentences]
            blocks.append({"kind": "paragraph", "lead": block.lead, "sentences": said})
        elif isinstance(block, Picture):
            name = f"picture-{number}.png"
            (root / name).write_bytes(base64.b64decode(block.png))
            blocks.append(
                {"kind": "picture", "file": name, "caption": f"图　{block.caption}", "words": block.alternative}
            )
        elif isinstance(block, Space):
            blocks.append({"kind": "space", "label": block.label, "lines": block.lines})
    return {
        "mark": layout.state_line(briefing),
        "compact": layout.compact(briefing),
        "masthead": layout.name(briefing),
        "issue": layout.number(briefing),
        "office": briefing.office,
        "date": layout.when(briefing),
        "period": briefing.period,
        "title": briefing.title if layout.has_title(briefing) else "",
        "blocks": blocks,
        "foot": [{"label": line.label, "text": line.text} for line in layout.foot(briefing)],
        "signatures": layout.signatures(briefing),
        "annex_head": layout.ANNEX,
        "annex": [{"number": number, "text": text} for number, text in annex_lines(briefing)],
    }
