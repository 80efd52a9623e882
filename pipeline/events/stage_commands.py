"""`huiying evaluate stages` and `huiying train stages`: the forecasts, measured and learned on real growth."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.errors import HuiyingError

Curves = Annotated[
    Path | None, typer.Option(help="热搜榜 TSV：ts、rank、hot_value、word、tags，每 10 分钟一榜（可为 .gz）")
]
Cascades = Annotated[Path | None, typer.Option(help="转发时刻 TSV：eid、t_unix_cst、has_text（可为 .gz）")]
Posts = Annotated[Path | None, typer.Option(help="原帖 JSONL：eid、text、user_followers…（可不给）")]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON")]


class StageDataMissing(HuiyingError):
    """Neither curves nor cascades were given."""


def evaluate_stages(
    curves: Curves = None,
    cascades: Cascades = None,
    posts: Posts = None,
    models: Annotated[Path | None, typer.Option(help="用这个文件夹里的模型（train stages 的结果）")] = None,
    as_json: AsJson = False,
) -> None:
    """评测增长预测，并与简单规则同场比较。例：huiying evaluate stages --curves 热搜.tsv.gz

    --curves：前 30 分钟未进前十的新词，之后会不会进前十。--cascades：看第一个小时，转评会不会超过 500。
    """
    from pipeline.events.evaluate_stages import evaluate_cascades, evaluate_curves
    from pipeline.events.stage_models import MODELS

    folder = models or MODELS
    found = []
    if curves:
        found.append(evaluate_curves(curves, folder))
    if cascades:
        found.append(evaluate_cascades(cascades, posts, folder))
    if not found:
        raise StageDataMissing("请给出 --curves 热搜榜文件，或 --cascades 转发时刻文件（可加 --posts）")
    if as_json:
        shown = [figures.as_json() for figures in found]
        _line(json.dumps(shown[0] if len(shown) == 1 else {one["task"]: one for one in shown}, ensure_ascii=False))
        return
    for figures in found:
        _show(figures)


def train_stages(
    curves: Annotated[list[Path] | None, typer.Option(help="热搜榜 TSV，可给多个月")] = None,
    cascades: Cascades = None,
    posts: Posts = None,
    out: Annotated[Path | None, typer.Option(help="模型写到这个文件夹（默认替换自带的）")] = None,
    as_json: AsJson = False,
) -> None:
    """训练增长预测。例：huiying train stages --curves 三月.tsv.gz --curves 九月.tsv.gz --cascades 转发.tsv.gz --out 模型"""
    from pipeline.events.cascades import read_cascades
    from pipeline.events.evaluate_stages import figures
    from pipeline.events.hot_list import read_hot_list
    from pipeline.events.stage_models import MODELS
    from pipeline.events.stage_settings import StageSettings
    from pipeline.events.train_stages import train

    if not curves and not cascades:
        raise StageDataMissing("请给出 --curves 热搜榜文件，或 --cascades 转发时刻文件（可加 --posts）")
    lists = [read_hot_list(path) for path in curves or ()]
    posts_read = read_cascades(cascades, posts) if cascades else []
    results = train(lists, posts_read, StageSettings.load().normal.day_profile, out or MODELS)
    shown = {name: figures(name, held.labels, held.held_out, {}) for name, held in results.items()}
    if as_json:
        _line(json.dumps({name: found.as_json() for name, found in shown.items()}, ensure_ascii=False))
        return
    _line(f"模型写入 {out or MODELS}；以下数字都在训练时没见过的行上：")
    for found in shown.values():
        _show(found)


def _show(found: Any) -> None:
    _line(f"{found.task}：{found.rows} 行，发生率 {found.base_rate:.3f}")
    _line(
        f"  平均精度 {found.average_precision:.3f}，精度八成时召回 {found.recall_at_precision_80:.3f}，"
        f"Brier {found.brier:.4f}"
    )
    for name, value in found.simple_rules.items():
        _line(f"  简单规则 {name}：平均精度 {value:.3f}")
    for band in found.reliability:
        _line(f"  说 {band.low:.0%}–{band.high:.0%}：{band.rows} 行，平均说 {band.said:.1%}，实际 {band.came:.1%}")


def _line(text: str) -> None:
    sys.stdout.write(text + "\n")
