from urllib.parse import quote

import pytest

from local.cosmos import auth
from local.cosmos.errors import UnauthorizedError
from tests.local.cosmos.signing import DATE, signature

# The example of https://learn.microsoft.com/rest/api/cosmos-db/access-control-on-cosmosdb-resources
KEY = "dsZQi3KtZmCv1ljt3VNWNm7sQUF1y5rJfC6kv5JiwvW0EndXdDku/dkKBp8/ufDToSxLzR4y+O/0H/t4bQtVNw=="
HEADERS = {
    "authorization": "type%3dmaster%26ver%3d1.0%26sig%3dc09PEVJrgp2uQRkr934kFbTqhByc7TVr3OHyqlu%2bc%2bc%3d",
    "x-ms-date": DATE,
}
TODO = ("dbs", "ToDoList")


def test_the_documented_example_is_right() -> None:
    auth.verify(KEY, "GET", TODO, HEADERS)


@pytest.mark.parametrize(
    ("method", "segments", "headers"),
    [
        ("DELETE", TODO, HEADERS),
        ("GET", ("dbs", "todolist"), HEADERS),
        ("GET", TODO, HEADERS | {"x-ms-date": "Thu, 27 Apr 2017 00:51:13 GMT"}),
        ("GET", TODO, {"x-ms-date": DATE}),
        ("GET", TODO, HEADERS | {"authorization": "Bearer abc"}),
        ("GET", TODO, HEADERS | {"authorization": quote("type=resource&ver=1.0&sig=c09P")}),
        ("GET", TODO, HEADERS | {"authorization": quote("type=master&ver=1.0&sig=é")}),
    ],
)
def test_anything_else_is_not(method: str, segments: tuple[str, ...], headers: dict[str, str]) -> None:
    with pytest.raises(UnauthorizedError):
        auth.verify(KEY, method, segments, headers)


def test_a_resource_id_is_signed_alone_and_in_small_letters() -> None:
    rid = "AAAAAYAAAAE="
    header = quote(signature(KEY, "GET", "docs", rid.lower(), DATE))

    auth.verify(KEY, "GET", ("dbs", "AAAAAQ==", "colls", rid, "docs"), {"authorization": header, "x-ms-date": DATE})


@pytest.mark.parametrize(
    ("name", "expected"), [("AAAAAQ==", True), ("datasets", False), ("db", False), ("-AAAAQ==", True)]
)
def test_names_and_resource_ids_are_told_apart(name: str, expected: bool) -> None:
    assert auth.is_rid(name) is expected
