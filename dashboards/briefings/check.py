"""`huiying briefing check FILE.docx`: the layout as it stands in the file and as it comes out on paper, deviation by deviation.

Paragraphs of the styles that `docx_writer` uses for masthead, foot and annex are measured as such; everything else is body.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from docx import Document as open_document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.text.paragraph import Paragraph as WordParagraph
from docx.text.run import Run

from dashboards.briefings import glyphs, layout
from dashboards.briefings.layout import Role
from pipeline.errors import HuiyingError

SLACK = 1.0  # mm
ANNEXED = layout.ANNEX[:4]  # how the page of proofs begins
HANGING = "，。、；：！？）》”’"  # marks may hang over the right edge, as Word sets them
POINT = 1 / layout.POINTS_MM  # mm
_LEVELS = (
    (1, re.compile(r"^[一二三四五六七八九十]+、")),
    (2, re.compile(r"^（[一二三四五六七八九十]+）")),
    (3, re.compile(r"^\d+[.．](?!\d)")),
    (4, re.compile(r"^（\d+）")),
)
_BRACKETS = re.compile(r"[\[【(（\u3014]?[\[【(（](?:19|20)\d{2}[\]】)）]\s*(?:第?\s*\d+\s*[号期])")
_CHINESE_DATE = re.compile(
    r"[〇零一二三四五六七八九]{4}年[一二三四五六七八九十]{1,3}月(?:[一二三四五六七八九十]{1,3}日)?"
)
_PADDED_DATE = re.compile(r"\d{4}年0\d月|\d月0\d日")


@dataclass
class Report:
    """What was measured, and what is not as it must be."""

    measured: list[str] = field(default_factory=list)
    deviations: list[str] = field(default_factory=list)

    def length(self, name: str, found: float, wanted: float, slack: float = SLACK) -> None:
        """A length in mm."""
        self.measured.append(f"{name} {found:.1f} mm（应为 {wanted:g}±{slack:g}）")
        if abs(found - wanted) > slack:
            self.deviations.append(f"{name}：量得 {found:.1f} mm，应为 {wanted:g}±{slack:g} mm")

    def count(self, name: str, found: int, wanted: int) -> None:
        self.measured.append(f"{name} {found}（应为 {wanted}）")
        if found != wanted:
            self.deviations.append(f"{name}：量得 {found}，应为 {wanted}")

    def require(self, good: bool, deviation: str) -> None:
        if not good and deviation not in self.deviations:
            self.deviations.append(deviation)


def check_file(path: Path) -> Report:
    """Measure file and paper. HuiyingError when it is no .docx."""
    try:
        word = open_document(str(path))
    except (OSError, KeyError, ValueError) as error:
        raise HuiyingError(f"{path} 打不开：{error}；请给一个 .docx 文件。") from error
    except Exception as error:  # python-docx has no root of its own for a file that is not a package
        raise HuiyingError(f"{path} 不是 .docx 文件；请用 Word 另存为 .docx。") from error
    report = Report()
    for number, section in enumerate(word.sections, 1):
        _section(report, section, f"第{number}节" if len(word.sections) > 1 else "")
    _folios(report, word)
    for paragraph in word.paragraphs:
        if paragraph.text.strip():
            _paragraph(report, paragraph, word)
    soffice = shutil.which("soffice") or shutil.which("libreoffice")
    if soffice is None:
        report.measured.append("没有 LibreOffice，未量打印版（安装：apt install libreoffice-writer-nogui）")
    else:
        heads = [one.text for one in word.paragraphs if one.style and one.style.name == layout.STYLES[Role.MASTHEAD]]
        written = [paragraph.text for paragraph in word.paragraphs]
        _paper(report, rendered(path, soffice), written, one_page=any("快报" in text for text in heads))
    return report


# ---------------------------------------------------------------------- the file
def _section(report: Report, section: Any, name: str) -> None:
    for label, found, wanted in (
        ("纸宽", section.page_width, layout.PAGE[0]),
        ("纸高", section.page_height, layout.PAGE[1]),
        ("天头（上边距）", section.top_margin, layout.TOP),
        ("地脚（下边距）", section.bottom_margin, layout.BOTTOM),
        ("订口（左边距）", section.left_margin, layout.LEFT),
        ("切口（右边距）", section.right_margin, layout.RIGHT),
    ):
        report.length(name + label, found.mm if found is not None else 0.0, wanted)


def _folios(report: Report, word: Any) -> None:
    """— 1 —, on the outer side."""
    report.require(word.settings.odd_and_even_pages_header_footer, "页码：没有区分单双页，单页应居右、双页应居左")
    section = word.sections[0]
    for footer, side, name in (
        (section.footer, WD_ALIGN_PARAGRAPH.RIGHT, "单页"),
        (section.even_page_footer, WD_ALIGN_PARAGRAPH.LEFT, "双页"),
    ):
        paragraph = next((one for one in footer.paragraphs if "PAGE" in one._p.xml), None)
        report.require(paragraph is not None, f"页码：{name}没有页码")
        if paragraph is None:
            continue
        text = re.sub(r"\s", "", paragraph.text)
        report.require(text in ("——", "—1—", "—2—"), f"页码：{name}应写成“— 1 —”，现为“{paragraph.text}”")
        report.require(paragraph.alignment is side, f"页码：{name}应在外侧（单页居右、双页居左）")
        for run in paragraph.runs:
            report.require(_size(run, paragraph) == layout.FOLIO_SIZE, f"页码：{name}应为4号（14磅）")


def _paragraph(report: Report, paragraph: WordParagraph, word: Any) -> None:
    role = layout.ROLE_STYLES.get(paragraph.style.name if paragraph.style else "", Role.BODY)
    text = paragraph.text.strip()
    shown = text[:16]
    if role is Role.BODY:
        level = next((level for level, pattern in _LEVELS if pattern.match(text)), 0)
        first = next((run for run in paragraph.runs if run.text.strip()), None)
        if first is not None and level and len(text) > 60:
            level = level if level > 2 else 0  # a sentence that happens to begin so
        _line(report, paragraph, shown)
        for run in paragraph.runs:
            if run.text.strip() and not run.font.superscript:
                font, size = _font(run, paragraph, word), _size(run, paragraph)
                wanted = (layout.HEADING_FONTS[level],) if level in (1, 2) else (layout.FANG, layout.KAI, layout.HEI)
                report.require(font in wanted, f"字体：“{shown}”用了{font or '未指定的字体'}，应为{wanted[0]}")
                report.require(size == layout.BODY_SIZE, f"字号：“{shown}”为{size:g}磅，应为3号（16磅）")
    elif role is Role.TITLE:
        report.require(paragraph.alignment is WD_ALIGN_PARAGRAPH.CENTER, f"标题：“{shown}”没有居中")
        for run in paragraph.runs:
            report.require(_font(run, paragraph, word) == layout.SONG, f"标题：“{shown}”应为小标宋体")
            report.require(_size(run, paragraph) == layout.TITLE_SIZE, f"标题：“{shown}”应为2号（22磅）")
    if role is not Role.NOTE:
        for found in _BRACKETS.findall(text):
            report.deviations.append(f"编号：“{found}”的年份应用六角括号〔〕")
        for found in (*_CHINESE_DATE.findall(text), *_PADDED_DATE.findall(text)):
            report.deviations.append(f"日期：“{found}”应用阿拉伯数字、不编虚位，如2026年3月5日")


def _line(report: Report, paragraph: WordParagraph, shown: str) -> None:
    spacing = paragraph.paragraph_format.line_spacing
    pitch = getattr(spacing, "pt", None)
    report.require(
        pitch is not None and abs(pitch - layout.LINE_PITCH) < 0.3,
        f"行距：“{shown}”不是固定值{layout.LINE_PITCH:.1f}磅，一页不会是22行",
    )
    indent = paragraph.paragraph_format.first_line_indent
    wanted = 2 * (layout.BODY_SIZE + layout.TRACKING)
    centred = paragraph.alignment is WD_ALIGN_PARAGRAPH.CENTER
    report.require(centred or (indent is not None and abs(indent.pt - wanted) < 2), f"缩进：“{shown}”首行没有空二字")


def _font(run: Run, paragraph: WordParagraph, word: Any) -> str:
    """The font of Chinese letters: the run's, its style's, the document's."""
    for element in (run._r, getattr(paragraph.style, "element", None), word.styles["Normal"].element):
        properties = element.find(qn("w:rPr")) if element is not None else None
        fonts = properties.find(qn("w:rFonts")) if properties is not None else None
        if fonts is not None and fonts.get(qn("w:eastAsia")):
            return str(fonts.get(qn("w:eastAsia")))
    return ""


