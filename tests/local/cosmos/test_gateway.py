from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from local.cosmos import DEFAULT_KEY
from local.cosmos.gateway import Gateway
from local.cosmos.store import Store
from local.cosmos.wire import Request
from tests.local.cosmos.signing import call, said

DOCS = "dbs/db/colls/c/docs"
P = '["p"]'


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    with closing(Store(tmp_path / "cosmos.sqlite")) as store:
        gateway = Gateway(store, key=DEFAULT_KEY, endpoint="http://127.0.0.1:1/")
        assert call(gateway, "POST", "dbs", {"id": "db"}).status == 201
        assert call(gateway, "POST", "dbs/db/colls", {"id": "c", "partitionKey": {"paths": ["/pk"]}}).status == 201
        yield gateway


def _put(gateway: Gateway, body: Any, key: str = P, **headers: str) -> Any:
    return call(gateway, "POST", DOCS, body, x_ms_documentdb_partitionkey=key, **headers)


def _ask(gateway: Gateway, body: Any, **headers: str) -> Any:
    return call(gateway, "POST", DOCS, body, x_ms_documentdb_isquery="True", **headers)


def test_the_account_names_itself_as_the_only_place(gateway: Gateway) -> None:
    account = said(call(gateway, "GET", ""))

    assert account["writableLocations"] == account["readableLocations"]
    assert account["writableLocations"][0]["databaseAccountEndpoint"] == "http://127.0.0.1:1/"


def test_an_unsigned_request_is_refused_before_anything_else(gateway: Gateway) -> None:
    answer = gateway.answer(Request("GET", ("dbs", "nobody"), {}))

    assert answer.status == 401
    assert said(answer)["code"] == "Unauthorized"


@pytest.mark.parametrize(
    ("method", "path", "headers", "word"),
    [
        ("POST", "dbs/db/colls/c/sprocs", {}, "stored procedures"),
        ("POST", "dbs/db/colls/c/sprocs/x", {}, "stored procedures"),
        ("GET", "dbs/db/colls/c/triggers", {}, "triggers"),
        ("POST", "dbs/db/colls/c/udfs", {}, "user-defined functions"),
        ("GET", "dbs/db/users", {}, "users and permissions"),
        ("POST", "offers", {}, "throughput"),
        ("GET", DOCS, {"a_im": "Incremental feed"}, "change feed"),
        ("POST", DOCS, {"x_ms_cosmos_is_query_plan_request": "True"}, "query plans"),
        ("PUT", "dbs/db", {}, "PUT"),
        ("HEAD", "dbs/db/colls/c", {}, "HEAD"),
        ("DELETE", DOCS, {}, "DELETE"),
    ],
)
def test_what_is_not_there_says_so(
    gateway: Gateway, method: str, path: str, headers: dict[str, str], word: str
) -> None:
    answer = call(gateway, method, path, {}, **headers)

    assert answer.status == 501
    assert word in said(answer)["message"]
    assert "stand-in" in said(answer)["message"]


@pytest.mark.parametrize("text", ["SELECT VALUE ST_DISTANCE(c.a, c.b) FROM c", "SELECT VALUE udf.mine(c) FROM c"])
def test_functions_that_are_not_there_say_so(gateway: Gateway, text: str) -> None:
    answer = _ask(gateway, {"query": text}, x_ms_documentdb_partitionkey=P)

    assert answer.status == 501
    assert any(word in said(answer)["message"] for word in ("ST_DISTANCE", "mine"))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"id": "a", "pk": "p", "n": NaN}',
        b'{"id": "a", "pk": "p", "n": ' + b"[" * 100_000 + b"}",
        {"pk": "p"},
        {"id": "", "pk": "p"},
        {"id": 5, "pk": "p"},
        {"id": "a/b", "pk": "p"},
        {"id": "../a", "pk": "p"},
        {"id": "a" * 256, "pk": "p"},
        {"id": "\ud800", "pk": "p"},
        {"id": "a", "pk": "q"},
        {"id": "a", "pk": {"p": 1}},
        {"id": "a", "pk": "p", "ttl": 0},
        {"id": "a", "pk": "p", "ttl": "5"},
        {"id": "a", "pk": "p", "ttl": True},
    ],
    ids=lambda body: str(body)[:40],
)
def test_bad_documents_are_refused(gateway: Gateway, body: Any) -> None:
    assert _put(gateway, body).status == 400
    assert said(call(gateway, "GET", DOCS))["_count"] == 0


@pytest.mark.parametrize(
    "headers", [{}, {"x_ms_documentdb_partitionkey": "p"}, {"x_ms_documentdb_partitionkey": '["p","q"]'}]
)
def test_a_document_needs_its_partition_key(gateway: Gateway, headers: dict[str, str]) -> None:
    assert call(gateway, "POST", DOCS, {"id": "a", "pk": "p"}, **headers).status == 400


