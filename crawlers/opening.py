"""Which sources there are (信源清单): shipped and office files, and those added in the office, with their spiders checked.

Settings: config_dir and data_dir (`sources/*.toml` in either; the office's file replaces the shipped one of the same id),
crawl.private_hosts (a source added in the office may reach a private host only when it is named there).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from config.settings import Settings
from crawlers.source import Source, SourceError, load_sources, parse_source
from pipeline.services import Services
from pipeline.store import sources as book
from pipeline.store.engine import Store


def all_sources(settings: Settings, store: Store) -> list[Source]:
    """Every source by id, switched off ones too. SourceError when a file is wrong."""
    filled = {"data": settings.data_dir.resolve().as_posix()}
    found = {source.id: source for source in load_sources(settings.config_dir / "sources", filled)}
    found |= {source.id: source for source in load_sources(settings.data_dir / "config" / "sources", filled)}
    with store.read() as connection:
        definitions = book.definitions(connection)
    for source_id, text in definitions.items():
        found[source_id] = _limited(parse_source(text, source_id, filled), settings)
    return [found[key] for key in sorted(found)]


def add_source(services: Services, source: Source, person: str) -> None:
    """Keep a source that a person adds; it is due at once. SourceError when its id is taken or its host is private."""
    if source.id in {known.id for known in all_sources(services.settings, services.store)}:
        raise SourceError(f"信源 id“{source.id}”已经有了，请换一个")
    if _limited(source, services.settings).allow_private != source.allow_private:
        raise SourceError(f"{source.host} 是内网地址；确要采集，请先把它写进设置 crawl.private_hosts")
    now = services.clock.now()
    with services.store.write() as connection:
        pause = timedelta(minutes=source.interval.start_minutes)
        book.register(connection, source.id, source.name, source.kind, source.enabled, pause, now)
        book.define(connection, source.id, to_toml(source), person)


def to_toml(source: Source) -> str:
    """The source as its file would say it: only what differs from the defaults."""
    values = source.model_dump(mode="json", exclude_defaults=True)
    tables = {key: value for key, value in values.items() if isinstance(value, dict)}
    lines = [f"{key} = {_value(value)}" for key, value in values.items() if key not in tables]
    for name, table in tables.items():
        if table:
            lines += ["", f"[{name}]", *(f"{_key(key)} = {_value(value)}" for key, value in table.items())]
    return "\n".join(lines) + "\n"


def _limited(source: Source, settings: Settings) -> Source:
    allowed = {host.rsplit(":", 1)[0] for host in settings.crawl.private_hosts}
    kept = tuple(host for host in source.allow_private if host in allowed)
    return source if kept == source.allow_private else source.model_copy(update={"allow_private": kept})


def _key(key: str) -> str:
    return key if key.replace("_", "").replace("-", "").isalnum() and key.isascii() else _value(key)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(key)} = {_value(item)}" for key, item in value.items()) + " }"
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")  # a JSON string is a TOML string
