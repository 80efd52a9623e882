"""Small pages that tests serve: a government article and a list, as such sites write them."""

from __future__ import annotations

from collections.abc import Sequence

PARAGRAPH = "3月15日凌晨，沙洲镇化工园云港恒泰新材料有限公司仓库起火，消防救援力量到场处置，明火已被扑灭，现场无人员伤亡，起火原因正在调查。"


def article(title: str, time: str = "2026-03-15 06:30", body: str = PARAGRAPH, charset: str = "utf-8") -> str:
    return f"""<!DOCTYPE html><html><head><meta charset="{charset}"><title>{title}_云港区政府网</title>
<meta name="ArticleTitle" content="{title}"><meta name="PubDate" content="{time}"><meta name="ContentSource" content="区应急管理局">
<meta name="ColumnName" content="区政要闻"></head><body><div class="nav"><a href="/">首页</a></div>
<h1>{title}</h1><p class="info">发布时间：{time} 来源：区应急管理局</p>
<div class="article-content"><p>{body}</p><p>{body[::-1]}</p><p>{title}。下一步，将及时发布有关情况。</p></div></body></html>"""


def listing(links: Sequence[tuple[str, str]], following: str = "") -> str:
    items = "".join(f'<li><a href="{url}">{words}</a><span>2026-03-15</span></li>' for url, words in links)
    more = f'<a href="{following}">下一页</a>' if following else ""
    return f"""<!DOCTYPE html><html><head><meta charset="utf-8"><title>区政要闻_云港区政府网</title></head>
<body><div class="nav"><a href="/">首页</a><a href="/about.html">关于</a></div><ul>{items}</ul><div class="page">{more}</div></body></html>"""
