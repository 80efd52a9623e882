"""The paper's layout, measured in the file and in print; a wrong file fails on the point that is wrong."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from docx import Document as open_document
from docx.document import Document as Word
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

from dashboards.briefings import daily, docx_writer, glyphs, pdf_writer, plain_writer
from dashboards.briefings.check import check_file
from dashboards.briefings.content import Briefing, Paragraph, Sentence
from pipeline.errors import HuiyingError
from pipeline.services import Services


@pytest.fixture
def paper(services: Services) -> Briefing:
    with services.store.read() as connection:
        return daily.write(connection, services.settings, date(2026, 3, 15))


def needs_libreoffice() -> None:
    if not (shutil.which("soffice") or shutil.which("libreoffice")):
        pytest.skip("needs LibreOffice")


def test_our_paper_passes_in_the_file_and_in_print(paper: Briefing, tmp_path: Path) -> None:
    needs_libreoffice()
    path = tmp_path / "日报.docx"
    path.write_bytes(docx_writer.write(paper))
    report = check_file(path)
    assert report.deviations == []
    assert "每行字数（打印版） 28（应为 28）" in report.measured
    assert "每页行数（打印版） 22（应为 22）" in report.measured


def _margin(word: Word) -> None:
    word.sections[0].left_margin = Mm(31.8)


def _font(word: Word) -> None:
    run = _body(word).runs[0]
    run._r.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), "宋体")


def _size(word: Word) -> None:
    _body(word).runs[0].font.size = Pt(14)


def _bracket(word: Word) -> None:
    _body(word).runs[0].text = "依据国办发[2016]80号办理。"


def _chinese_date(word: Word) -> None:
    _body(word).runs[0].text = "二〇二六年三月十五日发生。"


def _folio(word: Word) -> None:
    word.sections[0].footer.paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.CENTER


def _pitch(word: Word) -> None:
    _body(word).paragraph_format.line_spacing = Pt(20)


def _body(word: Word):  # type: ignore[no-untyped-def]
    return next(one for one in word.paragraphs if one.text.startswith("共监测到"))


@pytest.mark.parametrize(
    ("spoil", "point"),
    [
        (_margin, "订口（左边距）"),
        (_font, "字体：“"),
        (_size, "字号：“"),
        (_bracket, "六角括号"),
        (_chinese_date, "阿拉伯数字"),
        (_folio, "外侧"),
        (_pitch, "行距：“"),
    ],
)
def test_a_wrong_file_fails_on_the_named_point(
    paper: Briefing, tmp_path: Path, spoil: Callable[[Word], None], point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)  # the file alone; print is measured elsewhere
    word = open_document(io.BytesIO(docx_writer.write(paper)))
    spoil(word)
    path = tmp_path / "错.docx"
    word.save(str(path))
    deviations = check_file(path).deviations
    assert deviations
    assert all(point in one for one in deviations), deviations


def test_a_file_that_is_no_docx_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "x.docx"
    path.write_text("no")
    with pytest.raises(HuiyingError, match="docx"):
        check_file(path)


def test_the_pdf_has_every_letter_and_nothing_outside_the_type_area(paper: Briefing) -> None:
    import pypdfium2

    document = pypdfium2.PdfDocument(pdf_writer.write(paper))
    said = "".join(page.get_textpage().get_text_range() for page in document)
    wanted = {
        char
        for line in plain_writer.body(paper)
        if not line.startswith("（图）")
        for char in line
        if "\u4e00" <= char <= "\u9fff"
    }
    assert not {char for char in wanted if char not in said}
    assert "\ufffd" not in said
    for page in document:
        text = page.get_textpage()
        for number in range(text.count_chars()):
            if text.get_text_range(number, 1).strip():
                left, _, right, _ = text.get_charbox(number)
                assert left > 26 / 25.4 * 72
                assert right < (210 - 23.5) / 25.4 * 72


def test_the_offices_own_letterhead_stands_over_the_body(paper: Briefing, tmp_path: Path) -> None:
    template = open_document()
    template.add_paragraph("云港区新闻办 {{ masthead }} {{ issue }} {{ date }}")
    path = tmp_path / "letterhead.docx"
    template.save(str(path))
    word = open_document(io.BytesIO(docx_writer.write(paper, path)))
    assert word.paragraphs[0].text == f"云港区新闻办 {paper.masthead} {paper.issue} {paper.date}"
    assert any(one.text == "一、概况" for one in word.paragraphs)
    path.write_text("broken")
    with pytest.raises(HuiyingError, match="报头模板"):
        docx_writer.write(paper, path)


def test_collected_text_is_never_read_as_markup(paper: Briefing) -> None:
    hostile = '#read("/etc/passwd") *x* $y$ <w:p/> {{ 7*7 }} \\'
    made = replace(paper, blocks=(Paragraph((Sentence(hostile, ("d1",)),)),))
    assert pdf_writer.write(made).startswith(b"%PDF")
    word = open_document(io.BytesIO(docx_writer.write(made)))
    assert any(hostile in one.text for one in word.paragraphs)


def test_a_letter_that_no_font_has_is_found_on_the_page_and_no_other(paper: Briefing) -> None:
    import pypdfium2

    boxlike = "国田面目自白百回四西品中由甲申皿旧阳"
    rare = "\U000f1234"
    made = replace(paper, blocks=(Paragraph((Sentence(f"{boxlike}{rare}。", ("d1",)),)),))
    pages = list(pypdfium2.PdfDocument(pdf_writer.write(made)))
    assert glyphs.missing(pages, [boxlike]) == []
    assert glyphs.missing(pages, [boxlike + rare]) == [rare]


def test_an_empty_or_crossed_box_is_known_by_its_look() -> None:
    box = np.zeros((40, 40), dtype=np.bool_)
    box[4:6, 4:36] = box[34:36, 4:36] = box[4:36, 4:6] = box[4:36, 34:36] = True
    assert glyphs.is_box(box)
    crossed = box.copy()
    crossed[4:36, 4:36] |= np.eye(32, dtype=np.bool_)
    assert glyphs.is_box(crossed)
    full = box.copy()
    full[10:30, 10:30] = True
    assert not glyphs.is_box(full)
    assert not glyphs.is_box(np.zeros((40, 40), dtype=np.bool_))
