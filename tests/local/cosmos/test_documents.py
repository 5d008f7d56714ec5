from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from local.cosmos import partition
from local.cosmos.catalog import Catalog
from local.cosmos.documents import Conditions, Documents, Scope
from local.cosmos.errors import ConflictError, NotFoundError, NotSupportedError
from local.cosmos.model import Container
from local.cosmos.store import Store
from local.cosmos.values import Object

PK = partition.of(["p"])


class Clock:
    """Seconds since 1970, moved by hand."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    with closing(Store(tmp_path / "data" / "cosmos.sqlite", clock=clock)) as store:
        yield store


@pytest.fixture
def documents(store: Store) -> Documents:
    return Documents(store)


def _container(store: Store, **settings: Any) -> Container:
    catalog = Catalog(store)
    body: Object = {"id": "c", "partitionKey": {"paths": ["/pk"], "kind": "Hash", "version": 2}}
    return catalog.create_container(catalog.create_database({"id": "db"}), body | settings)


def _alive(documents: Documents, container: Container, name: str) -> bool:
    try:
        documents.read(container, PK, name, Conditions())
    except NotFoundError:
        return False
    return True


@pytest.mark.parametrize(
    ("default", "own", "seconds", "alive"),
    [
        (None, None, 10**9, True),
        (None, 5, 10**9, True),  # without a default nothing expires
        (10, None, 9, True),
        (10, None, 10, False),
        (10, 20, 19, True),
        (10, 20, 20, False),
        (10, -1, 10**9, True),
        (-1, None, 10**9, True),
        (-1, 5, 5, False),
    ],
)
def test_how_long_a_document_lives(
    store: Store, documents: Documents, clock: Clock, *, default: int | None, own: int | None, seconds: int, alive: bool
) -> None:
    container = _container(store, **({"defaultTtl": default} if default else {}))
    body: Object = {"id": "a", "pk": "p"}
    documents.create(container, PK, body | ({"ttl": own} if own else {}))

    clock.now += seconds

    assert _alive(documents, container, "a") is alive
    assert bool(list(documents.scan(container, Scope()))) is alive


def test_a_write_gives_a_document_new_time(store: Store, documents: Documents, clock: Clock) -> None:
    container = _container(store, defaultTtl=10)
    documents.create(container, PK, {"id": "a", "pk": "p"})
    clock.now += 9
    documents.upsert(container, PK, {"id": "a", "pk": "p"}, Conditions())
    clock.now += 9

    assert _alive(documents, container, "a")


def test_a_change_of_the_default_counts_for_what_is_there(store: Store, documents: Documents, clock: Clock) -> None:
    container = _container(store, defaultTtl=10)
    documents.create(container, PK, {"id": "a", "pk": "p"})

    body: Object = {"id": "c", "partitionKey": {"paths": ["/pk"]}, "defaultTtl": 100}
    container = Catalog(store).replace_container(container, body)
    clock.now += 50

    assert _alive(documents, container, "a")


def test_what_expired_leaves_the_file_in_the_end(store: Store, documents: Documents, clock: Clock) -> None:
    container = _container(store, defaultTtl=10)
    documents.create(container, PK, {"id": "a", "pk": "p"})
    clock.now += 60

    documents.create(container, PK, {"id": "b", "pk": "p"})

    assert store.sql.execute("SELECT id FROM documents").fetchall() == [("b",)]


def test_a_unique_value_is_free_again_when_its_document_changes_expires_or_goes(
    store: Store, documents: Documents, clock: Clock
) -> None:
    container = _container(store, defaultTtl=10, uniqueKeyPolicy={"uniqueKeys": [{"paths": ["/mail"]}]})
    documents.create(container, PK, {"id": "a", "pk": "p", "mail": "x"})
    with pytest.raises(ConflictError), store.transaction():
        documents.create(container, PK, {"id": "b", "pk": "p", "mail": "x"})

    documents.upsert(container, PK, {"id": "a", "pk": "p", "mail": "y"}, Conditions())
    documents.create(container, PK, {"id": "b", "pk": "p", "mail": "x"})
    documents.delete(container, PK, "b", Conditions())
    documents.create(container, PK, {"id": "c", "pk": "p", "mail": "x"})
    clock.now += 10
    documents.create(container, PK, {"id": "d", "pk": "p", "mail": "x"})

    assert not _alive(documents, container, "c")
    assert _alive(documents, container, "d")


def test_a_scan_keeps_to_its_scope(store: Store, documents: Documents) -> None:
    container = _container(store)
    keys = [partition.of([name]) for name in "abcdef"]
    for key, name in zip(keys, "abcdef", strict=True):
        documents.create(container, key, {"id": name, "pk": name})
    middle = sorted(key.hash for key in keys)[3]

    def found(scope: Scope) -> set[str]:
        return {keys[seq - 1].text for seq, _ in documents.scan(container, scope)}

    assert found(Scope(pk=keys[2])) == {keys[2].text}
    assert found(Scope(start=middle)) == {key.text for key in keys if key.hash >= middle}
    assert found(Scope(end=middle)) == {key.text for key in keys if key.hash < middle}
    assert found(Scope(ids=("a", "f", "nobody"))) == {keys[0].text, keys[5].text}


def test_settings_that_are_not_there_are_refused(store: Store) -> None:
    with pytest.raises(NotSupportedError, match="computed properties"):
        _container(store, computedProperties=[{"name": "x", "query": "SELECT VALUE 1 FROM c"}])
