"""From HTML to Page (正文抽取): government meta tags first, then what the page shows: headline, time near it, prose."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urljoin

from lxml import etree

from crawlers.extraction.body import body_text, find_body, parse, prune
from crawlers.extraction.headline import headline
from crawlers.extraction.page import Link, Page
from crawlers.extraction.published import published
from crawlers.extraction.words import flat

_META_SOURCE = ("contentsource", "source", "article:source")
_META_AUTHOR = ("author", "article:author")
_SOURCE = re.compile(r"(?:来源|稿源|信息来源|文章来源)\s*[:：]\s*([^\s|｜丨作编责浏阅字发时]{2,30})")
_AUTHOR = re.compile(r"(?:作者|记者)\s*[:：]\s*([^\s|｜丨来编责浏]{2,20})")


def extract(
    html: bytes | str,
    url: str,
    encoding: str | None = None,
    fetched_at: datetime | None = None,
    places: Any = None,  # noqa: ARG001 - learned places of the site; the learner fills it
) -> Page:
    """Read one page. Never raises on bad HTML: an unreadable page is `other` with its reason."""
    text = html if isinstance(html, str) else decode(html, encoding)
    try:
        tree = parse(text)
    except (ValueError, TypeError, AssertionError, etree.LxmlError) as error:
        return Page("other", reasons=(f"不是可读的 HTML：{error}",))
    meta = _meta(tree)
    links = _links(tree, url)
    prune(tree)
    body = find_body(tree)
    shown_title = headline(tree, meta, body)
    words = body_text(body, shown_title) if body is not None else ""
    head, foot = _around(tree, shown_title, words)
    moment = published(meta, head, foot, text, tree, fetched_at)
    kind, why = _kind(tree, meta, words, links, moment.at if moment else None, body)
    if kind != "article":
        return Page(kind, title=shown_title, links=links, reasons=(why,))
    return Page(
        page="article",
        title=shown_title,
        published_at=moment.at if moment else None,
        precision=moment.precision if moment else "",
        author=_first(meta, _META_AUTHOR) or _matched(_AUTHOR, head),
        source=_first(meta, _META_SOURCE) or _matched(_SOURCE, head),
        text=words,
        images=tuple(urljoin(url, src) for src in body.xpath(".//img/@src | .//img/@data-src")[:50])
        if body is not None
        else (),
        links=links,
        confidence=0.7,
        reasons=(why,),
    )


def decode(body: bytes, encoding: str | None) -> str:
    """UTF-8 when it is, then what the page or header declares, then GB18030, then replacement characters."""
    declared = re.search(rb"charset\s*=\s*[\"']?\s*([\w-]+)", body[:4096], re.I)
    names = ["utf-8", encoding or "", declared.group(1).decode("ascii", "ignore") if declared else "", "gb18030"]
    for name in filter(None, names):
        try:
            return body.decode("gb18030" if name.lower() in ("gb2312", "gbk") else name)
        except (UnicodeDecodeError, LookupError):
            continue
    likely = declared.group(1).decode("ascii", "ignore").lower() if declared else "utf-8"
    return body.decode("gb18030" if likely in ("gb2312", "gbk", "gb18030") else "utf-8", "replace")


# ---------------------------------------------------------------------- parts
def _meta(tree: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for element in tree.iter("meta"):
        name = (element.get("name") or element.get("property") or element.get("itemprop") or "").strip().lower()
        value = (element.get("content") or "").strip()
        if name and value:
            found.setdefault(name, value)
    return found


def _first(meta: dict[str, str], names: tuple[str, ...]) -> str:
    return next((meta[name] for name in names if meta.get(name)), "")


def _around(tree: Any, title: str, words: str) -> tuple[str, str]:
    """What is shown from the headline to the first words of the body, where time, source and author stand; and what
    follows the body."""
    shown = flat(" ".join(tree.xpath("//body//text()")))
    opening, ending = flat(words)[:16], flat(words)[-16:]
    first = max(shown.find(title[:12]), 0) if title else 0
    end = shown.find(opening, first) if opening else -1
    if end < 0:
        return shown[first : first + 600], shown[-1500:]
    start = shown.rfind(title[:12], 0, end) if title else -1
    if start < 0 or end - start > 1500:
        start = max(end - 300, 0)
    elif end - start < len(title) + 12:
        start = max(start - 200, 0)  # what belongs to the headline stands over it
    last = shown.find(ending, end)
    return shown[start:end].replace(title, " "), shown[last + 16 : last + 3000] if last >= 0 else ""


def _kind(
    tree: Any, meta: dict[str, str], words: str, links: tuple[Link, ...], moment: datetime | None, body: Any
) -> tuple[Literal["article", "list", "other"], str]:
    """An article has prose that outweighs headlines of others; a list has many headlines and little prose."""
    prose = sum(len(line) for line in words.split("\n") if len(line) >= 20 or re.search(r"[。！？]", line))
    headlines = [link for link in links if len(link.text) >= 10]
    if meta.get("articletitle") and prose >= 20:
        return "article", "有政府网站文章标签"
    if tree.xpath("//*[@id='js_content']") and words:
        return "article", "公众号文章页"
    if body is not None and _repeated(tree, body) >= 4:
        return "list", "页面上有多个同样的正文块"
    if prose >= 120 and (moment is not None or prose > 6 * len(headlines)):
        return "article", f"正文 {prose} 字"
    if prose >= 40 and moment is not None and prose > 8 * len(headlines):
        return "article", f"正文 {prose} 字，有发布时间"
    if len(links) >= 8:
        return "list", f"正文 {prose} 字，少于链接（{len(headlines)} 条标题）"
    return "other", "没有成段的正文"


def _repeated(tree: Any, body: Any) -> int:
    """How many blocks of prose like the body, or inside it with a headline link each, there are: an article has one body,
    a page of results many."""
    label = body.get("class")
    same = (e for e in tree.iter(body.tag) if e.get("class") == label) if label else ()
    alike: dict[tuple[str, str], int] = {("", ""): sum(len(flat(element.text_content())) >= 60 for element in same)}
    for element in body.iter("div", "li", "article"):
        label = element.get("class")
        if (
            label
            and len(flat(element.text_content())) >= 60
            and any(len(flat(a.text_content())) >= 6 for a in element.iter("a"))
        ):
            alike[element.tag, label] = alike.get((element.tag, label), 0) + 1
    return max(alike.values())


def _links(tree: Any, base: str) -> tuple[Link, ...]:
    found: dict[Link, None] = {}
    for anchor in tree.iter("a"):
        href, words = (
            (anchor.get("href") or "").strip(),
            flat(anchor.text_content()) or (anchor.get("title") or "").strip(),
        )
        if href and words and not href.startswith(("javascript:", "#", "mailto:", "tel:")):
            try:
                absolute = urljoin(base, href).split("#")[0]
            except ValueError:
                continue
            found.setdefault(Link(absolute, words))
    return tuple(found)


def _matched(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return match.group(1).strip() if match else ""
