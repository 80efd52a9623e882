"""Weibo through its public mobile JSON (微博): hot list, search, account timelines, reposts and comments.

Shapes as open tools document them: /api/container/getIndex (containerid 100103… search, 107603<uid> timeline, 106003…
hot list), /api/statuses/repostTimeline, /comments/hotflow, /statuses/extend (long texts), /statuses/show (one post again).
With the office's own cookie, when it has one (source.secret). A result that the platform caps is asked again hour by hour.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

from pydantic import BaseModel, ConfigDict, Field

from crawlers.extraction.text import text_of_html
from crawlers.fetched import Fetched
from crawlers.spiders.weibo_shapes import Post, comments_of, created_at, hot_words, mblogs, post_of
from crawlers.troubles import PageTrouble, Reason, SourceTrouble
from crawlers.visit import KnownPage, Visit
from pipeline.clock import shanghai
from pipeline.document import Document, Kind, Observation
from pipeline.intake import derived_id

_HOUR = timedelta(hours=1)
_FOLLOWED = "followed"  # in the source's memory: post → its counters when its reposts and comments were last read
_MOST_FOLLOWED = 1000


class WeiboOptions(BaseModel):
    """What to ask for. `reposts_from`/`comments_from`: posts with at least so many are followed, so many pages of each;
    0 pages = off. `hot_match`: hot words that contain one of these are searched too. `cap_pages`: where search ends."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    search: tuple[str, ...] = ()
    timelines: tuple[str, ...] = ()
    hot_match: tuple[str, ...] = ()
    pages: int = Field(default=5, ge=1, le=50)
    cap_pages: int = Field(default=50, ge=1, le=50)
    reposts_from: int = Field(default=1, ge=1)
    repost_pages: int = Field(default=2, ge=0, le=100)
    comments_from: int = Field(default=1, ge=1)
    comment_pages: int = Field(default=1, ge=0, le=100)
    follow_hours: float = Field(default=48, gt=0, le=720)
    revisits: int = Field(default=20, ge=0, le=200)


