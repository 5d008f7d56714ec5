"""A dataset after its build: curated, frozen, exported, analysed, merged, searched again; over HTTP."""

from local.gallery.topics import TOPICS
from local.processes import wait_until
from tests.e2e.conftest import Stack

TOPIC, OTHER = list(TOPICS)[:2]


def test_a_dataset_after_its_build(stack: Stack) -> None:
    asked = {"images_per_label": 6, "sources": ["sample"], "exports": ["csv"]}
    dataset, other = (stack.create(name=name, labels=[{"name": name}], **asked) for name in (TOPIC, OTHER))
    assert stack.finished(dataset)["state"] == stack.finished(other)["state"] == "ready"
    first, second = stack.images(dataset, verdict="accepted")[:2]
    base = f"/datasets/{dataset}"

    image = stack.api.get(f"{base}/images/{first['key']}").content
    found = stack.api.post("/validation/analyze", content=image, headers={"content-type": "image/jpeg"}).json()
    assert found["phash"] == first["phash"]
    exact = [(one["dataset"], one["key"]) for one in found["similar"] if one["exact"]]  # other tests' datasets too
    assert (dataset, first["key"]) in exact

    version = stack.api.post(f"{base}/versions", json={"name": "as built"})
    assert (version.status_code, version.json()["images"]) == (201, 6)
    assert stack.api.post(f"{base}/versions", json={}).status_code == 200

    rejected = stack.api.post(f"{base}/images/actions", json={"action": "reject", "keys": [first["key"]]})
    assert (rejected.status_code, rejected.json()["changed"], rejected.json()["state"]) == (202, 1, "building")
    again = stack.api.post(f"{base}/images/actions", json={"action": "accept", "keys": [second["key"]]})
    assert again.status_code == 202  # taken in the same go, or in another
    assert stack.finished(dataset)["state"] in {"ready", "incomplete"}
    assert [one["key"] for one in stack.images(dataset, reason="curated")] == [first["key"]]
    assert first["key"].encode() not in stack.api.get(f"{base}/images", params={"verdict": "accepted"}).content

    assert stack.api.post(f"{base}/versions", json={}).json()["number"] == 2
    changes = stack.api.get(f"{base}/versions/2/diff").json()["changes"]
    assert {"key": first["key"], "change": "removed", "before": TOPIC, "after": None} in changes
    assert stack.api.post(f"{base}/versions/1/exports", json={"format": "jsonl"}).status_code == 202
    exports = f"{base}/versions/1/exports"
    wait_until(lambda: bool(stack.api.get(exports).json()["exports"]), 30, "the export of the version")
    assert stack.api.get(f"{exports}/jsonl/link").status_code == 200

    merged = stack.api.post("/datasets/merge", json={"name": "both", "datasets": [dataset, other], "exports": []})
    assert merged.status_code == 202
    both = stack.finished(merged.json()["id"])
    assert {one["label"]: one["accepted"] > 0 for one in both["progress"]["labels"]} == {TOPIC: True, OTHER: True}

    assert stack.api.post(f"{base}/refresh", json={"images_per_label": 9}).status_code == 202
    refreshed = stack.finished(dataset)
    assert refreshed["state"] == "ready", refreshed["error"]
    urls = [one["url"] for one in stack.images(dataset)]
    assert len(urls) == len(set(urls))
    assert first["key"] not in {one["key"] for one in stack.images(dataset, verdict="accepted")}
