"""`huiying evaluate same-event|grouping`, `huiying train same-event|grouping|gist`, `huiying hot-issues`: the commands of grouping."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from config.settings import load_settings
from pipeline.clock import SHANGHAI
from pipeline.document import Document, Judged, Kind
from pipeline.errors import HuiyingError

if TYPE_CHECKING:
    from pipeline.events.hot_issues import HotIssue

JsonOption = Annotated[bool, typer.Option("--json", help="输出 JSON")]


def evaluate_same_event(
    data: Annotated[Path, typer.Option("--data", help="TSV：label（1 同一事件，0 不是）、source、target")],
    as_json: JsonOption = False,
) -> None:
    """评测同一事件判断，与字符 TF-IDF 余弦并列。例：huiying evaluate same-event --data pairs.tsv --json"""
    from pipeline.events.evaluate_same_event import evaluate
    from pipeline.events.pairs import read_pairs
    from pipeline.progress import progress_bar

    pairs = read_pairs(data)
    with progress_bar("评测", len(pairs)) as advance:
        result = evaluate(pairs, advance)
    if as_json:
        sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")
        return
    lines = [f"{result['pairs']} 对，其中同一事件 {result['same']} 对", "判断方法\tAUC\t平均精度\t最佳 F1"]
    for name, found in (("本系统", result), *(("字符 TF-IDF 余弦", peer) for peer in result["peers"].values())):
        lines.append(f"{name}\t{found['auc']:.4f}\t{found['average_precision']:.4f}\t{found['best_f1']:.4f}")
    lines.append(f"每秒 {result['per_second']:.0f} 对")
    sys.stdout.write("\n".join(lines) + "\n")


def evaluate_grouping(
    data: Annotated[Path, typer.Option("--data", help="文档 JSONL（公开格式）")],
    truth: Annotated[Path, typer.Option("--truth", help="基准 JSONL：id、storyline（空为单独一件事）")],
    as_json: JsonOption = False,
) -> None:
    """评测归并：B-cubed，与单遍 TF-IDF 聚类并列。例：huiying evaluate grouping --data 文档.jsonl --truth 基准.jsonl"""
    from pipeline.events.evaluate_grouping import evaluate, read_firsts, read_truth

    known = read_truth(truth)
    stream = list(_analysed(read_firsts(data, Kind.NEWS)))
    result = evaluate(stream, known, load_settings().events)
    if as_json:
        sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")
        return
    peer = result["peers"]["single_pass_tfidf"]
    lines = [
        f"{result['documents']} 篇文档，{result['matters']} 件事，归为 {result['events']} 个事件",
        "方法\t精确率\t召回率\tF1",
    ]
    for name, found in (("本系统", result), (f"单遍 TF-IDF 聚类（阈值 {peer['threshold']:.2f}）", peer)):
        lines.append(f"{name}\t{found['precision']:.4f}\t{found['recall']:.4f}\t{found['f1']:.4f}")
    lines.append(f"归并每秒 {result['per_second']:.0f} 篇（处理器时间）")
    sys.stdout.write("\n".join(lines) + "\n")


def train_same_event(
    data: Annotated[Path, typer.Option("--data", help="同一事件标题对 TSV：label、source、target")],
    out: Annotated[Path, typer.Option("--out", help="模型写到这个文件")],
    topic_data: Annotated[Path | None, typer.Option("--topic-data", help="同一话题标题对 TSV，作辅助任务")] = None,
    passes: Annotated[int, typer.Option(min=1, max=100, help="网络训练遍数")] = 8,
    as_json: JsonOption = False,
) -> None:
    """用标题对训练同一事件模型（需要 train 依赖）。例：huiying train same-event --data pairs.tsv --out var/models/same_event.npz"""
    from pipeline.events.evaluate_same_event import figures
    from pipeline.events.pairs import read_pairs

    try:
        from pipeline.events.train_head import Recipe
        from pipeline.events.train_same_event import read_task, train
    except ImportError as error:
        raise HuiyingError("训练需要 jax 和 optax；请先安装：pip install 'huiying[train]'") from error
    events, topics = read_pairs(data), read_pairs(topic_data) if topic_data else []
    scores, truth = train(read_task(events, topics, _say), out, Recipe(passes=passes), _say)
    found = figures(scores, truth)
    if as_json:
        sys.stdout.write(json.dumps(asdict(found) | {"out": str(out)}, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(
            f"留出的 {found.pairs} 对：AUC {found.auc:.4f}，平均精度 {found.average_precision:.4f}，"
            f"最佳 F1 {found.best_f1:.4f}；模型写入 {out}\n"
        )


def train_grouping(
    stories: Annotated[
        list[Path],
        typer.Option("--stories", help="故事 JSONL：公开格式的文档，另有 storyline（空为单独一件事）；可多次"),
    ],
    out: Annotated[Path, typer.Option("--out", help="模型写到这个文件")],
    posts: Annotated[list[Path], typer.Option("--posts", help="与故事无关的帖子：TSV、CSV、JSONL；可多次")],
    letters: Annotated[list[Path], typer.Option("--letters", help="与故事无关的信件；可多次")],
    apart: Annotated[list[Path], typer.Option("--apart", help="各说各事的大批信件；可多次")],
) -> None:
    """用写好的故事训练归并。例：huiying train grouping --stories a.jsonl --posts 帖子.tsv --letters 信件.tsv --apart 更多.tsv --out grouping.npz"""
    from pipeline.analysis.district import District
    from pipeline.events.evaluate_grouping import read_firsts, read_truth
    from pipeline.events.train_grouping import streams, talk_of, train
    from pipeline.importing import Rejected, read_documents

    towns = [town.name for town in District.load(load_settings().config_dir).places.town]
    sets = [(list(_analysed(read_firsts(path, Kind.NEWS))), read_truth(path)) for path in stories]
    talk = list(_analysed(talk_of({Kind.WEIBO: posts, Kind.MESSAGE: letters}, len(sets), towns)))
    more = [row for path in apart for row in read_documents(path, Kind.MESSAGE) if not isinstance(row, Rejected)]
    train(streams(sets, talk, list(_analysed(replace(row, source="talk") for row in more))), out, _say)
    sys.stdout.write(f"模型写入 {out}\n")


def train_gist(
    texts: Annotated[list[Path], typer.Option("--texts", help="各类文本文件，每行一篇；可多次")],
    encoder: Annotated[Path, typer.Option("--encoder", help="bge-small-zh-v1.5 的 Maven 包（jar）")],
    out: Annotated[Path, typer.Option("--out", help="模型写到这个文件")],
) -> None:
    """制作要旨模型（需要 train 依赖）。例：huiying train gist --texts 帖子.tsv --encoder bge.jar --out var/models/gist-encoder.onnx.gz"""
    try:
        from pipeline.analysis.train_gist import train
    except ImportError as error:
        raise HuiyingError("训练需要 onnx；请先安装：pip install 'huiying[train]'") from error
    lines = [line for path in texts for line in path.read_text(encoding="utf-8").splitlines()]
    train(lines, encoder, out, _say)
    sys.stdout.write(f"模型写入 {out}\n")


def hot_issues(
    source: Annotated[Path, typer.Option("--in", help="留言文件：JSONL、CSV、TSV 或 XLSX")],
    top: Annotated[int, typer.Option(min=1, max=1000, help="列出前几个")] = 10,
    window_days: Annotated[int, typer.Option(min=1, max=3650, help="相隔多少天以内可算同一件事")] = 60,
    kind: Annotated[Kind, typer.Option(help="文件里没有类别时用它")] = Kind.MESSAGE,
    as_json: JsonOption = False,
) -> None:
    """从留言里找热点问题：地点、时间范围、人群、热度、三条实例。例：huiying hot-issues --in 留言.tsv --top 5"""
    from pipeline.events.hot_issues import hot_issues as find

    found = find(_judged(source, kind), top, timedelta(days=window_days))
    if as_json:
        sys.stdout.write(json.dumps([asdict(issue) for issue in found], ensure_ascii=False, default=_written) + "\n")
    else:
        sys.stdout.write("\n".join(_told(number, issue) for number, issue in enumerate(found, 1)) + "\n")


def _judged(source: Path, kind: Kind) -> Iterator[Judged]:
    """The file's messages, judged; rows that are no documents are left out."""
    from pipeline.importing import Rejected, read_documents

    rows = read_documents(source, kind)
    return _analysed(row for row in rows if not isinstance(row, Rejected) and (row.published_at or row.collected_at))