class Weibo:
    """Queries → posts → their reposts, comments and later counters."""

    Options = WeiboOptions

    def __init__(self, options: WeiboOptions) -> None:
        self.options = options

    async def collect(self, visit: Visit) -> None:
        """Every query once; trouble with one is noted, trouble with all stops the source."""
        api = _Api(visit)
        troubles: list[PageTrouble] = []
        queries = [("timeline", uid) for uid in self.options.timelines] + [("search", q) for q in self.options.search]
        if self.options.hot_match:
            try:
                queries += [("search", word) for word in await api.hot(self.options.hot_match)]
            except PageTrouble as trouble:
                troubles.append(trouble)
                visit.miss(trouble.url, trouble)
        posts: dict[str, Post] = {}
        for kind, word in queries:
            try:
                async for post in self._query(visit, api, kind, word):
                    posts.setdefault(post.mid, post)
            except PageTrouble as trouble:
                troubles.append(trouble)
                visit.miss(trouble.url, trouble)
        if troubles and not posts and len(troubles) >= len(queries):
            raise SourceTrouble(troubles[0].reason, troubles[0].detail)
        known = await visit.known(api.show(one.mid) for post in posts.values() for one in (post, post.original) if one)
        await visit.each(list(posts), lambda mid: self._post(visit, api, posts[mid], known))
        await visit.look_again(lambda fetched, page: self._again(visit, fetched, page), self.options.revisits)

    async def _query(self, visit: Visit, api: _Api, kind: str, word: str) -> AsyncIterator[Post]:
        """Pages of one query, newest first, back to what the last visit saw; a capped search is split into hours."""
        address: Callable[[int, str], str] = (
            (lambda page, _: api.timeline(word, page))
            if kind == "timeline"
            else (lambda page, span: api.search(word, page, span))
        )
        key = f"{kind}:{word}"
        seen_until = _moment(visit.memory.get(key))
        newest, oldest = seen_until, visit.now
        if seen_until and visit.fill_since:
            seen_until = min(seen_until, visit.fill_since)
        pages = self.options.cap_pages if visit.missed_since else self.options.pages
        async for post in api.pages(lambda page: address(page, ""), pages):
            newest = max(newest, post.created_at) if newest else post.created_at
            oldest = min(oldest, post.created_at)
            yield post
            if seen_until and post.created_at < seen_until - _HOUR and not post.pinned:
                visit.reached_back(True)
                break
        else:
            visit.reached_back(not api.was_full)
            if kind == "search" and api.was_full and seen_until and oldest > seen_until:
                async for post in self._by_hours(visit, api, word, seen_until, oldest):
                    yield post
        if newest:
            visit.memory[key] = newest.isoformat()

    async def _by_hours(
        self, visit: Visit, api: _Api, word: str, start: datetime, end: datetime
    ) -> AsyncIterator[Post]:
        visit.warn(f"“{word}”的结果被截断，改按小时检索")
        hour = max(start, end - timedelta(days=7)).replace(minute=0, second=0, microsecond=0)
        while hour <= end:
            span = _timescope(hour)
            async for post in api.pages(lambda page, span=span: api.search(word, page, span), self.options.cap_pages):  # type: ignore[misc]
                yield post
            if api.was_full:
                visit.miss(api.search(word, 1, span), PageTrouble(Reason.CAPPED, word, span))
            hour += _HOUR

    async def _post(self, visit: Visit, api: _Api, post: Post, known: Mapping[str, KnownPage]) -> None:
        for one in (post, post.original):
            if one is not None:
                new = api.show(one.mid) not in known  # of a known post only the counters matter
                visit.keep(document(visit, one, await self._whole_text(visit, api, one) if new else one.text))
                visit.watch(api.show(one.mid), weibo_id(one.mid))
        await self._followers(visit, api, post)

    async def _whole_text(self, visit: Visit, api: _Api, post: Post) -> str:
        """A long text is cut off in lists and inside reposts; it stands whole at an address of its own."""
        if post.is_long:
            try:
                return await api.long_text(post.mid) or post.text
            except PageTrouble as trouble:
                visit.miss(trouble.url, trouble)
        return post.text

    async def _followers(self, visit: Visit, api: _Api, post: Post) -> None:
        options = self.options
        if post.created_at <= visit.now - timedelta(hours=options.follow_hours):
            return
        followed: dict[str, list[int | None]] = visit.memory.setdefault(_FOLLOWED, {})
        if followed.get(post.mid) == [post.counts.reposts, post.counts.comments]:
            return
        if options.repost_pages and (post.counts.reposts or 0) >= options.reposts_from:
            async for repost in api.pages(lambda page: api.reposts(post.mid, page), options.repost_pages):
                visit.keep(document(visit, repost, repost.text, parent=post.mid))
        if options.comment_pages and (post.counts.comments or 0) >= options.comments_from:
            async for comment in api.comments(post.mid, options.comment_pages):
                visit.keep(document(visit, comment, comment.text, parent=post.mid))
        followed.pop(post.mid, None)
        followed[post.mid] = [post.counts.reposts, post.counts.comments]
        for oldest in list(followed)[:-_MOST_FOLLOWED]:
            del followed[oldest]

    async def _again(self, visit: Visit, fetched: Fetched, page: KnownPage) -> None:
        answer = fetched.json()
        if not answer.get("ok") or not answer.get("data"):
            if _says_gone(answer):
                visit.gone(page.url, page.document_id)
            else:
                raise PageTrouble(Reason.NOT_UNDERSTOOD, page.url, str(answer.get("msg", ""))[:60])
            return
        post = post_of(answer["data"], visit.now)
        visit.harvest.observations.append(Observation(page.document_id, visit.now, post.counts))
        await self._followers(visit, _Api(visit), post)


