"""Secrets of sources (密钥): a cookie or `user:password`, from the settings or from a file that only its owner can read.

Settings: crawl.secrets (HUIYING_CRAWL__SECRETS__NAME in the environment), or the file `secrets/NAME` in the data folder with
mode 600. A source names its secret; the secret itself stands in no source file, no log and no store.
"""

from __future__ import annotations

import stat

from config.settings import Settings
from crawlers.source import Source, SourceError


def secret_of(source: Source, settings: Settings) -> str:
    """The source's secret, '' when it names none or the office has not set it. SourceError when its file is open to others."""
    if not source.secret:
        return ""
    for name, value in settings.crawl.secrets.items():
        if name.lower() == source.secret.lower():
            return value.get_secret_value()
    path = settings.data_dir / "secrets" / source.secret
    if not path.is_file():
        return ""
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SourceError(f"密钥文件 {path} 能被别人读到，不予使用；请执行 chmod 600 {path}")
    return path.read_text(encoding="utf-8").strip()
