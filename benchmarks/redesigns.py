"""Extraction on the annotated pages as a redesign would leave them, and on lists with teasers made of their articles.

Each mutation is applied to every annotated page: names of classes gone, wrappers, other tags, other forms and places of the
time (in the address, in a script), other titles, advertisements. Lists: 14 ways to mark up a row, five lengths of teaser,
four forms of a date, three numbers of rows, three titles. No figure here is a bar; they show what hangs on what.
Usage: python -m benchmarks.redesigns --data DIR [--only WORD] [--wrong]
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import random
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

from lxml import etree
from lxml import html as lxml_html

from crawlers.extraction.body import parse
from crawlers.extraction.chinese_time import read_time
from crawlers.extraction.evaluate import f1
from crawlers.extraction.extract import decode, extract
from pipeline.clock import SHANGHAI

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=SHANGHAI)
URL = "https://www.example.cn/a/1.html"
_EDITED = 34  # its saver changed the page
_SHOWN = re.compile(
    r"(?:19|20)\d\d\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}\s*日?(?:[\sT]*\d{1,2}[:：]\d\d(?:[:：]\d\d)?)?|\d{1,2}-\d{1,2}\s+\d{1,2}:\d\d"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """How the mutated page is read."""

    url: str = URL
    now: datetime | None = None


Row = dict[str, Any]
Mutation = Callable[[Any, Row], Asked | None]  # None: the page shows nothing to change


# ---------------------------------------------------------------------- markup
def drop(tree: Any, path: str) -> None:
    for element in tree.xpath(path):
        if element.getparent() is not None:
            element.drop_tree()


def without_meta(tree: Any) -> None:
    drop(tree, "//meta[@name or @property or @itemprop]")


def without_scripts(tree: Any) -> None:
    drop(tree, "//script")


def renamed(tree: Any) -> None:
    for element in tree.iter():
        for key in ("class", "id"):
            if value := element.get(key):
                element.set(key, "c" + hashlib.md5(f"{key}{value}".encode(), usedforsecurity=False).hexdigest()[:6])


def wrapped(tree: Any) -> None:
    chosen = random.Random(3)
    for element in list(tree.iter("div", "section", "p", "ul", "table")):
        parent = element.getparent()
        if parent is None or parent.tag == "html" or chosen.random() >= 0.4:
            continue
        wrapper = lxml_html.fragment_fromstring(f"<div class='w{chosen.randrange(9)}'><div></div></div>")
        wrapper.tail, element.tail = element.tail, None
        parent.replace(element, wrapper)
        wrapper[0].append(element)


def other_tags(tree: Any) -> None:
    names = {"div": "section", "section": "div", "span": "em"}
    for element in tree.iter(*names):
        element.tag = names[element.tag]


def plain_headings(tree: Any) -> None:
    for element in tree.iter("h1", "h2", "h3", "h4"):
        element.tag = "div"


def advertised(tree: Any) -> None:
    for number, paragraph in enumerate(list(tree.iter("p"))):
        if len(paragraph.text_content()) > 40:
            ad = lxml_html.fragment_fromstring(
                f"<div><a href='https://ad.example/{number}'>限时优惠：品牌家电满三百减五十元</a></div>"
            )
            ad.tail, paragraph.tail = paragraph.tail, None
            paragraph.addnext(ad)


def commented(tree: Any) -> None:
    rows = "".join(
        f"<div class='pl'><span>网友{n}</span><p>处理得怎么样了，希望有关部门尽快给个说法，大家都在等结果。</p><span>2020-02-0{n + 1} 10:00</span></div>"
        for n in range(8)
    )
    tree.find(".//body").append(lxml_html.fragment_fromstring(f"<div class='pinglun'><h3>网友评论</h3>{rows}</div>"))


def markup(*steps: Callable[[Any], None]) -> Mutation:
    def change(tree: Any, _: Row) -> Asked:
        for step in steps:
            step(tree)
        return Asked()

    return change


# ---------------------------------------------------------------------- times
def at(row: Row) -> datetime:
    return datetime.fromisoformat(row["published_at"])


def exact(row: Row) -> bool:
    return bool(row.get("published_at")) and row.get("precision") in ("minute", "second")


def reshown(tree: Any, row: Row, form: Callable[[datetime], str]) -> bool:
    """Show the page's time in another form; False when it is not found in one text."""
    found = False

    def instead(match: re.Match[str]) -> str:
        nonlocal found
        moment = read_time(match[0], NOW)
        wanted, length = at(row), 16 if match[0].count(":") or match[0].count("：") else 0
        if moment is None or not length or f"{moment.at:%m-%d %H:%M}" != f"{wanted:%m-%d %H:%M}":
            return match[0]
        found = True
        return form(wanted)

    for element in tree.iter():
        if not isinstance(element.tag, str) or element.tag in ("script", "style", "title"):
            continue
        element.text = _SHOWN.sub(instead, element.text) if element.text else element.text
        element.tail = _SHOWN.sub(instead, element.tail) if element.tail else element.tail
        for key in ("datetime", "data-time", "title"):
            if read_time(element.get(key) or ""):
                del element.attrib[key]
    return found


