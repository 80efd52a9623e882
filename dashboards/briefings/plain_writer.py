"""A briefing as plain text; and the text of a public statement for WeChat."""

from __future__ import annotations

from collections import Counter

from dashboards.briefings import layout
from dashboards.briefings.content import Briefing, Heading, Paragraph, Picture, Space, require_proof
from dashboards.briefings.docx_writer import annex_lines
from pipeline.document import Secrecy
from pipeline.errors import HuiyingError


def write(briefing: Briefing, annex: bool = True) -> str:
    """The whole paper in lines; UnprovenError when a sentence has no proof."""
    require_proof(briefing)
    lines = [layout.state_line(briefing), briefing.masthead, f"{briefing.issue}　{briefing.series}".rstrip("　")]
    lines += [f"{briefing.office}　{briefing.date}", briefing.period, ""]
    if layout.has_title(briefing):
        lines += [briefing.title, ""]
    lines += [*briefing.notes, *body(briefing), ""]
    lines += [f"{line.label}{line.text}" for line in layout.foot(briefing)]
    lines.append(layout.signatures(briefing))
    if annex and (proofs := annex_lines(briefing)):
        lines += ["", layout.ANNEX, *(f"[{number}] {text}" for number, text in proofs)]
    return "\n".join(lines) + "\n"


def body(briefing: Briefing) -> list[str]:
    """Headings and paragraphs, one a line; a picture as its words."""
    counts: Counter[int] = Counter()
    lines = []
    for block in briefing.blocks:
        if isinstance(block, Heading):
            lines.append(layout.numbered(block, counts))
        elif isinstance(block, Paragraph):
            lines.append(block.lead + "".join(layout.spoken(one) for one in block.sentences))
        elif isinstance(block, Picture):
            lines.append(f"（图）{block.alternative}")
        elif isinstance(block, Space):
            lines.append(block.label)
    return lines


def for_wechat(title: str, text: str, secrecy: Secrecy) -> str:
    """A public statement as WeChat wants it: title, blank line, paragraphs. Refused when it is not 公开."""
    if secrecy is not Secrecy.PUBLIC:
        raise HuiyingError("只有标识为“公开”的文稿可以导出为微信纯文本。")
    paragraphs = [line.strip() for line in text.splitlines() if line.strip()]
    return "\n\n".join([title, *paragraphs]) + "\n"
