"""The model of request units, beside the examples of the service's own page."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from azure.cosmos import CosmosClient, PartitionKey
from azure.cosmos.exceptions import CosmosHttpResponseError
from hypothesis import given
from hypothesis import strategies as st

from local.cosmos import charges
from local.cosmos.indexing import Indexed
from tests.conftest import Cosmos

KB = 1024
EVERYTHING = Indexed.of([("*",)], [])


def test_sizes_of_the_table_cost_what_it_says_and_those_between_lie_between() -> None:
    assert [charges.read(size * KB) for size in (1, 32, 64, 2048)] == [1.0, 2.19, 4.76, 291.8]
    assert [charges.create(size * KB, 0) for size in (1, 64, 1024)] == [4.95, 22.67, 625.0]
    assert charges.read(10) == 1.0
    assert 2.19 < charges.read(40 * KB) < 4.76


@given(st.integers(0, 2048 * KB), st.integers(0, 2048 * KB))
def test_more_bytes_never_cost_less(one: int, other: int) -> None:
    small, large = sorted((one, other))
    assert charges.read(small) <= charges.read(large)
    assert charges.create(small, 3) <= charges.create(large, 3)


def test_the_examples_of_the_page() -> None:
    assert charges.create(KB, 10) == pytest.approx(7, abs=0.1)
    old, new = {(("a",), "1"), (("b",), "1"), (("c",), "1")}, {(("a",), "2"), (("b",), "2"), (("c",), "1")}
    assert charges.replace(KB, KB, old, new) == pytest.approx(10.8, abs=0.2)


def test_paths_decide_what_is_indexed() -> None:
    some = Indexed.of(
        [("kind", "?"), ("counts", "*"), ("counts", "reasons", "spam", "?")], [("*",), ("counts", "reasons", "*")]
    )
    document: Any = {
        "id": "1",
        "kind": "a",
        "images": [{"kind": "b"}],
        "counts": {"kept": 1, "reasons": {"blurry": 2, "spam": 1}},
    }
    paths = {path for path, _ in some.terms(document)}
    assert paths == {("id",), ("kind",), ("counts", "kept"), ("counts", "reasons", "spam")}
    assert {path for path, _ in EVERYTHING.terms({"a": [{"b": 1}, {"b": 1}], "_etag": "x"})} == {("a", "[]", "b")}
    assert len(EVERYTHING.terms({"a": [1, 2, 2]})) == 2
    assert Indexed.of([("*",)], [], on=False).terms({"a": 1}) == set()


@pytest.fixture(scope="module")
def container(cosmos: Cosmos) -> Iterator[Any]:
    """Twenty documents of 1 KB in one partition; only `kind` and `at` are indexed."""
    policy = {"includedPaths": [{"path": "/kind/?"}, {"path": "/at/?"}], "excludedPaths": [{"path": "/*"}]}
    with closing(_Client(cosmos)) as client:
        made = client.database.create_container("charged", PartitionKey("/pk"), indexing_policy=policy)
        for number in range(20):
            made.create_item({"id": str(number), "pk": "a", "kind": f"{number % 2}", "at": number, "text": "x" * 600})
        yield made


class _Client:
    def __init__(self, cosmos: Cosmos) -> None:
        self.client = CosmosClient(cosmos.endpoint, cosmos.key)
        self.database = self.client.create_database("charges")

    def close(self) -> None:
        self.client.delete_database("charges")


def _charge(container: Any, sql: str) -> float:
    told: list[float] = []
    list(
        container.query_items(
            sql, partition_key="a", response_hook=lambda headers, _: told.append(float(headers["x-ms-request-charge"]))
        )
    )
    return sum(told)


def test_a_query_costs_what_it_loads(container: Any) -> None:
    assert _charge(container, "SELECT * FROM c WHERE c.at = 3") == pytest.approx(3.0)
    assert _charge(container, "SELECT * FROM c WHERE c.kind = '1'") == pytest.approx(12.0)
    assert _charge(container, "SELECT * FROM c WHERE c.text = 'no'") == pytest.approx(22.0)
    assert _charge(container, "SELECT * FROM c WHERE c.kind = '1' AND c.text = 'no'") == pytest.approx(22.0)
    assert _charge(container, "SELECT VALUE c.at FROM c") == pytest.approx(22.0)


def test_order_by_needs_an_index(container: Any) -> None:
    assert _charge(container, "SELECT * FROM c WHERE c.kind = '1' ORDER BY c.at") > 0
    with pytest.raises(CosmosHttpResponseError, match="excluded from the index") as failure:
        _charge(container, "SELECT * FROM c ORDER BY c.text")
    assert failure.value.status_code == 400


def test_point_operations_tell_their_charge(container: Any) -> None:
    def asked(operation: Any, *arguments: Any) -> float:
        found = operation(*arguments)
        return float(found.get_response_headers()["x-ms-request-charge"])

    item = {"id": "n", "pk": "a", "kind": "9", "at": 9, "text": "y"}
    assert asked(container.create_item, item) == pytest.approx(4.95 + 0.2 * 4, abs=0.01)  # id, kind, at, _ts
    assert asked(container.read_item, "n", "a") == pytest.approx(1.0)
    assert asked(container.replace_item, "n", item | {"text": "z"}) == pytest.approx(9.9, abs=0.5)
    assert asked(container.upsert_item, item | {"kind": "8"}) == pytest.approx(9.9 + 0.4, abs=0.5)
