import io
import json

import pyarrow.parquet
import pytest

from shared import datasets, shards
from shared.blobs import dataset_folder
from shared.steps import assemble, dedupe, validate
from shared.tasks import Task
from tests.shared.steps.conftest import raw, searched, started

pytestmark = pytest.mark.usefixtures("stores")
FILES = {
    "README.md",
    "attribution.csv",
    "croissant.json",
    "index.parquet",
    "manifest.jsonl",
    "report.json",
    "thumbnails.jpg",
}


def built(owner: str, images: int, target: int) -> Task:
    task = started(owner, images_per_label=target)
    searched(task)
    raw(task, range(images))
    validate.validate_raw(task.dataset, "cat-00000")
    dedupe.deduplicate(task)
    assemble.assemble(task)
    return task


def test_every_file_tells_of_the_same_images(owner: str) -> None:
    task = built(owner, 12, 10)
    folder = dataset_folder(task.dataset)
    assert set(folder.names()) >= FILES
    rows = [json.loads(line) for line in folder.read("manifest.jsonl").splitlines()]
    accepted = {row["key"] for row in rows if row["verdict"] == "accepted"}
    assert (len(rows), len(accepted)) == (12, 10)
    index = pyarrow.parquet.read_table(io.BytesIO(folder.read("index.parquet"))).to_pylist()
    assert {row["key"] for row in index} == accepted
    splits = [row.split for row in shards.rows(task.dataset)]
    assert sorted(filter(None, splits)) == ["test"] + ["train"] * 8 + ["val"]
    assert splits.count(None) == 2
    assert assemble.read_report(folder).totals.accepted == 10


def test_assembling_twice_writes_the_same_bytes(owner: str) -> None:
    task = built(owner, 6, 5)
    folder = dataset_folder(task.dataset)
    before = {name: folder.read(name) for name in FILES}
    assemble.assemble(task)
    assert {name: folder.read(name) for name in FILES} == before


@pytest.mark.parametrize(("images", "state"), [(5, "ready"), (3, "incomplete"), (0, "failed")])
def test_the_end_tells_whether_there_are_enough(owner: str, images: int, state: str) -> None:
    task = built(owner, images, 5)
    assert assemble.finish(task) == state
    document = datasets.get(owner, task.dataset)
    assert document.state == state
    assert document.stage is None
    assert ("cat" in (document.error or "")) == (state != "ready")
    assert assemble.finish(task) == state


def test_a_cancelled_build_stays_cancelled(owner: str) -> None:
    task = built(owner, 5, 5)
    datasets.change(owner, task.dataset, lambda one: one.moved("cancelled"))
    assert assemble.finish(task) == "cancelled"
    dataset_folder(task.dataset).delete("README.md")
    assemble.assemble(task)
    assert not dataset_folder(task.dataset).exists("README.md")
