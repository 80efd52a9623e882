"""Charts (图): one Vega-Lite specification → SVG in pages, PNG in mails and documents, with its text and its table.

Rendered offline by vl-convert; Chinese letters come from the fonts of an installed wheel, so that PNGs need no system font.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

from dashboards.words import moment
from pipeline.clock import shanghai

FONT = "Noto Sans SC, Noto Sans CJK SC, Microsoft YaHei, sans-serif"
SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
NAME_SIZE, ROW, GAP = 11, 14, 6  # points: letters of a name, its row, the room before the next line
INK, SOFT, BLUE, RED, GREEN = "#1c2430", "#515c6b", "#2a6296", "#b3261e", "#1d6b3c"


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened at a moment and stands as a line on a timeline: a stage, or a response of ours."""

    at: datetime
    label: str
    kind: str = "stage"  # stage | response


@dataclass(frozen=True, slots=True)
class Bar:
    """Documents from `start` on, and how many of them are negative."""

    start: datetime
    documents: int
    negative: int


@dataclass(frozen=True)
class Chart:
    """A picture with the same content as words (`alternative`) and as a table (`heads`, `rows`)."""

    draw: Callable[[], dict[str, Any]]  # the specification, made only when a picture is wanted
    alternative: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...] = field(default=())

    @cached_property
    def specification(self) -> dict[str, Any]:
        """The Vega-Lite specification."""
        return self.draw()

    def svg(self) -> str:
        """The picture as SVG."""
        return str(_renderer().vegalite_to_svg(self.specification))

    def png(self, scale: float = 2.0) -> bytes:
        """The picture as PNG; `scale` pixels a point."""
        return bytes(_renderer().vegalite_to_png(self.specification, scale=scale))


def timeline(title: str, bars: Sequence[Bar], marks: Sequence[Mark] = (), width: int = 760, height: int = 190) -> Chart:
    """Volume by time, the negative part filled, stages and responses as named lines."""
    heads = ("时间", "文档", "负面")
    table = tuple((moment(bar.start), str(bar.documents), str(bar.negative)) for bar in bars if bar.documents)
    return Chart(lambda: _timeline(bars, marks, width, height), _timeline_words(title, bars, marks), heads, table)


def _timeline(bars: Sequence[Bar], marks: Sequence[Mark], width: int, height: int) -> dict[str, Any]:
    rows = [
        {"时间": local(bar.start), "类": name, "文档": count}
        for bar in bars
        for name, count in (("负面", bar.negative), ("其他", bar.documents - bar.negative))
    ]
    step = (bars[1].start - bars[0].start) if len(bars) > 1 else None
    hours = step.total_seconds() / 3600 if step else 1
    axis = {"format": "%-m月%-d日 %H时", "labelAngle": 0, "labelOverlap": True, "labelSeparation": 8}
    legend = {"orient": "bottom", "direction": "horizontal", "offset": 2}
    volume = {
        "data": {"values": rows},
        "mark": {"type": "bar", "size": max(1.5, min(18.0, 0.8 * width / max(1, len(bars)))), "align": "left"},
        "encoding": {
            "x": _field("时间", "temporal", title=None, axis=axis),
            "y": _field("文档", "quantitative", title=f"篇／{hours:g}小时", axis={"tickMinStep": 1}),
            "color": _field(
                "类", scale={"domain": ["负面", "其他"], "range": [RED, "#9db8d2"]}, title=None, legend=legend
            ),
            "order": _field("类", sort="descending"),
        },
    }
    placed = rows_of(bars, marks, width)
    band = ROW * (1 + max((row for _, row in placed), default=-1))
    return _finished([volume, *(_named(mark, row * ROW - band, height) for mark, row in placed)], width, height)


def rows_of(bars: Sequence[Bar], marks: Sequence[Mark], width: int) -> list[tuple[Mark, int]]:
    """Each mark with the row of its name over the bars, 0 on top: no name covers another, no line crosses a name.

    From left to right a name stands lower than every earlier one that reaches over its line.
    """
    if not bars or not marks:
        return []
    start = bars[0].start
    end = bars[-1].start + (bars[-1].start - bars[-2].start if len(bars) > 1 else timedelta(hours=1))
    placed: list[tuple[Mark, int]] = []
    reaching: list[tuple[float, int]] = []  # how far to the right each name goes, and its row
    for mark in sorted(marks, key=lambda mark: mark.at):
        at = width * ((mark.at - start) / (end - start))
        row = 1 + max((one for until, one in reaching if until > at - GAP), default=-1)
        placed.append((mark, row))
        reaching.append((at + GAP + NAME_SIZE * len(mark.label), row))
    return placed


