"""Title, summary and viewpoints of an event: real words only, critics never left out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pipeline.document import Analysis, Document, Judged, Kind, PlaceMention, Polarity, Scope, Sentiment, Topic
from pipeline.events.summary import summarise, words_of
from pipeline.events.titles import LONGEST, line_of, title_of
from pipeline.events.viewpoints import viewpoints

START = datetime(2026, 3, 14, 6, tzinfo=UTC)


def judged(
    name: str,
    text: str,
    mood: Polarity = Polarity.NEUTRAL,
    kind: Kind = Kind.WEIBO,
    title: str = "",
    source: str = "微博",
) -> Judged:
    document = Document(name, text, kind, source, title=title, collected_at=START + timedelta(minutes=int(name[1:])))
    places = (PlaceMention("石桥街道", "石桥街道", "云港区"),) if "石桥" in title + text else ()
    analysis = Analysis(
        name, "zh", Sentiment(mood, 0.0, 0.9), Topic("城乡建设", 0.9), Scope.LOCAL, "", places, (), None, None, title, text
    )  # fmt: skip
    return Judged(document, analysis)


WATER = [
    judged("d1", "一早起来水龙头滴不出一滴水！！石桥这一片是不是都停了？", Polarity.NEGATIVE),
    judged("d2", "停水五个小时才通知，让没有水的人储水，这文案是认真的吗", Polarity.NEGATIVE),
    judged(
        "d3",
        "尊敬的领导：您好！石桥街道云栖路停水一天，家里有卧床病人，请尽快恢复供水。",
        Polarity.NEGATIVE,
        Kind.MESSAGE,
        "反映停水",
    ),
    judged(
        "d4",
        "本网讯 14日凌晨2时许，振兴路一根供水主管爆裂，石桥街道部分小区停水，约1.3万户居民受影响。抢修预计14时完成。",
        kind=Kind.NEWS,
        title="振兴路主水管爆裂 石桥部分小区停水",
        source="港城热线",
    ),
    judged("d5", "送水车来了，抢修师傅在坑里泡了一天，也不容易", Polarity.POSITIVE),
    judged("d6", "请问停水什么时候恢复？石桥这边等着做饭", Polarity.NEUTRAL),
    judged(
        "d7",
        "【抢修进展】因现场管线复杂，供水恢复时间推迟至22时。已调派送水车9辆。",
        kind=Kind.WEIBO,
        source="云港水务公司",
    ),
]


def test_the_title_is_the_headline_that_the_others_share_words_with() -> None:
    assert title_of(WATER) == "振兴路主水管爆裂 石桥部分小区停水"


def test_without_a_headline_the_title_is_a_clause_as_written() -> None:
    title = title_of(WATER[:2])
    assert title
    assert len(title) <= LONGEST
    assert title.rstrip("…") in "".join(one.document.text for one in WATER[:2])


def test_greetings_marks_and_tags_are_no_title() -> None:
    text = "尊敬的领导：您好！#云港#石桥街道云栖路从昨晚停水到现在，家里老人没法做饭。"
    assert line_of(judged("d1", text)).startswith("石桥街道云栖路从昨晚停水到现在")
    assert line_of(judged("d1", "【停水通知及抢修安排】明天八点起停水。")) == "停水通知及抢修安排"
    assert line_of(judged("d1", "")) == ""
    assert title_of([]) == ""


def test_the_summary_quotes_sentences_with_their_source() -> None:
    found = summarise(WATER, official=frozenset({"云港水务公司"}))
    texts = {one.document.id: one.document.text for one in WATER}
    assert 2 <= len(found) <= 4
    assert all(one.text in texts[one.document_id] for one in found)
    assert [one.at for one in found] == sorted(one.at for one in found)


def test_the_summary_keeps_the_newest_official_word_and_a_critic() -> None:
    found = {one.document_id for one in summarise(WATER, official=frozenset({"云港水务公司"}), count=2)}
    assert "d7" in found
    assert found & {"d1", "d2", "d3"}


def test_an_event_has_its_own_words() -> None:
    assert "停水" in dict(words_of(WATER))
    assert words_of([]) == ()


def test_viewpoints_quote_real_sentences_and_shares_add_up() -> None:
    found = viewpoints(WATER)
    texts = {one.document.id: one.document.text for one in WATER}
    assert abs(sum(view.share for view in found) - 1) < 1e-9
    for view in found:
        assert view.quotes
        assert all(quote.text.rstrip("…") in texts[quote.document_id] for quote in view.quotes)


def test_critics_stand_first_however_few() -> None:
    praise = [judged(f"d{n}", f"抢修师傅辛苦了，第{n}批送水车到了，点赞", Polarity.POSITIVE) for n in range(10, 40)]
    found = viewpoints([*praise, WATER[1]], groups=2)
    assert found[0].side == "negative"
    assert found[0].voices == 1


def test_questions_are_grouped() -> None:
    asked = [
        judged("d50", "请问停水什么时候恢复？"),
        judged("d51", "停水到底几点恢复供水呢？"),
        judged("d52", "有没有人知道停水几时恢复？"),
    ]
    found = [view for view in viewpoints(asked) if view.side == "question"]
    assert len(found) == 1
    assert found[0].voices == 3


def test_nobody_speaks_of_nothing() -> None:
    assert viewpoints([]) == ()
    assert summarise([]) == ()