def _size(run: Run, paragraph: WordParagraph) -> float:
    size = run.font.size or (paragraph.style.font.size if paragraph.style is not None else None)
    return float(size.pt) if size is not None else 0.0


# ---------------------------------------------------------------------- the paper
@dataclass(frozen=True, slots=True)
class Letter:
    """A printed letter; lengths in mm from the upper left corner."""

    text: str
    left: float
    right: float
    middle: float
    height: float


def rendered(path: Path, soffice: str) -> bytes:
    """The file as LibreOffice prints it, with free fonts in the place of the standard's that are not installed."""
    with tempfile.TemporaryDirectory(prefix="huiying-") as folder:
        configuration = Path(folder) / "fonts.conf"
        configuration.write_text(_font_configuration(Path(folder)), encoding="utf-8")
        command = [soffice, f"-env:UserInstallation=file://{folder}/profile", "--headless", "--convert-to", "pdf", "--outdir", folder, str(path)]  # fmt: skip
        environment = {"FONTCONFIG_FILE": str(configuration), "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": folder, "LANG": "C.UTF-8"}  # fmt: skip
        try:
            subprocess.run(command, env=environment, capture_output=True, timeout=120, check=True)  # noqa: S603 -- the office's own program
            return (Path(folder) / (path.stem + ".pdf")).read_bytes()
        except (OSError, subprocess.SubprocessError) as error:
            raise HuiyingError(f"LibreOffice 没能打印 {path}：{error}；请先用它打开看看。") from error


