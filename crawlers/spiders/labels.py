"""Label-and-value pages (信件页、工单页): portals differ in markup, but all write 留言时间：… beside the value.

Pure reading: every short text that is a known label gives its value: the rest of its own line after a colon, else the next
cell or sibling. Rules of a source (CSS selectors) come first; labels are what remains.
"""

from __future__ import annotations

import re
from typing import Any

from lxml import html as lxml_html

LABELS: dict[str, tuple[str, ...]] = {
    "number": ("信件编号", "留言编号", "编号", "信件编码", "受理编号", "查询编号", "工单编号", "申请编号"),
    "title": ("信件标题", "留言标题", "留言主题", "信件主题", "来信标题", "来信主题", "主题", "标题", "诉求标题"),
    "text": ("信件内容", "留言内容", "留言详情", "来信内容", "内容", "诉求内容", "问题描述", "所需信息", "申请内容"),
    "at": (
        "来信时间",
        "留言时间",
        "写信时间",
        "提交时间",
        "信件时间",
        "来信日期",
        "发布时间",
        "日期",
        "时间",
        "申请时间",
        "受理时间",
    ),
    "department": (
        "答复单位",
        "回复单位",
        "办理单位",
        "受理单位",
        "承办单位",
        "处理单位",
        "答复部门",
        "回复部门",
        "办理部门",
        "受理部门",
        "受理机构",
    ),
    "reply_at": ("答复时间", "回复时间", "办理时间", "办结时间", "处理时间", "答复日期", "回复日期"),
    "reply": (
        "答复内容",
        "回复内容",
        "办理结果",
        "处理结果",
        "官方回复",
        "回复意见",
        "答复意见",
        "办理情况",
        "答复",
        "回复",
    ),
    "place": ("所属区域", "事发地址", "所属街道", "诉求地点", "地址", "区域"),
    "category": ("信件类型", "信件类别", "诉求类型", "类别", "来信类型"),
    "term": ("办理时限", "办结时限", "截止时间"),
    "status": ("办理状态", "工单状态", "状态"),
    "satisfaction": ("满意度", "满意情况", "回访结果"),
    "likes": ("点赞", "点赞数", "支持"),
    "reads": ("浏览次数", "浏览量", "阅读次数", "查看次数", "点击量"),
}
_BY_LABEL = {label: name for name, labels in LABELS.items() for label in labels}
_LABEL = re.compile(
    r"^\s*[【\[]?\s*([\u4e00-\u9fff](?:[\s\u3000]*[\u4e00-\u9fff]){1,5})\s*[】\]]?\s*(?:[:：]\s*(.*))?$", re.S
)


def read_labels(tree: Any) -> dict[str, str]:
    """The first value of every label found on the page, by our name."""
    found: dict[str, str] = {}
    for element in tree.iter("td", "th", "dt", "span", "label", "p", "div", "li", "strong", "b", "h3", "h4", "em"):
        own = _own_text(element)
        if len(own) > 4000 or not own:
            continue
        match = _LABEL.match(own)
        if not match:
            continue
        label = re.sub(r"[\s\u3000]+", "", match.group(1))
        name = _BY_LABEL.get(label)
        if name is None or found.get(name):
            continue
        value = (match.group(2) or "").strip() or _beside(element)
        if value:
            found[name] = value
    return found


def _own_text(element: Any) -> str:
    """Text of a leaf; of an element with block children only when it has none of its own labels below."""
    if any(True for _ in element.iter("table", "ul", "dl", "script")):
        return ""
    if len(element) > 3:
        return ""
    return "\n".join(line.strip() for line in text_lines(element) if line.strip())


def text_lines(element: Any) -> list[str]:
    """Text of an element, a line for each block."""
    from crawlers.extraction.text import text_of_html

    return text_of_html(lxml_html.tostring(element, encoding="unicode", with_tail=False)).splitlines()


def _beside(element: Any) -> str:
    """The value beside a label: the tail of its own line, the next sibling, or the next sibling of its only parent."""
    tail = (element.tail or "").strip(" :：\t\r\n\u3000")
    if tail:
        return tail
    current = element
    for _ in range(3):
        following = current.getnext()
        while following is not None and not isinstance(following.tag, str):
            following = following.getnext()
        if following is not None:
            return "\n".join(text_lines(following)).strip(" :：")
        parent = current.getparent()
        if parent is None or len(parent) > 1:
            return ""
        current = parent
    return ""
