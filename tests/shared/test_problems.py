import pytest

from shared.problems import bad_parameter, invalid_body, json_pointer, not_found, quota_exceeded, too_many_requests


@pytest.mark.parametrize(
    ("location", "pointer"),
    [((), ""), (("labels", 0, "name"), "/labels/0/name"), (("a/b", "c~d"), "/a~1b/c~0d")],
)
def test_pointers_are_escaped_as_rfc_6901_says(location: tuple[int | str, ...], pointer: str) -> None:
    assert json_pointer(location) == pointer


def test_a_problem_document_has_the_members_of_rfc_9457() -> None:
    document = invalid_body([(("labels",), "too few"), (("name",), "missing")]).document("/api/v1/datasets")
    assert document["status"] == 422
    assert document["instance"] == "/api/v1/datasets"
    assert document["detail"] == "/labels: too few (and 1 more)"
    assert document["errors"] == [
        {"pointer": "/labels", "detail": "too few"},
        {"pointer": "/name", "detail": "missing"},
    ]
    assert str(document["type"]).startswith("https://")


def test_a_problem_without_fields_has_no_errors() -> None:
    assert "errors" not in not_found("dataset").document()
    assert bad_parameter("limit", "a number").document()["errors"] == [{"pointer": "?limit", "detail": "a number"}]


def test_a_problem_type_has_members_of_its_own() -> None:
    document = quota_exceeded("stored_bytes", 90, 100, 20, None).document()
    assert document.items() >= {"quota": "stored_bytes", "used": 90, "limit": 100, "requested": 20}.items()
    assert "10 of 100 left" in str(document["detail"])
    assert "resets" not in document


@pytest.mark.parametrize(("wait", "seconds"), [(0.01, "1"), (1.2, "2"), (60.0, "60")])
def test_seconds_to_wait_are_whole_and_enough(wait: float, seconds: str) -> None:
    assert too_many_requests("requests", wait).headers["retry-after"] == seconds
