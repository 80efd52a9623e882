"""`huiying analyse`, `huiying train topic`, `huiying places`: analysis alone without a store, and the office's own models and places.

The only module of this room that reads and writes files of the user, and the only one that may see pipeline.events:
copies are a stateful step, found after the parallel part in the order of the file.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from config.settings import SHIPPED as SHIPPED_CONFIG
from config.settings import AnalysisSettings, EngineName, load_settings
from pipeline.document import Analysis, Document, Kind

if TYPE_CHECKING:
    from pipeline.analysis.district import District

CHUNK = 64  # documents a worker takes at a time
_FOREVER = timedelta(days=365_000)  # `copy_of` is by the order of the file, whatever the times say
_ONE_MOMENT = datetime(2000, 1, 1, tzinfo=UTC)


def analyse(
    source: Annotated[Path, typer.Option("--in", help="文档 JSONL（或 CSV、TSV、XLSX），每行一篇")],
    out: Annotated[Path, typer.Option("--out", help="结果 JSONL，每行一篇，次序同输入")],
    workers: Annotated[int, typer.Option(min=0, max=256, help="进程数；0 = 处理器核数；1 = 不另起进程")] = 1,
    engine: Annotated[EngineName | None, typer.Option(help="accurate、fast 或 snownlp；默认用设置里的")] = None,
    kind: Annotated[Kind | None, typer.Option(help="文件里没有类别时用它")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON 小结")] = False,
) -> None:
    """只研判，不入库。例：huiying analyse --in docs.jsonl --out out.jsonl --workers 4"""
    from pipeline.analysis.district import District
    from pipeline.executors import open_executor

    settings = load_settings()
    district = District.load(settings.config_dir)
    chosen: EngineName = engine or settings.analysis.engine
    asked = AnalysisSettings(engine=chosen, executor="serial" if workers == 1 else "processes", workers=workers)
    with open_executor(asked) as executor:
        done, rejected = _run(executor, district, chosen, source, out, kind, settings.events.copy_limit)
    if as_json:
        line = json.dumps({"documents": done, "rejected": rejected, "out": str(out)}, ensure_ascii=False)
    else:
        line = f"研判 {done} 篇，写入 {out}" + (f"；{rejected} 行不是文档，原因见 {out}.rejected" if rejected else "")
    sys.stdout.write(line + "\n")


def _run(
    executor: Executor, district: District, engine: str, source: Path, out: Path, kind: Kind | None, limit: int
) -> tuple[int, int]:
    """Analyse the file in chunks, find copies in its order, write; answers (documents, rows refused)."""
    from pipeline.events.copies import Copies
    from pipeline.importing import Rejected, read_documents, write_rejected
    from pipeline.progress import progress_bar

    rejected: list[Rejected] = []

    def documents() -> Iterator[Document]:
        for row in read_documents(source, kind):
            if isinstance(row, Rejected):
                rejected.append(row)
            else:
                yield row

    copies = Copies(_FOREVER, limit)
    seen: set[str] = set()
    done = 0
    partial = out.with_name(out.name + ".partial")
    with partial.open("w", encoding="utf-8") as file, progress_bar("研判") as advance:
        for document, analysis in _in_order(executor, district, engine, documents()):
            first = document.id not in seen  # the same id again is a later look at the same document, no copy of it
            seen.add(document.id)
            copy = copies.find(document.id, document.text, _ONE_MOMENT) if first else None
            file.write(json.dumps(_line(analysis, copy.original_id if copy else None), ensure_ascii=False) + "\n")
            done += 1
            advance(done)
    partial.replace(out)
    if rejected:
        write_rejected(out, rejected)
    return done, len(rejected)


def _in_order(
    executor: Executor, district: District, engine: str, documents: Iterator[Document]
) -> Iterator[tuple[Document, Analysis]]:
    """Documents with their analyses in the order given, a bounded number of chunks ahead."""
    from pipeline.analysis.analyse import judge_chunk

    ahead: list[tuple[list[Document], Future[list[Analysis]]]] = []
    while True:
        chunk = list(islice(documents, CHUNK))
        if chunk:
            ahead.append((chunk, executor.submit(judge_chunk, district, engine, chunk)))
        if not ahead:
            return
        if not chunk or len(ahead) > 32:
            batch, future = ahead.pop(0)
            yield from zip(batch, future.result(), strict=True)


def _line(analysis: Analysis, copy_of: str | None) -> dict[str, Any]:
    """The public form of one analysis."""
    return {
        "id": analysis.document_id,
        "language": analysis.language,
        "sentiment": asdict(analysis.sentiment),
        "topic": asdict(analysis.topic),
        "scope": analysis.scope,
        "scope_reason": analysis.scope_reason,
        "places": [asdict(place) for place in analysis.places],
        "departments": [asdict(guess) for guess in analysis.departments],
        "opinion_kind": asdict(analysis.opinion_kind) if analysis.opinion_kind else None,
        "rumour": asdict(analysis.rumour) if analysis.rumour else None,
        "accusation": analysis.accusation,
        "asks": list(analysis.asks),
        "copy_of": copy_of,
        "engine": analysis.engine,
    }


def train_topic(
    data: Annotated[list[Path], typer.Option("--data", help="TSV，列为 label 和 text（或 tokens）；可多次")],
    out: Annotated[Path, typer.Option("--out", help="写到这个模型文件")],
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON 小结")] = False,
) -> None:
    """用本单位的标注训练主题模型。例：huiying train topic --data 标注.tsv --out var/models/topic.npz"""
    from pipeline.analysis.train_topic import read_examples, train

    examples = [example for path in data for example in read_examples(path)]
    accuracy = train(examples, out)
    if as_json:
        line = json.dumps({"rows": len(examples), "accuracy": round(accuracy, 4), "out": str(out)}, ensure_ascii=False)
    else:
        line = f"用 {len(examples)} 条标注训练，交叉验证准确率 {accuracy:.1%}，写入 {out}"
    sys.stdout.write(line + "\n")


def places(
    district: Annotated[str, typer.Argument(help="区县全称，如 泰州市高港区")],
    out: Annotated[Path, typer.Option("--out", help="写到这个文件；已有则不覆盖")],
) -> None:
    """用全国地名表生成本区县的 places.toml。例：huiying places 泰州市高港区 --out config/places.toml"""
    from pipeline.analysis.gazetteer import GazetteerError, divisions, places_toml

    if out.exists():
        raise GazetteerError(f"{out} 已经存在：请换一个文件名，或先把它移走")
    shipped = (SHIPPED_CONFIG / "places.toml").read_text(encoding="utf-8")
    text = places_toml(divisions(), district, shipped)
    out.write_text(text, encoding="utf-8")
    sys.stdout.write(
        f"写入 {out}：{text.count('[[town]]')} 个镇街、{text.count('[[neighbour]]')} 个周边区县；请补上村、道路和地标\n"
    )
