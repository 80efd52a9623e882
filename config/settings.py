"""All settings (设置), read once: config/huiying.toml in the data folder or named by HUIYING_CONFIG, then HUIYING_* variables.

Nothing else reads the environment. A wrong key or value is refused with file, key and the way to mend it.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

SHIPPED = Path(__file__).parent
EngineName = Literal["accurate", "fast", "snownlp"]


class SettingsError(Exception):
    """A setting that cannot be used: the message names file, key and the mend, in Chinese."""


class Group(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Office(Group):
    """本单位: how the office calls itself."""

    name: str = "云港区人民政府新闻办公室"
    district: str = "云港区"
    base_url: str = Field("http://127.0.0.1:8600", description="邮件里的链接指向这里")
    letterhead: str = Field("云港区政务舆情", description="简报报头")


class StoreSettings(Group):
    url: str = Field("", description="空：数据目录里的 SQLite；或 postgresql+psycopg://…")


class SearchSettings(Group):
    engine: Literal["embedded", "elasticsearch"] = "embedded"
    urls: tuple[str, ...] = ("http://127.0.0.1:9200",)
    prefix: str = "huiying"


class AnalysisSettings(Group):
    engine: EngineName = "accurate"
    executor: Literal["serial", "processes", "dask"] = "processes"
    workers: int = Field(0, ge=0, le=256, description="0：处理器核数")
    scheduler: str = Field("", description="Dask 调度器地址")


class EventSettings(Group):
    window_days: int = Field(7, ge=1, le=90, description="归并窗口")
    copy_window_days: int = Field(30, ge=1, le=60)
    copy_limit: int = Field(200_000, ge=1000)


class CrawlSettings(Group):
    contact: str = "xinwenban@yungang.example"
    private_hosts: tuple[str, ...] = Field((), description="允许抓取的内网地址，如 127.0.0.1:8700")
    secrets: dict[str, SecretStr] = Field(default_factory=dict, description="信源的密钥：名称 → Cookie 或 用户:密码")


class MailSettings(Group):
    host: str = Field("", description="空：不发邮件")
    port: int = Field(25, ge=1, le=65535)
    security: Literal["none", "starttls", "ssl"] = "starttls"
    user: str = ""
    password: SecretStr = SecretStr("")
    sender: str = "回应 <huiying@yungang.example>"
    ca_file: Path | None = Field(None, description="邮件服务器证书由内部机构签发时，该机构的证书文件")
    daily_at: str = Field("07:30", pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="每日邮件几点备好")
    daily_roles: tuple[Literal["administrator", "spokesperson", "duty_officer", "secretary", "leader"], ...] = Field(
        ("spokesperson", "duty_officer", "secretary", "leader"), description="每日邮件发给这些角色"
    )


class Webhook(Group):
    """One webhook receiver. Its text is 公开 only, or the line that asks to log in."""

    name: str
    kind: Literal["dingtalk", "wecom", "feishu", "generic"]
    url: SecretStr
    secret: SecretStr = SecretStr("")


class WebSettings(Group):
    host: str = "127.0.0.1"
    port: int = Field(8600, ge=1, le=65535)
    secure_cookies: bool = False
    idle_minutes: int = Field(30, ge=1)
    demo_accounts: bool = Field(False, description="登录页显示演示账号；只用于演示")


class RetentionSettings(Group):
    """How long what was collected is kept (保存期限); what belongs to a case stays as long as its case.

    No limit is shorter than the flow's longest memory of that kind, so that forgetting never changes a judgement.
    """

    posts_days: int = Field(365, ge=60, description="微博、微信、论坛、视频保存多少天，从入库算起")
    letters_days: int = Field(1095, ge=90, description="留言、热线、依申请公开保存多少天")
    news_days: int = Field(1095, ge=60, description="新闻保存多少天")
    notices_days: int = Field(365, ge=60, description="已发或作废的通知在发件箱里留多少天")
    evidence_days: int = Field(365, ge=60, description="证据存档保存多少天；与处置单有关的保留")
    evidence_gib: float = Field(20.0, gt=0, description="证据存档的上限；超出时先清理最旧的，与处置单有关的保留")


class LanguageModelSettings(Group):
    """An OpenAI-compatible endpoint that may rephrase given facts; off while `base_url` is empty."""

    base_url: str = ""
    key: SecretStr = SecretStr("")
    model: str = ""
    timeout_seconds: float = Field(20, gt=0)


class Settings(BaseSettings):
    """The whole tree; `HUIYING_MAIL__HOST` sets mail.host."""

    model_config = SettingsConfigDict(
        env_prefix="HUIYING_", env_nested_delimiter="__", extra="forbid", frozen=True, env_ignore_empty=True
    )
    data_dir: Path = Path("var")
    config_dir: Path = Field(SHIPPED, description="话题、地名、单位、规则、机制、信源所在目录")
    office: Office = Office()
    store: StoreSettings = StoreSettings()
    search: SearchSettings = SearchSettings()
    analysis: AnalysisSettings = AnalysisSettings()
    events: EventSettings = EventSettings()
    crawl: CrawlSettings = CrawlSettings()
    mail: MailSettings = MailSettings()
    webhooks: tuple[Webhook, ...] = ()
    web: WebSettings = WebSettings()
    retention: RetentionSettings = RetentionSettings()
    language_model: LanguageModelSettings = LanguageModelSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return env_settings, init_settings  # the environment wins over the file

    def file(self, name: str) -> Path:
        """A configuration file: the office's own in `data_dir`/config when there is one, else `config_dir`'s, else the shipped."""
        for folder in (self.data_dir / "config", self.config_dir):
            if (folder / name).exists():
                return folder / name
        return SHIPPED / name


def load_settings(path: Path | None = None, **overrides: Any) -> Settings:
    """Settings from the file (if any), the environment and `overrides`. SettingsError names what is wrong."""
    named = os.environ.get("HUIYING_CONFIG")
    path = path or (Path(named) if named else Path("huiying.toml"))
    values: dict[str, Any] = {}
    if path.exists():
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(f"设置文件 {path} 读不懂：{error}；请按 TOML 格式改正。") from error
    elif named:
        raise SettingsError(f"HUIYING_CONFIG 指的文件 {path} 不存在；请改正路径或去掉这个环境变量。")
    try:
        return Settings(**(values | overrides))
    except ValidationError as error:
        raise SettingsError(f"{path}：{explain(error)}") from error


def explain(error: ValidationError) -> str:
    """The first thing wrong, in one Chinese line: key, value, mend."""
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return f"没有“{key}”这一项；请检查拼写。"
    return f"“{key}” 的值 {str(first.get('input'))[:60]!r} 不行：{first['msg']}；请改正。"
