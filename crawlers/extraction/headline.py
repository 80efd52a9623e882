"""The headline (标题): the government's own tag, else what is shown and <title> agree on, else the heading over the body."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from crawlers.extraction.chinese_time import read_time
from crawlers.extraction.words import bare, flat, text_of

_OFFERED = ("og:title", "twitter:title", "weibo: article:title")
_HEADINGS = "//h1|//*[@id='activity-name' or @id='artibodyTitle' or @itemprop='headline']|//h2|//h3|//h4|//h5"
_LEAVES = ("div", "span", "p", "td", "strong", "b", "font", "h4", "h5", "a", "section", "em")
_CALLED = re.compile(r"title|(?:^|[\s_-])(?:tit|bt|biaoti|headline|subject)(?:$|[\s_\d-])", re.I)
_NO_HEADLINE = re.compile(r"。|原标题|来源|作者|时间|日期|浏览|字号|字体|点击|位置|首页|分享|举报|收藏|打印|关注|扫码")
_NEAR = 120  # elements
_EDGE = "-_|｜—–·:："
_SEPARATOR = re.compile(
    r"\s*(?:_+|\||｜|—+|–|\s-+\s|--+|(?<![0-9])-(?=[^-]{2,20}$)|(?<=[0-9])-(?=[^-0-9][^-]{1,19}$))\s*"
)
_SITE = re.compile(
    r"(网|网站|官网|门户|首页|频道|新闻动态|公告|新闻|资讯|详情|正文|文章|内容页?|政府|平台|公司|学会|信息公开)$"
)


def headline(tree: Any, meta: dict[str, str], body: Any) -> str:
    """The article's title; '' when the page shows none. `body` is where its words stand, None when unknown."""
    if meta.get("articletitle"):
        return flat(meta["articletitle"])
    whole = flat(next((text_of(element) for element in tree.iter("title")), ""))
    headings = [words for element in tree.xpath(_HEADINGS) if 4 <= len(words := flat(text_of(element))) <= 120]
    for heading in headings:
        if len(heading) >= 6 and whole and bare(heading) and bare(whole).startswith(bare(heading)):
            return heading
    if shown := _shown(tree, whole):
        return shown
    if inner := max((w for w in (*headings, *_lines(tree)) if _is_part(w, whole)), key=len, default=""):
        return inner
    short = without_site(whole)
    offered = without_site(flat(next((meta[name] for name in _OFFERED if meta.get(name)), "")))
    if short and offered and bare(short).startswith(bare(offered)):
        return short
    longer = next((h for h in headings if len(bare(short)) >= 8 and bare(h).startswith(bare(short).rstrip("…"))), "")
    if longer:
        return longer  # <title> was cut short
    if offered and not _SITE.search(offered):
        return offered
    if (not short or (len(short) <= 16 and _SITE.search(short))) and (near := _over(body) or _unmarked(body)):
        return near
    return offered or short or (headings[0] if headings else "")


def without_site(title: str) -> str:
    """Names of site and channel stand behind the last separators; the headline is the longest part before them."""
    parts = [part for part in _SEPARATOR.split(title) if part]
    if len(parts) < 2:
        return title
    if len(parts[0]) >= 8 or len(parts[0]) >= max(map(len, parts[1:])):
        return parts[0]
    return max(parts, key=len)


def _shown(tree: Any, whole: str) -> str:
    """The longest text of one element that <title> begins with: a headline that is no heading in the markup."""
    title, best = bare(whole), ""
    for words in _lines(tree):
        if len(best) < len(words) and len(bare(words)) < len(title) and title.startswith(bare(words)):
            best = words
    return best


def _lines(tree: Any) -> Iterator[str]:
    """Texts of single elements that may be a headline."""
    for element in tree.iter(*_LEAVES):
        if len(element) == 0 and element.text and 8 <= len(words := flat(element.text)) <= 120:
            yield words


def _is_part(words: str, whole: str) -> bool:
    """Whether `whole` (新闻中心-标题-云港区政府) has these words between its separators, and they name no site."""
    at = whole.find(words)
    if at < 0 or len(words) < 8 or _SITE.search(words):
        return False
    before, after = whole[:at].rstrip(), whole[at + len(words) :].lstrip()
    return (not before or before[-1] in _EDGE) and (not after or after[0] in _EDGE)


def _unmarked(body: Any) -> str:
    """A headline that neither <title> nor the markup tells: the nearest line over the prose that its class calls one,
    else the nearest over the line with the time, else the nearest."""
    if body is None:
        return ""
    inside = [element for element, _ in zip(body.iterdescendants(*_LEAVES), range(8), strict=False)][::-1]
    nearest, over_time, timed = "", "", False
    for element in (*inside, *body.xpath("preceding::*")[::-1][:_NEAR]):
        words = flat(text_of(element)) if element.tag in _LEAVES and len(element) <= 4 else ""
        if not 8 <= len(words) <= 80:
            continue
        if (moment := read_time(words)) is not None and moment.complete:
            timed = True
        elif not _NO_HEADLINE.search(words) and not element.xpath("self::a|ancestor::a|.//a[@href]|ancestor::li"):
            if _CALLED.search(f"{element.get('class') or ''} {element.get('id') or ''}"):
                return words
            nearest = nearest or words
            over_time = over_time or (words if timed else "")
    return over_time or nearest


def _over(body: Any) -> str:
    """The heading nearest above the body, inside its first lines or before it."""
    if body is None:
        return ""
    for found in (
        body.xpath(".//h1|.//h2")[:1],
        body.xpath("(preceding::h1|preceding::h2|preceding::h3|preceding::h4|preceding::h5)")[::-1][:3],
    ):
        for element in found:
            words = flat(text_of(element))
            if 6 <= len(words) <= 100 and not element.xpath(".//a[@href]"):
                return words
    return ""
