import json

import pytest

from builder.remote.client import Client
from builder.remote.errors import ApiError, RefusedError
from builder.spec import DatasetSpec, LabelSpec
from tests.builder.remote.conftest import KEY, Clock
from tests.builder.remote.server import ID, Answer, Server, dataset, label, problem

SPEC = DatasetSpec(name="pandas", labels=(LabelSpec(name="red panda"),), images_per_label=3)
PATH = f"/datasets/{ID}"


def test_create_sends_the_spec_and_reads_the_dataset(server: Server, client: Client) -> None:
    server.answer("POST /datasets", Answer(202, json.dumps(dataset("queued")).encode()))
    assert (found := client.create(SPEC, max_cost=0.5)).id == ID
    assert (found.state, found.name) == ("queued", "pandas")
    (asked,) = server.asked
    told = json.loads(asked.body)
    assert told.pop("max_cost") == 0.5
    assert DatasetSpec.model_validate(told) == SPEC
    assert asked.headers["authorization"] == f"Bearer {KEY}"


def test_a_create_whose_answer_is_lost_is_repeated_under_the_same_key(
    server: Server, client: Client, clock: Clock
) -> None:
    at_work = problem(409, "request-in-progress", "Still at work.", retry_after="2")
    server.answer("POST /datasets", Answer(reset=True), at_work, dataset("queued"))
    assert client.create(SPEC).id == ID
    first, second, third = (one.headers["idempotency-key"] for one in server.asked)
    assert first == second == third
    assert clock.pauses[1] == 2
    client.create(SPEC)
    assert server.asked[-1].headers["idempotency-key"] != first, "another call makes another dataset"
    client.create(SPEC, once="mine")
    assert server.asked[-1].headers["idempotency-key"] == "mine"


def test_what_is_wrong_with_a_request_is_told_where_it_is(server: Server, client: Client) -> None:
    errors = [{"pointer": "/labels/0/name", "detail": "too long"}]
    body = {"type": "https://x/problems/invalid-request", "detail": "Not valid.", "errors": errors}
    server.answer("POST /datasets", Answer(422, json.dumps(body).encode()))
    with pytest.raises(RefusedError, match=r"Not valid\. \(/labels/0/name: too long\)"):
        client.create(SPEC)


def test_an_estimate_stores_nothing(server: Server, client: Client) -> None:
    cost = {"total": 0.02, "currency": "USD", "parts": []}
    sums = {"images": 3, "candidates": 6, "rounds": 1, "shards": 1, "stored_bytes": 600}
    server.answer("POST /datasets?dry_run=true", {**sums, "cost": cost, "least_cost": 0.01, "assumptions": ["a"]})
    assert client.estimate(SPEC).cost.total == 0.02


def test_an_answer_may_say_more_than_is_known(server: Server, client: Client) -> None:
    server.answer(f"GET {PATH}", dataset("building", label("cat", 1, failed_shards=0, mood="fine")))
    assert client.dataset(ID).progress.labels[0].accepted == 1


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b'{"id": 1}'])
def test_an_answer_in_another_form_is_told(server: Server, client: Client, body: bytes) -> None:
    server.answer(f"GET {PATH}", Answer(200, body))
    with pytest.raises(ApiError, match=f"the answer to GET {PATH} is none that this client understands"):
        client.dataset(ID)


def test_lists_are_read_page_by_page(server: Server, client: Client) -> None:
    server.answer("GET /datasets?limit=1&state=ready", {"datasets": [dataset("ready")], "next": "a+b"})
    server.answer("GET /datasets?limit=1&state=ready&cursor=a%2Bb", {"datasets": [dataset("ready")], "next": None})
    assert [one.id for one in client.list(state="ready", page_size=1)] == [ID, ID]
    row = {"key": "cat-00000-01", "label": "cat", "url": "http://x/", "verdict": "accepted", "phash": "0"}
    server.answer(f"GET {PATH}/images?limit=500&label=cat", {"images": [row], "next": None})
    assert [one.key for one in client.images(ID, label="cat")] == ["cat-00000-01"]
    server.answer(f"GET {PATH}/images/cat-00000-01", Answer(200, b"bytes"))
    assert client.image(ID, "cat-00000-01") == b"bytes"


def test_cancel(server: Server, client: Client) -> None:
    server.answer(f"POST {PATH}/cancel", Answer(503), dataset("cancelled"))
    assert client.cancel(ID).state == "cancelled"
    assert len({one.headers["idempotency-key"] for one in server.asked}) == 1


def test_a_delete_whose_answer_was_lost_is_done(server: Server, client: Client) -> None:
    server.answer(f"DELETE {PATH}", Answer(reset=True), 404)
    client.delete(ID)
    assert len(server.asked) == 2
    with pytest.raises(RefusedError):  # it was never there
        client.delete(ID)


def test_an_id_stays_one_part_of_the_path(server: Server, client: Client) -> None:
    with pytest.raises(RefusedError):
        client.dataset("../keys?x")
    assert server.asked[0].request == "GET /api/v1/datasets/..%2Fkeys%3Fx"
