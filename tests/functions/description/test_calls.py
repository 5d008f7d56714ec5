import function_app  # noqa: F401 (declares all operations)
from functions.description.calls import Call, by_tag, calls, curl
from functions.description.openapi import document
from functions.operations import OPERATIONS

CALLS = {one.name: one for one in calls(document())}


def test_every_operation_has_a_call_in_its_group() -> None:
    assert {call.name: tag for tag, group in by_tag(document()).items() for call in group} == {
        one.name: one.tag for one in OPERATIONS
    }


def test_a_read() -> None:
    assert curl(CALLS["get_image"]) == (
        'curl -sS "$PIXCRAWLER/api/v1/datasets/$DATASET/images/$IMAGE" \\\n  -H "Authorization: Bearer $API_KEY"'
    )


def test_a_change_without_a_body_says_that_it_has_none() -> None:
    assert curl(CALLS["cancel_dataset"]).splitlines()[0].startswith("curl -sS -X POST ")
    assert curl(CALLS["cancel_dataset"]).endswith("-H 'Content-Length: 0'")


def test_a_stream_is_shown_as_it_comes() -> None:
    assert curl(CALLS["watch_dataset"]).startswith("curl -sS -N ")


def test_what_the_query_must_have_is_there_to_be_filled_in() -> None:
    needed = {"name": "q", "in": "query", "required": True, "schema": {}}
    call = Call({"operationId": "find", "responses": {}}, "GET", "/find", (needed,), ("text/plain", "it's"))
    assert curl(call) == "curl -sS \"$PIXCRAWLER/find?q=...\" \\\n  -H 'Content-Type: text/plain' \\\n" + (
        "  --data-binary 'it'\"'\"'s'"
    )
