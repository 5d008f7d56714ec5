import asyncio
import json
from typing import Any

import httpx

from local.gallery.topics import TOPICS
from local.processes import wait_until
from tests.e2e.conftest import Stack

TOPIC = next(iter(TOPICS))
LISTENERS = 100


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


def test_a_hundred_listeners_hear_at_once_and_those_that_leave_are_noticed(stack: Stack) -> None:
    """Half of them leave after the first event; how the host logs what was asked of it tells that it saw them go."""
    dataset = stack.create(name="a hall", labels=[{"name": TOPIC}], images_per_label=90, sources=["sample"])
    before = left(stack)

    async def listen(client: httpx.AsyncClient, stays: bool) -> tuple[dict[str, Any], ...]:
        heard: list[dict[str, Any]] = []
        async with client.stream("GET", f"/datasets/{dataset}/events") as answer:
            assert answer.status_code == 200
            async for line in answer.aiter_lines():
                if line.startswith("data: "):
                    heard.append(json.loads(line.removeprefix("data: ")))
                    if not stays:
                        break
        return heard[0], heard[-1]

    async def run() -> list[tuple[dict[str, Any], ...]]:
        limits = httpx.Limits(max_connections=LISTENERS)
        headers = {"authorization": stack.api.headers["authorization"]}
        async with httpx.AsyncClient(base_url=stack.api.base_url, headers=headers, limits=limits, timeout=90) as client:
            return await asyncio.gather(*(listen(client, bool(number % 2)) for number in range(LISTENERS)))

    heard = asyncio.run(run())
    assert {first["state"] for first, _ in heard[::2]} <= {"queued", "building"}, "told before the end, not with it"
    assert {(last["state"], last["final"]) for _, last in heard[1::2]} <= {("ready", True), ("incomplete", True)}
    wait_until(lambda: left(stack) - before >= LISTENERS // 2, 10, "the host seeing listeners go")


def left(stack: Stack) -> int:
    """How often the host saw a client of the events go away."""
    lines = (stack.data / "logs" / "host.log").read_text().splitlines()
    return sum('"function": "watch_dataset"' in line and '"outcome": "cancelled"' in line for line in lines)
