"""`huiying doctor` (体检): what is configured, reachable and missing, and how to mend it."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from config.settings import Settings
from pipeline.analysis.district import District
from pipeline.errors import HuiyingError
from pipeline.notices import outbox
from pipeline.services import Services
from pipeline.store.engine import reachable
from pipeline.store.migrate import current_revision

STALE_ROUND = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `state`: ok, warn or bad; `mend` says what to do."""

    name: str
    state: str
    detail: str
    mend: str = ""


def examine(services: Services) -> list[Finding]:
    """Look at everything; a look that fails is a finding, not an error."""
    settings = services.settings
    looks: list[tuple[str, Callable[[], Iterator[Finding]]]] = [
        ("数据目录", lambda: _data_dir(settings)),
        ("数据库", lambda: _store(services)),
        ("检索索引", lambda: _index(services)),
        ("到期清理", lambda: _retention(services)),
        ("配置文件", lambda: _configuration(settings)),
        ("邮件", lambda: _mail(services)),
        ("可选软件", _optional),
    ]
    found: list[Finding] = []
    for name, look in looks:
        try:
            found += look()
        except HuiyingError as error:
            found.append(Finding(name, "bad", str(error)))
        except Exception as error:
            found.append(Finding(name, "bad", f"{type(error).__name__}: {error}"))
    return found


def _data_dir(settings: Settings) -> Iterator[Finding]:
    free = shutil.disk_usage(settings.data_dir).free / 2**30
    state = "ok" if free > 5 else "warn" if free > 1 else "bad"
    yield Finding(
        "数据目录",
        state,
        f"{settings.data_dir.resolve()}，剩余 {free:.1f} GiB",
        "" if state == "ok" else "请清理磁盘或换数据目录",
    )


def _store(services: Services) -> Iterator[Finding]:
    reachable(services.store)
    yield Finding("数据库", "ok", f"{services.store.engine.dialect.name}，版本 {current_revision(services.store)}")


def _index(services: Services) -> Iterator[Finding]:
    from pipeline.search.indexer import waiting

    with services.store.read() as connection:
        behind = waiting(connection)
    detail = f"{services.settings.search.engine}，{services.index().count()} 篇"
    if behind:
        yield Finding(
            "检索索引",
            "warn",
            f"{detail}，还有 {behind} 篇未进入",
            "若 huiying run 正在运行会自行追上；否则执行 huiying reindex",
        )
    else:
        yield Finding("检索索引", "ok", detail)


def _retention(services: Services) -> Iterator[Finding]:
    from pipeline.clock import shanghai
    from pipeline.store import expiry

    with services.store.read() as connection:
        latest = [row for row in expiry.rounds(connection) if row.ended_at is not None]
    if not latest:
        yield Finding("到期清理", "ok", "还没有进行过；huiying run 运行期间每天 03:30 以后进行")
        return
    told = latest[0]
    detail = f"上次 {shanghai(told.ended_at):%Y-%m-%d %H:%M}，清理文档 {told.documents} 篇、事件 {told.events} 个、通知 {told.notices} 条"
    stale = services.clock.now() - told.ended_at > STALE_ROUND
    yield Finding("到期清理", "warn" if stale else "ok", detail, "请检查 huiying run 是否在运行" if stale else "")


def _configuration(settings: Settings) -> Iterator[Finding]:
    from pipeline.alerts.routing import Routing
    from pipeline.alerts.rules import load_rules
    from pipeline.cases.desk import Desk

    District.load(settings.config_dir)
    load_rules(settings.file("rules.toml"))
    Routing.load(settings.file("routing.toml"))
    Desk.of(settings)
    yield Finding("配置文件", "ok", f"话题、地名、单位、规则、机制、值班均可读（{settings.config_dir}）")


def _mail(services: Services) -> Iterator[Finding]:
    from pipeline.notices.channels import configured, unserved_words

    mail = services.settings.mail
    with services.store.read() as connection:
        waiting = unserved_words(outbox.unserved(connection, configured(services.settings)))
    if waiting:
        yield Finding("发件箱", "warn", waiting.partition("；")[0], waiting.partition("；")[2])
    if not mail.host:
        yield Finding("邮件", "warn", "没有设置邮件服务器，预警不会发出", "在 huiying.toml 里写 [mail] host")
        return
    try:
        with socket.create_connection((mail.host, mail.port), timeout=5):
            yield Finding("邮件", "ok", f"{mail.host}:{mail.port} 可连")
    except OSError as error:
        yield Finding("邮件", "bad", f"{mail.host}:{mail.port} 连不上：{error}", "请检查地址、端口和防火墙")
    with services.store.read() as connection:
        dead = outbox.counts(connection)["dead"]
    if dead:
        yield Finding(
            "发件箱",
            "warn",
            f"{dead} 封多次未送达",
            "huiying notices list --state dead 查看原因，修好后 huiying notices retry",
        )


def _optional() -> Iterator[Finding]:
    for name, paths, why in (
        (
            "LibreOffice",
            ("soffice", "libreoffice"),
            "简报版式的渲染检查：sudo apt-get install -y libreoffice-writer-nogui",
        ),
        ("Chromium", ("chromium", "/usr/bin/chromium"), "页面截图和浏览器测试：sudo apt-get install -y chromium"),
    ):
        there = next((path for path in paths if shutil.which(path) or Path(path).exists()), "")
        yield Finding(name, "ok" if there else "warn", there or "未安装（主要功能不需要）", "" if there else why)
