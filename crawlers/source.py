"""信源: one source = one TOML file, checked here; a wrong key is an error that names file, key and value.

A source says what it is (`kind` of its documents), how it is read (`spider` and that spider's `[options]`), how often
(`[interval]`), what it may cost (`[limits]`, `[polite]`) and what is normal for it (`[expect]`: outside of it the run is
noted, and a share of pages without time or text below the floor means that the site was redesigned).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipeline.document import Kind
from pipeline.errors import HuiyingError

SourceId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{1,63}$")]
MOST_AT_ONCE = 16  # requests to one host
Share = Annotated[float, Field(ge=0, le=1)]


class SourceError(HuiyingError):
    """A source file or a source's name is wrong; the message says which and how to mend it."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Interval(_Strict):
    """Bounds of the adaptive interval, minutes."""

    min_minutes: float = Field(default=10, ge=1, le=1440)
    max_minutes: float = Field(default=720, ge=1, le=1440)
    start_minutes: float = Field(default=60, ge=1, le=1440)

    @model_validator(mode="after")
    def _ordered(self) -> Interval:
        if self.min_minutes > self.max_minutes:
            raise ValueError("min_minutes 不能大于 max_minutes")
        return self


class Limits(_Strict):
    """What one run may cost: pages fetched, link depth, seconds of wall time, bytes a response (after decompression)."""

    pages: int = Field(default=200, ge=1, le=5000)
    depth: int = Field(default=3, ge=1, le=20)
    seconds: float = Field(default=300, gt=0, le=3600)
    timeout_seconds: float = Field(default=30, gt=0, le=180)
    bytes: int = Field(default=8 * 1024 * 1024, ge=1024, le=64 * 1024 * 1024)


class Polite(_Strict):
    """Seconds between two requests to one host, and how many may be open at once."""

    delay_seconds: float = Field(default=1.0, ge=0, le=60)
    concurrency: int = Field(default=2, ge=1, le=MOST_AT_ONCE)
    adaptive: bool = True  # slow down further by what the server's latency says (AutoThrottle)


class Expect(_Strict):
    """What is normal: documents a day, and the share of documents that bear a time and a text."""

    per_day_min: float = Field(default=0, ge=0)
    per_day_max: float = Field(default=100_000, gt=0)
    share_with_time: Share = 0.9
    share_with_text: Share = 0.9


class Source(_Strict):
    """One source as its file describes it. `hosts` are further hosts it may fetch; `allow_private` names the private
    or loopback hosts that it may (nothing private is fetched otherwise)."""

    id: SourceId
    name: str = Field(min_length=1, max_length=60)
    kind: Kind
    spider: str
    url: str = ""
    enabled: bool = True
    authority: Literal["official", "media", "public"] = "public"
    note: str = ""
    hosts: tuple[str, ...] = ()
    allow_private: tuple[str, ...] = ()
    secret: str = ""  # name of a secret (environment variable or file), never the secret itself
    secret_header: str = "Cookie"
    robots: bool = True
    evidence: bool = True
    options: Mapping[str, Any] = Field(default_factory=dict)
    interval: Interval = Interval()
    limits: Limits = Limits()
    polite: Polite = Polite()
    expect: Expect = Expect()

    @property
    def host(self) -> str:
        return (urlsplit(self.url).hostname or "").lower()

    def may_fetch(self, url: str) -> bool:
        """Only http(s) and only the hosts that this source names: its own, `hosts` (a leading dot covers subdomains)."""
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
        if parts.scheme not in ("http", "https") or not host:
            return False
        if host == self.host or host.removeprefix("www.") == self.host.removeprefix("www."):
            return True
        return any(host == h or (h.startswith(".") and host.endswith(h)) for h in self.hosts)


def parse_source(text: str, name: str, replace: Mapping[str, str] | None = None) -> Source:
    """Read one source from TOML text. `name` is the file's name for errors; `replace` fills {placeholders} first."""
    for key, value in (replace or {}).items():
        text = text.replace("{" + key + "}", value)
    try:
        return Source.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise SourceError(f"信源文件 {name} 不是有效的 TOML：{error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "（整个文件）"
        raise SourceError(
            f"信源文件 {name} 的“{key}”有误：{_in_chinese(first['type'], first['msg'])}（值：{first.get('input')!r:.80}）"
        ) from None


def load_sources(folder: Path, replace: Mapping[str, str] | None = None) -> list[Source]:
    """All sources of a folder, by id. Raises SourceError on the first wrong file or a repeated id."""
    found: dict[str, Source] = {}
    for path in sorted(folder.glob("*.toml")):
        source = parse_source(path.read_text(encoding="utf-8"), path.name, replace)
        if source.id in found:
            raise SourceError(f"信源文件 {path.name} 的 id“{source.id}”与另一文件重复，请改一个")
        found[source.id] = source
    return [found[key] for key in sorted(found)]


def _in_chinese(kind: str, message: str) -> str:
    known = {
        "extra_forbidden": "没有这个配置项，请检查拼写",
        "missing": "缺少这一项",
        "string_pattern_mismatch": "只能用小写字母、数字和连字符",
    }
    return known.get(kind, message)
