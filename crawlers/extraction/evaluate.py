"""How well pages are read (抽取评测): against pages annotated by hand (gold.jsonl beside the saved pages).

title      right when equal without spaces; time: right to the minute where the page shows it (day otherwise);
body F1    over character 5-grams of the annotated body, a mean over articles; kind: articles told from lists
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from crawlers.extraction.extract import extract
from crawlers.extraction.page import Page
from pipeline.errors import HuiyingError

_EDITED = ("gerapy/samples/detail/ifeng_news1_detail_20220630.html",)  # its saver changed the page: no gold


class EvaluationRefused(HuiyingError):
    """The annotated pages cannot be read."""


@dataclass(slots=True)
class Scores:
    """Counts of right answers among those that the annotation knows; F1 of each body; what went wrong, by page."""

    titles: list[bool] = field(default_factory=list)
    times: list[bool] = field(default_factory=list)
    bodies: list[float] = field(default_factory=list)
    kinds: list[bool] = field(default_factory=list)
    lists_as_articles: int = 0
    wrong: list[str] = field(default_factory=list)

    def figures(self) -> dict[str, Any]:
        """The figures of the bars; None where nothing was annotated."""
        return {
            "pages": len(self.kinds),
            "title": _share(self.titles),
            "time": _share(self.times),
            "body_f1": round(sum(self.bodies) / len(self.bodies), 4) if self.bodies else None,
            "kind": _share(self.kinds),
            "lists_as_articles": self.lists_as_articles,
        }


def evaluate(data: Path) -> Scores:
    """Read every annotated page of `data` (gold.jsonl or its folder). EvaluationRefused when it is not there or not such."""
    gold = data / "gold.jsonl" if data.is_dir() else data
    if not gold.is_file():
        raise EvaluationRefused(f"没有标注文件 {gold}；请指明 gold.jsonl 或它所在的目录。")
    scores = Scores()
    for number, line in enumerate(gold.read_text(encoding="utf-8").splitlines(), 1):
        try:
            row = json.loads(line)
            if row["file"] in _EDITED:
                continue
            page = extract((gold.parent / row["file"]).read_bytes(), "https://page.example/")
        except (ValueError, KeyError, OSError) as error:
            raise EvaluationRefused(f"{gold} 第 {number} 行不能用：{error}") from error
        _judge(scores, gold.parent, row, page)
    return scores


def _judge(scores: Scores, folder: Path, row: dict[str, Any], page: Page) -> None:
    is_article = bool(row["is_article"])
    scores.kinds.append((page.page == "article") == is_article)
    if not is_article:
        if page.page == "article":
            scores.lists_as_articles += 1
            scores.wrong.append(f"{row['file']}：列表当成了文章")
        return
    titles = [row["title"], *(row.get("title_alternatives") or [])]
    _note(scores, scores.titles, row, _flat(page.title) in {_flat(title) for title in titles}, f"标题“{page.title}”")
    if row.get("published_at"):
        right = _same_time(page.published_at, row["published_at"], row.get("precision") or "day")
        _note(scores, scores.times, row, right, f"时间 {page.published_at}")
    if row.get("body_file"):
        score = f1(page.text, (folder / row["body_file"]).read_text(encoding="utf-8"))
        scores.bodies.append(score)
        if score < 0.9:
            scores.wrong.append(f"{row['file']}：正文 F1 {score:.2f}")


def f1(found: str, true: str) -> float:
    """F1 over the sets of character 5-grams, spaces left out."""
    mine, theirs = _grams(found), _grams(true)
    if not mine and not theirs:
        return 1.0
    return 2 * len(mine & theirs) / (len(mine) + len(theirs))


def _note(scores: Scores, answers: list[bool], row: dict[str, Any], right: bool, what: str) -> None:
    answers.append(right)
    if not right:
        scores.wrong.append(f"{row['file']}：{what}")


def _same_time(found: datetime | None, true: str, precision: str) -> bool:
    length = 16 if precision in ("minute", "second") else 10
    return found is not None and found.isoformat()[:length] == true[:length]


def _grams(text: str) -> set[str]:
    flat = _flat(text)
    return {flat[start : start + 5] for start in range(len(flat) - 4)}


def _flat(text: str | None) -> str:
    return re.sub(r"\s+", "", text or "")


def _share(answers: list[bool]) -> float | None:
    return round(sum(answers) / len(answers), 4) if answers else None
