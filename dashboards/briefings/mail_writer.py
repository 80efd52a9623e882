"""A briefing as a mail (报送邮件): text and page for a phone, its chart inline, the .docx along, a link of the reader's own."""

from __future__ import annotations

import base64
from collections import Counter
from dataclasses import dataclass
from datetime import datetime

import css_inline

from dashboards.briefings import layout, plain_writer
from dashboards.briefings.content import KIND_NAMES, Briefing, Heading, Paragraph, Picture
from dashboards.pages import Pages
from pipeline.cases.people import Person
from pipeline.document import Notice, Secrecy
from pipeline.notices.outbox import notice_key


@dataclass(frozen=True, slots=True)
class _Line:
    """One block of the page: a heading of a level, a picture by its content id, or a paragraph (level 0)."""

    text: str
    lead: str = ""
    level: int = 0
    picture: str = ""


@dataclass(frozen=True, slots=True)
class Attached:
    """The file that goes along, the same to everybody."""

    name: str
    content: bytes


def write(briefing: Briefing, person: Person, link: str, attached: Attached, at: datetime) -> Notice:
    """The mail to one reader. Its key is the paper's and the person's: sent again, it is the same mail."""
    subject = f"【{KIND_NAMES[briefing.kind]}{'更正' if briefing.corrects else ''}】{named(briefing)}"[:80]
    lines, images = _page(briefing)
    page = Pages().bare(
        "briefing_mail.html", subject=subject, paper=briefing, mark=layout.state_line(briefing), lines=lines, link=link,
        title=briefing.title if layout.has_title(briefing) else "", signatures=layout.signatures(briefing),
        attached=attached.name, secret=briefing.secrecy is not Secrecy.PUBLIC,
    )  # fmt: skip
    return Notice(
        key=notice_key("briefing", briefing.id, person.id),
        at=at,
        channel="mail",
        recipient=f"{person.name} <{person.mail}>",
        subject=subject,
        text=f"{plain_writer.write(briefing, annex=False)}\n每句话和每个数字的依据见附件《{attached.name}》。\n已阅请点：{link}\n",
        html=str(css_inline.inline(page)),
        secrecy=briefing.secrecy,
        thread=briefing.event_id or briefing.corrects or briefing.id,
        images=images,
        files=((attached.name, attached.content),),
    )


def named(briefing: Briefing) -> str:
    return briefing.title or f"{briefing.masthead}{briefing.issue}"


def _page(briefing: Briefing) -> tuple[list[_Line], tuple[tuple[str, bytes], ...]]:
    """The body block by block, and the charts that it shows."""
    counts: Counter[int] = Counter()
    lines: list[_Line] = []
    images: list[tuple[str, bytes]] = []
    for number, block in enumerate(briefing.blocks):
        if isinstance(block, Heading):
            lines.append(_Line(layout.numbered(block, counts), level=block.level))
        elif isinstance(block, Paragraph):
            lines.append(_Line("".join(layout.spoken(one) for one in block.sentences), block.lead))
        elif isinstance(block, Picture):
            name = f"chart-{number}"
            images.append((name, base64.b64decode(block.png)))
            lines += [_Line(block.alternative, picture=name), _Line(f"图　{block.caption}")]
    return lines, tuple(images)
