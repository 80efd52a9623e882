"""Every released version's store is read by this one: migrated, whole, its histories proven, and the office works on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.settings import AnalysisSettings, Settings
from demo.documents import documents as demo_documents
from huiying import build_services
from pipeline.cases.history import verify
from pipeline.clock import SteppedClock
from pipeline.search.indexer import Indexer
from pipeline.search.port import Query
from pipeline.store import cases
from pipeline.store.engine import Store, open_store
from pipeline.store.migrate import current_revision, downgrade, newest_revision, upgrade
from pipeline.tracing import trace
from pipeline.working import drain_all
from tests.conftest import fresh_database, running_service
from tests.store import released

FILES = sorted(released.FOLDER.glob("*.json"))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'old.db'}"
        return
    with fresh_database(running_service("postgresql", "HUIYING_TEST_POSTGRES")) as made:
        yield made


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_released_store_comes_up_whole_goes_down_and_up_again(url: str, file: Path) -> None:
    store = Store(url)
    upgrade(store, released.revision(file))
    loaded = released.load(store, file)
    upgrade(store)
    assert current_revision(store) == newest_revision()
    assert len(loaded["documents"]) > 5
    after = released.held(store, loaded)
    assert {name: len(rows) for name, rows in after.items()} == {name: len(rows) for name, rows in loaded.items()}
    downgrade(store, released.revision(file))
    assert _sorted(released.held(store, loaded)) == _sorted(loaded)
    upgrade(store)
    assert _sorted(released.held(store, after)) == _sorted(after)
    store.close()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_office_works_on_with_a_released_store(url: str, file: Path, tmp_path: Path) -> None:
    old = Store(url)
    upgrade(old, released.revision(file))
    loaded = released.load(old, file)
    old.close()
    open_store(url).close()
    settings = Settings(
        data_dir=tmp_path / "data",
        store=Settings().store.model_copy(update={"url": url}),
        analysis=AnalysisSettings(engine="fast", executor="serial"),
    )
    known = {row["id"] for row in loaded["documents"]}
    later = sorted((d for d in demo_documents() if d.known_at > released.UNTIL), key=lambda d: d.known_at)[:5]
    services = build_services(settings, SteppedClock(later[-1].known_at))
    try:
        services.intake.take(later)
        drain_all(services)
        everything = known | {document.id for document in later}
        with services.store.read() as connection:
            for key in everything:
                assert {"collected", "analysed", "placed"} <= {step.what for step in trace(connection, key)}
            proof = verify(cases.chain(connection), cases.head(connection))
        assert proof.holds
        assert proof.rows >= len(loaded["case_entries"]) > 0
        assert Indexer(services.store, services.index()).rebuild() == len(everything)
        assert services.index().search(Query(limit=0)).total == len(everything)
    finally:
        services.close()


def _sorted(tables: dict[str, list[dict[str, object]]]) -> dict[str, list[str]]:
    return {
        name: sorted(json.dumps(row, sort_keys=True, default=released.plain) for row in rows)
        for name, rows in tables.items()
    }