def _named(mark: Mark, top: int, height: int) -> dict[str, Any]:
    """A line over the whole height with its name beside its upper end: stages dashed, responses of ours solid."""
    colour, dash = (SOFT, [3, 3]) if mark.kind == "stage" else (GREEN, [1, 0])
    x = {"x": _field("时间", "temporal")}
    rule = {"type": "rule", "color": colour, "strokeDash": dash, "strokeWidth": 1.3, "y": top, "y2": height}
    text = {
        "type": "text",
        "align": "left",
        "dx": 3,
        "baseline": "top",
        "fontSize": NAME_SIZE,
        "color": colour,
        "y": top,
    }
    return {
        "data": {"values": [{"时间": local(mark.at), "名": mark.label}]},
        "layer": [{"mark": rule, "encoding": x}, {"mark": text, "encoding": x | {"text": _field("名")}}],
    }


def shares(title: str, parts: Sequence[tuple[str, float]], unit: str = "篇", width: int = 420) -> Chart:
    """Bars side by side, longest first, each with its number."""
    said = "、".join(f"{name}{value:g}{unit}" for name, value in parts)
    rows = tuple((name, f"{value:g}") for name, value in parts)
    return Chart(lambda: _shares(parts, unit, width), f"{title}：{said or '暂无'}。", ("名称", unit), rows)


def _shares(parts: Sequence[tuple[str, float]], unit: str, width: int) -> dict[str, Any]:
    rows = [{"名": name, "数": value} for name, value in parts]
    places = {
        "y": _field("名", sort=[name for name, _ in parts], title=None),
        "x": _field("数", "quantitative", title=unit),
    }
    number = {"text": _field("数", "quantitative")}
    layers = [
        {"mark": {"type": "bar", "color": BLUE}, "encoding": places},
        {"mark": {"type": "text", "align": "left", "dx": 3, "color": INK}, "encoding": places | number},
    ]
    return {"data": {"values": rows}} | _finished(layers, width, max(40, 22 * len(rows)))


def _field(name: str, kind: str = "nominal", **more: Any) -> dict[str, Any]:
    """A channel of Vega-Lite."""
    return {"field": name, "type": kind, **more}


def local(at: datetime) -> str:
    """Shanghai's wall time without an offset: what Vega draws as it stands."""
    return f"{shanghai(at):%Y-%m-%dT%H:%M:%S}"


def _timeline_words(title: str, bars: Sequence[Bar], marks: Sequence[Mark]) -> str:
    if not bars:
        return f"{title}：暂无文档。"
    peak = max(bars, key=lambda bar: bar.documents)
    total, negative = sum(bar.documents for bar in bars), sum(bar.negative for bar in bars)
    text = f"{title}：{moment(bars[0].start)}至{moment(bars[-1].start)}共{total}篇，负面{negative}篇；最多在{moment(peak.start)}，{peak.documents}篇。"
    told = "；".join(f"{moment(mark.at)} {mark.label}" for mark in sorted(marks, key=lambda mark: mark.at))
    return text + (f"其间：{told}。" if told else "")


def _finished(layers: Sequence[dict[str, Any]], width: int, height: int) -> dict[str, Any]:
    fonts = {"labelFont": FONT, "titleFont": FONT, "labelFontSize": 11, "titleFontSize": 11}
    colours = {"labelColor": SOFT, "titleColor": SOFT, "gridColor": "#e8ebef", "domainColor": "#b8c0ca"}
    config = {
        "font": FONT,
        "background": "white",
        "axis": fonts | colours,
        "legend": fonts | {"orient": "top-right", "offset": 0},
        "view": {"continuousWidth": 300, "continuousHeight": 300, "stroke": None},
    }
    return {"$schema": SCHEMA, "width": width, "height": height, "layer": list(layers), "config": config}


@cache
def _renderer() -> Any:
    import vl_convert

    for folder in _font_folders():
        vl_convert.register_font_directory(folder)
    return vl_convert


def _font_folders() -> list[str]:
    """Folders of the wheel that carries Noto Sans SC."""
    root = files("pylopdf_fonts_zh_cn")
    found = {str(path.parent) for pattern in ("*.ttf", "*.otf") for path in _under(root).rglob(pattern)}
    return sorted(found)


def _under(root: Any) -> Any:
    from pathlib import Path

    return Path(str(root))
