"""`huiying replies`: how well people were answered, unit by unit or message by message."""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.clock import shanghai
from pipeline.hostile import harmless

if TYPE_CHECKING:
    from pipeline.answers import Answer, Answering

SHOWN = 10
HEADS = (
    "文档编号", "标题", "答复单位", "留言时间", "答复时间", "天数", "相关", "完整", "说理", "及时", "总分",
    "相关的理由", "完整的理由", "说理的理由", "及时的理由",
)  # fmt: skip


def replies(
    context: typer.Context,
    days: Annotated[int, typer.Option(min=1, max=3660, help="回看多少天收到的来信来电和依申请公开")] = 90,
    out: Annotated[Path | None, typer.Option("--out", help="把每件的评分和理由写到这个 CSV")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON，含每件的评分和理由")] = False,
) -> None:
    """答复质量：是否答其所问、是否答全、是否说明理由、是否及时，按单位列出。例：huiying replies --days 90 --out 答复.csv"""
    from pipeline.answers import answering

    services = context.obj()
    now = services.clock.now()
    with services.store.read() as connection:
        found = answering(connection, now - timedelta(days=days), now + timedelta(microseconds=1), now)
    if out:
        _write(out, found)
    if as_json:
        value = asdict(found)
        for plain, answer in zip(value["answers"], found.answers, strict=True):
            plain["overall"] = answer.overall
        for unit in value["units"]:
            unit["weakest"] = unit["weakest"]["document_id"]
        sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")
    else:
        _show(found, days, out)


def _show(found: Answering, days: int, out: Path | None) -> None:
    lines = [
        f"近 {days} 天收到 {found.asked} 件，已答复 {len(found.answers)} 件；超过十五天未见答复 {found.waiting_late} 件。"
    ]
    if found.units:
        lines.append("按单位（最需改进的在前；四项均为 0 到 1）：")
    lines += [
        f"  {unit.unit}：{unit.answers} 件，相关 {unit.relevant:.2f}，完整 {unit.complete:.2f}，说理 {unit.explained:.2f}，"
        f"及时 {unit.in_time:.2f}" + (f"，中位 {unit.days} 天" if unit.days is not None else "")
        for unit in found.units
    ]
    lines += [_worth_a_look(answer) for answer in found.answers[:SHOWN] if answer.overall < 0.6]
    if out:
        lines.append(f"每件的评分和理由写入 {out}")
    sys.stdout.write("\n".join(lines) + "\n")


def _worth_a_look(answer: Answer) -> str:
    quality = answer.quality
    weakest = min((quality.relevant, quality.complete, quality.explained, quality.in_time), key=lambda one: one.value)
    return f"  请再看：{answer.unit}《{answer.title[:30]}》总分 {answer.overall:.2f}，{weakest.reason}"


def _write(out: Path, found: Answering) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("w", encoding="utf-8-sig", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(HEADS)
        writer.writerows(map(_row, found.answers))


def _row(answer: Answer) -> list[Any]:
    quality = answer.quality
    scores = (quality.relevant, quality.complete, quality.explained, quality.in_time)
    return [
        answer.document_id,
        harmless(answer.title),
        harmless(answer.unit),
        shanghai(answer.asked_at).strftime("%Y-%m-%d %H:%M") if answer.asked_at else "",
        shanghai(answer.answered_at).strftime("%Y-%m-%d %H:%M") if answer.answered_at else "",
        answer.days if answer.days is not None else "",
        *(score.value for score in scores),
        answer.overall,
        *(harmless(score.reason) for score in scores),
    ]
