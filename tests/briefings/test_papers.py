"""What the papers say: in order, proven, as known at the cut-off, and with the critics in."""

from __future__ import annotations

from datetime import date, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from dashboards.briefings import (
    archive,
    content,
    daily,
    export,
    fitting,
    flash,
    letter,
    monthly,
    parts,
    special,
    weekly,
    wording,
)
from dashboards.briefings.content import Briefing, BriefingKind, Heading, Paragraph, Picture, Sentence, Space
from dashboards.briefings.docx_writer import annex_lines
from dashboards.briefings.material import Material, Period, at_clock
from dashboards.briefings.plain_writer import for_wechat
from pipeline.clock import SHANGHAI
from pipeline.document import Secrecy
from pipeline.errors import HuiyingError
from pipeline.services import Services
from pipeline.store import documents as store_documents

DAY = date(2026, 3, 15)
MORNING = datetime(2026, 3, 15, 8, 0, tzinfo=SHANGHAI)


def headings(briefing: Briefing) -> list[str]:
    return [block.text for block in briefing.blocks if isinstance(block, Heading) and block.level == 1]


def text(briefing: Briefing) -> str:
    return "".join(sentence.text for sentence in briefing.sentences())


def test_daily_has_its_parts_in_order_one_chart_and_a_proof_for_each_sentence(services: Services) -> None:
    with services.store.read() as connection:
        made = daily.write(connection, services.settings, DAY)
    assert headings(made) == ["概况", "重点舆情", "苗头", "留言与12345", "批示交办进展", "周边与全国", "监测覆盖"]
    assert sum(isinstance(block, Picture) for block in made.blocks) == 1
    content.require_proof(made)
    assert {source.document_id for source in made.sources} == set(made.document_ids())
    assert made.draft
    assert made.period == "监测时段：3月14日7时至3月15日7时"
    assert content.from_json(content.to_json(made)) == made


def test_a_quiet_day_says_what_was_watched(services: Services) -> None:
    with services.store.read() as connection:
        made = daily.write(connection, services.settings, date(2026, 3, 1))
    said = text(made)
    assert "没有需要单独报告的事件；已查看监测时段内全部0条信息" in said
    assert "监测覆盖" in headings(made)
    content.require_proof(made)


def test_nothing_known_after_the_cut_off_is_told(services: Services, fire: str) -> None:
    at = datetime(2026, 3, 15, 3, 20, tzinfo=SHANGHAI)
    with services.store.read() as connection:
        early = special.write(connection, services.settings, fire, at)
        late = special.write(connection, services.settings, fire, MORNING)
    assert all(source.at <= "2026-03-15 03:20" for source in early.sources)
    assert max(source.at for source in late.sources) > "2026-03-15 03:20"


def test_critics_have_the_share_in_the_quotes_that_they_have_in_the_event(services: Services, fire: str) -> None:
    with services.store.read() as connection:
        material = Material(connection, services.settings, Period(at_clock("2026-03-14", 7), MORNING))
        told = material.told(fire)
        assert told is not None
        quoted = parts.quotes(material, told, special.QUOTES)
        share = parts.event_share(material, told)
    assert len(quoted) >= 8
    assert 0 < share < 1
    assert abs(sum(one.critical for one in quoted) / len(quoted) - share) <= 0.10


def test_special_has_a_short_core_every_side_owners_and_room_for_the_leader(services: Services, fire: str) -> None:
    with services.store.read() as connection:
        made = special.write(connection, services.settings, fire, MORNING)
    assert headings(made) == ["事件概述与走势", "各方观点", "涉事单位处置情况", "研判", "对策建议", "监测覆盖"]
    core = made.blocks[0]
    assert isinstance(core, Paragraph)
    assert sum(len(one.text) for one in core.sentences) <= special.CORE
    assert core.sentences[-1].text.startswith("主要风险：")
    assert any(isinstance(block, Space) and block.label == "领导批示：" for block in made.blocks)
    measures = [block for block in made.blocks if isinstance(block, Paragraph) and block.lead == "1."]
    assert "日前；依据：" in measures[0].sentences[0].text


def test_flashes_are_a_chain_and_each_says_what_changed(services: Services, fire: str) -> None:
    moments = [datetime(2026, 3, 15, hour, 40, tzinfo=SHANGHAI) for hour in (3, 5, 8)]
    made = []
    with services.store.write() as connection:
        for number, at in enumerate(moments):
            paper = flash.write(connection, services.settings, fire, at, final=number == 2)
            made.append(archive.keep(connection, paper, MORNING))
    assert [one.series for one in made] == ["首报（第1报）", "续报（第2报）", "终报（第3报）"]
    assert "与上一报" not in str(made[0].blocks)
    for before, after in pairwise(made):
        assert f"信息{before.marks['信息']}条增至{after.marks['信息']}条" in text(after)
    assert any(isinstance(block, Paragraph) and block.lead == "下一报：" for block in made[1].blocks)
    assert "本报为终报" in text(made[2])
    for paper in made:
        assert fitting.lines(paper.blocks) <= fitting.flash_lines(paper.title)


