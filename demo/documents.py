"""The city's documents straight, without a crawl: for replays and tests, on their own clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from demo.growth import grown
from demo.stories import LAST_MOMENT, Piece, digest_number, load_cast, load_pieces
from pipeline.clock import SHANGHAI
from pipeline.document import Document, Kind, Observation

# Minutes from publication to collection, at least and at most, by kind: what a polite timetable reaches.
_LAG = {Kind.WEIBO: (3, 12), Kind.VIDEO: (5, 20), Kind.FORUM: (8, 30), Kind.NEWS: (5, 25), Kind.WECHAT: (10, 40)}
_SLOW_LAG = (20, 60)
_LOOKS = (1, 2, 4, 8, 12, 24, 36, 48, 72)  # hours after collection at which the counters are read again


def documents() -> Iterator[Document]:
    """Every document once, as first collected, in the order (collected_at, id)."""
    for piece in sorted(load_pieces(), key=lambda piece: (collected_at(piece), document_id(piece))):
        yield _document(piece)


def observations() -> Iterator[Observation]:
    """Later looks at the counters, and the deletion, in order of time; none after the last moment of the story."""
    found: list[Observation] = []
    for piece in load_pieces():
        found.extend(_looks(piece))
    yield from sorted(found, key=lambda look: (look.at, look.document_id))


def document_id(piece: Piece) -> str:
    """The id under which this module hands the piece out: site and native id."""
    return f"{piece.site}-{piece.native_id}"


def collected_at(piece: Piece) -> datetime:
    """When a timetable would have had it: shown, plus a lag drawn from its id."""
    least, most = _LAG.get(piece.truth.kind, _SLOW_LAG)
    minutes = least + digest_number("lag", piece.native_id) % (most - least + 1)
    return piece.shown_at + timedelta(minutes=minutes)


def address(piece: Piece) -> str:
    """The piece's address in the fictional city; '' where it has none."""
    host = load_cast().sites[piece.site].host
    return f"http://{host}{piece.path}" if host else ""


def source_name(piece: Piece) -> str:
    """The source as the office calls it: a WeChat account by its own name, everything else by its site's."""
    return piece.by if piece.site == "wechat" else load_cast().sites[piece.site].name


def _document(piece: Piece) -> Document:
    at = collected_at(piece)
    by_native = {other.native_id: other for other in load_pieces()} if piece.parent else {}
    return Document(
        id=document_id(piece),
        text=piece.text,
        kind=piece.truth.kind,
        source=source_name(piece),
        url=address(piece),
        title=piece.title,
        author="" if piece.site in ("mailbox", "hotline", "disclosure") else piece.by,
        published_at=piece.published_at,
        collected_at=at,
        counts=grown(piece.growth, piece.published_at, at),
        repost_of=document_id(by_native[piece.truth.repost_of]) if piece.truth.repost_of else "",
        place=piece.place if piece.site in ("mailbox", "hotline") else "",
        reply=piece.reply if piece.reply and (piece.reply.at or at) <= at else None,
    )


def _looks(piece: Piece) -> Iterator[Observation]:
    first = collected_at(piece)
    last = grown(piece.growth, piece.published_at, first)
    for hours in _LOOKS:
        at = first + timedelta(hours=hours)
        gone = piece.gone_at is not None and at >= piece.gone_at
        if at > LAST_MOMENT:
            return
        now = last if gone else grown(piece.growth, piece.published_at, at)
        if now != last or gone:
            yield Observation(document_id(piece), at.astimezone(SHANGHAI), now, deleted=gone)
        if gone:
            return
        last = now
