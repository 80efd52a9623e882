"""Leases: one holder at a time, whoever dies, whatever the clocks say; on SQLite and on PostgreSQL."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select

from pipeline.store.documents import insert_ignoring
from pipeline.store.engine import Store
from pipeline.store.leases import give_back, kept, take
from pipeline.store.schema.leases import leases

MINUTE = timedelta(minutes=1)
AT = datetime(2026, 3, 15, tzinfo=UTC)


@pytest.fixture(params=["store", pytest.param("postgres_store", marks=pytest.mark.services)])
def shared(request: pytest.FixtureRequest) -> Store:
    made: Store = request.getfixturevalue(request.param)
    return made


def tries(store: Store, holder: str, name: str = "flow", lasting: timedelta = MINUTE) -> bool:
    with store.write() as connection:
        return bool(take(connection, name, holder, lasting))


def fence(store: Store) -> int:
    with store.read() as connection:
        return int(connection.execute(select(leases.c.fence).where(leases.c.name == "flow")).scalar_one())


def until(store: Store) -> datetime:
    with store.read() as connection:
        moment: datetime = connection.execute(select(leases.c.until).where(leases.c.name == "flow")).scalar_one()
    return moment


def wait_for(ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not ready():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_one_holder_at_a_time_and_it_may_keep_it(shared: Store) -> None:
    assert tries(shared, "a")
    assert not tries(shared, "b")
    assert tries(shared, "a")
    assert tries(shared, "b", name="other")
    assert fence(shared) == 1


def test_a_lease_given_back_is_free_and_only_its_holder_can_give_it(shared: Store) -> None:
    assert tries(shared, "a")
    with shared.write() as connection:
        give_back(connection, "flow", "b")
    assert not tries(shared, "b")
    with shared.write() as connection:
        give_back(connection, "flow", "a")
    assert tries(shared, "b")
    assert fence(shared) == 2


def test_a_lease_that_ran_out_is_free(shared: Store) -> None:
    assert tries(shared, "a", lasting=timedelta(seconds=-1))
    assert tries(shared, "b")


def test_a_try_that_is_rolled_back_took_nothing(shared: Store) -> None:
    with pytest.raises(RuntimeError), shared.write() as connection:
        assert take(connection, "flow", "a", MINUTE)
        raise RuntimeError
    assert tries(shared, "b")


def test_a_lease_is_renewed_while_its_holder_is_at_work(shared: Store) -> None:
    """However long the work takes: nobody who stands by takes it away."""
    lasting = timedelta(seconds=2)
    assert tries(shared, "a", lasting=lasting)
    first = until(shared)
    with kept(shared, "flow", "a", lasting, at_most=MINUTE):
        wait_for(lambda: until(shared) > first)
    assert fence(shared) == 1


def test_a_renewal_never_takes_what_is_anothers(shared: Store) -> None:
    assert tries(shared, "b")
    mine = until(shared)
    with kept(shared, "flow", "a", timedelta(seconds=0.04), at_most=MINUTE):
        wait_for(lambda: not any(thread.name == "lease flow" for thread in threading.enumerate()))
    assert (fence(shared), until(shared)) == (1, mine)


def test_whoever_hangs_is_not_kept_for_ever(shared: Store) -> None:
    with kept(shared, "flow", "a", timedelta(seconds=0.04), at_most=timedelta(0)):
        wait_for(lambda: not any(thread.name == "lease flow" for thread in threading.enumerate()))
    assert tries(shared, "b")


def test_of_many_who_try_at_once_one_gets_it(shared: Store) -> None:
    together = threading.Barrier(8)
    winners: list[str] = []

    def compete(holder: str) -> None:
        together.wait()
        if tries(shared, holder):
            winners.append(holder)

    racers = [threading.Thread(target=compete, args=(f"p{number}",)) for number in range(8)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert len(winners) == 1


def test_a_clock_set_back_does_not_lock_the_office_out(store: Store) -> None:
    if not store.is_sqlite:
        pytest.skip("needs SQLite: PostgreSQL's own clock is not ours to set")
    with time_machine.travel(datetime.fromisoformat("2026-03-15T12:00:00+00:00"), tick=False):
        assert tries(store, "died")
    with time_machine.travel(datetime.fromisoformat("2026-03-15T09:00:00+00:00"), tick=False):
        assert tries(store, "b")
        assert not tries(store, "c")


@pytest.mark.services
def test_whoever_finds_the_lease_in_an_open_transaction_does_not_wait(postgres_store: Store) -> None:
    assert tries(postgres_store, "a", lasting=timedelta(seconds=-1))
    with postgres_store.write() as connection:
        assert take(connection, "flow", "a", MINUTE)
        assert not tries(postgres_store, "b")  # would hang here if it waited for the lock
    assert not tries(postgres_store, "b")


@pytest.mark.services
def test_machines_whose_clocks_differ_still_agree(postgres_store: Store) -> None:
    assert tries(postgres_store, "a", lasting=timedelta(seconds=30))
    with time_machine.travel(datetime.fromisoformat("2030-01-01T00:00:00+00:00"), tick=False):
        assert not tries(postgres_store, "b", lasting=timedelta(seconds=30))


def test_an_insert_that_does_nothing_says_so(shared: Store) -> None:
    """Counting what was new rests on it (outbox, observations)."""
    with shared.write() as connection:
        statement = insert_ignoring(connection, leases).values(name="x", holder="a", until=AT, fence=1)
        assert [connection.execute(statement).rowcount for _ in range(2)] == [1, 0]
