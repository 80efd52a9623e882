"""Thresholds of the stages (阶段门限): config/stages.toml, read once and checked key by key."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.errors import HuiyingError

SHIPPED = Path(__file__).resolve().parents[2] / "config" / "stages.toml"


class StageSettingsError(HuiyingError):
    """config/stages.toml cannot be read: the message names file, key and value."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Normal(_Strict):
    """What is normal for a source at an hour (常量)."""

    days: int = Field(ge=1, le=366)
    share: float = Field(gt=0, le=1)
    floor: float = Field(gt=0)
    prior_per_hour: float = Field(gt=0)
    prior_days: float = Field(gt=0)
    day_profile: tuple[float, ...] = Field(min_length=24, max_length=24)


class Gathering(_Strict):
    """散播 → 集聚."""

    odds: float = Field(gt=0, lt=1)
    documents_1h: int = Field(ge=1)
    documents_6h: int = Field(ge=1)
    documents_24h: int = Field(ge=1)
    interactions_6h: int = Field(ge=1)
    voices: int = Field(ge=1)
    local_voices: int = Field(ge=1)
    media: int = Field(ge=1)
    alone_local_voices: int = Field(ge=1)


class Hot(_Strict):
    """集聚 → 热议."""

    odds: float = Field(gt=0, lt=1)
    documents_6h: int = Field(ge=1)
    interactions_6h: int = Field(ge=1)
    voices: int = Field(ge=1)
    kinds: int = Field(ge=1)
    local_voices: int = Field(ge=1)
    media: int = Field(ge=1)


class Cooling(_Strict):
    """→ 回落, and back."""

    share_of_peak: float = Field(gt=0, lt=1)
    hours_before: float = Field(ge=0)
    again_share_of_peak: float = Field(gt=0, le=1)
    again_hours: float = Field(ge=0)


class Quiet(_Strict):
    """→ 平息."""

    hours: float = Field(gt=0)
    interactions: int = Field(ge=0)
    forget_days: float = Field(gt=0)


class Voice(_Strict):
    """Whose name marks an official or a media source."""

    official: tuple[str, ...]
    media: tuple[str, ...]


class StageSettings(_Strict):
    """The whole of config/stages.toml."""

    normal: Normal
    gathering: Gathering
    hot: Hot
    cooling: Cooling
    quiet: Quiet
    voice: Voice

    @classmethod
    def load(cls, path: Path = SHIPPED) -> StageSettings:
        """Read the file; StageSettingsError names file, key and value when it is wrong."""
        try:
            return cls.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError) as error:
            raise StageSettingsError(f"{path} 读不出来（{error}）；请检查文件是否存在、是否为 UTF-8") from error
        except tomllib.TOMLDecodeError as error:
            raise StageSettingsError(f"{path} 不是合法的 TOML：{error}") from error
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(str(part) for part in first["loc"])
            raise StageSettingsError(f"{path} 的 {key} 不对：{first['msg']}（值 {first['input']!r}）") from error
