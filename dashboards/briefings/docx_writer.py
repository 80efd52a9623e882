"""A briefing as .docx: the office's own masthead, the body by GB/T 9704-2012; or set on the office's letterhead template.

The template is a .docx with docxtpl fields ({{ masthead }}, {{ issue }}, {{ office }}, {{ date }}, {{ period }}); the body follows it.
"""

from __future__ import annotations

import base64
import io
from collections import Counter
from pathlib import Path
from zipfile import BadZipFile

from docx import Document as new_document
from docx.document import Document as Word
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING, WD_TAB_ALIGNMENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor
from docx.text.paragraph import Paragraph as WordParagraph
from docx.text.run import Run

from dashboards.briefings import layout
from dashboards.briefings.content import (
    Briefing,
    Heading,
    Paragraph,
    Picture,
    Sentence,
    Space,
    marks_of,
    number_marks,
    queries_of,
    require_proof,
)
from dashboards.briefings.layout import Role
from dashboards.briefings.proofs import describe
from pipeline.errors import HuiyingError

_AFTER_SPACING = ("w:bidi", "w:adjustRightInd", "w:snapToGrid", "w:spacing", "w:ind", "w:jc", "w:rPr")
_AFTER_BORDERS = (
    "w:shd",
    "w:tabs",
    "w:suppressAutoHyphens",
    "w:kinsoku",
    "w:snapToGrid",
    "w:spacing",
    "w:ind",
    "w:contextualSpacing",
    "w:jc",
    "w:rPr",
)
GLUE = "\u00a0"  # a proof number stands on the line of its sentence
RED = RGBColor(0xC0, 0x00, 0x00)


def write(briefing: Briefing, template: Path | None = None) -> bytes:
    """The file. UnprovenError when a sentence has no proof; HuiyingError when the template cannot be used."""
    require_proof(briefing)
    word = _from_template(briefing, template) if template else new_document()
    _page(word)
    if template is None:
        _masthead(word, briefing)
    if layout.has_title(briefing):
        _title(word, briefing)
    _body(word, briefing)
    _foot(word, briefing)
    _annex(word, briefing)
    core = word.core_properties
    core.title, core.author = briefing.title or f"{briefing.masthead}{briefing.issue}", briefing.office
    core.created = core.modified = briefing.cut_off.replace(tzinfo=None)
    core.last_modified_by, core.comments = briefing.office, ""
    stream = io.BytesIO()
    word.save(stream)
    return stream.getvalue()


def _from_template(briefing: Briefing, path: Path) -> Word:
    from docxtpl import DocxTemplate
    from jinja2 import TemplateError

    fields = {name: getattr(briefing, name) for name in ("masthead", "issue", "office", "date", "period", "title")}
    try:
        template = DocxTemplate(path)
        template.render(fields | {"mark": layout.state_line(briefing)}, autoescape=True)
    except (OSError, ValueError, KeyError, BadZipFile, TemplateError) as error:
        raise HuiyingError(f"报头模板 {path} 用不了：{error}；请检查是不是 .docx、字段有没有写错。") from error
    stream = io.BytesIO()
    template.save(stream)
    stream.seek(0)
    return new_document(stream)


def _page(word: Word) -> None:
    """Paper, margins, the grid of 22 lines, page numbers on the outer side."""
    section = word.sections[0]
    section.page_width, section.page_height = Mm(layout.PAGE[0]), Mm(layout.PAGE[1])
    section.top_margin, section.bottom_margin = Mm(layout.TOP), Mm(layout.BOTTOM)
    section.left_margin, section.right_margin = Mm(layout.LEFT), Mm(layout.RIGHT)
    section.header_distance, section.footer_distance = Mm(15), Mm(23)
    grid = section._sectPr.find(qn("w:docGrid"))
    if grid is None:
        grid = OxmlElement("w:docGrid")
        section._sectPr.append(grid)
    grid.set(qn("w:type"), "lines")
    grid.set(qn("w:linePitch"), str(int(layout.LINE_PITCH * 20)))
    word.settings.odd_and_even_pages_header_footer = True
    _folio(section.footer.paragraphs[0], WD_ALIGN_PARAGRAPH.RIGHT)
    _folio(section.even_page_footer.paragraphs[0], WD_ALIGN_PARAGRAPH.LEFT)
    style = word.styles["Normal"]
    style.font.size = Pt(layout.BODY_SIZE)
    style.font.name = "Times New Roman"
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    fonts.set(qn("w:eastAsia"), layout.FANG)
    language = OxmlElement("w:lang")
    language.set(qn("w:val"), "en-US")
    language.set(qn("w:eastAsia"), "zh-CN")
    style.element.get_or_add_rPr().append(language)
    for name in layout.STYLES.values():
        if name not in word.styles:
            word.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH).base_style = style


