"""The 24-hour roster: pattern, holidays, gaps, swaps, hand-over, .ics and XLSX out and in (值班)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.cases import duty_desk, roster_files
from pipeline.cases.office import Office
from pipeline.cases.refusal import Refused
from pipeline.cases.roster import Pattern, Shift, gaps, generate, load_pattern, make_shift, on_duty, swap
from pipeline.clock import SHANGHAI
from pipeline.store import duty

from .conftest import CONFIG, Play

At = Callable[[float], datetime]


@pytest.fixture(scope="module")
def pattern() -> Pattern:
    return load_pattern(CONFIG / "roster.toml")


def month(pattern: Pattern) -> list[Shift]:
    return generate(pattern, date(2026, 3, 1), date(2026, 3, 31))


def test_somebody_is_on_duty_at_every_moment_of_a_month(pattern: Pattern) -> None:
    shifts = month(pattern)
    start = datetime(2026, 3, 1, 8, 30, tzinfo=SHANGHAI)
    assert gaps(shifts, start, start + timedelta(days=30)) == []
    for hour in range(24 * 30):
        now = on_duty(shifts, start + timedelta(hours=hour))
        assert len(now.officers) == 1
        assert len(now.leaders) == 1


def test_duty_is_shared_fairly(pattern: Pattern) -> None:
    served = [s.person for s in month(pattern) if s.post == "duty"]
    counts = {person: served.count(person) for person in set(served)}
    assert max(counts.values()) - min(counts.values()) <= 4


def test_holidays_take_their_own_people_and_working_weekends_the_usual(pattern: Pattern) -> None:
    raw = pattern.model_dump(mode="json")
    raw["holiday"] = [
        {"name": "春节", "first": "2026-02-15", "last": "2026-02-23", "officers": ["gu_lan"], "leaders": ["song_wenbo"]}
    ]
    made = generate(Pattern.model_validate(raw), date(2026, 2, 15), date(2026, 2, 16))
    assert {s.person for s in made if s.post == "duty"} == {"gu_lan"}
    assert {s.person for s in made if s.post == "leader"} == {"song_wenbo"}
    assert {s.note for s in made} == {"春节"}


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(1, 20), st.sampled_from(["duty", "leader"])), max_size=12))
def test_gaps_are_exactly_the_uncovered_hours(spans: list[tuple[int, int, str]]) -> None:
    start = datetime(2026, 3, 1, tzinfo=SHANGHAI)
    shifts = [
        make_shift(
            start + timedelta(hours=a), start + timedelta(hours=a + n), f"p{i}", "duty" if post == "duty" else "leader"
        )
        for i, (a, n, post) in enumerate(spans)
    ]
    end = start + timedelta(hours=100)
    found = gaps(shifts, start, end)
    for hour in range(100):
        at = start + timedelta(hours=hour)
        uncovered = any(gap.starts_at <= at < gap.ends_at for gap in found)
        assert uncovered == (not on_duty(shifts, at).officers)


def test_a_swap_keeps_who_had_the_shift_and_needs_a_reason() -> None:
    shift = make_shift(datetime(2026, 3, 1, tzinfo=SHANGHAI), datetime(2026, 3, 2, tzinfo=SHANGHAI), "gu_lan", "duty")
    changed = swap(shift, "he_jing", "外出培训")
    assert (changed.person, changed.swapped_from, changed.note, changed.id) == (
        "he_jing",
        "gu_lan",
        "外出培训",
        shift.id,
    )
    with pytest.raises(Refused, match="写明原因"):
        swap(shift, "he_jing", " ")
    with pytest.raises(Refused, match="另一个人"):
        swap(shift, "gu_lan", "x")


def test_the_duty_officer_may_swap_his_own_shift_with_another_officer(play: Play, hours: At) -> None:
    play.tick(hours(0))
    office = play.desk.office(play.connection)
    own = next(s for s in duty.shifts(play.connection, hours(10), hours(20)) if s.post == "duty")
    other = next(p for p in ("gu_lan", "he_jing", "tao_ran", "shen_yue") if p != own.person)
    stranger = office.directory.get("lu_qiming")
    with pytest.raises(Refused, match="只有本人"):
        duty_desk.swap_shift(play.connection, office, own.id, other, stranger, hours(1), "x")
    with pytest.raises(Refused, match="不是值班员"):
        duty_desk.swap_shift(
            play.connection, office, own.id, "lu_qiming", office.directory.get(own.person), hours(1), "x"
        )
    duty_desk.swap_shift(play.connection, office, own.id, other, office.directory.get(own.person), hours(1), "培训")
    assert other in play.desk_on_duty(own.starts_at)


def test_hand_over_notes_come_from_whoever_is_on_duty(play: Play, hours: At) -> None:
    play.tick(hours(0))
    office = play.desk.office(play.connection)
    with pytest.raises(Refused, match="不在班"):
        duty_desk.hand_over(play.connection, office, office.directory.get("gu_lan"), hours(1), "无")
    with pytest.raises(Refused, match="不能为空"):
        duty_desk.hand_over(play.connection, office, office.directory.get("tao_ran"), hours(1), " ")
    duty_desk.hand_over(play.connection, office, office.directory.get("tao_ran"), hours(1), "通报待审签")
    (note,) = duty.handover_notes(play.connection, hours(0))
    assert (note.by, note.text) == ("tao_ran", "通报待审签")


@pytest.mark.parametrize("kind", ["ics", "xlsx"])
def test_what_is_exported_can_be_imported_again(office: Office, pattern: Pattern, kind: str) -> None:
    shifts = month(pattern)
    names = office.directory
    if kind == "ics":
        read = roster_files.from_ics(roster_files.to_ics(shifts, names, shifts[0].starts_at), names)
    else:
        read = roster_files.from_xlsx(roster_files.to_xlsx(shifts, names), names)
    assert read.rejected == ()
    assert [(s.id, s.starts_at, s.ends_at, s.person, s.post) for s in read.shifts] == [
        (s.id, s.starts_at, s.ends_at, s.person, s.post) for s in shifts
    ]


def test_a_calendar_from_elsewhere_is_read_by_its_summaries(office: Office) -> None:
    calendar = (
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART;TZID=Asia/Shanghai:20260315T083000\r\n"
        "DTEND;TZID=Asia/Shanghai:20260315T173000\r\nSUMMARY:值班员：顾澜\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    (shift,) = roster_files.from_ics(calendar.encode(), office.directory).shifts
    assert (shift.person, shift.post) == ("gu_lan", "duty")
    assert shift.starts_at == datetime(2026, 3, 15, 8, 30, tzinfo=SHANGHAI)


def test_bad_lines_are_named_and_nothing_is_imported(play: Play, hours: At, tmp_path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(roster_files.HEADS)
    sheet.append(["2026-03-15 08:30", "2026-03-15 17:30", "值班员", "gu_lan", "顾澜", ""])
    sheet.append(["2026-03-15 17:30", "下班", "值班员", "", "顾澜", ""])
    sheet.append(["2026-03-15 17:30", "2026-03-16 08:30", "值班员", "", "无此人", ""])
    book.save(tmp_path / "r.xlsx")
    office = play.desk.office(play.connection)
    read = roster_files.from_xlsx((tmp_path / "r.xlsx").read_bytes(), office.directory)
    assert [line.split("：")[0] for line in read.rejected] == ["第2条", "第3条"]
    before = duty.shifts(play.connection, hours(-100), hours(1000))
    admin = office.directory.get("guan_li")
    with pytest.raises(Refused, match="2行不对，没有导入"):
        duty_desk.import_roster(play.connection, office, "r.xlsx", (tmp_path / "r.xlsx").read_bytes(), admin, hours(0))
    assert duty.shifts(play.connection, hours(-100), hours(1000)) == before
    for name, content in (("r.xlsx", b"not a workbook"), ("r.ics", b"not a calendar"), ("r.doc", b"")):
        with pytest.raises(Refused):
            duty_desk.import_roster(play.connection, office, name, content, admin, hours(0))


def test_an_import_replaces_the_days_it_covers_and_only_those(play: Play, hours: At) -> None:
    play.tick(hours(0))
    office = play.desk.office(play.connection)
    start = datetime(2026, 3, 16, 8, 30, tzinfo=SHANGHAI)
    whole = make_shift(start, start + timedelta(hours=24), "gu_lan", "duty", "一人值全天")
    content = roster_files.to_xlsx([whole], office.directory)
    duty_desk.import_roster(play.connection, office, "r.xlsx", content, office.directory.get("guan_li"), hours(1))
    assert play.desk_on_duty(start + timedelta(hours=2)) == ("gu_lan",)
    assert play.desk_on_duty(start + timedelta(hours=26)) != ()
    leaders = [s for s in duty.shifts(play.connection, start, start + timedelta(hours=1)) if s.post == "leader"]
    assert leaders


def test_people_are_kept_by_an_administrator_and_one_always_stays(play: Play, hours: At) -> None:
    office = play.desk.office(play.connection)
    admin = office.directory.get("guan_li")
    with pytest.raises(Refused, match="只有管理员"):
        duty_desk.save_people(play.connection, play.desk.shipped, [], office.directory.get("gu_lan"), hours(0))
    with pytest.raises(Refused, match="至少要保留一名"):
        gone = admin.model_copy(update={"active": False})
        duty_desk.save_people(play.connection, play.desk.shipped, [gone], admin, hours(0))


def test_the_team_has_a_spokesperson_in_every_unit(office: Office) -> None:
    team = {p.unit for p in office.directory.team()}
    assert set(office.directory.units()) <= team