def timed(form: str | Callable[[datetime], str], url: str = URL, visited: str = "later") -> Mutation:
    def say(moment: datetime) -> str:
        if callable(form):
            return form(moment)
        return form.format(m=moment)

    def change(tree: Any, row: Row) -> Asked | None:
        without_meta(tree)
        without_scripts(tree)
        if not exact(row) or not reshown(tree, row, say):
            return None
        next_day = datetime.combine(at(row).date() + timedelta(days=1), time(12), SHANGHAI)
        now = {"later": NOW, "next day": next_day, "unknown": None}[visited]
        return Asked(url.format(m=at(row), n=row["n"]), now)

    return change


def scripted(key: str, unit: int) -> Mutation:
    def change(tree: Any, row: Row) -> Asked | None:
        without_meta(tree)
        without_scripts(tree)
        if not exact(row) or not reshown(tree, row, lambda _: ""):
            return None
        script = etree.SubElement(tree.find(".//body"), "script")
        script.text = json.dumps({"id": 12, key: int(at(row).timestamp()) * unit})
        return Asked(now=NOW)

    return change


# ---------------------------------------------------------------------- titles
def titled(form: str, *steps: Callable[[Any], None]) -> Mutation:
    def change(tree: Any, row: Row) -> Asked:
        for step in (without_meta, *steps):
            step(tree)
        for element in tree.iter("title"):
            element.text = form.format(row["title"])
        return Asked()

    return change


def no_year(moment: datetime) -> str:
    return f"{moment.month}月{moment.day}日 {moment:%H:%M}"


MUTATIONS: dict[str, Mutation] = {
    "as they are": markup(),
    "without <meta>": markup(without_meta),
    "renamed, no <meta>": markup(without_meta, renamed),
    "renamed, no <meta>, no scripts": markup(without_meta, renamed, without_scripts),
    "wrappers": markup(wrapped),
    "wrappers, renamed, no <meta>": markup(without_meta, renamed, wrapped),
    "other tags": markup(other_tags),
    "other tags, renamed, no <meta>": markup(without_meta, renamed, other_tags),
    "advertisements, no <meta>": markup(without_meta, advertised),
    "comments below, no <meta>": markup(without_meta, commented),
    "time 2024年3月5日 09:08": timed(lambda m: f"{m.year}年{m.month}月{m.day}日 {m:%H:%M}"),
    "time 2024-03-05T09:08+08:00": timed("{m:%Y-%m-%dT%H:%M}+08:00"),
    "time 24-03-05 09:08": timed("{m:%y-%m-%d %H:%M}"),
    "time 2024-03-0509:08": timed("{m:%Y-%m-%d%H:%M}"),
    "time 昨天 09:08, next day": timed("昨天 {m:%H:%M}", visited="next day"),
    "time 昨天 09:08, years later, day in address": timed("昨天 {m:%H:%M}", "https://a.cn/{m:%Y/%m%d}/c{n}.html"),
    "time 3月5日 09:08, day in address": timed(no_year, "https://a.cn/{m:%Y/%m%d}/c{n}.html"),
    "time 03-05 09:08, month in address": timed("{m:%m-%d %H:%M}", "https://a.cn/{m:%Y%m}/c{n}.html", "unknown"),
    "time in seconds in a script": scripted("publishTime", 1),
    "time in milliseconds in a script": scripted("showTime", 1000),
    "title_channel_site": titled("{}_要闻_云港区人民政府网"),
    "site | title": titled("云港新闻网 | {}"),
    "channel-title-site": titled("新闻中心-{}-云港区人民政府"),
    "channel-title-site, no headings": titled("新闻中心-{}-云港区人民政府", plain_headings),
    "title is the site's name": titled("云港区人民政府网站"),
    "title is the site's name, no headings": titled("云港区人民政府网站", plain_headings),
}