def _font_configuration(folder: Path) -> str:
    """The system's fonts and the wheel's; a standard font that is not installed becomes its free look-alike."""
    alias = {
        layout.FANG: ("FandolFang", "Noto Serif SC"),
        layout.KAI: ("FandolKai", "Noto Serif SC"),
        layout.SONG: ("FandolSong", "Noto Serif SC"),
        layout.FOLIO: ("FandolSong", "Noto Serif SC"),
        layout.HEI: ("FandolHei", "Noto Sans SC"),
    }
    lines = [
        f'<match target="pattern"><test name="family"><string>{name}</string></test>'
        f'<edit name="family" mode="append" binding="strong">{"".join(f"<string>{one}</string>" for one in others)}</edit></match>'
        for name, others in alias.items()
    ]
    fonts = files("pylopdf_fonts_zh_cn")
    return (
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>'
        f"<dir>{fonts}</dir><dir>/usr/share/fonts</dir><dir>/usr/share/texlive/texmf-dist/fonts/opentype/public/fandol</dir>"
        f"<cachedir>{folder}/cache</cachedir>{''.join(lines)}</fontconfig>"
    )


def _paper(report: Report, content: bytes, written: list[str], one_page: bool) -> None:
    """Pitch of letters and lines, the edges of the type area, page numbers, missing letters: on every printed page.

    `one_page`: the paper but for its annex must be one page, as a flash is.
    """
    import pypdfium2

    document = pypdfium2.PdfDocument(content)
    pages = [list(_letters(page)) for page in document]
    if one_page:
        annexed = [number for number, page in enumerate(pages) if "".join(one.text for one in page[:4]) == ANNEXED]
        report.count("快报页数（附页不计）", annexed[0] if annexed else len(pages), 1)
    folios = [_folio_of(letters) for letters in pages]
    for number, (side, text) in enumerate(folios, 1):
        report.require(
            re.sub(r"\s", "", text) == f"—{number}—", f"打印版第{number}页：页码应为“— {number} —”，印出“{text}”"
        )
        report.require(side == ("right" if number % 2 else "left"), f"打印版第{number}页：页码不在外侧")
    body = [[one for one in letters if one.middle < layout.PAGE[1] - layout.BOTTOM + 3] for letters in pages]
    wide = [one for letters in body for one in letters]
    if not wide:
        report.deviations.append("打印版：没有文字")
        return
    report.length("打印版左边缘", min(one.left for one in wide), layout.LEFT, 1.5)
    over = max(one.right for one in wide if one.text not in HANGING)
    report.measured.append(f"打印版右边缘 {over:.1f} mm（不得过 {layout.PAGE[0] - layout.RIGHT + 2:g}）")
    report.require(over <= layout.PAGE[0] - layout.RIGHT + 2.0, f"打印版：文字伸到{over:.1f} mm，超出版心右边")
    advance, pitch = _pitches(body)
    report.count("每行字数（打印版）", round(layout.AREA[0] / advance) if advance else 0, layout.CHARACTERS)
    report.count("每页行数（打印版）", round(layout.AREA[1] / pitch) if pitch else 0, layout.LINES)
    lacking = glyphs.missing(list(document), written)
    report.require(not lacking, f"打印版：{'、'.join(lacking[:10])} 缺字形（□）")


