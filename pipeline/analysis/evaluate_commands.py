"""`huiying evaluate sentiment|topic|scope` and `huiying train sentiment`: figures on labelled rows, and retraining on them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from pipeline.errors import HuiyingError

Data = Annotated[Path, typer.Option("--data", help="TSV（UTF-8，制表符分隔，不加引号），首行列名含 label 和 text")]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON")]
AS_IS, PLAIN = "as_is", "without_emoticons"
IN_CHINESE = {AS_IS: "原文", PLAIN: "去掉[表情]"}


def evaluate_sentiment(
    data: Data,
    engines: Annotated[
        list[str] | None, typer.Option("--engine", help="accurate、fast、snownlp，可多次；默认 accurate 和 snownlp")
    ] = None,
    models: Annotated[Path | None, typer.Option(help="用这个文件夹里的模型（train sentiment 的结果）")] = None,
    as_json: AsJson = False,
) -> None:
    """评测情感判断，各引擎并列。label 为 negative、neutral、positive（或 0、1；或 负面、中性、正面）；没有中性行时按两类算。

    例：huiying evaluate sentiment --data 标注.tsv
    """
    from pipeline.analysis.evaluate import Figures, sentiment_figures
    from pipeline.analysis.features import without_emoticons
    from pipeline.analysis.sentiment import MODELS, load_engine
    from pipeline.analysis.sentiment_sets import Labelled, read_labelled

    rows = read_labelled(data)
    texts = {
        AS_IS: rows,
        PLAIN: [Labelled(without_emoticons(row.text), row.label, row.two_class) for row in rows],
    }
    figures: dict[str, dict[str, Figures]] = {}
    for name in engines or ["accurate", "snownlp"]:
        engine = load_engine(name, models or MODELS)
        figures[name] = {form: sentiment_figures(labelled, engine.judge) for form, labelled in texts.items()}
    if as_json:
        _print_json({"file": str(data), "rows": len(rows), "engines": _plain(figures)})
        return
    _line(f"{data}：{len(rows)} 行" + ("（两类，按分数正负）" if rows[0].two_class else "（三类）"))
    for name, forms in figures.items():
        for form, found in forms.items():
            _line(_table_row(f"{name} {IN_CHINESE[form]}", found))
            if form == AS_IS:
                _show_classes(found)


def evaluate_topic(data: Data, as_json: AsJson = False) -> None:
    """评测主题判断（一级名称）。例：huiying evaluate topic --data 留言标注.tsv"""
    _evaluate_analysis(data, "topic", as_json)


def evaluate_scope(data: Data, as_json: AsJson = False) -> None:
    """评测范围判断：label 为 local、neighbouring、national、international。例：huiying evaluate scope --data 标注.tsv"""
    _evaluate_analysis(data, "scope", as_json)


def _evaluate_analysis(data: Path, what: Literal["topic", "scope"], as_json: bool) -> None:
    """Run the whole analysis (fast engine: sentiment is not what is measured) and compare one judgement."""
    import time

    from config.settings import load_settings
    from pipeline.analysis.analyse import Analyser
    from pipeline.analysis.district import District
    from pipeline.analysis.evaluate import classification
    from pipeline.analysis.sentiment_sets import read_columns
    from pipeline.document import Document, Kind

    pairs = read_columns(data)
    analyser = Analyser(District.load(load_settings().config_dir), "fast")
    started = time.perf_counter()
    analyses = [
        analyser.analyse(Document(id=str(n), text=text, kind=Kind.MESSAGE if what == "topic" else Kind.NEWS))
        for n, (_, text) in enumerate(pairs)
    ]
    seconds = time.perf_counter() - started
    guess = [a.topic.label if what == "topic" else str(a.scope) for a in analyses]
    sure = [a.topic.confidence for a in analyses] if what == "topic" else None
    figures = classification([label for label, _ in pairs], guess, sure, seconds)
    if as_json:
        _print_json({"file": str(data), "rows": len(pairs), **figures.as_json()})
        return
    _line(_table_row(what, figures))
    _show_classes(figures)


def train_sentiment(
    data: Annotated[list[Path], typer.Option("--data", help="TSV，列为 label 和 text；可多次")],
    out: Annotated[
        Path, typer.Option("--out", help="模型写到这个文件夹；放在配置目录的 sentiment 文件夹里即启用")
    ] = Path("var/models/sentiment"),
    engine: Annotated[
        Literal["accurate", "snownlp"], typer.Option(help="accurate（连同 fast）或 snownlp")
    ] = "accurate",
    as_json: AsJson = False,
) -> None:
    """用本单位的标注继续训练情感模型：在自带模型的基础上调整，标注多少都行。例：huiying train sentiment --data 更正.tsv"""
    from pipeline.analysis.sentiment_sets import read_labelled
    from pipeline.analysis.train_sentiment import train_office

    rows = [row for path in data for row in read_labelled(path)]
    if len({row.label for row in rows}) < 2:
        raise HuiyingError("标注里只有一类：至少要有两类（例如 negative 和 positive），请补一些再训练。")
    before, after = train_office(rows, out, engine)
    result = {"rows": len(rows), "engine": engine, "out": str(out), "accuracy_before": before, "accuracy_after": after}
    if as_json:
        _print_json(result)
    else:
        _line(f"用 {len(rows)} 条标注训练 {engine}：交叉验证准确率 {before:.1%} → {after:.1%}，写入 {out}")
        _line("启用：把这个文件夹放到配置目录下，名为 sentiment（或直接用 --out 写到那里）。")


def _plain(figures: dict[str, Any]) -> dict[str, Any]:
    return {name: {form: found.as_json() for form, found in forms.items()} for name, forms in figures.items()}


def _table_row(name: str, figures: Any) -> str:
    parts = [f"{name}：准确率 {figures.accuracy:.3f}", f"宏平均F1 {figures.macro_f1:.3f}"]
    if figures.calibration_error is not None:
        parts.append(f"校准误差 {figures.calibration_error:.3f}")
        parts.append(f"最有把握的八成 {figures.accuracy_at_80:.3f}")
    if figures.per_second:
        parts.append(f"{figures.per_second:.0f} 篇/秒")
    return "，".join(parts)


def _show_classes(figures: Any) -> None:
    for name, found in figures.classes.items():
        _line(f"    {name}：查准 {found.precision:.3f}，查全 {found.recall:.3f}，F1 {found.f1:.3f}，{found.rows} 行")


def _print_json(value: dict[str, Any]) -> None:
    _line(json.dumps(value, ensure_ascii=False))


def _line(text: str) -> None:
    sys.stdout.write(text + "\n")