def _folio(paragraph: WordParagraph, side: WD_ALIGN_PARAGRAPH) -> None:
    """— 1 —, one character in from the outer edge."""
    for run in list(paragraph.runs):
        run._r.getparent().remove(run._r)
    paragraph.alignment = side
    if side is WD_ALIGN_PARAGRAPH.RIGHT:
        paragraph.paragraph_format.right_indent = Pt(layout.FOLIO_SIZE)
    else:
        paragraph.paragraph_format.left_indent = Pt(layout.FOLIO_SIZE)
    _run(paragraph, "— ", layout.FOLIO, layout.FOLIO_SIZE)
    for kind, text in (("begin", ""), ("", "PAGE"), ("end", "")):
        run = _run(paragraph, "", layout.FOLIO, layout.FOLIO_SIZE)
        if kind:
            mark = OxmlElement("w:fldChar")
            mark.set(qn("w:fldCharType"), kind)
        else:
            mark = OxmlElement("w:instrText")
            mark.text = text
        run._r.append(mark)
    _run(paragraph, " —", layout.FOLIO, layout.FOLIO_SIZE)


def _run(paragraph: WordParagraph, text: str, font: str, size: float, latin: str = "") -> Run:
    run = paragraph.add_run(text)
    run.font.size = Pt(size)
    run.font.name = latin or font
    run._r.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), font)
    if size == layout.BODY_SIZE:
        spacing = OxmlElement("w:spacing")
        spacing.set(qn("w:val"), str(round(layout.TRACKING * 20)))
        run._r.get_or_add_rPr().insert_element_before(spacing, "w:sz", "w:szCs", "w:vertAlign", "w:lang")
    return run


def _paragraph(
    word: Word, indent: bool = True, pitch: float = layout.LINE_PITCH, role: Role = Role.BODY
) -> WordParagraph:
    paragraph = word.add_paragraph(style=layout.STYLES[role])
    form = paragraph.paragraph_format
    form.space_before = form.space_after = Pt(0)
    form.line_spacing_rule = WD_LINE_SPACING.EXACTLY
    form.line_spacing = Pt(int(pitch * 20) / 20)
    form.widow_control = True
    for tag in ("w:autoSpaceDE", "w:autoSpaceDN"):  # no extra room around figures: 28 characters a line
        apart = OxmlElement(tag)
        apart.set(qn("w:val"), "0")
        paragraph._p.get_or_add_pPr().insert_element_before(apart, *_AFTER_SPACING)
    loose = OxmlElement(
        "w:snapToGrid"
    )  # the exact pitch makes the 22 lines; nothing is moved to a grid line on top of that
    loose.set(qn("w:val"), "0")
    paragraph._p.get_or_add_pPr().insert_element_before(loose, *_AFTER_SPACING[3:])
    paragraph.alignment = WD_ALIGN_PARAGRAPH.JUSTIFY
    if indent:
        form.first_line_indent = Pt(2 * (layout.BODY_SIZE + layout.TRACKING))
    return paragraph


