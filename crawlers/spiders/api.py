"""JSON interfaces (接口): a list somewhere in the answer, and where in each item our fields stand.

For open-data interfaces of 12345 hotlines, portals' own AJAX lists, short-video accounts and the like: no code, only a
mapping. `items = "data.list"`, `fields = { id = "orderNo", title = "title", text = "content", published_at = "createTime" }`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from crawlers.extraction.text import text_of_html
from crawlers.spiders.articles import not_later
from crawlers.spiders.weibo_shapes import count
from crawlers.troubles import PageTrouble, Reason, SourceTrouble
from crawlers.visit import Visit
from pipeline.clock import SHANGHAI
from pipeline.document import Counts, Document, Kind, Reply
from pipeline.intake import derived_id
from pipeline.tickets import FIELDS as TICKET
from pipeline.tickets import ticket_of

FIELDS = ("id", "title", "text", "url", "published_at", "author", "place", "likes", "reposts", "comments", "reads",
          "reply.text", "reply.department", "reply.at", *(f"ticket.{name}" for name in TICKET))  # fmt: skip


class ApiOptions(BaseModel):
    """`{page}` in the source's url counts up from `first_page`; `url` may hold {id}: the item's public address."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    items: str = ""
    fields: dict[str, str]
    url: str = ""
    first_page: int = 1
    pages: int = Field(default=3, ge=1, le=500)
    headers: dict[str, str] = Field(default_factory=dict)

    @field_validator("fields")
    @classmethod
    def _fields_known(cls, value: dict[str, str]) -> dict[str, str]:
        if unknown := set(value) - set(FIELDS):
            raise ValueError(f"没有字段“{'、'.join(sorted(unknown))}”，可用：{'、'.join(FIELDS)}")
        if "text" not in value and "title" not in value:
            raise ValueError("至少要写 text 或 title 在哪里")
        return value


class Api:
    """Pages of a JSON list → documents."""

    Options = ApiOptions

    def __init__(self, options: ApiOptions) -> None:
        self.options = options

    async def collect(self, visit: Visit) -> None:
        pages = self.options.pages * (10 if visit.missed_since else 1)
        for number in range(self.options.first_page, self.options.first_page + pages):
            url = visit.source.url.replace("{page}", str(number))
            try:
                answer = (await visit.get(url, self.options.headers)).json()
            except PageTrouble as trouble:
                if number == self.options.first_page:
                    raise SourceTrouble(trouble.reason, trouble.detail) from trouble
                visit.miss(url, trouble)
                return
            items = dig(answer, self.options.items)
            if not isinstance(items, list):
                raise SourceTrouble(Reason.REDESIGNED, f"答复里“{self.options.items}”不是列表")
            new = self._keep_all(visit, url, items)
            if "{page}" not in visit.source.url or not items or visit.enough(not new):
                return

    def _keep_all(self, visit: Visit, url: str, items: list[Any]) -> int:
        before = set(visit.memory.get("ids", []))
        ids, bad = [], 0
        for item in items:
            document = self._document(visit, item)
            if document is None:
                bad += 1
            else:
                visit.keep(document)
                ids.append(document.id)
        if bad:
            visit.warn(f"{url} 有 {bad} 条没有正文，没有收")
        visit.memory["ids"] = (ids + [key for key in visit.memory.get("ids", []) if key not in set(ids)])[:1000]
        new = len(set(ids) - before)
        visit.reached_back(new < len(set(ids)) or not ids)
        return new

    def _document(self, visit: Visit, item: Any) -> Document | None:
        values = {name: dig(item, path) for name, path in self.options.fields.items()}
        title, text = _words(values.get("title")), text_of_html(_words(values.get("text")))
        if not title and not text:
            return None
        native = _words(values.get("id")) or _words(values.get("url")) or f"{title}\x1f{text}"
        words = text_of_html(_words(values.get("reply.text")))
        reply = (
            Reply(words, _words(values.get("reply.department")), read_moment(values.get("reply.at"))) if words else None
        )
        published = not_later(read_moment(values.get("published_at")), visit.now)
        ticket = {name: _words(values.get(f"ticket.{name}")) for name in TICKET}
        return Document(
            id=derived_id(visit.source.kind, visit.source.host, native),
            text=text or title,
            kind=visit.source.kind,
            source=visit.source.name,
            url=_words(values.get("url")) or self.options.url.replace("{id}", native),
            title=title,
            author=_words(values.get("author")),
            published_at=published,
            collected_at=visit.now,
            counts=Counts(**{name: count(values.get(name)) for name in ("likes", "reposts", "comments", "reads")}),
            place=_words(values.get("place")),
            reply=reply,
            ticket=ticket_of({**ticket, "number": ticket["number"] or native}, read_moment, published, reply)
            if visit.source.kind is Kind.HOTLINE
            else None,
        )


def dig(value: Any, path: str) -> Any:
    """The value at a dotted path (`data.list.0.name`); None when there is none; '' is the value itself."""
    for part in path.split(".") if path else []:
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value


def read_moment(value: Any) -> datetime | None:
    """Seconds or milliseconds since 1970, or a written time (Asia/Shanghai without an offset)."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 1e8:
        return datetime.fromtimestamp(value / 1000 if value > 1e11 else value, SHANGHAI)
    if isinstance(value, str) and value.strip():
        text = value.strip().replace("/", "-")
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            from crawlers.spiders.portal import moment as first_moment

            return first_moment(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)
    return None


def _words(value: Any) -> str:
    return "" if value is None else str(value).strip()
