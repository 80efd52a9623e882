"""Reading only up to the body's end: the same words, or the whole page."""

from __future__ import annotations

import pytest

from crawlers.extraction.extract import extract
from crawlers.extraction.learned import until_its_end
from crawlers.extraction.site_places import SitePlaces
from pipeline.clock import parse_time
from tests.crawlers.pages import PARAGRAPH

NOW = parse_time("2026-03-16 09:00")
PLACE = "//div[@id='con']"


@pytest.mark.parametrize(
    ("inside", "what"),
    [
        ("<p>正文</p>", "plain"),
        ("<div class='pic'><div>图</div></div><p>正文</p>", "nested"),
        ("<!-- </div> --><p>正文</p>", "a comment"),
        ("<script>document.write('</div></div>')</script><p>正文</p>", "a script"),
        ("<DIV>图</DIV ><p>正文</p>", "capitals"),
    ],
)
def test_the_source_ends_where_the_body_ends(inside, what):
    head = "<html><body><div class='nav'>首页</div><div class='a' id=\"con\">"
    assert until_its_end(f"{head}{inside}</div><div>相关</div></body></html>", PLACE) == head + inside, what


@pytest.mark.parametrize(
    "source",
    [
        "<div id='con'>一</div><div id='con'>二</div>",  # not the only one
        "<div id='con'><p>没有结束",
        "<p id='con'>不是这种标签</p>",
        "<div class='con'>不是这个属性</div>",
        "",
    ],
)
def test_where_that_cannot_be_told_nothing_is_cut(source):
    assert until_its_end(source, PLACE) == ""


def _page(number, body, foot):
    title = f"沙洲镇化工园火情处置第{'一二三四五六七八九十'[number]}次通报"
    return (
        f"<html><head><title>{title}_云港区政府网</title></head><body><h1>{title}</h1>{'' if foot else _info(number)}"
        f"{body.format(words=''.join(f'<p>{title}。{PARAGRAPH}第{part}段。</p>' for part in range(4)))}"
        f"{_info(number) if foot else ''}</body></html>"
    )


def _info(number):
    return f"<div class='info'>发布时间：2026-03-15 06:3{number} 来源：区应急管理局</div>"


@pytest.mark.parametrize(
    ("body", "foot"),
    [
        ('<div id="con">{words}</div>', False),
        ('<div id="con">{words}</div>', True),  # the time stands behind the body
        (
            '<div id="con"><table><tr><td></div>图</td></tr></table>{words}</div>',
            False,
        ),  # a stray end, which parsers ignore
    ],
)
def test_a_learned_reading_is_the_whole_one(body, foot):
    places = SitePlaces()
    for number in range(3):
        extract(_page(number, body, foot), f"https://a.example/art_{number}.html", fetched_at=NOW, places=places)
    fast = extract(_page(7, body, foot), "https://a.example/art_7.html", fetched_at=NOW, places=places)
    whole = extract(_page(7, body, foot), "https://a.example/art_7.html", fetched_at=NOW)
    assert places.known("https://a.example/art_9.html") is not None
    assert (fast.title, fast.published_at, fast.text, fast.source) == (
        whole.title, whole.published_at, whole.text, whole.source,
    )  # fmt: skip
    assert "第3段" in fast.text


def test_what_is_known_can_be_taken_out_and_put_back():
    places = SitePlaces()
    for number in range(3):
        extract(_page(number, '<div id="con">{words}</div>', False), f"https://a.example/art_{number}.html", fetched_at=NOW,
                places=places)  # fmt: skip
    assert places.changed == {"a.example"}
    later = SitePlaces()
    later.put_back("a.example", places.of_host("a.example"))
    assert places.changed == set()
    assert later.known("https://a.example/art_5.html") == places.known("https://a.example/art_5.html")
    page = extract(
        _page(6, '<div id="con">{words}</div>', False), "https://a.example/art_6.html", fetched_at=NOW, places=later
    )
    assert page.reasons == ("按本站学到的位置读出",)


def test_a_time_of_change_or_a_description_is_no_place_of_the_time():
    page = _page(0, '<div id="con">{words}</div>', False).replace(
        "<head>",
        "<head><meta itemprop='dateUpdate' content='2026-03-15 06:30'><meta name='description' content='"
        + PARAGRAPH + "2026-03-15 06:30'>",
    )  # fmt: skip
    places = SitePlaces()
    for _ in range(3):
        extract(page, "https://a.example/art_1.html", fetched_at=NOW, places=places)
    known = places.known("https://a.example/art_1.html")
    assert known is not None
    assert known.time == "//div[@class='info']"
