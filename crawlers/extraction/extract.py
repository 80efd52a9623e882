"""From HTML to Page (正文抽取): government meta tags first, then what the page shows: headline, time near it, prose."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import urljoin

from lxml import etree

from crawlers.extraction.body import body_text, find_body, parse, prune
from crawlers.extraction.page import Link, Page
from pipeline.clock import SHANGHAI

Precision = Literal["", "second", "minute", "hour", "day"]
_META_TITLE = ("articletitle", "og:title", "twitter:title")
_META_TIME_LATE = ("dateupdate", "lastmodified", "og:updated_time")
_LABELLED = re.compile(r"(?:发布|发表|发稿|更新|日期|时间)[^\d]{0,8}(20\d\d.{0,24})")
_META_GOVERNMENT_TIME = ("pubdate", "publishdate")
_META_TIME = (
    "article:published_time",
    "publishtime",
    "weibo: article:create_at",
    "og:release_date",
    "firstpublishedtime",
)
_META_SOURCE = ("contentsource", "source", "article:source")
_META_AUTHOR = ("author", "article:author")
_SCRIPT_TIME = re.compile(
    r"""["']?(?:pub(?:lish)?_?(?:time|date)|ptime|datePublished|create_?time|publish_at|ctime|newsTime)["']?\s*[:=]\s*["']?"""
    r"""(20\d\d[-/]\d\d[-/]\d\d[T ]\d\d:\d\d(?::\d\d)?|20\d\d-\d\d-\d\d|1\d{9}(?!\d))|var ct\s*=\s*"(1\d{9})\"""",
    re.I,
)
_FULL = re.compile(
    r"(20\d\d)\s*[-/年.]\s*(\d{1,2})\s*[-/月.]\s*(\d{1,2})\s*日?(?:\s*[T星期一二三四五六日（）()]*\s*(\d{1,2})\s*[:：时]\s*(\d{1,2})(?:[:：](\d{1,2}))?)?"
)
_SHORT = re.compile(r"(?<![\d-])(\d{1,2})[-月](\d{1,2})日?\s+(\d{1,2})[:：](\d{2})(?::(\d{2}))?")
_SOURCE = re.compile(r"(?:来源|稿源|信息来源|文章来源)\s*[:：]\s*([^\s|｜丨作编责浏阅字发时]{2,30})")
_AUTHOR = re.compile(r"(?:作者|记者)\s*[:：]\s*([^\s|｜丨来编责浏]{2,20})")
_SEPARATOR = re.compile(r"\s*(?:_|\||｜|—|–|\s-\s|-(?=[^-]{2,20}$))\s*")


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
    shown_title = _title(tree, meta)
    scripted = _SCRIPT_TIME.search(text)
    prune(tree)
    body = find_body(tree)
    words = body_text(body, shown_title) if body is not None else ""
    head = _above(tree, shown_title, words)
    moment, precision = _when(meta, head, (scripted.group(1) or scripted.group(2)) if scripted else "", fetched_at)
    kind, why = _kind(tree, meta, words, links, moment, body)
    if kind != "article":
        return Page(kind, title=shown_title, links=links, reasons=(why,))
    return Page(
        page="article",
        title=shown_title,
        published_at=moment,
        precision=precision,
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


def _title(tree: Any, meta: dict[str, str]) -> str:
    """The government's own tag; else the heading that <title> begins with; else <title> without the site's name."""
    if meta.get("articletitle"):
        return _flat(meta["articletitle"])
    whole = _flat(next((element.text_content() for element in tree.iter("title")), ""))
    headings = [
        _flat(element.text_content())
        for element in tree.xpath("//h1|//*[@id='activity-name' or @id='artibodyTitle']|//h2|//h3")
    ]
    headings = [heading for heading in headings if 4 <= len(heading) <= 120]
    for heading in headings:
        if whole and _bare(whole).startswith(_bare(heading)) and len(heading) >= 6:
            return heading
    if shown := _shown_headline(tree, whole):
        return shown
    short = _without_site(whole)
    offered = _without_site(_flat(_first(meta, _META_TITLE[1:])))
    if short and offered and _bare(short).startswith(_bare(offered)):
        return short
    first_h1 = next(
        (_flat(e.text_content()) for e in tree.xpath("//h1") if 4 <= len(_flat(e.text_content())) <= 120), ""
    )
    return (
        offered
        or (first_h1 if first_h1 and not short else "")
        or short
        or first_h1
        or (headings[0] if headings else "")
    )


def _shown_headline(tree: Any, whole: str) -> str:
    """The longest text of one element that <title> begins with: a headline that is no heading in the markup."""
    bare, best = _bare(whole), ""
    for element in tree.iter("div", "span", "p", "td", "strong", "b", "font", "h4", "h5", "a"):
        if len(element) == 0 and element.text:
            words = _flat(element.text)
            if (
                8 <= len(words) <= 120
                and len(best) < len(words)
                and bare.startswith(_bare(words))
                and len(_bare(words)) < len(bare)
            ):
                best = words
    return best


def _without_site(title: str) -> str:
    """Names of site and channel stand behind the last separators; the headline is the longest part before them."""
    parts = [part for part in _SEPARATOR.split(title) if part]
    if len(parts) < 2:
        return title
    if len(parts[0]) >= 8 or len(parts[0]) >= max(map(len, parts[1:])):
        return parts[0]
    return max(parts, key=len)


def _above(tree: Any, title: str, words: str) -> str:
    """The visible text from the headline to the first words of the body, where time, source and author stand."""
    shown = _flat(" ".join(tree.itertext()))
    start = shown.find(title[:12]) if title else -1
    opening = _flat(words)[:16]
    end = shown.find(opening, max(start, 0)) if opening else -1
    if start < 0 or (0 <= end - start < 5):
        start = max(end - 300, 0)
    stop = end + 60 if end >= 0 else start + 600
    return shown[max(start - 120, 0) : stop]


def _when(meta: dict[str, str], head: str, scripted: str, latest: datetime | None) -> tuple[datetime | None, Precision]:
    best: tuple[datetime | None, Precision] = (None, "")
    limit = latest + timedelta(days=1) if latest else None
    labelled = _LABELLED.search(head)
    shown = (labelled.group(1) if labelled else "", head)
    for text in (
        _first(meta, _META_GOVERNMENT_TIME),
        *shown,
        _first(meta, _META_TIME),
        scripted,
        _first(meta, _META_TIME_LATE),
    ):
        moment, precision = _read_time(text, limit)
        if moment is not None and precision in ("minute", "second"):
            return moment, precision
        if best[0] is None:
            best = (moment, precision)
    return best


def _read_time(text: str, limit: datetime | None) -> tuple[datetime | None, Precision]:
    if re.fullmatch(r"1\d{9}", text):
        return datetime.fromtimestamp(int(text), SHANGHAI), "second"
    found: list[tuple[datetime, Precision]] = []
    for match in _FULL.finditer(text):
        year, month, day, hour, minute, second = (int(part or 0) for part in match.groups())
        try:
            moment = datetime(year, month, day, hour, minute, second, tzinfo=SHANGHAI)
        except ValueError:
            continue
        if limit is None or moment <= limit:
            found.append((moment, "second" if match.group(6) else "minute" if match.group(5) else "day"))
    exact = next((item for item in found if item[1] != "day"), None)
    if exact or found:
        return exact or found[0]
    short = _SHORT.search(text)
    if limit is not None and short:
        month, day, hour, minute = (int(part) for part in short.groups()[:4])
        try:
            moment = datetime(limit.year, month, day, hour, minute, tzinfo=SHANGHAI)
        except ValueError:
            return None, ""
        return (moment if moment <= limit else moment.replace(year=moment.year - 1)), "minute"
    return None, ""


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
    alike: dict[tuple[str, str], int] = {("", ""): sum(len(_flat(element.text_content())) >= 60 for element in same)}
    for element in body.iter("div", "li", "article"):
        label = element.get("class")
        if (
            label
            and len(_flat(element.text_content())) >= 60
            and any(len(_flat(a.text_content())) >= 6 for a in element.iter("a"))
        ):
            alike[element.tag, label] = alike.get((element.tag, label), 0) + 1
    return max(alike.values())


def _links(tree: Any, base: str) -> tuple[Link, ...]:
    found: dict[Link, None] = {}
    for anchor in tree.iter("a"):
        href, words = (
            (anchor.get("href") or "").strip(),
            _flat(anchor.text_content()) or (anchor.get("title") or "").strip(),
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


def _flat(text: str) -> str:
    return " ".join(text.replace("\u00a0", " ").replace("\u3000", " ").split())


def _bare(text: str) -> str:
    return re.sub(r"[\W_]+", "", text)
