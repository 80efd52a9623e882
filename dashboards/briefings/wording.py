"""How the office writes (行文): sentences from figures, varied by what the figures say. No adjective that they do not carry."""

from __future__ import annotations

import re
from datetime import date, datetime

from dashboards.briefings.content import Figure, Sentence
from pipeline.clock import shanghai
from pipeline.document import Kind

_END = "。！？；…"
_VOICES = {
    Kind.WEIBO: "微博网民", Kind.WECHAT: "微信文章", Kind.VIDEO: "视频发布者", Kind.FORUM: "论坛网民",
    Kind.MESSAGE: "留言人", Kind.HOTLINE: "来电人", Kind.DISCLOSURE: "申请人", Kind.NEWS: "媒体",
}  # fmt: skip
_HEADLINE = re.compile(r"\s*【[^】]{1,60}】(?=.{16})", re.DOTALL)  # before words that say more than it
_HANDLES = re.compile(r"#[^#\s]{1,30}#|#[^#\s]{1,30}|@[\w\-·]{1,30}|https?://\S+|\[[^\]\s]{1,8}\]")


def say(template: str, *figures: Figure, documents: tuple[str, ...] = ()) -> Sentence:
    """A sentence with its figures in the order of the template's {}."""
    return Sentence(template.format(*(figure.value for figure in figures)), documents, figures)


def against(now: Figure, before: Figure, unit: str) -> str:
    """A number beside that of the period before: 比上期增加29条."""
    difference = int(now.value) - int(before.value)
    if int(before.value) == 0:
        return "上期为0，不作比较" if difference else "与上期同样没有"
    if difference == 0:
        return "与上期持平"
    return f"比上期{'增加' if difference > 0 else '减少'}{abs(difference)}{unit}"


def percent(part: Figure, whole: Figure) -> str:
    return f"{round(100 * int(part.value) / int(whole.value))}%" if int(whole.value) else "0%"


def growth(today: Figure | None, all_: Figure, negative: Figure, stage: Figure, kinds: str) -> Sentence:
    """How an event stands: how much in the period, of how much, where, which stage."""
    total = int(all_.value)
    new = int(today.value) if today else 0
    if today is None:
        count = f"累计{total}条"
    elif total == new:
        count = f"监测时段内新出现{new}条"
    elif new == 0:
        count = f"监测时段内没有新增，累计{total}条"
    elif new * 2 >= total:
        count = f"监测时段内{new}条，占累计{total}条的{round(100 * new / total)}%"
    else:
        count = f"监测时段内新增{new}条，累计{total}条"
    text = f"{count}，负面{negative.value}条（{percent(negative, all_)}）；{kinds}；处于{stage.value}阶段。"
    return Sentence(text, (), ((today,) if today else ()) + (all_, negative, stage))


def quote(text: str, limit: int = 60) -> str:
    """Collected words fit for paper: no headline, account names or links, cut at a mark, without its full stop."""
    said = _HEADLINE.sub("", text, count=1) if text.lstrip().startswith("【") else text
    clean = " ".join(_HANDLES.sub("", said).replace("【", "").replace("】", "：").split()).strip(" ：，")
    clean = clean.replace("“", "‘").replace("”", "’")
    if len(clean) > limit:
        cut = max(clean.rfind(mark, limit // 2, limit) for mark in "，。；！？、")
        clean = (clean[:cut] if cut > 0 else clean[: limit - 1]) + "……"
    return clean.rstrip("。，；")


def titled(title: str) -> str:
    """A title between quotation marks, those within it made single."""
    return "“" + title.replace("“", "‘").replace("”", "’") + "”"


def voice(kind: Kind) -> str:
    """Who speaks, by kind of source: never a name."""
    return _VOICES[kind]


def stop(text: str) -> str:
    """A sentence ends with a mark."""
    text = text.strip()
    return text if text and (text[-1] in _END or text.endswith("……")) else text + "。"


def day(moment: datetime | date) -> str:
    """2026年3月15日."""
    local = shanghai(moment) if isinstance(moment, datetime) else moment
    return f"{local.year}年{local.month}月{local.day}日"


def month_day(moment: datetime) -> str:
    """3月15日."""
    local = shanghai(moment)
    return f"{local.month}月{local.day}日"


def later(moment: datetime, said: datetime) -> str:
    """7时40分 when it is the day of `said`, which was named before; else with its day."""
    whole = clock(moment)
    return whole.partition("日")[2] if shanghai(moment).date() == shanghai(said).date() else whole


def clock(moment: datetime) -> str:
    """3月15日7时40分."""
    local = shanghai(moment)
    minutes = f"{local.minute}分" if local.minute else ""
    return f"{local.month}月{local.day}日{local.hour}时{minutes}"