class _Api:
    """Addresses and pages of the mobile interface on the source's host."""

    def __init__(self, visit: Visit) -> None:
        parts = urlsplit(visit.source.url)
        self._base = f"{parts.scheme}://{parts.netloc}"
        self._visit = visit
        self.was_full = False  # the last listing ended because its pages were used up, not because there was no more

    def timeline(self, uid: str, page: int) -> str:
        return f"{self._base}/api/container/getIndex?type=uid&value={uid}&containerid=107603{uid}&page={page}"

    def search(self, word: str, page: int, timescope: str = "") -> str:
        inner = f"100103type=61&q={word}&t=0" + (f"&timescope={timescope}" if timescope else "")
        return (
            f"{self._base}/api/container/getIndex?containerid={quote(inner, safe='')}&page_type=searchall&page={page}"
        )

    def reposts(self, mid: str, page: int) -> str:
        return f"{self._base}/api/statuses/repostTimeline?id={mid}&page={page}"

    def show(self, mid: str) -> str:
        return f"{self._base}/statuses/show?id={mid}"

    async def hot(self, words: tuple[str, ...]) -> list[str]:
        inner = "106003type=25&t=3&disable_hot=1&filter_type=realtimehot"
        answer = await self._json(f"{self._base}/api/container/getIndex?containerid={quote(inner, safe='')}")
        return [word for word in hot_words(answer) if any(part in word for part in words)]

    async def long_text(self, mid: str) -> str:
        answer = await self._json(f"{self._base}/statuses/extend?id={mid}")
        return text_of_html(str((answer.get("data") or {}).get("longTextContent", "")))

    async def pages(self, address: Callable[[int], str], most: int) -> AsyncIterator[Post]:
        """Posts of a paged listing until it is empty or `most` pages are read."""
        self.was_full = False
        for number in range(1, most + 1):
            found = mblogs(await self._json(address(number)))
            for raw in found:
                yield post_of(raw, self._visit.now)
            if not found:
                return
        self.was_full = True

    async def comments(self, mid: str, most: int) -> AsyncIterator[Post]:
        max_id, kind = 0, 0
        for _ in range(most):
            url = f"{self._base}/comments/hotflow?id={mid}&mid={mid}&max_id_type={kind}"
            answer = await self._json(url + (f"&max_id={max_id}" if max_id else ""))
            found, max_id, kind = comments_of(answer)
            for raw in found:
                yield post_of(raw, self._visit.now)
            if not found or not max_id:
                return

    async def _json(self, url: str) -> dict[str, Any]:
        fetched = await self._visit.get(url, {"X-Requested-With": "XMLHttpRequest", "MWeibo-Pwa": "1"})
        if b"<html" in fetched.body[:200].lower():
            words = fetched.body.decode("utf-8", "replace")
            raise SourceTrouble(Reason.CAPTCHA if "验证" in words else Reason.LOGIN)
        answer = fetched.json()
        if not isinstance(answer, dict):
            raise PageTrouble(Reason.NOT_UNDERSTOOD, url, "不是预期的结构")
        if answer.get("ok") == -100 or "login" in str(answer.get("url", "")):
            raise SourceTrouble(Reason.LOGIN, "请更新该信源的 Cookie")
        return answer


def weibo_id(mid: str) -> str:
    """The id of a post: the same from search, timeline and reposts."""
    return derived_id(Kind.WEIBO, "weibo", mid)


def document(visit: Visit, post: Post, text: str, parent: str = "") -> Document:
    """A post's Document. An institution's account speaks in its own name; a person's name becomes a pseudonym later."""
    above = parent or (post.original.mid if post.original else "")
    parts = urlsplit(visit.source.url)
    return Document(
        id=weibo_id(post.mid),
        text=text,
        kind=Kind.WEIBO,
        source=post.author if post.institution else visit.source.name,
        url=f"{parts.scheme}://{parts.netloc}/detail/{post.mid}",
        author=post.author_id or post.author,
        published_at=min(post.created_at, visit.now),
        collected_at=visit.now,
        counts=post.counts,
        repost_of=weibo_id(above) if above and above != post.mid else "",
        place=post.place,
    )


def _moment(text: Any) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) else None


def _timescope(hour: datetime) -> str:
    local, after = shanghai(hour), shanghai(hour + _HOUR)
    return f"custom:{local:%Y-%m-%d}-{local.hour}:{after:%Y-%m-%d}-{after.hour}"


def _says_gone(answer: dict[str, Any]) -> bool:
    words = str(answer.get("msg", "")) + str(answer.get("errmsg", ""))
    return answer.get("errno") in ("20101", 20101) or "不存在" in words or "已被删除" in words or "已删除" in words


__all__ = ["Weibo", "WeiboOptions", "created_at", "weibo_id"]
