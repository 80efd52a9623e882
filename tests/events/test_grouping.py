"""Grouping: what meets in one event, what stays apart, and that its memory is a function of the stored rows."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.analysis.gist import gist
from pipeline.document import (
    Analysis,
    Copy,
    Document,
    Judged,
    Kind,
    PlaceMention,
    Polarity,
    Scope,
    Sentiment,
    Topic,
)
from pipeline.events.grouping import Grouping, event_id
from pipeline.events.likeness import NAMES, evidences, read
from pipeline.events.live import LiveEvents
from pipeline.events.signature import signature

START = datetime(2026, 3, 15, 2, 45, tzinfo=UTC)
WEEK = timedelta(days=7)
TOWNS = {"恒泰新材料": "沙洲镇", "云栖雅苑": "石桥街道", "柳东村": "柳渡镇"}
PLACES = ("沙洲镇", "石桥街道", "青塘镇", "柳渡镇", *TOWNS)


def judged(name: str, text: str, minutes: int, kind: Kind = Kind.WEIBO, title: str = "", repost_of: str = "") -> Judged:
    document = Document(
        name, text, kind, title=title, repost_of=repost_of, collected_at=START + timedelta(minutes=minutes)
    )
    places = tuple(PlaceMention(place, TOWNS.get(place, place), "云港区") for place in PLACES if place in title + text)
    analysis = Analysis(
        document_id=name,
        language="zh",
        sentiment=Sentiment(Polarity.NEUTRAL, 0.0, 1.0),
        topic=Topic("其他", 1.0),
        scope=Scope.LOCAL,
        scope_reason="",
        places=places,
        departments=(),
        opinion_kind=None,
        rumour=None,
        masked_title=title,
        masked_text=text,
        gist=gist(f"{title}\n{text}"),
    )
    return Judged(document, analysis)


PLANT = [
    judged("p1", "沙洲镇化工园恒泰新材料着火了，火苗比楼还高，满屋子刺鼻的味道，有没有人管", 0),
    judged("p2", "凌晨沙洲镇恒泰新材料起火，浓烟滚滚，消防车一辆接一辆往厂里去", 8, Kind.VIDEO, "沙洲镇化工园凌晨大火"),
    judged(
        "p3",
        "3月15日凌晨，云港区沙洲镇恒泰新材料一仓库起火，消防救援大队到场处置，明火已扑灭，起火原因正在调查。",
        180,
        Kind.NEWS,
        "恒泰新材料火灾明火已扑灭",
    ),
    judged(
        "p4",
        "尊敬的领导：我住沙洲镇，离恒泰新材料不到一公里，着火以后院子里都是黑灰，请公布烧的是什么、空气有没有毒。",
        600,
        Kind.MESSAGE,
        "请公布恒泰新材料火灾的监测结果",
    ),
]
FLAT = [
    judged("f1", "石桥街道云栖雅苑三楼电动车充电起火，楼道里全是烟，邻居用灭火器扑灭的", 1500),
    judged("f2", "昨晚石桥街道云栖雅苑一户居民家中失火，一名老人送医，消防提醒电动车勿上楼", 1560, Kind.NEWS),
]
OTHER = [
    judged("o1", "柳渡镇柳东村的拆迁补偿款拖了五个月还没有发，过渡费也停了，请区里给个说法", 30, Kind.MESSAGE),
    judged("o2", "滨江公园的樱花开了，周末带孩子去看花，人真多", 40),
    judged("o3", "石桥街道从昨晚开始停水，水龙头一滴水都没有，什么时候来水", 55),
]


def placed(group: Grouping, stream: Sequence[Judged]) -> dict[str, str]:
    """Final event of each document after placing them in order of time."""
    found: dict[str, str] = {}
    for one in sorted(stream, key=lambda one: one.document.known_at):
        placement = group.place(one, None, one.document.known_at)
        found[placement.document_id] = placement.event_id
        found = {name: placement.event_id if at in placement.merged else at for name, at in found.items()}
    return found


def test_post_video_news_and_letter_about_one_fire_meet_and_the_rest_stays_out() -> None:
    found = placed(Grouping(WEEK), [*PLANT, *OTHER])
    assert {found[name] for name in ("p1", "p2", "p3", "p4")} == {event_id("p1")}
    assert len({found[name] for name in ("p1", "o1", "o2", "o3")}) == 4


@pytest.mark.parametrize(("text", "same"), [("恒泰那边的味道还没散", 1.0), ("恒通那边的味道还没散", 0.0)])
def test_how_a_name_begins_stands_for_the_name(text: str, same: float) -> None:
    group = Grouping(WEEK)
    placed(group, PLANT)
    new = signature(judged("s1", text, 700), group.incidents)
    (row,) = evidences(read(new, group.live), [group.live.events[event_id("p1")]])
    assert row[NAMES.index("same_name")] == same


def test_two_fires_in_one_week_stay_apart() -> None:
    found = placed(Grouping(WEEK), [*PLANT, *FLAT])
    assert found["f1"] == found["f2"] == event_id("f1")
    assert found["p4"] == event_id("p1")


def test_a_forward_follows_its_post_and_a_copy_its_original() -> None:
    group = Grouping(WEEK)
    placed(group, PLANT)
    forward = judged("r1", "转起来让领导看看", 20, repost_of="p1")
    assert group.place(forward, None, forward.document.known_at).event_id == event_id("p1")
    copied = judged("c1", "随便什么字", 21)
    placement = group.place(copied, Copy("c1", "p2", 0.9, "near"), copied.document.known_at)
    assert (placement.event_id, placement.opened, placement.score) == (event_id("p1"), False, 0.9)
    assert "90%" in placement.reason


def test_a_document_like_nothing_opens_an_event_named_after_it() -> None:
    placement = Grouping(WEEK).place(OTHER[1], None, START)
    assert (placement.event_id, placement.opened, placement.merged) == (event_id("o2"), True, ())
    assert placement.reason


def test_a_reason_names_place_kind_and_words() -> None:
    group = Grouping(WEEK)
    group.place(PLANT[0], None, START)
    reason = group.place(PLANT[1], None, START).reason
    assert "沙洲镇" in reason or "恒泰新材料" in reason
    assert "火灾" in reason
    assert "把握" in reason


def test_documents_leave_with_the_window() -> None:
    group = Grouping(timedelta(days=1))
    placed(group, PLANT)
    late = judged("late", "沙洲镇恒泰新材料又着火了，火苗很高", 60 * 24 * 3)
    assert group.place(late, None, late.document.known_at).opened
    assert len(group) == 1


def test_people_can_merge_and_split_and_new_documents_follow() -> None:
    group = Grouping(WEEK)
    placed(group, [*PLANT, *FLAT])
    group.merge(event_id("p1"), event_id("f1"))
    more = judged("f3", "石桥街道云栖雅苑电动车充电起火，老人送医，物业该负责", 1570)
    assert group.place(more, None, more.document.known_at).event_id == event_id("p1")
    group.split(event_id("p1"), ["f1", "f2", "f3"], "enew")
    again = judged("f4", "石桥街道云栖雅苑失火那家，电动车充电引起的，老人还在医院", 1580)
    assert group.place(again, None, again.document.known_at).event_id == "enew"


def test_splitting_names_only_documents_of_that_event() -> None:
    group = Grouping(WEEK)
    before = placed(group, [*PLANT, *FLAT])
    group.split(event_id("p1"), ["f1", "gone"], "enew")
    forward = judged("r9", "转", 1590, repost_of="f1")
    assert group.place(forward, None, forward.document.known_at).event_id == before["f1"]


def test_what_a_person_split_is_not_joined_again_by_the_machine_nor_through_a_third_event() -> None:
    def fires(part: bool) -> set[str]:
        group = Grouping(WEEK)
        placed(group, PLANT)
        group.split(event_id("p1"), ["p3", "p4"], "enew")
        if part:
            group.part(event_id("p1"), "enew")
        for number in range(8):
            placed(group, [judged(f"q{number}", PLANT[number % 4].document.text + f"第{number}次看", 620 + number)])
        return {group.live.event_of[one] for one in ("p1", "p3")}

    assert len(fires(part=False)) == 1
    assert fires(part=True) == {event_id("p1"), "enew"}


def test_an_event_that_joins_another_takes_along_what_it_was_split_from() -> None:
    group = Grouping(WEEK)
    placed(group, [*PLANT, *FLAT])
    group.split(event_id("p1"), ["p3", "p4"], "enew")
    group.part(event_id("p1"), "enew")
    group.merge(event_id("f1"), "enew")
    again = judged("p5", PLANT[0].document.text + PLANT[2].document.text + FLAT[0].document.text, 1600)
    placement = group.place(again, None, again.document.known_at)
    assert not {event_id("p1"), event_id("f1")} <= {placement.event_id, *placement.merged}
    assert group.live.event_of["p1"] != group.live.event_of["p3"]


EVERYDAY = [
    *(
        "今天",
        "真的",
        "还有",
        "觉得",
        "大家",
        "终于",
        "睡觉",
        "加油",
        "生日",
        "快乐",
        "朋友",
        "喜欢",
        "电影",
        "晚安",
        "回家",
        "下雨",
    ),
    *(
        "开心",
        "无聊",
        "手机",
        "外卖",
        "快递",
        "公司",
        "加班",
        "周末",
        "早上",
        "晚上",
        "火锅",
        "奶茶",
        "考试",
        "作业",
        "老师",
        "同学",
    ),
]


def test_talk_that_joined_a_busy_event_makes_it_draw_no_more_talk() -> None:
    """Else it would draw the more the more it had drawn, until it held everything that people say."""
    chance = random.Random(3)
    talk = [judged(f"t{n}", "".join(chance.sample(EVERYDAY, 7)), 10 + n // 10) for n in range(200)]
    group = Grouping(WEEK)
    group.restore((one, event_id("p1")) for one in [*PLANT[:2], *talk])
    new = judged("n1", "地里的庄稼该浇水了，锄头放哪儿啦，今天回家吗", 31)
    assert group.place(new, None, new.document.known_at).opened


def test_a_stray_document_of_another_town_does_not_open_a_large_event_to_that_town() -> None:
    """Else whatever is said of that town would follow it in, and the event would hold every town of the district."""
    chance = random.Random(4)
    fire = [
        judged(f"f{n}", f"沙洲镇着火了，{''.join(chance.sample(EVERYDAY, 3))}，浓烟滚滚", 10 + n // 4)
        for n in range(100)
    ]
    stray = judged("s1", "石桥街道也看得见沙洲镇的火，浓烟滚滚", 36)
    group = Grouping(WEEK)
    group.restore((one, event_id("p1")) for one in [*PLANT[:1], *fire, stray])
    new = judged("n1", "石桥街道的樱花开了，周末带孩子去走走", 37)
    assert group.place(new, None, new.document.known_at).opened


def test_a_town_and_the_hour_alone_bring_nothing_into_a_busy_event_of_that_town() -> None:
    chance = random.Random(6)
    fire = [
        judged(f"f{n}", f"沙洲镇着火了，{''.join(chance.sample(EVERYDAY, 3))}，浓烟滚滚", 10 + n // 4)
        for n in range(100)
    ]
    group = Grouping(WEEK)
    group.restore((one, event_id("p1")) for one in [*PLANT[:1], *fire])
    other = judged("n1", "沙洲镇的樱花开了，周末带孩子去走走", 36)
    about = judged("n2", "沙洲镇的烟还没散，浓烟滚滚呛得睡不着", 36)
    assert group.place(other, None, other.document.known_at).opened
    assert group.place(about, None, about.document.known_at).event_id == event_id("p1")


WATER = (
    ("停水三天了", "又停水了", "自来水管爆了", "水龙头没有水"),
    ("没法做饭", "孕妇老人怎么办", "送水车也没来", "自来水公司电话打不通", "楼道里都在排队接水"),
)
FLATS = (
    ("拆迁款没发", "补偿款拖欠", "过渡费停了", "安置房没影"),
    ("拖了五个月", "去街道问没人理", "几百户都没拿到", "签了字就不管", "租房的钱都是借的"),
)


def test_two_large_matters_of_one_town_stay_apart_whatever_joined_them() -> None:
    chance = random.Random(5)
    stream = []
    for number in range(400):
        whats, voices = (WATER, FLATS)[number % 2]
        place = "石桥街道" if chance.random() < 0.6 else ""
        told = f"{place}{chance.choice(whats)}，{chance.choice(voices)}。{''.join(chance.sample(EVERYDAY, 4))}"
        stream.append(judged(f"{'wf'[number % 2]}{number:03}", told, number))
    stream += [  # of the town, and about nothing
        judged(f"n{number:03}", f"石桥街道{''.join(chance.sample(EVERYDAY, 7))}", 5 + 6 * number)
        for number in range(60)
    ]
    found = placed(Grouping(WEEK), stream)
    largest = [
        Counter(at for name, at in found.items() if name.startswith(matter)).most_common(1)[0] for matter in "wf"
    ]
    assert largest[0][0] != largest[1][0]
    assert all(size > 180 for _, size in largest)


def test_rare_words_that_only_one_event_has_bring_a_post_without_place_or_kind_to_it() -> None:
    letter = judged("g1", "柳渡镇兴旺养猪场的粪水直接排进沟里，猪场老板说手续齐全，粪水沟里全是苍蝇", 0, Kind.MESSAGE)
    post = judged("g2", "养猪场老板说手续齐全？手续齐全就能往沟里倒粪水，苍蝇满天飞，猪场的猪都嫌臭", 300)
    other = judged("g3", "周末带孩子去看电影，散场的时候下雨了，没带伞", 310)
    found = placed(Grouping(WEEK), [letter, post, other, OTHER[2]])
    assert found["g2"] == found["g1"] == event_id("g1")
    assert found["g3"] == event_id("g3")


def test_a_letter_of_days_ago_is_recalled_when_its_matter_gathers() -> None:
    """Too little was known when it came, and it is too old for the look at the lone documents of the last two days."""
    first = judged("d0", "签字五个月了，房东催租，过渡的日子到头了", 0, Kind.MESSAGE, "请帮忙催一催")
    texts = [
        "柳东村拆迁户去镇政府问补偿款，签字五个月一分未付",
        "柳渡镇柳东村拆迁补偿款拖了五个月，过渡费也停了",
        "柳东村的拆迁户签字五个月了，约定九十日付清，补偿款在哪里",
        "柳渡镇称柳东村拆迁补偿款月底前付清，过渡费同时补发",
        "拆迁补偿款说是月底付清，柳东村的签字五个月的都在等",
        "柳东村拆迁补偿款又拖，过渡费又停，房东催租",
        "柳渡镇拆迁办门口排队问补偿款的人",
        "柳东村拆迁户：清单上写九十日付清",
    ]
    late = 60 * 24 * 4
    gathering = [judged(f"d{n}", text, late + 20 * n) for n, text in enumerate(texts, 1)]
    group = Grouping(WEEK)
    found = placed(group, [first, *gathering[:2]])
    assert found["d0"] != found["d2"]
    found = placed(Grouping(WEEK), [first, *gathering])
    assert set(found.values()) == {event_id("d0")}


STREAM = sorted([*PLANT, *FLAT, *OTHER], key=lambda one: one.document.known_at)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, len(STREAM)), st.sampled_from([timedelta(hours=2), timedelta(hours=20), WEEK]))
def test_restoring_gives_the_answers_that_living_through_gave(cut: int, window: timedelta) -> None:
    lived, restored = Grouping(window), Grouping(window)
    found = placed(lived, STREAM[:cut])
    restored.restore((one, found[one.document.id]) for one in STREAM[:cut])
    for one in STREAM[cut:]:
        at = one.document.known_at
        assert lived.place(one, None, at) == restored.place(one, None, at)


def test_what_leaves_the_index_leaves_no_trace() -> None:
    group = Grouping(timedelta(hours=1))
    placed(group, STREAM)
    far = judged("far", "很久以后的一件小事，与前面都无关", 60 * 24 * 30)
    group.place(far, None, far.document.known_at)
    live: LiveEvents = group.live
    assert list(live.events) == [event_id("far")]
    assert set(live.event_of) == {"far"}
    assert all(set(posting) == {event_id("far")} for posting in live.postings.values())
    assert not live.scenes


@pytest.mark.parametrize("text", ["", "。。。", "a", "哈" * 5000, "\ud800坏的编码", "<html>&nbsp;</html>"])
def test_any_text_is_placed(text: str) -> None:
    group = Grouping(WEEK)
    assert group.place(judged("x", text, 0), None, START).event_id == event_id("x")
