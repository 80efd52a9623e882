"""Hot issues among messages: ranked, placed, told with three examples."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pipeline.analysis.gist import gist
from pipeline.document import Analysis, Counts, Document, Judged, Kind, Polarity, Scope, Sentiment, Topic
from pipeline.events.hot_issues import crowd_of, hot_issues, place_of
from pipeline.events.names import names

START = datetime(2026, 2, 1, 1, tzinfo=UTC)


def letter(name: str, day: int, title: str, text: str, author: str, likes: int = 0) -> Judged:
    document = Document(
        name,
        text,
        Kind.MESSAGE,
        title=title,
        author=author,
        published_at=START + timedelta(days=day),
        counts=Counts(likes=likes),
    )
    analysis = Analysis(
        name, "zh", Sentiment(Polarity.NEGATIVE, 0.0, 0.9), Topic("环境保护", 0.9), Scope.LOCAL, "", (), (), None, None, title, text,
        gist=gist(f"{title}\n{text}"),
    )  # fmt: skip
    return Judged(document, analysis)


NOISE = [
    letter(
        "m1",
        0,
        "丽发新城小区旁建搅拌站严重扰民",
        "丽发新城小区旁边建了搅拌站，噪音和灰尘让居民没法休息，请查处。",
        "u1",
    ),
    letter(
        "m2", 2, "投诉丽发新城附近搅拌站灰尘污染", "搅拌站的灰尘飘进丽发新城，居民不敢开窗，噪音从早到晚。", "u2", 9
    ),
    letter(
        "m3", 5, "丽发新城搅拌站夜间噪音扰民", "丽发新城居民反映：搅拌站半夜还在生产，噪音很大，粉尘到处都是。", "u3"
    ),
    letter(
        "m4", 6, "丽发新城小区搅拌站何时搬走", "搅拌站离丽发新城小区只有几十米，噪音灰尘不断，居民盼着早日搬走。", "u1"
    ),
]
BUS = [
    letter("b1", 1, "139路公交停运出行不便", "139路公交区间线停运以后，老人出门要走两公里，请恢复班次。", "u4"),
    letter("b2", 3, "请恢复139路公交区间线", "139路公交区间线停运，乘客上班很不方便，请恢复开通。", "u5"),
]
LONE = [letter("l1", 2, "社保卡丢了怎么补办", "我的社保卡丢了，请问补办要带什么材料。", "u6", 50)]


def test_the_issue_of_most_people_comes_first_with_all_that_is_asked_of_it() -> None:
    found = hot_issues([*BUS, *NOISE, *LONE])
    assert [issue.messages for issue in found] == [4, 2]
    first = found[0]
    assert first.place.startswith("丽发新城")
    assert (first.crowd, first.people) == ("居民", 3)
    assert (first.first_at, first.last_at) == (START, START + timedelta(days=6))
    assert "搅拌站" in first.title
    assert len(first.examples) == 3
    assert "m2" in {example.document_id for example in first.examples}, "the most supported message is an example"
    assert first.heat == round(sum(term.value for term in first.heat_terms), 1)


def test_a_lone_message_is_no_issue_and_nothing_gives_nothing() -> None:
    assert hot_issues(LONE) == []
    assert hot_issues([]) == []


def test_the_order_of_the_file_does_not_matter() -> None:
    assert hot_issues([*NOISE, *BUS]) == hot_issues([*BUS, *NOISE[::-1]])


def test_place_and_crowd_are_honest_when_nothing_is_said() -> None:
    assert place_of(LONE) == ""
    assert crowd_of(LONE) == "群众"


def test_names_are_known_by_their_endings_and_common_words_are_none() -> None:
    assert names("我住在丽发新城小区，孩子在云港实验小学") & {"丽发新城", "新城小区"}
    assert names("这个小区的业主都在问，我们学校什么时候开学，请政府答复") == frozenset()
