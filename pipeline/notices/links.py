"""One-time links in mails (一次性签收链接): signed, for one person and one case, with an end. Pure but for the key's file.

A link says who it was made for, so that a forwarded mail signs in the name of the one it was sent to, and the history
shows it (`via` = link). That it works once is kept by `store.accounts.use_link`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from itsdangerous import BadData, URLSafeSerializer

from pipeline.errors import HuiyingError
from pipeline.store.keys import key_in

LASTING = timedelta(hours=72)


class LinkRefused(HuiyingError):
    """The link was not made here, or its time has passed."""


@dataclass(frozen=True, slots=True)
class AckLink:
    """签收: which case, in whose name, until when."""

    case_id: str
    person_id: str
    until: datetime


class Links:
    """Makes and reads links under the key in `data_dir`/keys."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "keys" / "links.secret"

    def make(self, case_id: str, person_id: str, at: datetime) -> str:
        """The token of a link made at `at`: the same whenever it is worked out again."""
        until = int((at + LASTING).timestamp())
        return str(self._serializer().dumps([case_id, person_id, until]))

    def read(self, token: str, at: datetime) -> AckLink:
        """What the token says. LinkRefused when it is forged, cut or too old."""
        try:
            case_id, person_id, until = self._serializer().loads(token)
        except BadData as error:
            raise LinkRefused("链接不完整或不是本系统发出的；请登录后在处置单里签收。") from error
        link = AckLink(case_id, person_id, datetime.fromtimestamp(until, at.tzinfo))
        if link.until <= at:
            raise LinkRefused("链接已过期；请登录后在处置单里签收。")
        return link

    def _serializer(self) -> URLSafeSerializer:
        return URLSafeSerializer(key_in(self._path), salt="ack", signer_kwargs={"digest_method": hashlib.sha256})
