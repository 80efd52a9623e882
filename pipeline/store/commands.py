"""`huiying backup`, `huiying restore`, `huiying migrate-store`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from pipeline.services import Services


def backup(
    context: typer.Context,
    to: Annotated[Path, typer.Argument(help="备份文件，如 /备份盘/huiying-2026-03-15.tar")],
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> None:
    """不停机备份：数据库、配置、证据；作者化名的密钥不进备份。例：huiying backup huiying-2026-03-15.tar"""
    from pipeline.store.backup import back_up, check

    services: Services = context.obj()
    back_up(services.store, services.settings.data_dir, to, services.clock.now())
    manifest = check(to)
    rows = sum(table.rows for table in manifest.tables.values())
    _show(
        {"file": str(to), "bytes": to.stat().st_size, "rows": rows, "files": len(manifest.files)},
        as_json,
        "已备份到 {file}：{rows} 行、{files} 个文件，{bytes} 字节，逐一核对过哈希。",
    )


def restore(
    context: typer.Context,
    source: Annotated[Path, typer.Argument(help="备份文件")],
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> None:
    """把备份恢复到空的数据目录，核对哈希后重建索引。例：HUIYING_DATA_DIR=新目录 huiying restore huiying-2026-03-15.tar"""
    from pipeline.search.indexer import Indexer
    from pipeline.store import backup as room

    services: Services = context.obj()
    manifest = room.restore(source, services.store, services.settings.data_dir)
    indexer = Indexer(services.store, services.index(), services.clock)
    try:
        documents = indexer.rebuild()
        indexer.drain_all()
    finally:
        indexer.release()
    rows = sum(table.rows for table in manifest.tables.values())
    _show(
        {"file": str(source), "rows": rows, "files": len(manifest.files), "indexed": documents},
        as_json,
        "已从 {file} 恢复：{rows} 行、{files} 个文件，索引 {indexed} 篇。",
    )


def migrate_store(
    context: typer.Context,
    to: Annotated[str, typer.Argument(help="目标数据库，如 postgresql+psycopg://huiying@10.0.0.5/huiying")],
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> None:
    """把整个数据库搬到另一种引擎，逐表核对行数与哈希。例：huiying migrate-store postgresql+psycopg://huiying@10.0.0.5/huiying"""
    from pipeline.progress import progress_bar
    from pipeline.store.engine import open_store
    from pipeline.store.transfer import copy_store

    services: Services = context.obj()
    target = open_store(to)
    try:
        with progress_bar("搬迁数据库") as advance:
            held = copy_store(services.store, target, advance)
    finally:
        target.close()
    rows = sum(content.rows for content in held.values())
    _show(
        {"rows": rows, "tables": {name: content.rows for name, content in held.items()}},
        as_json,
        "已搬迁 {rows} 行，逐表核对过行数与哈希；请把 store.url 改为新地址后重新启动。",
    )


def _show(result: dict[str, Any], as_json: bool, line: str) -> None:
    sys.stdout.write((json.dumps(result, ensure_ascii=False) if as_json else line.format(**result)) + "\n")