@dataclass(slots=True)
class Counted:
    articles: int = 0
    kinds: list[bool] = field(default_factory=list)
    titles: list[bool] = field(default_factory=list)
    times: list[bool] = field(default_factory=list)
    bodies: list[float] = field(default_factory=list)
    lists_as_articles: int = 0
    wrong: list[str] = field(default_factory=list)


def measure(data: Path, mutation: Mutation) -> Counted:
    counted = Counted()
    for line in (data / "gold.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["n"] != _EDITED:
            _one(counted, data, row, mutation)
    return counted


def _one(counted: Counted, data: Path, row: Row, mutation: Mutation) -> None:
    tree = parse(decode((data / row["file"]).read_bytes(), None).replace("\0", ""))
    if not row["is_article"]:
        row = {**row, "title": "新闻中心"}
    asked = mutation(tree, row)
    if asked is None:
        return
    page = extract(etree.tostring(tree, method="html", encoding="utf-8"), asked.url, None, asked.now)
    if not row["is_article"]:
        counted.lists_as_articles += page.page == "article"
        return
    titles = {_bare(title) for title in (row["title"], *(row.get("title_alternatives") or []))}
    _note(counted, counted.kinds, page.page == "article", row, f"{page.page} {page.reasons}")
    _note(counted, counted.titles, _bare(page.title) in titles, row, f"标题 {page.title}")
    if row.get("published_at"):
        length = 16 if exact(row) else 10
        right = page.published_at is not None and page.published_at.isoformat()[:length] == row["published_at"][:length]
        _note(counted, counted.times, right, row, f"时间 {page.published_at}")
    if row.get("body_file"):
        counted.bodies.append(f1(page.text, (data / row["body_file"]).read_text(encoding="utf-8")))


def _note(counted: Counted, answers: list[bool], right: bool, row: Row, what: str) -> None:
    answers.append(right)
    if not right:
        counted.wrong.append(f"{row['file']}: {what}")


def _bare(text: str) -> str:
    return re.sub(r"\s+", "", text)


# ---------------------------------------------------------------------- lists
ROWS = {
    "li p": "<li><a href='/a/{i}.html'>{t}</a><p>{x}</p><span>{d}</span></li>",
    "named div": "<div class='item'><h3><a href='/a/{i}.html'>{t}</a></h3><p class='s'>{x}</p><span>{d}</span></div>",
    "plain div": "<div><h3><a href='/a/{i}.html'>{t}</a></h3><div>{x}</div><em>{d}</em></div>",
    "dl": "<dl><dt><a href='/a/{i}.html'>{t}</a></dt><dd>{x}<a href='/a/{i}.html'>[详细]</a></dd><dd>{d}</dd></dl>",
    "table": "<table><tr><td><a href='/a/{i}.html'>{t}</a></td><td>{d}</td></tr><tr><td colspan=2>{x}</td></tr></table>",
    "no blocks": "<h3><a href='/a/{i}.html'>{t}</a></h3><p>{x}</p><p>{d}</p>",
    "paragraphs": "<p><a href='/a/{i}.html'>{t}</a></p><p>{x}</p>{d}",
    "one link": "<a href='/a/{i}.html' class='card'><h3>{t}</h3><p>{x}</p><span>{d}</span></a>",
    "tr": "<tr><td><a href='/a/{i}.html'>{t}</a><br>{x}</td><td>{d}</td></tr>",
    "section": "<section class='k{i}'><h2><a href='/a/{i}.html'>{t}</a></h2><p>{x}</p><time>{d}</time></section>",
    "one line": "<li><a href='/a/{i}.html'>{t}</a> {x} <i>{d}</i></li>",
    "read more": "<div><a href='/a/{i}.html'>{t}</a>：{x}……<a href='/a/{i}.html'>阅读全文</a> {d}</div>",
    "date first": "<div><span>{d}</span><a href='/a/{i}.html'>{t}</a><p>{x}</p></div>",
    "three paragraphs": "<div><h4><a href='/a/{i}.html'>{t}</a></h4><p>{x}</p><p>{x}</p><p>{x}</p><p>{d}</p></div>",
}
TITLES = (("新闻中心_云港区人民政府网", "<h1>新闻中心</h1>"), ("云港区人民政府门户网站新闻中心", ""),
          ("2026年民生实事项目建设进展专题_云港", "<h1>2026年民生实事项目建设进展专题</h1>"))  # fmt: skip
DATES = ("2026-03-0{i}", "2026年3月{i}日 09:08", "{i}小时前", "")
FOOT = (
    "<div>主办：云港区人民政府办公室 承办：区融媒体中心，地址：云港区滨江大道1号。网站标识码：3200000001 苏ICP备1号。"
    "本网站由区大数据局提供技术支持，建议使用1024分辨率浏览。</div>"
)


def lists(data: Path) -> Iterator[tuple[str, str]]:
    """Pages that are lists, with what they are."""
    rows = [json.loads(line) for line in (data / "gold.jsonl").read_text(encoding="utf-8").splitlines()]
    articles = [row for row in rows if row["is_article"] and row.get("body_file")]
    texts = [_bare((data / row["body_file"]).read_text(encoding="utf-8")) for row in articles]
    told = [(row["title"], text) for row, text in zip(articles, texts, strict=True)]
    for (name, form), length, date, count, (title, heading) in itertools.product(
        ROWS.items(), (60, 120, 200, 350, 600), DATES, (5, 10, 20), TITLES
    ):
        if not date and heading and title[:4].isdigit():
            continue  # undated rows under a headline of its own: a digest, no list
        inner = "".join(
            form.format(i=n % 9 + 1, t=t, x=x[:length], d=date.format(i=n % 9 + 1))
            for n, (t, x) in enumerate(told[:count])
        )
        page = (
            f"<html><head><meta charset=utf-8><title>{title}</title></head><body><div><a href=/>首页</a><a href=/x>要闻动态</a>"
            f"</div>{heading}<div>{inner}</div><div><a href=/2>2</a><a href=/3>下一页</a></div>{FOOT}</body></html>"
        )
        yield f"{name}, {length} characters, {count} rows, date “{date}”, {title}", page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--only", default="", help="mutations whose name contains this")
    parser.add_argument("--wrong", action="store_true", help="what went wrong, page by page")
    asked = parser.parse_args()
    sys.stdout.write(f"{'mutation':46} pages  kind  title  time   body  lists as articles\n")
    for name, mutation in MUTATIONS.items():
        if asked.only not in name:
            continue
        counted = measure(asked.data, mutation)
        shares = [_mean(part) for part in (counted.kinds, counted.titles, counted.times, counted.bodies)]
        sys.stdout.write(f"{name:46} {len(counted.kinds):5}  {'  '.join(shares)}  {counted.lists_as_articles}\n")
        if asked.wrong:
            sys.stdout.write("".join(f"    {line[:160]}\n" for line in counted.wrong))
    if not asked.only:
        taken, made = [], 0
        for name, page in lists(asked.data):
            made += 1
            if extract(page, "https://a.example.cn/xw/index.html", None, NOW).page == "article":
                taken.append(name)
        sys.stdout.write(f"lists with teasers taken for articles: {len(taken)} of {made}\n")
        sys.stdout.write("".join(f"    {name}\n" for name in taken) if asked.wrong else "")


def _mean(values: list[Any]) -> str:
    return f"{sum(values) / len(values):.3f}" if values else "    –"


if __name__ == "__main__":
    main()
