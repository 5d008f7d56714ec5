from datetime import timedelta

import pytest

from shared import datasets, shards
from shared.blobs import raw_folder
from shared.documents import Counts, ShardDocument, now
from shared.settings import Settings
from shared.steps import lifecycle, measure
from tests.shared.conftest import store
from tests.shared.telemetry.reading import Recorded, recorded

__all__ = ["recorded"]


@pytest.fixture(autouse=True)
def alone(stores: Settings) -> None:
    """No other build is running."""
    for head in datasets.in_states(("queued", "building")):
        datasets.remove(head.owner, head.id)


def validated(dataset: str, number: int) -> ShardDocument:
    return ShardDocument(
        id=f"cat-{number:05}", dataset=dataset, label="cat", number=number, state="validated", counts=Counts()
    )


def test_the_oldest_raw_shard_that_waits_counts(owner: str) -> None:
    soon = now() + timedelta(seconds=100)
    assert measure.queue_age(soon) == 0
    task = store(owner)
    raw_folder(task.dataset).write("cat-00000.tar", b"x")
    assert 95 < measure.queue_age(soon) < 102
    shards.add(validated(task.dataset, 0))
    assert measure.queue_age(soon) == 0
    raw_folder(task.dataset).write("cat-00001.tar", b"x")
    assert measure.queue_age(soon) > 95
    lifecycle.end(task, "cancelled")
    assert measure.queue_age(soon) == 0


def test_builds_are_counted_by_state(owner: str, recorded: Recorded) -> None:
    before = datasets.numbers()
    store(owner)
    lifecycle.end(store(owner), "failed")
    measure.measure()
    found = recorded()
    assert found["pixcrawler.builds", "queued"] == before["queued"] + 1
    assert found["pixcrawler.builds", "failed"] == before["failed"] + 1
    assert found["pixcrawler.builds", "ready"] == before["ready"]
    assert found["pixcrawler.queue.age",] == 0
