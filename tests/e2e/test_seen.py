import json
import re
from typing import Any

import httpx

from local.azurite import connection_string
from local.cosmos import DEFAULT_KEY
from local.gallery.topics import TOPICS
from local.processes import wait_until
from tests.e2e.conftest import Stack

TOPIC = next(iter(TOPICS))
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
STORAGE_KEY = connection_string(blob_port=1, queue_port=2, table_port=3).split("AccountKey=")[1].split(";")[0]
SECRETS = {
    "signature": rb"\bsig=(?!\[redacted\])",
    "account key": rb"AccountKey=(?!\[redacted\])",
    "API key": rb"pxc_",
    "webhook secret": rb"whsec_",
    "webhook signature": rb"\bv1,[A-Za-z0-9+/]{20}",
    "bearer token": rb"(?i)bearer [^\[]",
    "e-mail address": rb"[\w.+-]+@[\w-]+\.[\w.]+",
    "key of Cosmos DB": re.escape(DEFAULT_KEY.encode()),
    "key of storage": re.escape(STORAGE_KEY.encode()),
}


def lines(stack: Stack) -> list[dict[str, Any]]:
    """The host's log so far."""
    text = (stack.data / "logs" / "host.log").read_bytes()
    return [json.loads(line) for line in text[: text.rfind(b"\n") + 1].splitlines() if line.startswith(b"{")]


def test_one_trace_from_request_to_export(stack: Stack) -> None:
    spec = {
        "name": "seen", "labels": [{"name": TOPIC}], "images_per_label": 5, "sources": ["sample"],
        "exports": ["imagefolder"],
    }  # fmt: skip
    answer = stack.api.post("/datasets", json=spec, headers={"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"})
    assert answer.headers["x-request-id"] == TRACE
    assert answer.headers["traceparent"].startswith(f"00-{TRACE}-")
    dataset = answer.json()["id"]
    assert stack.finished(dataset)["state"] == "ready"

    def told() -> list[dict[str, Any]]:
        return [line for line in lines(stack) if line.get("trace_id") == TRACE]

    wanted = {"create_dataset", "search", "fetch_shards", "validate_raw_shard", "export", "finish_build"}
    wait_until(lambda: wanted <= {line["operation"] for line in told()}, 20, "a line of every step")
    assert {line["dataset"] for line in told()} == {dataset}
    [created] = [line for line in told() if line.get("route") and "status" in line]
    assert (created["status"], created["route"], created["tenant"]) == (202, "/api/v1/datasets", "default")


def test_metrics_of_a_build_can_be_scraped(stack: Stack) -> None:
    dataset = stack.create(name="m", labels=[{"name": TOPIC}], images_per_label=5, sources=["sample"])
    stack.finished(dataset)
    scraped = httpx.get(f"http://127.0.0.1:{stack.ports['HOST']}/metrics").raise_for_status().text
    values = {
        name: float(value)
        for name, _, value in (line.rpartition(" ") for line in scraped.splitlines())
        if name[0] != "#"
    }

    def of(name: str, label: str = "") -> float:
        return sum(value for found, value in values.items() if found.startswith(name) and label in found)

    assert of("pixcrawler_images_total", 'stage="fetched"') >= of("pixcrawler_images_total", 'stage="accepted"') >= 5
    assert of("pixcrawler_shards_total", 'state="validated"') >= 1
    assert of("pixcrawler_cost_total", 'unit="downloaded_byte"') > 1000
    assert of("pixcrawler_step_duration_seconds_count", 'step="export"') >= 1
    assert of("http_server_request_duration_seconds_count", 'http_route="/api/v1/datasets/{dataset}"') >= 1
    assert any(name.startswith("pixcrawler_builds") for name in values)
    assert any(name.startswith("pixcrawler_queue_age") for name in values)
    assert dataset not in scraped


def test_no_log_of_a_whole_run_has_a_secret(stack: Stack) -> None:
    leak = "x?sig=s3cret alice@example.org Bearer abcdefgh12345678 pxc_ab_cdefgh v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9"
    told = json.dumps({"ContainerName": "leaky", "BlobName": f"{leak} AccountKey={STORAGE_KEY}; {DEFAULT_KEY}"})
    by_hand = f"http://127.0.0.1:{stack.ports['HOST']}/admin/functions/give_up_shard"
    assert httpx.post(by_hand, json={"input": told}).status_code == 202
    stack.api.get("/datasets?cursor=alice@example.org&code=abcdefgh", headers={"authorization": "Bearer abcdefgh12345"})
    hook = stack.api.post(
        "/webhooks", json={"url": "https://hooks.example.org/x?token=abcdefgh", "events": ["dataset.ready"]}
    )
    assert hook.status_code == 201, hook.text
    stack.api.delete(f"/webhooks/{hook.json()['id']}")

    def leaked() -> list[str]:
        return [line["message"] for line in lines(stack) if "leaky/" in line.get("message", "")]

    wait_until(lambda: bool(leaked()), 20, "the leak being logged")
    assert "x?sig=[redacted] [e-mail] Bearer [redacted]" in leaked()[0]
    logs = {path.name: path.read_bytes() for path in (stack.data / "logs").iterdir()}
    assert logs["host.log"]
    found = {
        f"{what} in {name}": text[max(0, match.start() - 80) : match.end() + 40]
        for what, pattern in SECRETS.items()
        for name, text in logs.items()
        if (match := re.search(pattern, text))
    }
    assert found == {}
