import json

import pytest

from builder.remote.client import Client
from builder.remote.errors import ApiError, RefusedError
from builder.remote.watch import MOST_FAILURES, POLL_SECONDS
from tests.builder.remote.conftest import Clock
from tests.builder.remote.server import ID, Answer, Json, Server, dataset, event, label, problem, stream

PATH = f"/datasets/{ID}"
EVENTS = f"GET {PATH}/events"
BUILDING = event("state", "1", state="building", stage="collecting", final=False)
SHARDS = [event("shard", f"{2 + number}", label="cat", number=number, counts={"accepted": 3}) for number in range(3)]
READY = event("state", "9", state="ready", stage=None, final=True)


def test_events_to_the_final_state(server: Server, client: Client, clock: Clock) -> None:
    server.answer(EVENTS, stream(BUILDING, b": nothing new\n\n", *SHARDS, READY))
    watch = client.watch(ID)
    assert [(one.kind, one.id) for one in watch] == [
        ("state", "1"), ("shard", "2"), ("shard", "3"), ("shard", "4"), ("state", "9"),
    ]  # fmt: skip
    assert watch.last_id == "9"
    assert clock.pauses == []
    assert server.asked[0].headers["accept"] == "text/event-stream"


def test_a_cut_line_is_taken_up_after_the_last_event(server: Server, client: Client, clock: Clock) -> None:
    busy = problem(503, "busy", "Later.", retry_after="5")
    server.answer(
        EVENTS, stream(BUILDING, SHARDS[0], SHARDS[1], cut=True), busy, Answer(reset=True), stream(*SHARDS[1:], READY)
    )
    told = list(client.watch(ID))
    assert [one.id for one in told] == ["1", "2", "3", "4", "9"]
    assert [one.headers.get("last-event-id") for one in server.asked] == [None, "2", "2", "2"]
    assert clock.pauses[:2] == [0.01, 5], "as the stream said, then as the refusal said"


def test_a_stream_that_ends_is_opened_again(server: Server, client: Client) -> None:
    server.answer(EVENTS, stream(BUILDING), stream(), stream(), stream(), stream(), stream(READY))
    assert [one.id for one in client.watch(ID, last_id="0")] == ["1", "9"]
    assert [one.headers["last-event-id"] for one in server.asked] == ["0", *["1"] * 5]


def polled(server: Server, *answers: Json | Answer) -> None:
    server.answer(f"GET {PATH}", *answers)


@pytest.mark.parametrize("answer", [Answer(404, b""), Answer(405, b""), Answer(200, b"<html>"), Answer(501, b"")])
def test_without_events_the_dataset_is_asked_for(server: Server, client: Client, clock: Clock, answer: Answer) -> None:
    server.answer(EVENTS, answer)
    first = dataset("building", label("cat", 1), stage="collecting")
    polled(server, first, Answer(304), dataset("building", label("cat", 4), stage="collecting"), dataset("ready"))
    kinds = [one.kind for one in client.watch(ID)]
    assert kinds == ["state", "progress", "progress", "progress", "state"]
    assert clock.pauses == [POLL_SECONDS] * 3


def test_polling_names_what_it_has(server: Server, client: Client) -> None:
    server.answer(EVENTS, 404)
    body = json.dumps(dataset("building")).encode()
    polled(server, Answer(200, body, {"etag": '"a"'}), Answer(304), dataset("ready"))
    list(client.watch(ID))
    conditions = [one.headers.get("if-none-match") for one in server.asked[1:]]
    assert conditions == [None, '"a"', '"a"']


def test_streams_that_never_say_anything_are_given_up_and_nothing_is_told_twice(server: Server, client: Client) -> None:
    silent = Answer(200, b"", {"content-type": "text/event-stream"})
    server.answer(EVENTS, stream(BUILDING), *[silent] * MOST_FAILURES)
    polled(server, dataset("building", stage="collecting"), dataset("ready"))
    told = list(client.watch(ID))
    assert [one.kind for one in told] == ["state", "progress", "state"]
    assert len(server.requests("/events")) == 1 + MOST_FAILURES


def test_a_dataset_that_is_not_there_is_told(server: Server, client: Client) -> None:
    with pytest.raises(RefusedError) as raised:
        list(client.watch(ID))
    assert raised.value.status == 404


def test_an_id_of_something_else_is_told(server: Server, client: Client) -> None:
    server.answer(EVENTS, problem(400, "bad-parameter", "No event has that id."))
    with pytest.raises(RefusedError, match="No event"):
        list(client.watch(ID, last_id="17"))


def test_an_api_that_has_gone_is_told(server: Server, client: Client) -> None:
    server.answer(EVENTS, Answer(reset=True))
    polled(server, Answer(reset=True))
    with pytest.raises(ApiError, match="does not answer"):
        list(client.watch(ID))
