"""Who may sign in (账号), with what lock-out and for how long; sessions and API tokens kept as digests.

Sources: 等级保护 2.0 (GB/T 22239-2019) 8.1.4.1 身份鉴别: complexity, lock-out after failures, time-out of idle sessions.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import Connection, delete, insert, select, update

from pipeline.errors import HuiyingError
from pipeline.store.schema.accounts import accounts, api_tokens, sessions, used_links

MOST_FAILURES = 5
LOCKED_FOR = timedelta(minutes=15)
SESSION_AT_MOST = timedelta(hours=12)
_HASHER = PasswordHasher()
_NOBODY = _HASHER.hash("nobody")  # verified for unknown names, so that time does not tell who exists


class SignInRefused(HuiyingError):
    """Why somebody may not come in; it never says which of name and password was wrong."""


_WRONG = SignInRefused("账号、密码或动态码不对；请重新输入。")


@dataclass(frozen=True, slots=True)
class Session:
    """A person's visit. `csrf` goes into every form."""

    person_id: str
    csrf: str
    started_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Client:
    """Another system that calls the API."""

    name: str
    scopes: tuple[str, ...]
    per_minute: int


def set_password(connection: Connection, person_id: str, password: str, at: datetime) -> None:
    """Give or change a password. SignInRefused when it is weak; open sessions of the person end."""
    kinds = (str.islower, str.isupper, str.isdigit, lambda c: not c.isalnum())
    if len(password) < 10 or sum(any(kind(c) for c in password) for kind in kinds) < 3:
        raise SignInRefused("密码至少 10 位，并含大写字母、小写字母、数字、符号中的三种；请换一个。")
    values = {"password": _HASHER.hash(password), "failures": 0, "locked_until": None, "changed_at": at}
    if not connection.execute(update(accounts).where(accounts.c.person_id == person_id).values(values)).rowcount:
        connection.execute(insert(accounts).values(person_id=person_id, **values))
    connection.execute(delete(sessions).where(sessions.c.person_id == person_id))


def has_account(connection: Connection, person_id: str) -> bool:
    return connection.execute(select(accounts.c.person_id).where(accounts.c.person_id == person_id)).first() is not None


def set_totp(connection: Connection, person_id: str, secret: str) -> None:
    """Ask for a one-time code as well ('' = no longer)."""
    connection.execute(update(accounts).where(accounts.c.person_id == person_id).values(totp=secret, totp_step=0))


def sign_in(connection: Connection, person_id: str, password: str, code: str, at: datetime) -> str | SignInRefused:
    """A new session's token, or why not. Refusals are answered, not raised, so that the count of failures is committed.

    Refused after `MOST_FAILURES` wrong tries (for `LOCKED_FOR`), or when name, password or code are wrong.
    """
    row = connection.execute(select(accounts).where(accounts.c.person_id == person_id)).one_or_none()
    if row is None:
        _matches(_NOBODY, password)
        return _WRONG
    if row.locked_until and row.locked_until > at:
        return SignInRefused("连续输错次数过多，账号已暂时锁定；请 15 分钟后再试，或请管理员重设密码。")
    mine = accounts.c.person_id == person_id
    used = _code_step(row.totp, row.totp_step, code, at) if row.totp else row.totp_step
    if not _matches(row.password, password) or used is None:
        failures = row.failures + 1
        locked = at + LOCKED_FOR if failures >= MOST_FAILURES else None
        values = {"failures": 0 if locked else failures, "locked_until": locked}
        connection.execute(update(accounts).where(mine).values(values))
        return _WRONG
    connection.execute(update(accounts).where(mine).values(failures=0, locked_until=None, totp_step=used))
    return start_session(connection, person_id, at)


def _code_step(secret: str, last_used: int, code: str, at: datetime) -> int | None:
    """The 30-second step whose code this is; None when it is none of the last, this or next, or was used already."""
    now = int(at.timestamp()) // 30
    step = next((s for s in (now, now - 1, now + 1) if pyotp.TOTP(secret).at(s * 30) == code), 0)
    return step if step > last_used else None


def start_session(connection: Connection, person_id: str, at: datetime) -> str:
    """A fresh token every time: nobody can fix a session beforehand."""
    token = secrets.token_urlsafe(32)
    values = {"digest": digest(token), "person_id": person_id, "csrf": secrets.token_urlsafe(24)}
    connection.execute(insert(sessions).values(**values, started_at=at, seen_at=at))
    return token


def session_of(connection: Connection, token: str, at: datetime, idle: timedelta) -> Session | None:
    """The session of a token, unless it was idle too long or has lasted `SESSION_AT_MOST`."""
    row = connection.execute(select(sessions).where(sessions.c.digest == digest(token))).one_or_none()
    if row is None or row.seen_at < at - idle or row.started_at < at - SESSION_AT_MOST:
        return None
    return Session(row.person_id, row.csrf, row.started_at, row.seen_at)


def touch(connection: Connection, token: str, at: datetime) -> None:
    """The person is still there. Live updates must not call this."""
    connection.execute(update(sessions).where(sessions.c.digest == digest(token)).values(seen_at=at))


def sign_out(connection: Connection, token: str) -> None:
    connection.execute(delete(sessions).where(sessions.c.digest == digest(token)))


def make_token(connection: Connection, client: Client, made_by: str, at: datetime) -> str:
    """A bearer token for another system; it is shown once and kept as a digest."""
    token = "hy_" + secrets.token_urlsafe(32)
    values = {"digest": digest(token), "scopes": list(client.scopes), "per_minute": client.per_minute}
    connection.execute(insert(api_tokens).values(name=client.name, made_by=made_by, made_at=at, **values))
    return token


def client_of(connection: Connection, token: str) -> Client | None:
    row = connection.execute(
        select(api_tokens).where(api_tokens.c.digest == digest(token), api_tokens.c.revoked_at.is_(None))
    ).one_or_none()
    return Client(row.name, tuple(row.scopes), row.per_minute) if row else None


def use_link(connection: Connection, token: str, at: datetime) -> bool:
    """Mark a one-time link as used; False when it was used before."""
    if connection.execute(select(used_links).where(used_links.c.digest == digest(token))).first():
        return False
    connection.execute(insert(used_links).values(digest=digest(token), at=at))
    return True


def digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def _matches(stored: str, password: str) -> bool:
    try:
        return bool(_HASHER.verify(stored, password))
    except (VerifyMismatchError, InvalidHashError):
        return False