@pytest.mark.parametrize(
    "body",
    [
        {"id": "x"},
        {"id": "x", "partitionKey": {"paths": []}},
        {"id": "x", "partitionKey": {"paths": ["/a", "/b"], "kind": "Hash"}},
        {"id": "x", "partitionKey": {"paths": ["/a"], "kind": "Range"}},
        {"id": "x", "partitionKey": {"paths": ["/a", "/b", "/c", "/d"], "kind": "MultiHash"}},
        {"id": "x", "partitionKey": {"paths": ["/a"]}, "defaultTtl": 0},
        {"id": "x?", "partitionKey": {"paths": ["/a"]}},
    ],
    ids=str,
)
def test_bad_containers_are_refused(gateway: Gateway, body: Any) -> None:
    assert call(gateway, "POST", "dbs/db/colls", body).status == 400
    assert said(call(gateway, "GET", "dbs/db/colls"))["_count"] == 1


@pytest.mark.parametrize("size", ["0", "-2", "many"])
def test_bad_page_sizes_are_refused(gateway: Gateway, size: str) -> None:
    assert call(gateway, "GET", DOCS, x_ms_max_item_count=size).status == 400


@pytest.mark.parametrize("body", [{}, {"query": 5}, {"query": "SELECT * FROM c", "parameters": [{"value": 1}]}])
def test_bad_queries_are_refused(gateway: Gateway, body: Any) -> None:
    assert _ask(gateway, body, x_ms_documentdb_partitionkey=P).status == 400


def test_a_token_is_good_for_its_own_query_only(gateway: Gateway) -> None:
    for name in "ab":
        _put(gateway, {"id": name, "pk": "p"})
    one = {"query": "SELECT * FROM c WHERE c.n = @n OR true", "parameters": [{"name": "@n", "value": 1}]}
    page = {"x_ms_documentdb_partitionkey": P, "x_ms_max_item_count": "1"}
    token = _ask(gateway, one, **page).headers["x-ms-continuation"]

    again = _ask(gateway, one, **page, x_ms_continuation=token)
    other = _ask(gateway, one | {"parameters": [{"name": "@n", "value": 2}]}, **page, x_ms_continuation=token)
    rubbish = _ask(gateway, one, **page, x_ms_continuation="rubbish")

    assert said(again)["Documents"][0]["id"] == "b"
    assert "x-ms-continuation" not in again.headers
    assert [other.status, rubbish.status] == [400, 400]


def test_an_unheard_path_means_nothing(gateway: Gateway) -> None:
    assert call(gateway, "GET", "somewhere/else").status == 400


def test_a_query_that_names_its_partition_key_needs_no_permission(gateway: Gateway) -> None:
    _put(gateway, {"id": "a", "pk": "p"})

    assert said(_ask(gateway, {"query": "SELECT * FROM c WHERE c.pk = 'p'"}))["_count"] == 1
    assert _ask(gateway, {"query": "SELECT * FROM c WHERE c.pk > 'a'"}).status == 400


def test_a_batch_names_the_second_of_two_equal_operations(gateway: Gateway) -> None:
    create = {"operationType": "Create", "resourceBody": {"id": "a", "pk": "p"}}
    answer = _put(gateway, [create, create], x_ms_cosmos_is_batch_request="True")

    assert answer.status == 207
    assert [one["statusCode"] for one in said(answer)] == [424, 409]
    assert said(call(gateway, "GET", DOCS))["_count"] == 0


@pytest.mark.parametrize(
    "body", [[], {}, [{"operationType": "Create"}] * 101, [{"id": "a"}]], ids=lambda body: str(body)[:30]
)
def test_bad_batches_are_refused(gateway: Gateway, body: Any) -> None:
    assert _put(gateway, body, x_ms_cosmos_is_batch_request="True").status == 400


def test_a_batch_above_two_megabytes_is_refused(gateway: Gateway) -> None:
    big = {"operationType": "Create", "resourceBody": {"id": "a", "pk": "p", "text": "x" * 2_100_000}}

    assert _put(gateway, [big], x_ms_cosmos_is_batch_request="True").status == 413


def test_the_partition_ranges_are_one_and_never_change(gateway: Gateway) -> None:
    first = call(gateway, "GET", "dbs/db/colls/c/pkranges")
    again = call(gateway, "GET", "dbs/db/colls/c/pkranges", if_none_match=first.headers["etag"])

    assert [(one["minInclusive"], one["maxExclusive"]) for one in said(first)["PartitionKeyRanges"]] == [("", "FF")]
    assert again.status == 304