def test_a_flash_that_is_too_long_says_less_and_never_leaves_out_a_part(services: Services, fire: str) -> None:
    at = datetime(2026, 3, 15, 8, 0, tzinfo=SHANGHAI)
    long = (Sentence("一二三四五六七八九十" * 50, ("d1",)),)
    assert fitting.lines([Paragraph(long)]) > fitting.flash_lines("短题")
    said = [1, 2, 3]
    chosen = fitting.shortest_fitting(
        lambda step: [Paragraph(long)] * said[-1 - step], 3, lambda blocks: len(blocks) <= 2
    )
    assert len(chosen) == 2
    with services.store.read() as connection:
        made = flash.write(connection, services.settings, fire, at)
    leads = [block.lead for block in made.blocks if isinstance(block, Paragraph)]
    assert leads == ["发现与首发：", "已核实：", "待核实：", "截至时刻数据：", "建议等级：", "下一报："]


def test_a_daily_is_about_five_hundred_letters_and_keeps_a_critical_voice(services: Services) -> None:
    with services.store.read() as connection:
        made = daily.write(connection, services.settings, DAY)
    assert fitting.letters(made.blocks) <= daily.LETTERS + 50
    voices = [block for block in made.blocks if isinstance(block, Paragraph) and block.lead == "观点："]
    assert any(one.critical for block in voices for one in block.sentences)


def test_words_with_marks_of_a_rumour_are_told_as_such(services: Services, fire: str) -> None:
    with services.store.read() as connection:
        made = special.write(connection, services.settings, fire, MORNING)
        judged = store_documents.judged(connection, made.document_ids())
    quoted = [one for one in made.sentences() if one.quoted and len(one.documents) == 1]
    assert quoted
    for one in quoted:
        assert (parts.RUMOURED in one.text) == (judged[one.documents[0]].analysis.rumour is not None)


def test_the_annex_calls_events_and_people_by_name(services: Services, fire: str) -> None:
    with services.store.read() as connection:
        made = flash.write(connection, services.settings, fire, MORNING)
    lines = [text for _, text in annex_lines(made)]
    assert not [line for line in lines if fire in line or "lu_zhiming" in line or "1月1日" in line]
    assert any(f"事件“{made.names[fire]}”自始至" in line for line in lines)


def test_week_and_month_are_written(services: Services) -> None:
    with services.store.read() as connection:
        week = weekly.write(connection, services.settings, DAY)
        month = monthly.write(connection, services.settings, DAY)
    assert week.title == "政务舆情周报（2026年3月9日至3月15日）"
    assert month.title == "政务舆情月报（2026年3月1日至3月31日）"
    for made in (week, month):
        core = made.blocks[0]
        assert isinstance(core, Paragraph)
        assert sum(len(one.text) for one in core.sentences) <= special.CORE
        assert sum(one.text.startswith("主要风险：") for one in core.sentences) == 1
        assert headings(made)[-2:] == ["研判与对策建议", "监测覆盖"]
    content.require_proof(week)
    content.require_proof(month)


def test_no_name_of_a_person_who_posted_stands_in_a_paper(services: Services, fire: str) -> None:
    with services.store.read() as connection:
        made = special.write(connection, services.settings, fire, MORNING)
        material = Material(connection, services.settings, Period(at_clock("2026-03-14", 7), MORNING))
        told = material.told(fire)
    assert told is not None
    whole = content.to_json(made)
    assert not [one.document.author for one in told.judged if one.document.author and one.document.author in whole]
    assert "@" not in text(made)


def test_a_sentence_without_proof_is_not_exported_unless_a_person_signs_it(services: Services, tmp_path: Path) -> None:
    with services.store.read() as connection:
        made = daily.write(connection, services.settings, DAY)
        bare = content.replace_blocks(made, (Paragraph((Sentence("群众情绪已经平稳。"),)),))
        with pytest.raises(content.UnprovenError, match="群众情绪已经平稳"):
            export.write(connection, services.settings, bare, tmp_path)
        signed = content.replace_blocks(made, (Paragraph((Sentence("群众情绪已经平稳。", by="方毅"),)),))
        written = export.write(connection, services.settings, signed, tmp_path)
    assert "群众情绪已经平稳（方毅研判）。" in written[2].read_text(encoding="utf-8")


def test_a_letter_never_goes_to_the_unit_that_is_accused(services: Services, fire: str) -> None:
    with services.store.read() as connection:
        made = letter.write(connection, services.settings, fire, "区应急管理局", MORNING)
        assert made.hands.send_to == "区应急管理局"
        assert made.kind is BriefingKind.LETTER
        with pytest.raises(HuiyingError, match="没有传言标记"):
            letter.write_rumour(
                connection, services.settings, made.document_ids()[0], "造成群众恐慌性撤离的危险", "fang_yi", MORNING
            )


def test_only_public_text_becomes_wechat_text() -> None:
    assert for_wechat("情况通报", "第一段。\n\n第二段。", Secrecy.PUBLIC) == "情况通报\n\n第一段。\n\n第二段。\n"
    with pytest.raises(HuiyingError, match="公开"):
        for_wechat("情况通报", "内部。", Secrecy.INTERNAL)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("【化工园火灾续报】现场明火已经扑灭，两名伤者正在医院治疗。", "现场明火已经扑灭，两名伤者正在医院治疗"),
        ("【快讯】已经恢复供水", "快讯：已经恢复供水"),
        ("昨晚停水，【官方】说今天恢复，现在还没来水", "昨晚停水，官方：说今天恢复，现在还没来水"),
    ],
)
def test_a_headline_takes_no_room_from_the_words_that_follow_it(text: str, said: str) -> None:
    assert wording.quote(text) == said