def _analysed(documents: Iterable[Document]) -> Iterator[Judged]:
    """Documents analysed one by one with the fast engine, each with its gist."""
    from pipeline.analysis.analyse import Analyser, with_gist
    from pipeline.analysis.district import District
    from pipeline.progress import progress_bar

    settings = load_settings()
    analyser = Analyser(District.load(settings.config_dir), "fast")
    with progress_bar("研判") as advance:
        for number, document in enumerate(documents, 1):
            yield Judged(document, with_gist(analyser.analyse(document)))
            advance(number)


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


def _told(number: int, issue: HotIssue) -> str:
    days = f"{issue.first_at.astimezone(SHANGHAI):%Y-%m-%d} 至 {issue.last_at.astimezone(SHANGHAI):%Y-%m-%d}"
    heat = "，".join(f"{term.name} {term.value:g}" for term in issue.heat_terms)
    lines = [
        f"{number}. {issue.title}",
        f"   地点：{issue.place or '未明确'}  人群：{issue.crowd}  时间：{days}",
        f"   热度 {issue.heat:g}（{heat}）  留言 {issue.messages} 条，{issue.people} 人",
    ]
    for example in issue.examples:
        text = " ".join(example.text.split())
        lines.append(f"   · {example.at.astimezone(SHANGHAI):%m-%d} {example.title}：{text[:60]}")
    return "\n".join(lines)


def _written(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(SHANGHAI).isoformat()
    raise TypeError(f"cannot write {type(value).__name__}")
