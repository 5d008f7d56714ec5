from typing import Any

import pytest

from tests.e2e.conftest import Stack

GOOD: dict[str, Any] = {"name": "x", "labels": [{"name": "cat"}], "sources": ["sample"], "images_per_label": 1}


def spec(**changes: Any) -> dict[str, Any]:
    return {**GOOD, **changes}


def urls(*links: str) -> dict[str, Any]:
    return spec(sources=["urls"], labels=[{"name": "cat", "urls": list(links)}])


INVALID: list[tuple[str, dict[str, Any], str]] = [
    ("unknown field", spec(colour="red"), "/colour"),
    ("unknown field inside", spec(image={"colour": "red"}), "/image/colour"),
    ("no labels", spec(labels=[]), "/labels"),
    ("labels missing", {"name": "x"}, "/labels"),
    ("duplicate labels", spec(labels=[{"name": "cat"}, {"name": "Cat"}]), ""),
    ("empty label", spec(labels=[{"name": "  "}]), "/labels/0/name"),
    ("line break in a label", spec(labels=[{"name": "a\nb"}]), "/labels/0/name"),
    ("zero images", spec(images_per_label=0), "/images_per_label"),
    ("negative images", spec(images_per_label=-5), "/images_per_label"),
    ("absurd images", spec(images_per_label=10**12), "/images_per_label"),
    ("unknown source", spec(sources=["altavista"]), "/sources/0"),
    ("unknown format", spec(image={"format": "tga"}), "/image/format"),
    ("unknown export", spec(exports=["floppy"]), "/exports/0"),
    ("ftp", urls("ftp://example.com/a.jpg"), "/labels/0/urls/0"),
    ("file", urls("http://example.com/a.jpg", "file:///etc/passwd"), "/labels/0/urls/1"),
    ("credentials", urls("https://me:secret@example.com/a.jpg"), "/labels/0/urls/0"),
    ("no host", urls("https:///a.jpg"), "/labels/0/urls/0"),
    ("urls without a list", spec(sources=["urls"]), ""),
    ("list that is not there", spec(sources=["urls"], url_list="0" * 32), "/url_list"),
    ("splits over one", spec(splits={"train": 0.9, "val": 0.9, "test": 0.9}), "/splits"),
    ("a size without a format to write", spec(image={"size": 128}), "/image"),
]


@pytest.mark.parametrize(("what", "body", "pointer"), INVALID, ids=[one[0] for one in INVALID])
def test_an_invalid_request_is_a_problem_with_a_pointer(
    stack: Stack, what: str, body: dict[str, Any], pointer: str
) -> None:
    before = stack.api.get("/datasets").json()["datasets"]
    answer = stack.api.post("/datasets", json=body)
    problem = answer.json()
    assert answer.status_code == 422, what
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["status"] == 422
    assert problem["type"].endswith("/invalid-request")
    assert pointer in [error["pointer"] for error in problem["errors"]]
    assert "secret" not in answer.text
    assert stack.api.get("/datasets").json()["datasets"] == before


def test_a_thousand_faults_are_answered_with_the_first_hundred(stack: Stack) -> None:
    answer = stack.api.post("/datasets", json=spec(**{f"colour{number}": 1 for number in range(1_000)}))
    assert answer.status_code == 422
    assert len(answer.json()["errors"]) == 100
    assert "and 999 more" in answer.json()["detail"]


@pytest.mark.parametrize("body", [b"", b"{", b"labels=cat", b"\xff\xfe", b"[" * 100_000])
def test_what_is_not_json_is_a_problem(stack: Stack, body: bytes) -> None:
    answer = stack.api.post("/datasets", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (400, "not-json")


def test_a_body_over_a_megabyte_is_refused(stack: Stack) -> None:
    answer = stack.api.post("/datasets", content=b" " * 1_000_001)
    assert (answer.status_code, answer.json()["status"]) == (413, 413)


NOWHERE = ["0" * 32, "nonsense", "search-cat-001", "A" * 32]
TRAVERSALS = ["..", "..%2fdatasets", "%2e%2e%2fraw", "..%2f..%2fraw%2fx", "0" * 31 + "%2f..%2f" + "0" * 32]


@pytest.mark.parametrize("path", [*NOWHERE, *TRAVERSALS])
@pytest.mark.parametrize("suffix", ["", "/images", "/exports", "/exports/imagefolder/link"])
def test_an_id_that_names_nothing_is_not_found(stack: Stack, path: str, suffix: str) -> None:
    answer = stack.api.get(f"/datasets/{path}{suffix}")
    assert answer.status_code == 404
    if path in NOWHERE:
        assert answer.headers["content-type"] == "application/problem+json"


def test_an_id_of_another_container_is_not_found(stack: Stack) -> None:
    kept = stack.api.post("/url-lists", content=b"http://example.com/a.jpg\n", headers={"content-type": "text/plain"})
    assert kept.status_code == 201
    assert stack.api.get(f"/datasets/{kept.json()['id']}").status_code == 404
    assert stack.api.delete(f"/datasets/{kept.json()['id']}").status_code == 404
    assert stack.api.post(f"/datasets/{kept.json()['id']}/cancel").status_code == 404


@pytest.mark.parametrize("query", [
    "limit=0", "limit=x", "limit=501", "cursor=%25", "cursor=abcd", "state=sleeping",
    "limit=0000000012345", "limit=000000001" + "9" * 5_000, "limit=%D9%A5",
])  # fmt: skip
def test_a_bad_query_parameter_is_a_problem(stack: Stack, query: str) -> None:
    answer = stack.api.get(f"/datasets?{query}")
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")


LISTS: list[tuple[str, bytes, str, str]] = [
    ("ftp", b"http://a.example/1.jpg\nftp://a.example/2.jpg\n", "text/plain", "/line/2"),
    ("credentials", b"http://me:pw@a.example/1.jpg\n", "text/plain", "/line/1"),
    ("not text", b"\xff\xd8\xff\xe0", "text/plain", "/line/1"),
    ("no url column", b"a,b\n1,2\n", "text/csv", "/line/1"),
    ("too many lines", b"http://a.example/1.jpg\n" * 1_000_001, "text/plain", "/line/1000001"),
]


@pytest.mark.parametrize(("what", "body", "kind", "pointer"), LISTS, ids=[one[0] for one in LISTS])
def test_a_bad_list_names_its_line(stack: Stack, what: str, body: bytes, kind: str, pointer: str) -> None:
    answer = stack.api.post("/url-lists", content=body, headers={"content-type": kind})
    assert answer.status_code == 422, what
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_a_list_of_another_type_is_refused(stack: Stack) -> None:
    answer = stack.api.post("/url-lists", content=b"x", headers={"content-type": "application/zip"})
    assert answer.status_code == 415
