"""Learned places: known after three articles that agree, verified on each page, forgotten when the site is redesigned."""

from __future__ import annotations

from crawlers.extraction.extract import extract
from crawlers.extraction.site_places import REDESIGNED, SitePlaces
from pipeline.clock import parse_time
from tests.crawlers.pages import PARAGRAPH, listing

NOW = parse_time("2026-03-16 09:00")
TITLES = [
    "沙洲镇化工园火情处置情况通报",
    "春季道路养护工作部署会召开",
    "云港实验小学新校区开工建设",
    "白鹭河水质连续三月达标",
    "滨江公园夜间照明改造完成",
    "柳渡镇春耕备耕有序推进",
]


def _page(number, body="con", hour=6):
    title = TITLES[number % len(TITLES)]
    words = "".join(f"<p>{title}。{PARAGRAPH}第{number}篇第{part}段。</p>" for part in range(4))
    return (
        f"<html><head><title>{title}_云港区政府网</title></head><body><div class='nav'><a href='/'>首页</a></div><h1>{title}</h1>"
        f"<div class='info'>发布时间：2026-03-15 0{hour}:3{number % 10} 来源：区应急管理局</div><div class='{body}'>{words}</div>"
        "<div class='more'><a href='/art/9.html'>相关阅读的一条新闻标题</a></div></body></html>"
    )


def _url(number):
    return f"https://www.yungang.example/art/2026/3/15/art_1229_{number}.html"


def _learned():
    places = SitePlaces()
    for number in range(3):
        extract(_page(number), _url(number), fetched_at=NOW, places=places)
    return places


def test_after_three_articles_the_places_are_known():
    places = SitePlaces()
    for number in range(3):
        assert places.known(_url(number)) is None
        extract(_page(number), _url(number), fetched_at=NOW, places=places)
    known = places.known(_url(99))
    assert known is not None
    assert known.body == "//div[@class='con']"


def test_a_learned_reading_equals_the_whole_one():
    places = _learned()
    for number in range(3, 9):
        fast = extract(_page(number), _url(number), fetched_at=NOW, places=places)
        whole = extract(_page(number), _url(number), fetched_at=NOW)
        assert fast.reasons == ("按本站学到的位置读出",)
        assert (fast.title, fast.published_at, fast.precision, fast.text, fast.source) == (
            whole.title, whole.published_at, whole.precision, whole.text, whole.source,
        )  # fmt: skip


def test_a_list_of_a_learned_site_is_still_a_list():
    links = [(f"/art/{n}.html", f"关于第{n}批道路养护工程的公告") for n in range(20)]
    assert extract(listing(links), _url(50), fetched_at=NOW, places=_learned()).page == "list"


def test_a_redesign_is_noticed_said_once_and_learned_anew():
    places = _learned()
    said = []
    for number in range(3, 12):
        page = extract(_page(number, body="new-body"), _url(number), fetched_at=NOW, places=places)
        assert page.page == "article"
        assert "第3段" in page.text
        said.append(REDESIGNED in page.reasons)
    assert said.count(True) == 1
    known = places.known(_url(99))
    assert known is not None
    assert "new-body" in known.body


def test_one_odd_page_forgets_nothing():
    places = _learned()
    extract(_page(4, body="other"), _url(4), fetched_at=NOW, places=places)
    assert places.known(_url(4)) is not None


def test_the_places_of_one_site_are_not_used_for_another():
    assert _learned().known("https://www.lanzhou-news.example/art/2026/3/15/art_1229_1.html") is None


def test_one_page_in_fifty_is_read_whole():
    places = _learned()
    reasons = [extract(_page(n), _url(n), fetched_at=NOW, places=places).reasons[0] for n in range(3, 56)]
    assert sum(reason != "按本站学到的位置读出" for reason in reasons) == 1
