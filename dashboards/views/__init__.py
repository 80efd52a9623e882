"""Pages and the API (页面): one file per page, each answers one question."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from fastapi import APIRouter


def all_routers() -> list[APIRouter]:
    """The router of every file here."""
    return [import_module(f"{__name__}.{module.name}").router for module in iter_modules(__path__)]
