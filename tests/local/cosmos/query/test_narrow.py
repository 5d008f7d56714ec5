"""What is read from SQLite is less, the answer is the same."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest

from local.cosmos import partition
from local.cosmos.catalog import Catalog
from local.cosmos.documents import Documents, Scope
from local.cosmos.model import Container
from local.cosmos.query.narrow import narrow
from local.cosmos.query.parse import parse
from local.cosmos.store import Store


@dataclass(frozen=True)
class House:
    """A container with the documents a0, a1, b0, b1: partition key and number."""

    container: Container
    documents: Documents

    def narrowed(self, where: str, **parameters: Any) -> Scope:
        values = {f"@{name}": value for name, value in parameters.items()}
        query = parse(f"SELECT * FROM c WHERE {where}")  # noqa: S608  the texts are this file's own
        return narrow(query, values, self.container, Scope())

    def read(self, where: str, **parameters: Any) -> int:
        return len(list(self.documents.scan(self.container, self.narrowed(where, **parameters))))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with closing(Store(tmp_path_factory.mktemp("narrow") / "cosmos.sqlite")) as store:
        catalog, documents = Catalog(store), Documents(store)
        database = catalog.create_database({"id": "db"})
        container = catalog.create_container(database, {"id": "c", "partitionKey": {"paths": ["/pk"]}})
        for key in "ab":
            for number in "01":
                documents.create(container, partition.of([key]), {"id": f"{key}{number}", "pk": key})
        yield House(container, documents)


@pytest.mark.parametrize(
    ("where", "read"),
    [
        ("c.pk = 'a'", 2),
        ("'a' = c.pk", 2),
        ("c.id = 'a0'", 1),
        ("c.id IN ('a0', 'b1', 'nobody')", 2),
        ("c.pk = 'a' AND c.n > 1 AND c.id IN ('a0', 'b0')", 1),
        ("c.id = 5", 0),
        # What must not narrow: the condition may hold elsewhere, or says something else.
        ("c.pk = 'a' OR c.id = 'b0'", 4),
        ("NOT c.pk = 'a'", 4),
        ("c.pk != 'a'", 4),
        ("c.deep.id = 'a0'", 4),
        ("c.pk = c.id", 4),
        ("c.pk IN ('a', 'b')", 4),
        ("LOWER(c.id) = 'a0'", 4),
        ("c.pk = {'a': 1}", 4),
    ],
)
def test_how_much_is_read(house: House, where: str, read: int) -> None:
    assert house.read(where) == read


def test_parameters_count_as_constants(house: House) -> None:
    assert house.read("c.pk = @pk AND c.id = @id", pk="a", id="a1") == 1


def test_an_item_of_an_array_is_not_the_document(house: House) -> None:
    query = parse("SELECT * FROM c IN c.list WHERE c.id = 'a0'")

    assert narrow(query, {}, house.container, Scope()) == Scope()
