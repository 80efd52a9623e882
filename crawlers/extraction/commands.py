"""Commands of extraction: extract a saved page, evaluate on annotated ones."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from pipeline.errors import HuiyingError


def extract(
    file: Annotated[Path, typer.Argument(help="网页文件（HTML）")],
    url: Annotated[str, typer.Option("--url", help="网页原来的地址")] = "",
) -> None:
    """读一个网页，输出它是文章还是列表，以及标题、时间、正文（JSON）。例：huiying extract 网页.html --url https://www.example.cn/a/1.html"""
    from crawlers.extraction.extract import extract as read
    from pipeline.clock import iso

    if not file.is_file():
        raise HuiyingError(f"没有这个文件：{file}；请检查路径。")
    page = read(file.read_bytes(), url)
    answer = {
        "page": page.page,
        "title": page.title,
        "published_at": iso(page.published_at) if page.published_at else None,
        "precision": page.precision,
        "author": page.author,
        "source": page.source,
        "text": page.text,
        "images": page.images,
        "confidence": page.confidence,
        "reasons": page.reasons,
    }
    sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")


def evaluate_extraction(
    data: Annotated[Path, typer.Option("--data", help="gold.jsonl，或它所在的目录")],
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> None:
    """在人工标注的网页上量标题、时间、正文和页面类别。例：huiying evaluate extraction --data pages/gold.jsonl"""
    from crawlers.extraction.evaluate import evaluate

    scores = evaluate(data)
    figures = scores.figures()
    if as_json:
        sys.stdout.write(json.dumps({**figures, "wrong": scores.wrong}, ensure_ascii=False) + "\n")
        return
    for name, value in figures.items():
        sys.stdout.write(f"{name:18} {value}\n")
    for line in scores.wrong:
        sys.stdout.write(f"  {line}\n")
