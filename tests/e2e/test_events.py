import json
from typing import Any

import httpx

from local.gallery.topics import TOPICS
from tests.e2e.conftest import Stack

TOPIC = next(iter(TOPICS))


def read(answer: httpx.Response, most: int | None = None) -> list[dict[str, Any]]:
    """Events of a stream to its end, or the first of them."""
    found: list[dict[str, Any]] = []
    event: dict[str, Any] = {}
    for line in answer.iter_lines():
        name, _, value = line.partition(": ")
        if name in {"event", "id", "data"}:
            event[name] = value
        elif not line and event:
            found.append({**event, "data": json.loads(event["data"])})
            event = {}
            if len(found) == most:
                break
    return found


def test_a_build_is_watched_to_its_end_also_after_the_line_was_cut(stack: Stack) -> None:
    dataset = stack.create(name="watched", labels=[{"name": TOPIC}], images_per_label=12, sources=["sample"])
    path = f"/datasets/{dataset}/events"
    with stack.api.stream("GET", path) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        first = read(answer, 2)
    with stack.api.stream("GET", path, headers={"last-event-id": first[-1]["id"]}, timeout=90) as answer:
        rest = read(answer)
    assert rest[-1]["event"] == "state"
    assert (rest[-1]["data"]["state"], rest[-1]["data"]["final"]) == ("ready", True)
    told = [(one["data"]["label"], one["data"]["number"]) for one in first + rest if one["event"] == "shard"]
    assert told == [(TOPIC, number) for number in range(len(told))]
    assert [one["data"]["reached"] for one in first + rest if one["event"] == "label"] == [True]


def test_an_id_of_something_else_is_refused(stack: Stack) -> None:
    dataset = stack.create(name="watched", labels=[{"name": TOPIC}], images_per_label=1, sources=["sample"])
    answer = stack.api.get(f"/datasets/{dataset}/events", headers={"last-event-id": "17"})
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
