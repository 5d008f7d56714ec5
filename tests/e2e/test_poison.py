import json

from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueClient

from local import azurite
from local.gallery.topics import TOPICS
from local.processes import wait_until
from tests.e2e.conftest import Stack

TOPIC = next(iter(TOPICS))


def storage(stack: Stack) -> str:
    return azurite.connection_string(
        **{f"{name.lower()}_port": stack.ports[name] for name in ("BLOB", "QUEUE", "TABLE")}
    )


def poison(stack: Stack, dataset: str, shard: str) -> None:
    """Put garbage where a raw shard belongs."""
    raw = BlobServiceClient.from_connection_string(storage(stack)).get_container_client("raw")
    raw.upload_blob(f"{dataset}/{shard}.tar", b"no tar", overwrite=True, metadata={"instance": f"{dataset}-bad-1"})


def calls(stack: Stack, function: str) -> list[str]:
    """How the calls of a function ended so far."""
    lines = [
        json.loads(line) for line in (stack.data / "logs" / "host.log").read_text().splitlines() if line[:1] == "{"
    ]
    return [str(line["outcome"]) for line in lines if line.get("function") == function and "outcome" in line]


def test_a_poisoned_shard_is_tried_five_times_and_the_build_goes_on_without_it(stack: Stack) -> None:
    donor = stack.create(name="donor", labels=[{"name": TOPIC}], images_per_label=30, sources=["sample"])
    assert stack.finished(donor)["state"] == "ready"
    good = [row["url"] for row in stack.images(donor, verdict="accepted")][:4]
    drips = [row["url"] for row in stack.images(donor, reason="timeout")]
    # They hold up the fetching of `bad` (six at once from a host), so that the garbage comes while it is under way.
    slow = [f"{drips[0]}?{number}" for number in range(12)]
    failed = calls(stack, "validate_raw_shard").count("failed")
    dataset = stack.create(
        name="poisoned",
        labels=[{"name": "good", "urls": good}, {"name": "bad", "urls": slow}],
        images_per_label=4,
        sources=["urls"],
    )
    stack.until(dataset, lambda found: found["progress"]["labels"][0]["accepted"] == 4)
    poison(stack, dataset, "bad-00000")
    found = stack.finished(dataset, 50)  # less than a build waits for a trigger that says nothing
    assert found["state"] == "incomplete"
    labels = {one["label"]: one for one in found["progress"]["labels"]}
    assert (labels["good"]["accepted"], labels["good"]["failed_shards"]) == (4, 0)
    assert (labels["bad"]["accepted"], labels["bad"]["failed_shards"]) == (0, 1)
    assert calls(stack, "validate_raw_shard").count("failed") == failed + 5
    queue = QueueClient.from_connection_string(storage(stack), "webjobs-blobtrigger-poison")
    wait_until(lambda: queue.get_queue_properties().approximate_message_count == 0, 20, "the poison queue being empty")


def test_raw_shards_that_belong_to_nothing_are_left_alone(stack: Stack) -> None:
    before = calls(stack, "validate_raw_shard")
    for dataset, shard in (("0" * 32, "cat-00000"), ("nonsense", "x"), ("a", "b/c"), ("0" * 32, "%2e%2e")):
        poison(stack, dataset, shard)
    wait_until(lambda: len(calls(stack, "validate_raw_shard")) >= len(before) + 4, 30, "four calls of the trigger")
    assert calls(stack, "validate_raw_shard")[len(before) :] == ["succeeded"] * 4
    assert stack.left_of("nonsense") == ["nonsense/x.tar"]
    assert stack.api.get(f"/datasets/{'0' * 32}").status_code == 404
