"""Where the words of an article stand (正文): paragraphs vote for the element that holds them.

Every paragraph of prose (punctuation, few links) gives its length to its parent and half of it to its grandparent, as
readability does; the winner is widened while its surroundings hold more prose than links. Inside it, paragraphs of links
and what follows a tail mark (责任编辑, 相关阅读 …) are left out.
"""

from __future__ import annotations

import re
from statistics import median
from typing import Any

from lxml import etree
from lxml import html as lxml_html

from crawlers.extraction.words import text_of

_ONE_CLASS = etree.ElementDefaultClassLookup(element=lxml_html.HtmlElement)  # lxml.html asks Python for each element
_GONE = ".//script|.//style|.//noscript|.//iframe|.//nav|.//footer|.//aside|.//select|.//button|.//textarea|.//svg"
_EARLY_END = re.compile(r"</(?:html|body)\s*>", re.I)
_AFTER_END = 200  # characters that may follow the true end
_FOOTER = re.compile(
    r"版权所有|Copyright|ICP备|公网安备|网站标识码|邮编[:：]|许可证[号编:：]|客服热线|主办单位[:：]|技术支持[:：]", re.I
)
_SMALL_FORM = 300  # characters
_ALIKE = 4  # blocks
_REMAINS = 150  # characters
_HIDDEN = re.compile(r"display\s*:\s*none", re.I)
_BOILERPLATE = re.compile(
    r"comment|footer|foot-|copyright|related|recommend|share|sidebar|breadcrumb|crumbs?|tuijian|hot-?news|toolbar|qrcode|pagination",
    re.I,
)
_PROSE = re.compile(r"[，。！？；：、,.!?;]")
_SENTENCE = re.compile(r"[。！？]")
_TAIL = re.compile(
    r"^\W*(责任编辑|责编|编辑[:：]|相关阅读|相关新闻|相关推荐|推荐阅读|延伸阅读|更多阅读|热门推荐|猜你喜欢|扫一扫|扫码|分享到|打印本页|关闭窗口"
    r"|免责声明|版权声明|声明[:：]|特别声明|本文来源|原标题[:：]|关键词[:：]|标签[:：]|返回搜狐|上一篇|下一篇|特别提醒|网易跟贴|我要反馈|【打印】|打印|关闭|\(责任编辑|（责任编辑)"
)
_HEAD = re.compile(
    r"^\W*(发布时间|发布日期|时间[:：]|日期[:：]|来源[:：]|信息来源|作者[:：]|浏览次数|浏览量|点击|字号|字体|阅读次数|阅读[:：]|【字体|当前位置|您的位置|首页|20\d\d[-年/.]\d{1,2}[-月/.]\d{1,2})"
)
_BLOCKS = {
    "p",
    "div",
    "section",
    "article",
    "td",
    "li",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "blockquote",
    "pre",
    "dd",
    "tr",
    "table",
    "ul",
    "ol",
    "figure",
    "center",
    "main",
    "body",
}


def prune(tree: Any) -> None:
    """Remove below `tree` what is never article text: scripts, forms, hidden parts."""
    for element in tree.xpath(_GONE):
        if element.getparent() is not None:
            element.drop_tree()
    for element in tree.xpath(".//form"):
        if len(_words(element)) < _SMALL_FORM and element.getparent() is not None:
            element.drop_tree()  # a large one wraps the whole page
    for element in tree.xpath(".//*[@style]"):
        if (
            _HIDDEN.search(element.get("style") or "")
            and element.getparent() is not None
            and element.get("id") != "js_content"
        ):
            element.drop_tree()


def find_body(tree: Any) -> Any:
    """The element that holds the article, None without prose. `tree` is pruned already."""
    known = tree.xpath(
        "//*[@id='js_content' or @id='zoom' or @id='UCAP-CONTENT' or @class='TRS_Editor' or @class='TRS_UEDITOR']"
    )
    if known and len(_words(known[0])) >= 40:
        return known[0]
    scores: dict[Any, float] = {}
    for paragraph, length in _paragraphs(tree):
        parent = paragraph.getparent() if paragraph.tag == "p" else paragraph
        share = 1.0
        while parent is not None and parent.tag != "html" and share > 0.2:
            scores[parent] = scores.get(parent, 0.0) + length * share
            share *= 1.0 if is_wrapped(parent) else 0.5
            parent = parent.getparent()
    for element in scores:
        label = f"{element.get('class') or ''} {element.get('id') or ''}"
        if _BOILERPLATE.search(label):
            scores[element] *= 0.3
        scores[element] *= 1 - _link_share(element)
    if not scores:
        return None
    best = max(scores, key=lambda element: scores[element])
    best = _widened(best, scores)
    without_extras(best)
    return best


def without_extras(body: Any) -> None:
    """Take comments, small blocks that are named as recommendations or tools, and teasers of others out of `body`."""
    for element in list(body.iterdescendants("div", "ul", "section", "dl")):
        label = f"{element.get('class') or ''} {element.get('id') or ''}"
        if not _BOILERPLATE.search(label) or element.getparent() is None:
            continue
        whole, own = len(_words(body)), len(_words(element))
        most = whole - 60 if "comment" in label.lower() else whole / 3
        if own <= most:
            element.drop_tree()
    _drop_teasers(body)


