"""`huiying search` and `huiying reindex`."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.text import Text

    from pipeline.search.port import Hit, Hits
    from pipeline.services import Services


def search(
    context: typer.Context,
    query: Annotated[str, typer.Argument(help='检索式：词、"短语"、OR、-词、kind:weibo、place:柳渡镇、time:24h 等')],
    limit: Annotated[int, typer.Option(min=0, max=1000, help="最多显示几条")] = 20,
    offset: Annotated[int, typer.Option(min=0, help="从第几条起")] = 0,
    sort: Annotated[str, typer.Option(help="time 按时间，relevance 按相关度")] = "time",
    facets: Annotated[bool, typer.Option("--facets", help="同时给出各类计数和按天曲线")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON：{total, hits: [...]}")] = False,
) -> None:
    """检索文档。例：huiying search '拆迁 补偿 -签约 place:柳渡镇 time:7d'"""
    from pipeline.search.indexer import waiting
    from pipeline.search.port import FACETS, Interval, Query, SearchError, Sort
    from pipeline.search.query import parse, resolve_stages
    from pipeline.search.stages import events_in

    services: Services = context.obj()
    if sort not in list(Sort):
        raise SearchError(f"--sort 只能是 time 或 relevance，不能是“{sort}”。")
    parsed = parse(query, services.clock.now())
    with services.store.read() as connection:
        where = resolve_stages(parsed.where, lambda stages: events_in(connection, stages))
    found = services.index().search(
        Query(
            where,
            sort=Sort(sort),
            limit=limit,
            offset=offset,
            facets=FACETS if facets else (),
            histogram=Interval.DAY if facets else None,
        )
    )
    with services.store.read() as connection:
        behind = waiting(connection)
    if as_json:
        made = _as_json(found, parsed.ignored) | ({"catching_up": behind} if behind else {})
        sys.stdout.write(json.dumps(made, ensure_ascii=False, indent=2) + "\n")
        return
    if behind:
        sys.stderr.write(f"索引正在追赶：还有 {behind} 篇未进入索引。\n")
    _show(found, parsed.ignored)


def reindex(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON：{documents, seconds}")] = False,
) -> None:
    """从数据库重建检索索引，期间旧索引照常可查。例：huiying reindex"""
    import time

    from pipeline.progress import progress_bar
    from pipeline.search.indexer import Indexer

    services: Services = context.obj()
    indexer = Indexer(services.store, services.index(), services.clock)
    start = time.monotonic()
    try:
        with progress_bar("重建索引") as advance:
            documents = indexer.rebuild(advance)
            indexer.drain_all()
    finally:
        indexer.release()
    seconds = round(time.monotonic() - start, 2)
    line = (
        json.dumps({"documents": documents, "seconds": seconds})
        if as_json
        else (f"索引已重建：{documents} 篇，用时 {seconds} 秒。")
    )
    sys.stdout.write(line + "\n")


def _as_json(found: Hits, ignored: tuple[str, ...]) -> dict[str, Any]:
    made: dict[str, Any] = {"total": found.total, "hits": [_hit_as_json(hit) for hit in found.hits]}
    if found.facets:
        made["facets"] = {
            field.value: [{"value": each.value, "count": each.count} for each in counts]
            for field, counts in found.facets.items()
        }
    if found.histogram:
        from pipeline.clock import iso

        made["histogram"] = [
            {"at": iso(bar.at), "count": bar.count, "negative": bar.negative} for bar in found.histogram
        ]
    if ignored:
        made["ignored"] = list(ignored)
    return made


def _hit_as_json(hit: Hit) -> dict[str, Any]:
    from pipeline.clock import iso

    document = hit.document
    return {
        "id": document.id,
        "kind": document.kind,
        "source": document.source,
        "url": document.url,
        "at": iso(document.at),
        "title": document.title,
        "text": document.text,
        "title_segments": [[segment.text, segment.marked] for segment in hit.title],
        "snippet_segments": [[segment.text, segment.marked] for segment in hit.snippet],
        "sentiment": document.sentiment,
        "topic": document.topic,
        "scope": document.scope,
        "places": list(document.places),
        "departments": list(document.departments),
        "event": document.event_id,
        "copy_of": document.copy_of,
    }


def _show(found: Hits, ignored: tuple[str, ...]) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(soft_wrap=True, highlight=False)
    if ignored:
        console.print(Text(f"未参与检索：{' '.join(ignored)}"))
    console.print(Text(f"共 {found.total} 条"))
    for hit in found.hits:
        console.print(_lines(hit))
    for field, counts in found.facets.items():
        console.print(Text(f"{field}: " + "，".join(f"{each.value} {each.count}" for each in counts)))


def _lines(hit: Hit) -> Text:
    from rich.text import Text

    from pipeline.clock import shanghai

    document = hit.document
    lines = Text(f"\n{shanghai(document.at):%Y-%m-%d %H:%M}  {_printable(document.source or document.kind)}  ")
    for segment in hit.title:
        lines.append(_printable(segment.text), style="bold red" if segment.marked else "bold")
    lines.append("\n  ")
    for segment in hit.snippet:
        lines.append(_printable(segment.text), style="red" if segment.marked else "")
    lines.append(f"\n  {_printable(document.id)}  {_printable(document.url)}", style="dim")
    return lines


def _printable(text: str) -> str:
    """Collected text on a terminal: no control characters, which could forge output or move the cursor."""
    return "".join(char if char.isprintable() else " " for char in text)
