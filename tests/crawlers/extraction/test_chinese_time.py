"""The time grammar: as pages write it, resolved against the moment of the visit, never later than it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.extraction.chinese_time import number, read_time, read_times
from pipeline.clock import SHANGHAI

NOW = datetime(2026, 3, 16, 9, 0, tzinfo=SHANGHAI)  # a Monday


@pytest.mark.parametrize(
    ("text", "expected", "precision"),
    [
        ("9月8日 22:14", "2025-09-08 22:14", "minute"),
        ("09-08 22:14", "2025-09-08 22:14", "minute"),
        ("03/15 07:20", "2026-03-15 07:20", "minute"),
        ("去年12月3日", "2025-12-03 00:00", "day"),
        ("上周五", "2026-03-13 00:00", "day"),
        ("周日 14:05", "2026-03-15 14:05", "minute"),
        ("8日22时", "2026-03-08 22:00", "hour"),
        ("28日下午3点", "2026-02-28 15:00", "hour"),
        ("3分钟前", "2026-03-16 08:57", "minute"),
        ("半小时前", "2026-03-16 08:30", "hour"),
        ("2个小时前", "2026-03-16 07:00", "hour"),
        ("三天前", "2026-03-13 00:00", "day"),
        ("昨天 23:10", "2026-03-15 23:10", "minute"),
        ("今天 08:10", "2026-03-16 08:10", "minute"),
        ("前天", "2026-03-14 00:00", "day"),
        ("2月29日 10:00", "2024-02-29 10:00", "minute"),
        ("二〇二六年三月十五日", "2026-03-15 00:00", "day"),
        ("3月15日凌晨2时40分", "2026-03-15 02:40", "minute"),
        ("十五日", None, ""),
        ("3月15日上午十点半", "2026-03-15 10:30", "minute"),
        ("3月15日晚上8点", "2026-03-15 20:00", "hour"),
        ("2026/3/15 7:20:11", "2026-03-15 07:20:11", "second"),
        ("2026年3月15日 星期日 07时20分", "2026-03-15 07:20", "minute"),
        ("2026.03.15", "2026-03-15 00:00", "day"),
        ("2026 03 / 15 07:20:11", "2026-03-15 07:20:11", "second"),
        ("2026-03-14T23:20:11Z", "2026-03-15 07:20:11", "second"),
        ("2026-03-15T07:20:11.500+08:00", "2026-03-15 07:20:11", "second"),
        ("1773530411", "2026-03-15 07:20:11", "second"),
        ("1773530411000", "2026-03-15 07:20:11", "second"),
        ("20260315072011", "2026-03-15 07:20:11", "second"),
        ("2027-01-01 10:00", None, ""),
        ("2026-13-45 10:00", None, ""),
        ("比分 3-2 结束", None, ""),
    ],
)
def test_times_as_pages_write_them(text, expected, precision):
    found = read_time(text, NOW)
    if expected is None:
        assert found is None
    else:
        assert found is not None
        assert (found.at, found.precision) == (datetime.fromisoformat(expected).replace(tzinfo=SHANGHAI), precision)


def test_without_a_moment_of_visit_only_complete_dates_are_read():
    assert read_time("9月8日 22:14") is None
    assert read_time("2019年9月8日 22:14") is not None


def test_the_first_exact_time_is_preferred_to_a_bare_date():
    found = read_time("2026-03-14 更新 2026-03-15 07:20", NOW)
    assert found is not None
    assert found.at.day == 15


def test_a_clock_a_little_ahead_is_now():
    assert [moment.at for moment in read_times("2026-03-16 09:03", NOW)] == [NOW]


@pytest.mark.parametrize(
    ("text", "value"), [("十", 10), ("十五", 15), ("二十", 20), ("三十一", 31), ("二〇二六", 2026), ("08", 8)]
)
def test_chinese_numerals(text, value):
    assert number(text) == value


_PIECES = st.sampled_from(
    [
        "去年",
        "上周",
        "五",
        "3",
        "12",
        "月",
        "日",
        "时",
        "点",
        "半",
        "分",
        "前",
        ":",
        "-",
        " ",
        "2026",
        "年",
        "昨天",
        "下午",
        "分钟前",
        "T",
        "+08:00",
        "二十",
        "星期",
    ]
)
_MOMENTS = st.datetimes(datetime(2001, 1, 1), datetime(2040, 1, 1)).map(lambda at: at.replace(tzinfo=SHANGHAI))


@given(st.lists(_PIECES, max_size=14).map("".join) | st.text(max_size=60), _MOMENTS)
def test_no_time_is_later_than_the_visit(text, now):
    for moment in read_times(text, now):
        assert moment.at <= now
        assert moment.at.tzinfo is not None


@given(
    _MOMENTS,
    st.sampled_from(
        ["%Y-%m-%d %H:%M:%S", "%Y年%m月%d日 %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y%m%d%H%M%S", "%Y-%m-%dT%H:%M:%S+08:00"]
    ),
)
def test_a_written_time_reads_back(at, form):
    found = read_time(at.strftime(form), at + timedelta(days=400))
    assert found is not None
    assert found.at == at.replace(microsecond=0)


@given(_MOMENTS, st.integers(0, 363))
def test_a_month_and_day_is_the_last_such_day(now, back):
    day = (now - timedelta(days=back)).date()
    found = read_time(f"{day.month}月{day.day}日", now)
    assert found is not None
    assert found.at.date() == day