def _letters(page: Any) -> Iterator[Letter]:
    high = page.get_height()
    text = page.get_textpage()
    said = text.get_text_range()
    for number in range(min(len(said), text.count_chars())):
        mark = text.get_text_range(number, 1)
        if not mark.strip():
            continue
        left, bottom, right, top = text.get_charbox(number, loose=True)
        yield Letter(mark, left * POINT, right * POINT, (high - (top + bottom) / 2) * POINT, (top - bottom) * POINT)


def _folio_of(letters: list[Letter]) -> tuple[str, str]:
    below = [one for one in letters if one.middle > layout.PAGE[1] - layout.BOTTOM + 3]
    if not below:
        return "", ""
    centre = (min(one.left for one in below) + max(one.right for one in below)) / 2
    return "right" if centre > layout.PAGE[0] / 2 else "left", "".join(one.text for one in below)


def _pitches(pages: list[list[Letter]]) -> tuple[float, float]:
    """(advance of a Chinese letter, distance of lines) in mm, as most of the body has them."""
    advances, distances = [], []
    for letters in pages:
        lines: dict[int, list[Letter]] = {}
        for one in letters:
            lines.setdefault(round(one.middle * 2), []).append(one)
        full = []
        for line in lines.values():
            line.sort(key=lambda one: one.left)
            pairs = [(a, b) for a, b in pairwise(line) if _han(a.text) and _han(b.text)]
            steps = [b.left - a.left for a, b in pairs if 5.3 < b.left - a.left < 6.5]
            if len(steps) >= 5:
                advances += steps
                full.append(median(one.middle for one in line))
        full.sort()
        distances += [b - a for a, b in pairwise(full) if 6 < b - a < 14]
    advances.sort()  # justified lines are stretched: the letters of the others stand as they were set
    return (advances[len(advances) // 10] if advances else 0.0), (median(distances) if distances else 0.0)


def _han(text: str) -> bool:
    return "\u4e00" <= text <= "\u9fff"