def _drop_teasers(body: Any) -> None:
    """Four blocks or more of one kind, each a headline link with some words, are other articles, when prose remains without
    them; a page that is nothing but such blocks is a list."""
    kinds: dict[tuple[str, str], list[Any]] = {}
    for element in body.iterdescendants("div", "li", "article", "dl", "section"):
        label, size = element.get("class"), len(_words(element))
        if label and 60 <= size <= 400 and any(len(_words(link)) >= 6 for link in element.iter("a")):
            kinds.setdefault((element.tag, label), []).append(element)
    for teasers in kinds.values():
        if len(teasers) < _ALIKE:
            continue
        inside = {each for teaser in teasers for each in teaser.iter()}
        left = sum(size for paragraph, size in _prose_of(body) if paragraph not in inside)
        if left >= max(_REMAINS, 1.5 * median(len(_words(teaser)) for teaser in teasers)):
            for teaser in teasers:
                if teaser.getparent() is not None:
                    teaser.drop_tree()


def _prose_of(body: Any) -> list[tuple[Any, int]]:
    """Elements with a sentence of their own outside links, and its length."""
    owned = ((element, _own(element)) for element in body.iter() if isinstance(element.tag, str) and element.tag != "a")
    return [(element, len(own)) for element, own in owned if len(own) >= 20 and _SENTENCE.search(own)]


def body_text(body: Any, title: str) -> str:
    """The article's paragraphs, one a line."""
    lines: list[str] = []
    for words, links in lines_of(body):
        if not words or (links > 0.6 * len(words) and len(words) < 80):
            continue
        short = len(words) < 120
        if short and links == 0 and not _SENTENCE.search(words) and _FOOTER.search(words):
            continue
        if short and _TAIL.match(words):
            if lines and sum(map(len, lines)) > 60:
                break
            continue
        if not lines and (
            words == title or (_HEAD.match(words) and len(words) < 80 and "。" not in words and "，" not in words)
        ):
            continue
        lines.append(words)
    return "\n".join(lines)


def share_of_prose(tree: Any, body: Any) -> float:
    """How much of the page's prose the body holds, 0 to 1: little means that it may be the wrong block."""
    whole = sum(length for _, length in _paragraphs(tree))
    return min(sum(length for _, length in _paragraphs(body)) / whole, 1.0) if whole else 0.0


def _paragraphs(tree: Any) -> list[tuple[Any, int]]:
    found = []
    for element in tree.iter("p", "div", "td", "section", "article", "span", "font", "strong", "b", "em", "blockquote"):
        own = _words(element) if element.tag in ("p", "blockquote") else _own(element)
        if (
            len(own) >= 12
            and _PROSE.search(own)
            and not (len(own) < 300 and _FOOTER.search(own))
            and (element.tag != "p" or _link_share(element) < 0.4)
        ):
            found.append((element, len(own) + 20 * min(len(_PROSE.findall(own)), 10)))
    return found


def is_wrapped(element: Any) -> bool:
    """Whether its parent holds it and nothing else."""
    parent = element.getparent()
    return (
        parent is not None and len(parent) == 1 and not (parent.text or "").strip() and not (element.tail or "").strip()
    )


def _widened(best: Any, scores: dict[Any, float]) -> Any:
    steps = 0
    while steps < 4:
        steps += not is_wrapped(best)
        parent = best.getparent()
        if parent is None or parent.tag in ("body", "html"):
            break
        inside, around = len(_words(best)), len(_words(parent))
        if around > 3 * inside or _link_share(parent) > 0.25 or scores.get(parent, 0.0) < 0.75 * scores[best]:
            break
        best = parent
        scores.setdefault(best, 0.0)
    return _innermost(best)


def _innermost(block: Any) -> Any:
    """Of blocks that hold the same words, the innermost with a name."""
    named = block
    while len(block) == 1 and is_wrapped(block[0]) and block[0].tag in _BLOCKS and block[0].tag != "p":
        block = block[0]
        if block.get("id") or block.get("class") or not (named.get("id") or named.get("class")):
            named = block
    return named


def lines_of(body: Any) -> list[tuple[str, int]]:
    """Text of `body` line by line, with how much of each is links."""
    lines: list[list[Any]] = [["", 0]]

    def walk(element: Any, in_link: bool) -> None:
        if not isinstance(element.tag, str):
            return
        block = element.tag in _BLOCKS
        if block or element.tag == "br":
            lines.append(["", 0])
        in_link = in_link or element.tag == "a"
        _add(lines[-1], element.text, in_link)
        for child in element:
            walk(child, in_link)
            _add(lines[-1], child.tail, in_link)
        if block:
            lines.append(["", 0])

    try:
        walk(body, False)
    except RecursionError:
        return [(" ".join(line.split()), 0) for line in text_of(body).splitlines()]
    return [(" ".join(words.split()), links) for words, links in lines]


def _add(line: list[Any], text: str | None, in_link: bool) -> None:
    if text:
        line[0] += text
        if in_link:
            line[1] += len(text.strip())


def _own(element: Any) -> str:
    parts = [element.text or "", *((child.tail or "") for child in element)]
    return " ".join("".join(parts).split())


def _words(element: Any) -> str:
    return " ".join(text_of(element).split())


def _link_share(element: Any) -> float:
    whole = len(_words(element))
    return sum(len(_words(link)) for link in element.iter("a")) / whole if whole else 0.0


def parse(text: str) -> Any:
    """HTML → tree; ValueError when there is nothing in it. An early </html> ends nothing: what follows is on the page too."""
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=False, remove_pis=True, remove_comments=True)
    parser.set_element_class_lookup(_ONE_CLASS)
    raw = text.encode("utf-8", "replace")
    last = raw.rfind(b"</html")
    if last < len(raw) - _AFTER_END or 0 <= raw.find(b"</body") < last - _AFTER_END or raw.find(b"</html") < last:
        raw = _EARLY_END.sub("", text).encode("utf-8", "replace")
    return lxml_html.document_fromstring(raw, parser=parser).getroottree().getroot()
