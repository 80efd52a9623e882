"""Who may sign in: lock-out, idle time-out, longest session and one-time codes, on the wall's clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from sqlalchemy import select

from pipeline.store import accounts
from pipeline.store.accounts import LOCKED_FOR, MOST_FAILURES, SESSION_AT_MOST, Client, SignInRefused
from pipeline.store.engine import Store
from pipeline.store.schema import accounts as tables

AT = datetime(2026, 3, 15, 9, 0, tzinfo=UTC)
IDLE = timedelta(minutes=30)
RIGHT = "Yungang-2026"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def enter(store: Store, password: str = RIGHT, code: str = "", at: datetime = AT) -> str:
    """A session's token; the refusal is raised after its count is committed, as the sign-in page does."""
    with store.write() as connection:
        outcome = accounts.sign_in(connection, "gu_lan", password, code, at)
    if isinstance(outcome, SignInRefused):
        raise outcome
    return outcome


@pytest.fixture
def store(store: Store) -> Store:
    with store.write() as connection:
        accounts.set_password(connection, "gu_lan", RIGHT, AT)
    return store


def test_the_right_password_is_refused_too_while_the_account_is_locked(store: Store) -> None:
    for _ in range(MOST_FAILURES):
        with pytest.raises(SignInRefused, match="不对"):
            enter(store, "wrong")
    with pytest.raises(SignInRefused, match="已暂时锁定"):
        enter(store, at=AT + LOCKED_FOR - timedelta(seconds=1))
    assert enter(store, at=AT + LOCKED_FOR)


def test_a_lock_ends_with_its_count_and_guessing_locks_again(store: Store) -> None:
    for _ in range(MOST_FAILURES):
        with pytest.raises(SignInRefused):
            enter(store, "wrong")
    later = AT + LOCKED_FOR
    for _ in range(MOST_FAILURES - 1):
        with pytest.raises(SignInRefused, match="不对"):
            enter(store, "wrong", at=later)
    assert enter(store, at=later)
    with pytest.raises(SignInRefused, match="不对"):
        enter(store, "wrong", at=later)
    assert enter(store, at=later)


def test_a_new_password_unlocks_and_ends_open_sessions(store: Store) -> None:
    token = enter(store)
    for _ in range(MOST_FAILURES):
        with pytest.raises(SignInRefused):
            enter(store, "wrong")
    with store.write() as connection:
        accounts.set_password(connection, "gu_lan", "Another-2026", AT)
        assert accounts.session_of(connection, token, AT, IDLE) is None
    assert enter(store, "Another-2026")


def test_an_unknown_name_and_a_wrong_password_are_answered_alike(store: Store) -> None:
    with store.write() as connection:
        nobody = accounts.sign_in(connection, "nobody", "wrong", "", AT)
        wrong = accounts.sign_in(connection, "gu_lan", "wrong", "", AT)
    assert str(nobody) == str(wrong)


@pytest.mark.parametrize("weak", ["Short-1", "alllowercase", "12345678901", "lowercase12"])
def test_a_weak_password_is_refused(store: Store, weak: str) -> None:
    with store.write() as connection, pytest.raises(SignInRefused, match="至少 10 位"):
        accounts.set_password(connection, "gu_lan", weak, AT)


def test_a_session_ends_when_idle_and_lives_while_used(store: Store) -> None:
    token = enter(store)
    with store.write() as connection:
        assert accounts.session_of(connection, token, AT + IDLE, IDLE)
        assert accounts.session_of(connection, token, AT + IDLE + timedelta(seconds=1), IDLE) is None
        accounts.touch(connection, token, AT + IDLE)
        assert accounts.session_of(connection, token, AT + 2 * IDLE, IDLE)


def test_no_use_lengthens_a_session_beyond_its_day(store: Store) -> None:
    token = enter(store)
    last = AT + SESSION_AT_MOST
    with store.write() as connection:
        accounts.touch(connection, token, last)
        assert accounts.session_of(connection, token, last, IDLE)
        assert accounts.session_of(connection, token, last + timedelta(seconds=1), IDLE) is None


def test_a_one_time_code_is_asked_for_and_works_once(store: Store) -> None:
    with store.write() as connection:
        accounts.set_totp(connection, "gu_lan", SECRET)
    code = pyotp.TOTP(SECRET).at(AT)
    for wrong in ("", "000000", code[::-1] if code[::-1] != code else "111111"):
        with pytest.raises(SignInRefused):
            enter(store, code=wrong)
    assert enter(store, code=code)
    with pytest.raises(SignInRefused):
        enter(store, code=code)
    assert enter(store, code=pyotp.TOTP(SECRET).at(AT + timedelta(seconds=30)))


@pytest.mark.parametrize(("seconds", "taken"), [(-60, False), (-30, True), (30, True), (60, False)])
def test_a_clock_that_is_half_a_minute_off_is_forgiven_and_no_more(store: Store, seconds: int, taken: bool) -> None:
    with store.write() as connection:
        accounts.set_totp(connection, "gu_lan", SECRET)
    code = pyotp.TOTP(SECRET).at(AT + timedelta(seconds=seconds))
    if taken:
        assert enter(store, code=code)
        return
    with pytest.raises(SignInRefused):
        enter(store, code=code)


def test_tokens_of_systems_and_sessions_are_kept_as_digests_only(store: Store) -> None:
    session = enter(store)
    with store.write() as connection:
        token = accounts.make_token(connection, Client("门户网站", ("read",), 60), "guan_li", AT)
        assert accounts.client_of(connection, token) == Client("门户网站", ("read",), 60)
        assert accounts.client_of(connection, token + "x") is None
    with store.read() as connection:
        kept = str(
            [connection.execute(select(table)).all() for table in (tables.accounts, tables.sessions, tables.api_tokens)]
        )
    assert all(secret not in kept for secret in (session, token, RIGHT))
