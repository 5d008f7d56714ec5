import uuid

import pytest

from shared import datasets, shards, similar
from shared.documents import Counts, ShardDocument
from shared.tasks import Task
from tests.shared.conftest import row, store

pytestmark = pytest.mark.usefixtures("stores")
PHASH = "00ff00ff00ff00ff"


def filled(owner: str, *phashes: str | None) -> Task:
    """A ready dataset with these images."""
    task = store(owner)
    images = tuple(row(number, phash=phash) for number, phash in enumerate(phashes))
    document = ShardDocument(
        id="cat-00000", dataset=task.dataset, label="cat", number=0, state="validated",
        counts=Counts.of(images), images=images,
    )  # fmt: skip
    shards.put(document)
    datasets.change(owner, task.dataset, lambda one: one.moved("ready"))
    return task


def found(owner: str, sha256: str = "f" * 64, radius: int = 8) -> list[tuple[str, int | None, bool]]:
    images, _ = similar.similar(owner, sha256, PHASH, radius)
    return [(one.key, one.distance, one.exact) for one in images]


def test_exact_copies_come_first_then_the_nearest(owner: str) -> None:
    task = filled(owner, PHASH[:-1] + "e", PHASH, "0" * 16, None)
    assert found(owner) == [("cat-00000-01", 0, False), ("cat-00000-00", 1, False)]
    assert found(owner, radius=0) == [("cat-00000-01", 0, False)]
    assert found(owner, f"{3:064x}") == [
        ("cat-00000-03", None, True), ("cat-00000-01", 0, False), ("cat-00000-00", 1, False),
    ]  # fmt: skip
    [shard] = shards.documents(task.dataset)
    gone = shard.images[1].model_copy(update={"verdict": "rejected", "reason": "curated"})
    shards.replace(shard.with_images((shard.images[0], gone, *shard.images[2:])))
    datasets.change(owner, task.dataset, lambda one: one.moved("ready"))
    assert found(owner) == [("cat-00000-00", 1, False)]


def test_other_tenants_images_are_not_looked_at(owner: str) -> None:
    filled(uuid.uuid4().hex, PHASH)
    assert found(owner) == []


def test_the_bounds_are_told(owner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(owner, PHASH, PHASH)
    filled(owner, PHASH)
    assert similar.similar(owner, "", PHASH, 8)[1] == similar.Searched(datasets=2, images=3, complete=True)
    monkeypatch.setattr(similar, "MAX_IMAGES", 2)
    looked = similar.similar(owner, "", PHASH, 8)[1]
    assert (looked.images <= 2, looked.complete) == (True, False)
    monkeypatch.setattr(similar, "MAX_HELD", 1)
    filled(owner, PHASH, PHASH)
    similar.similar(owner, "", PHASH, 8)
    assert sum(len(one.keys) for one in similar._held.values()) <= 1
