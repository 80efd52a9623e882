"""Article, list or other (页面类别): an article's prose outweighs the headlines of others; a list has many headlines."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime
from statistics import median
from typing import Any, Literal

from crawlers.extraction.body import is_wrapped
from crawlers.extraction.chinese_time import read_time
from crawlers.extraction.page import Link
from crawlers.extraction.teasers import has_own_headline, is_teaser_list
from crawlers.extraction.words import flat, text_of
from pipeline.clock import SHANGHAI

_DATE = re.compile(r"(?:20)?\d\d[-/.年]\d{1,2}(?:[-/.月]\d{1,2}日?)?(?!\d)")
_ALIKE = 4  # blocks
_HEADLINE = 6  # characters
_SHORT = 80  # characters
_SOME_TIME = datetime(2100, 1, 1, tzinfo=SHANGHAI)  # whether there is a time is asked, not which


def page_kind(
    tree: Any, meta: dict[str, str], words: str, links: tuple[Link, ...], dated: bool, body: Any, title: str
) -> tuple[Literal["article", "list", "other"], str]:
    """What the page is and why, in Chinese."""
    prose = sum(len(line) for line in words.split("\n") if len(line) >= 20 or re.search(r"[。！？]", line))
    headlines = [link for link in links if len(link.text) >= 10]
    if meta.get("articletitle") and prose >= 20:
        return "article", "有政府网站文章标签"
    if tree.xpath("//*[@id='js_content']") and words:
        return "article", "公众号文章页"
    if body is not None and (_repeated(tree, body) >= _ALIKE or _cards(body) >= _ALIKE):
        return "list", "页面上有多个同样的正文块"
    if body is not None and is_teaser_list(tree, body, links, title, dated):
        return "list", "标题链接与导语交替出现"
    if body is not None and _posts(body) and not (dated and has_own_headline(tree, title)):
        return "list", "由带时间的同样的块组成（评论、帖子）"
    told = dated and prose >= _SHORT  # a short article beside dated lists of others
    if prose < 400 and not told and (rows := len(dated_rows(tree))) >= 8 and prose < 12 * rows:
        return "list", f"正文 {prose} 字，{rows} 行带日期的标题"
    if prose >= 120 and (dated or prose > 6 * len(headlines)):
        return "article", f"正文 {prose} 字"
    if prose >= 40 and dated and prose > 8 * len(headlines):
        return "article", f"正文 {prose} 字，有发布时间"
    if len(links) >= 8:
        return "list", f"正文 {prose} 字，少于链接（{len(headlines)} 条标题）"
    return "other", "没有成段的正文"


def _repeated(tree: Any, body: Any) -> int:
    """How many blocks of prose like the body, or inside it with a headline link each, there are."""
    label, around = body.get("class"), {*body.iterancestors(), *body.iter()}
    same = [e for e in tree.iter(body.tag) if e.get("class") == label and e not in around] if label else []
    sizes = [size for element in same if (size := len(flat(text_of(element)))) >= 60]
    of_its_size = bool(sizes) and len(flat(text_of(body))) <= 4 * median(sizes)  # not rows of the page's own frame
    alike: Counter[tuple[str, str]] = Counter({("", ""): len(sizes) + 1 if of_its_size else 0})
    for element in body.iter("div", "li", "article"):
        if (label := element.get("class")) and len(flat(text_of(element))) >= 60 and _headline_links(element):
            alike[element.tag, label] += 1
    return max(alike.values())


def _posts(body: Any) -> bool:
    """Whether the body is little else than neighbours of one kind with a time each: comments, posts."""
    kinds: dict[tuple[str, str], list[str]] = {}
    for element in body:
        if isinstance(element.tag, str) and element.tag not in ("p", "span", "br"):
            kinds.setdefault((element.tag, element.get("class") or ""), []).append(flat(text_of(element)))
    for texts in kinds.values():
        if len(texts) >= _ALIKE and sum(map(len, texts)) > 0.8 * len(flat(text_of(body))):
            moments = [read_time(text, _SOME_TIME) for text in texts]
            return all(moment is not None and moment.precision in ("minute", "second") for moment in moments)
    return False


def _cards(body: Any) -> int:
    """How many neighbours of the body (or of what holds it) are blocks of its size with a headline link: a page of results."""
    element, steps = body, 0
    while steps < 8:
        steps += not is_wrapped(element)
        parent = element.getparent()
        if parent is None or parent.tag in ("html", "body"):
            return 0
        own = len(flat(text_of(element)))
        sizes = [
            len(flat(text_of(other)))
            for other in parent
            if other is not element and other.tag == element.tag and 1 <= _headline_links(other) <= 6
        ]
        sizes = [size for size in sizes if size >= 60]
        if (
            len(sizes) >= _ALIKE
            and 1 <= _headline_links(element) <= 6
            and (own <= 4 * median(sizes) or own < 0.4 * sum(sizes))
        ):
            return len(sizes) + 1
        element = parent
    return 0


def dated_rows(tree: Any) -> list[Any]:
    """Rows of a list of articles: a headline link and a date, little else."""
    found = []
    for row in tree.iter("li", "tr", "dd", "p"):
        words = flat(text_of(row))
        if 10 <= len(words) <= 160 and _DATE.search(words) and _headline_links(row):
            found.append(row)
    return found


def _headline_links(element: Any) -> int:
    return sum(len(flat(text_of(anchor))) >= _HEADLINE for anchor in element.iter("a"))
