"""Files in a folder (文件夹): hotline exports, disclosure lists, portal exports, MediaCrawler and weibo-crawler output.

Each file is read again only when it has changed; a document that is known already adds nothing. Columns are recognised by
name as `huiying import` does; a mapping written once in the source's options is remembered there. Rows that cannot be read
are named in the run's warnings. Callers' names and numbers are dropped before anything is kept.
"""

from __future__ import annotations

import asyncio
import fnmatch
from dataclasses import replace
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from crawlers.spiders.open_tools import read_open_tool
from crawlers.troubles import Reason, SourceTrouble
from crawlers.visit import Visit
from pipeline.document import Document
from pipeline.importing import ImportRefused, Rejected, read_documents

SUFFIXES = (".xlsx", ".csv", ".tsv", ".jsonl", ".ndjson", ".json")


class FilesOptions(BaseModel):
    """`folder` is watched for files of these names; `columns` maps our field to their column."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    folder: Path
    names: tuple[str, ...] = ("*",)
    columns: dict[str, str] = Field(default_factory=dict)
    most_bytes: int = Field(default=512 * 1024 * 1024, ge=1024)


class Files:
    """Changed files → documents."""

    Options = FilesOptions

    def __init__(self, options: FilesOptions) -> None:
        self.options = options

    async def collect(self, visit: Visit) -> None:
        """Raises SourceTrouble when the folder is not there: a mount that is gone must not look like a quiet day."""
        if not self.options.folder.is_dir():
            raise SourceTrouble(Reason.CONNECTION, f"文件夹 {self.options.folder} 不存在或没有挂载")
        done: dict[str, str] = dict(visit.memory.get("done", {}))
        for path in self._files():
            state = path.stat()
            mark = f"{state.st_size}:{state.st_mtime_ns}"
            if done.get(path.name) == mark:
                continue
            if state.st_size > self.options.most_bytes:
                visit.warn(f"{path.name} 超过大小上限，没有读")
                continue
            await asyncio.to_thread(self._read, visit, path)
            done[path.name] = mark
        visit.reached_back(True)
        visit.memory["done"] = {name: mark for name, mark in done.items() if (self.options.folder / name).exists()}

    def _files(self) -> list[Path]:
        folder = self.options.folder.resolve()
        return [
            path
            for path in sorted(folder.iterdir())
            if path.is_file()
            and path.suffix.lower() in SUFFIXES
            and not path.name.startswith(("~$", "."))
            and path.resolve().parent == folder
            and any(fnmatch.fnmatch(path.name, name) for name in self.options.names)
        ]

    def _read(self, visit: Visit, path: Path) -> None:
        try:
            rows = read_open_tool(path) or read_documents(path, visit.source.kind, self.options.columns)
            rejected: list[Rejected] = []
            for row in rows:
                if isinstance(row, Rejected):
                    rejected.append(row)
                else:
                    visit.keep(self._named(visit, row))
        except ImportRefused as refused:
            visit.warn(str(refused))
            return
        if rejected:
            first = rejected[0]
            visit.warn(f"{path.name} 有 {len(rejected)} 行没有收：第 {first.row} 行{first.reason}")

    @staticmethod
    def _named(visit: Visit, document: Document) -> Document:
        return replace(document, source=document.source or visit.source.name, collected_at=visit.now)