def _masthead(word: Word, briefing: Briefing) -> None:
    mark = _paragraph(word, indent=False, role=Role.MASTHEAD)
    _run(mark, layout.state_line(briefing), layout.HEI, layout.BODY_SIZE)
    if layout.compact(briefing):
        mark.paragraph_format.tab_stops.add_tab_stop(Mm(layout.AREA[0]), WD_TAB_ALIGNMENT.RIGHT)
        mark.alignment = WD_ALIGN_PARAGRAPH.LEFT
        _run(mark, f"\t{layout.number(briefing)}", layout.FANG, layout.BODY_SIZE)
    name = _paragraph(
        word, indent=False, role=Role.MASTHEAD, pitch=layout.FLASH_NAME if layout.compact(briefing) else 52
    )
    name.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _run(name, layout.name(briefing), layout.SONG, 40 if len(layout.name(briefing)) <= 11 else 30).font.color.rgb = RED
    if not layout.compact(briefing):
        issue = _paragraph(word, indent=False, role=Role.MASTHEAD)
        issue.alignment = WD_ALIGN_PARAGRAPH.CENTER
        _run(issue, layout.number(briefing), layout.FANG, layout.BODY_SIZE)
    line = _paragraph(word, indent=False, role=Role.MASTHEAD)
    line.paragraph_format.tab_stops.add_tab_stop(Mm(layout.AREA[0]), WD_TAB_ALIGNMENT.RIGHT)
    line.alignment = WD_ALIGN_PARAGRAPH.LEFT
    _run(line, f"{briefing.office}\t{layout.when(briefing)}", layout.FANG, layout.BODY_SIZE)
    _rule(line, "bottom", "C00000", 12)
    if not layout.compact(briefing):
        period = _paragraph(word, indent=False, role=Role.MASTHEAD)
        period.alignment = WD_ALIGN_PARAGRAPH.CENTER
        _run(period, briefing.period, layout.KAI, layout.FOLIO_SIZE)


def _rule(paragraph: WordParagraph, side: str, colour: str, eighths: int) -> None:
    """A line over or under a paragraph."""
    properties = paragraph._p.get_or_add_pPr()
    borders = properties.find(qn("w:pBdr"))
    if borders is None:
        borders = OxmlElement("w:pBdr")
        properties.insert_element_before(borders, *_AFTER_BORDERS)
    edge = OxmlElement(f"w:{side}")
    for key, value in (("val", "single"), ("sz", str(eighths)), ("space", "1"), ("color", colour)):
        edge.set(qn(f"w:{key}"), value)
    borders.append(edge)


def _title(word: Word, briefing: Briefing) -> None:
    paragraph = _paragraph(word, indent=False, role=Role.TITLE, pitch=2 * layout.LINE_PITCH)
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    paragraph.paragraph_format.line_spacing = Pt(layout.FLASH_TITLE if layout.compact(briefing) else 36)
    paragraph.paragraph_format.space_before = paragraph.paragraph_format.space_after = Pt(
        3 if layout.compact(briefing) else 11
    )
    _run(paragraph, briefing.title, layout.SONG, layout.TITLE_SIZE)


def _body(word: Word, briefing: Briefing) -> None:
    marks = marks_of(briefing)
    counts: Counter[int] = Counter()
    for note in briefing.notes:
        _run(_paragraph(word), note, layout.KAI, layout.BODY_SIZE)
    for block in briefing.blocks:
        if isinstance(block, Heading):
            paragraph = _paragraph(word)
            paragraph.paragraph_format.keep_with_next = True
            _run(paragraph, layout.numbered(block, counts), layout.HEADING_FONTS[block.level], layout.BODY_SIZE)
        elif isinstance(block, Paragraph):
            _sentences(_paragraph(word), block, marks)
        elif isinstance(block, Picture):
            _picture(word, block)
        elif isinstance(block, Space):
            _run(_paragraph(word), block.label, layout.HEI, layout.BODY_SIZE)
            for _ in range(block.lines):
                _paragraph(word)


