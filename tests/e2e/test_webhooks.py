from typing import Any

from standardwebhooks import Webhook

from local.gallery.topics import TOPICS
from local.processes import wait_until
from tests.e2e.conftest import Stack
from tests.receiver import receiving


def test_a_receiver_that_fails_twice_is_told_in_the_end(stack: Stack) -> None:
    with receiving([500, 503, 204], stack.receiver_port) as receiver:
        wanted = {"url": receiver.url, "events": ["dataset.ready", "dataset.cancelled"]}
        made = stack.api.post("/webhooks", json=wanted, headers={"idempotency-key": "hook"})
        assert made.status_code == 201, made.text
        hook = made.json()
        again = stack.api.post("/webhooks", json=wanted, headers={"idempotency-key": "hook"})
        assert (again.status_code, again.json()["title"]) == (409, "Already done")
        dataset = stack.create(
            name="told", labels=[{"name": next(iter(TOPICS))}], images_per_label=2, sources=["sample"]
        )
        assert stack.finished(dataset)["state"] == "ready"

        def log() -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = stack.api.get(f"/webhooks/{hook['id']}/deliveries").json()["deliveries"]
            return found

        wait_until(lambda: len(log()) == 3, 30, "three attempts")
        assert [(line["attempt"], line["status"]) for line in log()] == [(3, 204), (2, 503), (1, 500)]
        told = [Webhook(hook["secret"]).verify(one.body, one.headers) for one in receiver.messages]
        assert [(one["type"], one["data"]["id"]) for one in told] == [("dataset.ready", dataset)] * 3
    assert stack.api.delete(f"/webhooks/{hook['id']}").status_code == 204


def test_a_create_that_is_sent_again_is_answered_again(stack: Stack) -> None:
    spec = {"name": "once", "labels": [{"name": "nothing of the kind"}], "images_per_label": 1, "sources": ["sample"]}
    answers = [stack.api.post("/datasets", json=spec, headers={"idempotency-key": '"once"'}) for _ in range(2)]
    assert [one.status_code for one in answers] == [202, 202]
    assert answers[0].json() == answers[1].json()
    assert [one.headers.get("idempotency-replayed") for one in answers] == [None, "true"]
    other = stack.api.post("/datasets", json={**spec, "name": "x"}, headers={"idempotency-key": "once"})
    assert (other.status_code, other.headers["content-type"]) == (409, "application/problem+json")
    seen = stack.api.get(answers[0].headers["location"].removeprefix("/api/v1")).headers["etag"]
    stack.finished(answers[0].json()["id"])
    path = f"/datasets/{answers[0].json()['id']}"
    assert stack.api.delete(path, headers={"if-match": seen}).status_code == 412
    now = stack.api.get(path).headers["etag"]
    assert stack.api.delete(path, headers={"if-match": now}).status_code == 202
