"""Templates (页面模板): one environment, everything escaped, the office's words as filters."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dashboards import words
from pipeline.cases.clocks import STANDING_NAMES
from pipeline.cases.people import ROLE_NAMES
from pipeline.cases.permissions import action_name
from pipeline.cases.state import PHASE_NAMES
from pipeline.document import Stage
from pipeline.hostile import plain

if TYPE_CHECKING:
    from dashboards.room import Visitor

HERE = Path(__file__).parent
STATIC = HERE / "static"
SIGNS = {"spread": "○", "gathering": "◔", "hot": "●", "cooling": "◑", "quiet": "·"}


def _mark(name: str) -> str:
    """Changes with the file, so that a browser keeps it for long and never too long."""
    return sha256((STATIC / name).read_bytes()).hexdigest()[:10]


class Pages:
    """Renders templates. `page` adds who is looking, `bare` is for the sign-in and errors."""

    def __init__(self) -> None:
        self.environment = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            finalize=_shown,
        )
        self.environment.filters |= {
            "moment": words.moment, "full_moment": words.full_moment, "hour": words.hour, "span": words.span,
            "short": words.short, "number": words.number, "plain": plain,
            "kind": lambda key: words.KINDS.get(key, key),
            "stage": lambda key: words.STAGES.get(key, key),
            "stage_sign": lambda key: SIGNS.get(key, ""),
            "scope": lambda key: words.SCOPES.get(key, key),
            "mood": lambda key: words.MOODS.get(key, key),
            "level": lambda key: words.LEVELS.get(key, "—"),
            "level_key": lambda key: words.LEVEL_KEYS.get(key, "none"),
            "phase": lambda key: PHASE_NAMES.get(key, key),
            "standing": lambda key: STANDING_NAMES.get(key, key),
            "secrecy": lambda key: words.SECRECIES.get(key, key),
            "action": action_name,
            "health": lambda key: words.HEALTH.get(key, key),
            "side": lambda key: words.SIDES.get(key, key),
            "role": lambda key: ROLE_NAMES.get(key, key),
        }  # fmt: skip
        self.environment.globals |= {
            "share": words.share, "stages": list(Stage), "marks": {p.name: _mark(p.name) for p in STATIC.iterdir() if p.is_file()},
        }  # fmt: skip

    def page(self, template: str, visitor: Visitor, values: Mapping[str, Any]) -> str:
        told = visitor.request.query_params.get("told", "")
        return self.environment.get_template(template).render(
            visitor=visitor,
            person=visitor.person,
            csrf=visitor.session.csrf,
            office=visitor.office,
            settings=visitor.room.services.settings,
            now=visitor.now,
            told=told[:300],
            here=visitor.request.url.path,
            **values,
        )

    def bare(self, template: str, **values: Any) -> str:
        return self.environment.get_template(template).render(**values)


def _shown(value: Any) -> Any:
    """Every text on its way to a page: hostile marks are made visible. Markup of our own passes as it is."""
    return plain(value) if type(value) is str else value