def _sentences(paragraph: WordParagraph, block: Paragraph, marks: dict[Sentence, tuple[int, ...]]) -> None:
    if block.lead:
        _run(paragraph, block.lead, layout.KAI, layout.BODY_SIZE)
    for sentence in block.sentences:
        _run(paragraph, layout.spoken(sentence), layout.FANG, layout.BODY_SIZE)
        numbers = marks[sentence]
        if numbers:
            note = _run(paragraph, f"{GLUE}[{number_marks(numbers)}]", layout.FANG, 12, "Times New Roman")
            note.font.superscript = True


def _picture(word: Word, block: Picture) -> None:
    paragraph = word.add_paragraph(style=layout.STYLES[Role.NOTE])
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    paragraph.paragraph_format.space_before = paragraph.paragraph_format.space_after = Pt(4)
    paragraph.paragraph_format.keep_with_next = True
    shape = paragraph.add_run().add_picture(io.BytesIO(base64.b64decode(block.png)), width=Mm(layout.AREA[0]))
    shape._inline.docPr.set("descr", block.alternative)
    caption = _paragraph(word, indent=False, role=Role.NOTE)
    caption.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _run(caption, f"图　{block.caption}", layout.KAI, layout.FOLIO_SIZE)


def _foot(word: Word, briefing: Briefing) -> None:
    lines = [f"{line.label}{line.text}" for line in layout.foot(briefing)]
    for number, text in enumerate([*lines, layout.signatures(briefing)]):
        paragraph = _paragraph(word, indent=False, role=Role.FOOT)
        paragraph.paragraph_format.keep_together = True
        paragraph.paragraph_format.keep_with_next = number < len(lines)
        paragraph.paragraph_format.left_indent = Pt(layout.FOLIO_SIZE)
        hanging = number < len(lines)
        if hanging:
            paragraph.paragraph_format.left_indent = Pt(3 * layout.FOLIO_SIZE)
            paragraph.paragraph_format.first_line_indent = Pt(-2 * layout.FOLIO_SIZE)
        if number == 0:
            paragraph.paragraph_format.space_before = Pt(2 if layout.compact(briefing) else layout.LINE_PITCH / 2)
            _rule(paragraph, "top", "000000", 8)
        paragraph.alignment = WD_ALIGN_PARAGRAPH.LEFT
        _run(paragraph, text, layout.FANG, layout.FOLIO_SIZE)
        if number == len(lines):
            _rule(paragraph, "bottom", "000000", 8)


def _annex(word: Word, briefing: Briefing) -> None:
    """附：依据: what every number in square brackets stands for."""
    lines = annex_lines(briefing)
    if not lines:
        return
    head = _paragraph(word, indent=False, role=Role.NOTE)
    head.paragraph_format.page_break_before = True
    _run(head, layout.ANNEX, layout.HEI, layout.BODY_SIZE)
    for number, text in lines:
        paragraph = _paragraph(word, indent=False, role=Role.NOTE, pitch=15)
        paragraph.alignment = WD_ALIGN_PARAGRAPH.LEFT
        paragraph.paragraph_format.left_indent = Pt(24)
        paragraph.paragraph_format.first_line_indent = Pt(-24)
        _run(paragraph, f"[{number}] {text}", layout.FANG, layout.NOTE_SIZE, "Times New Roman")


def annex_lines(briefing: Briefing) -> list[tuple[int, str]]:
    """Number and text of each proof: documents with time, address and hash; then queries with their answers."""
    known = {source.document_id: source for source in briefing.sources}
    lines = []
    for number, key in enumerate(briefing.document_ids(), 1):
        one = known.get(key)
        text = f"文档{key}（已按保存期限清除）"
        if one is not None:
            text = f"{one.at}　{one.source}　《{one.title}》　{one.url or '文档' + key}　SHA-256 {one.sha256[:16]}"
        lines.append((number, text))
    start = len(lines) + 1
    lines += [
        (number, f"{describe(figure.query, briefing.names)}：{_named(figure.value, briefing.names) or '无'}")
        for number, figure in enumerate(queries_of(briefing), start)
    ]
    return lines


def _named(value: str, names: dict[str, str]) -> str:
    """An answer that lists people says their names."""
    return "、".join(names.get(one, one) for one in value.split("、"))
