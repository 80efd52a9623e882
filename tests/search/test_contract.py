"""What every search index must do: one set of cases, run on each implementation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations

import pytest

from pipeline.document import Kind, Polarity, Scope, Secrecy
from pipeline.search.port import (
    All,
    Bar,
    FacetCount,
    IndexedDocument,
    InStage,
    Interval,
    Node,
    Not,
    OneOf,
    Query,
    SearchError,
    SearchIndex,
    Segment,
    Some,
    Sort,
    Within,
    Words,
)
from pipeline.search.port import Field as F
from pipeline.search.query import parse
from pipeline.search.tokens import tokens

START = datetime(2026, 3, 14, 17, 0, tzinfo=UTC)  # 01:00 of 15 March in Shanghai


def document(number: int, text: str, **more: object) -> IndexedDocument:
    made = IndexedDocument(id=f"d{number}", kind=Kind.NEWS, text=text, at=START + timedelta(hours=number))
    return replace(made, **more)  # type: ignore[arg-type]


def words(text: str) -> Words:
    return Words(tuple(tokens(text)))


def ids(index: SearchIndex, where: Node, **more: object) -> list[str]:
    return [hit.id for hit in index.search(Query(where, **more)).hits]  # type: ignore[arg-type]


FIRE = document(
    0, "云港区沙洲镇化工园恒泰新材料发生火情，消防救援大队到场。", title="恒泰新材料火情通报", kind=Kind.WEIBO,
    source="云港应急", sentiment=Polarity.NEGATIVE, topic="安全生产", topic_sub="火灾", places=("化工园", "沙洲镇"),
    departments=("区应急管理局", "区消防救援大队"), event_id="e1", score=-0.8,
)  # fmt: skip
MOVE = document(
    1, "柳东村拆迁补偿款至今没有到位。", title="拆，迁补偿", kind=Kind.MESSAGE, source="区政府网",
    sentiment=Polarity.NEGATIVE, topic="征地拆迁", places=("柳东村", "柳渡镇"), departments=("区征收办",), event_id="e2",
    secrecy=Secrecy.INTERNAL,
)  # fmt: skip
FEST = document(
    2, "柳渡镇文化节开幕，10,000人到场，气温3.14度。", kind=Kind.NEWS, source="澜州日报", sentiment=Polarity.POSITIVE,
    topic="文体旅游", places=("柳渡镇",), scope=Scope.NEIGHBOURING,
)  # fmt: skip
ALL = [FIRE, MOVE, FEST]


@pytest.fixture
def filled(index: SearchIndex) -> SearchIndex:
    index.add(ALL)
    return index


@pytest.fixture(scope="module")
def asked(lasting_index: SearchIndex) -> SearchIndex:
    lasting_index.add(ALL)
    return lasting_index


def test_an_empty_index_answers(index: SearchIndex) -> None:
    found = index.search(Query(words("拆迁"), facets=(F.KIND,), histogram=Interval.DAY))
    assert (found.total, found.hits, found.facets, found.histogram) == (0, (), {F.KIND: ()}, ())
    assert index.count() == 0
    assert list(index.scan(Query())) == []


def test_what_was_added_comes_back_whole(asked: SearchIndex) -> None:
    found = asked.search(Query())
    assert [hit.document for hit in found.hits] == [FEST, MOVE, FIRE]
    assert found.total == asked.count() == 3


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (words("拆迁"), ["d1"]),
        (words("迁补"), ["d1"]),
        (words("迁拆"), []),
        (words("柳渡"), ["d2"]),
        (words("10,000"), ["d2"]),
        (words("000"), ["d2"]),
        (words("00"), []),
        (words("３．１４"), ["d2"]),
        (words("到"), ["d2", "d1", "d0"]),
        (All((words("到场"), words("柳渡镇"))), ["d2"]),
        (Some((words("拆迁"), words("火情"))), ["d1", "d0"]),
        (All((words("到场"), Not(words("火情")))), ["d2"]),
        (Not(words("到场")), ["d1"]),
        (Not(Not(words("到场"))), ["d2", "d0"]),
        (All((Not(words("火情")), Not(words("拆迁")))), ["d2"]),
        (Some((Not(words("到场")), words("火情"))), ["d1", "d0"]),
        (All(), ["d2", "d1", "d0"]),
        (Some(), []),
        (OneOf(F.KIND, ("weibo", "message")), ["d1", "d0"]),
        (OneOf(F.SOURCE, ("澜州日报",)), ["d2"]),
        (OneOf(F.SOURCE, ("澜州",)), []),
        (OneOf(F.SENTIMENT, ("negative",)), ["d1", "d0"]),
        (OneOf(F.TOPIC, ("安全生产",)), ["d0"]),
        (OneOf(F.TOPIC, ("火灾",)), ["d0"]),
        (OneOf(F.PLACE, ("柳渡镇",)), ["d2", "d1"]),
        (OneOf(F.DEPARTMENT, ("区消防救援大队",)), ["d0"]),
        (OneOf(F.SCOPE, ("neighbouring",)), ["d2"]),
        (OneOf(F.EVENT, ("e1", "e2", "e3")), ["d1", "d0"]),
        (OneOf(F.EVENT, ()), []),
        (OneOf(F.EVENT, (*(f"x{n}" for n in range(70_000)), "e1")), ["d0"]),
        (Within(START + timedelta(hours=1), None), ["d2", "d1"]),
        (Within(None, START + timedelta(hours=1)), ["d0"]),
        (Within(START, START + timedelta(hours=2)), ["d1", "d0"]),
        (Within(None, None), ["d2", "d1", "d0"]),
        (All((words("柳"), OneOf(F.KIND, ("news",)), Within(START, None))), ["d2"]),
    ],
)
def test_a_question_finds_exactly(asked: SearchIndex, where: Node, expected: list[str]) -> None:
    found = asked.search(Query(where))
    assert [hit.id for hit in found.hits] == expected
    assert found.total == len(expected)
    assert [each.id for each in asked.scan(Query(where))] == expected


def test_title_and_text_are_both_found_and_marked(asked: SearchIndex) -> None:
    (hit,) = asked.search(Query(words("拆迁"))).hits
    assert hit.title == (Segment("拆，迁", True), Segment("补偿"))
    assert hit.snippet == (Segment("柳东村"), Segment("拆迁", True), Segment("补偿款至今没有到位。"))


def test_a_phrase_never_runs_from_the_title_into_the_text(index: SearchIndex) -> None:
    index.add([document(0, "迁", title="拆")])
    assert ids(index, words("拆迁")) == []


def test_what_the_asker_may_not_see_is_neither_found_nor_counted(asked: SearchIndex) -> None:
    found = asked.search(Query(marks=(Secrecy.PUBLIC,), facets=(F.KIND,), histogram=Interval.DAY))
    assert [hit.id for hit in found.hits] == ["d2", "d0"]
    assert {each.value for each in found.facets[F.KIND]} == {"news", "weibo"}
    assert sum(bar.count for bar in found.histogram) == 2
    assert [each.id for each in asked.scan(Query(marks=(Secrecy.PUBLIC,)))] == ["d2", "d0"]
    assert asked.search(Query(marks=())).total == 0


def test_facets_count_all_that_match_largest_first(asked: SearchIndex) -> None:
    found = asked.search(Query(limit=0, facets=tuple(F)))
    assert found.hits == ()
    assert found.facets[F.SENTIMENT] == (FacetCount("negative", 2), FacetCount("positive", 1))
    assert found.facets[F.PLACE] == (FacetCount("柳渡镇", 2), FacetCount("化工园", 1), FacetCount("柳东村", 1),
                                    FacetCount("沙洲镇", 1))  # fmt: skip
    assert found.facets[F.TOPIC] == (FacetCount("安全生产", 1), FacetCount("征地拆迁", 1), FacetCount("文体旅游", 1))
    assert found.facets[F.EVENT] == (FacetCount("e1", 1), FacetCount("e2", 1))
    assert len(asked.search(Query(facets=(F.PLACE,), facet_size=1)).facets[F.PLACE]) == 1


def test_the_histogram_is_cut_at_shanghai_days_and_hours(index: SearchIndex) -> None:
    midnight = datetime(2026, 3, 14, 16, 0, tzinfo=UTC)
    index.add(
        [
            document(0, "甲", at=midnight - timedelta(seconds=1)),
            document(1, "乙", at=midnight, sentiment=Polarity.NEGATIVE),
            document(2, "丙", at=midnight + timedelta(hours=23, minutes=59)),
        ]
    )
    days = index.search(Query(histogram=Interval.DAY)).histogram
    assert days == (Bar(midnight - timedelta(days=1), 1, 0), Bar(midnight, 2, 1))
    hours = index.search(Query(histogram=Interval.HOUR)).histogram
    assert [bar.at for bar in hours] == [midnight + timedelta(hours=n) for n in (-1, 0, 23)]


def test_many_kinds_of_combined_places_are_counted_exactly(index: SearchIndex) -> None:
    """More combinations than one look reads: what is counted stays what is there."""
    villages = [f"第{n}村" for n in range(70)]
    index.add(
        [
            document(n % 48, "甲", id=f"d{n}", places=(*pair, "柳渡镇"))
            for n, pair in enumerate(combinations(villages, 2))
        ]
    )
    places = index.search(Query(words("甲"), facets=(F.PLACE,), facet_size=100)).facets[F.PLACE]
    assert places[0] == FacetCount("柳渡镇", 2415)
    assert {each.count for each in places[1:]} == {69}
    assert len(places) == 71


def test_the_newest_of_very_many_are_found_page_by_page(index: SearchIndex) -> None:
    index.add([document(n % 200, "甲" if n % 3 else "乙", id=f"d{n}") for n in range(4_500)])
    newest = sorted(index.scan(Query(words("甲"))), key=lambda each: each.at, reverse=True)
    for histogram in (Interval.DAY, Interval.HOUR):
        for offset in (0, 20, 980):
            found = index.search(Query(words("甲"), offset=offset, histogram=histogram))
            assert found.total == 3_000
            assert [hit.document.at for hit in found.hits] == [each.at for each in newest[offset : offset + 20]]
            assert [hit.id for hit in found.hits] == ids(index, words("甲"), offset=offset)


def test_pages_follow_one_another_without_gap_or_repeat(index: SearchIndex) -> None:
    index.add([document(n % 3, "甲", id=f"d{n}") for n in range(25)])
    whole = ids(index, words("甲"), limit=25)
    paged = [each for start in range(0, 30, 7) for each in ids(index, words("甲"), limit=7, offset=start)]
    assert paged == whole
    assert len(set(whole)) == 25


def test_a_page_too_deep_is_refused_in_words(index: SearchIndex) -> None:
    with pytest.raises(SearchError, match="导出"):
        index.search(Query(limit=20, offset=9_990))


def test_a_scan_gives_everything_newest_first(index: SearchIndex) -> None:
    index.add([document(n % 50, "甲", id=f"d{n}") for n in range(1_234)])
    scanned = list(index.scan(Query(words("甲"))))
    assert len({each.id for each in scanned}) == len(scanned) == 1_234
    assert [each.at for each in scanned] == sorted((each.at for each in scanned), reverse=True)


def test_a_scan_shows_the_index_as_it_was_when_it_began(index: SearchIndex) -> None:
    index.add([document(n, "甲") for n in range(1_100)])
    scan = index.scan(Query(words("甲")))
    first = next(scan)
    index.add([document(9_000, "甲")])
    index.delete(["d3"])
    assert len({first.id, *(each.id for each in scan)}) == 1_100


def test_adding_again_replaces_even_into_another_month(filled: SearchIndex) -> None:
    moved = replace(MOVE, text="已经签约。", at=START + timedelta(days=60))
    filled.add([MOVE, moved])
    assert filled.count() == 3
    assert ids(filled, words("补偿款")) == []
    assert ids(filled, words("签约")) == ["d1"]


def test_deleting_takes_out_and_unknown_ids_do_not_matter(filled: SearchIndex) -> None:
    filled.delete(["d0", "unknown"])
    filled.delete(["d0"])
    filled.delete([])
    assert ids(filled, All()) == ["d2", "d1"]


def test_what_is_older_than_may_be_kept_goes(index: SearchIndex) -> None:
    index.add([document(n, "甲", id=f"d{n}", at=START - timedelta(days=20 * n)) for n in range(8)])
    bound = START - timedelta(days=70)
    assert index.drop_before(bound) == 4
    assert ids(index, All()) == ["d0", "d1", "d2", "d3"]
    assert index.drop_before(bound) == 0
    index.add([document(9, "甲", at=START - timedelta(days=100))])
    assert ids(index, words("甲"))[-1] == "d9"


def test_a_rebuild_puts_a_new_index_in_place_and_the_old_answers_until_then(filled: SearchIndex) -> None:
    seen: list[int] = []

    def fresh() -> Iterator[IndexedDocument]:
        for number in range(700):
            if number in (0, 650):
                seen.append(filled.search(Query(words("火情"))).total)
            yield document(number, "乙")

    assert filled.rebuild(fresh()) == 700
    assert seen == [1, 1]
    assert filled.search(Query(words("火情"))).total == 0
    assert filled.search(Query(words("乙"))).total == 700
    filled.add([FIRE])
    assert filled.search(Query(words("火情"))).total == 1
    assert filled.rebuild(iter(())) == 0
    assert filled.count() == 0
    filled.add([FIRE])
    assert filled.count() == 1


def test_a_rebuild_that_fails_leaves_the_old_index(filled: SearchIndex) -> None:
    def broken() -> Iterator[IndexedDocument]:
        yield document(7, "乙")
        raise KeyError("the store went away")

    with pytest.raises(KeyError):
        filled.rebuild(broken())
    assert ids(filled, All()) == ["d2", "d1", "d0"]
    assert filled.rebuild([FIRE]) == 1
    assert ids(filled, All()) == ["d0"]


def test_relevance_puts_the_title_and_the_denser_text_first(index: SearchIndex) -> None:
    index.add(
        [
            document(5, "这里说了很多别的事情，也提到一次拆迁，再说别的事情。"),
            document(4, "别的事情", title="拆迁"),
            document(3, "拆迁拆迁"),
            document(6, "别的"),
        ]
    )
    found = index.search(Query(All((words("拆迁"), OneOf(F.KIND, ("news",)))), sort=Sort.RELEVANCE))
    assert [hit.id for hit in found.hits][-1] == "d5"
    assert found.hits[0].relevance > found.hits[1].relevance > found.hits[2].relevance > 0


def test_hostile_and_odd_texts_do_no_harm(index: SearchIndex) -> None:
    odd = ["", "\x00", "a" * 50_000, "<b>拆</b>", "\u202e拆", "😀" * 1000, "𠮷野家", "拆\n\t迁", '{"match_all":{}}']
    index.add([document(n, each, title=each[:100]) for n, each in enumerate(odd)])
    assert index.count() == len(odd)
    assert set(ids(index, words("拆"))) == {"d3", "d4", "d7"}
    assert ids(index, words("𠮷野家")) == ["d6"]
    assert {hit.document.text for hit in index.search(Query(limit=50)).hits} == set(odd)


def test_values_too_long_for_an_index_are_kept_to_show(index: SearchIndex) -> None:
    index.add([document(0, "甲", source="源" * 30_000)])
    assert [hit.document.source for hit in index.search(Query(words("甲"))).hits] == ["源" * 30_000]


def test_a_typed_query_finds(asked: SearchIndex) -> None:
    now = START + timedelta(hours=3)
    assert ids(asked, parse("到场 -火情 place:柳渡镇 time:2026-03-15", now).where) == ["d2"]
    assert ids(asked, parse("(拆迁 OR 火情) 情感:负面 部门:区征收办", now).where) == ["d1"]


def test_a_stage_must_be_resolved_first(asked: SearchIndex) -> None:
    with pytest.raises(SearchError, match="阶段"):
        asked.search(Query(InStage(("hot",))))
