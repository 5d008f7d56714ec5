import hashlib
import io
import json
import zipfile
from datetime import timedelta

import pytest

from shared import datasets, shards
from shared.blobs import BlobFolder, dataset_folder, raw_folder
from shared.documents import now
from shared.steps import assemble, dedupe, export, plan, settle, validate
from shared.tasks import ExportTask, Task
from tests.shared.steps.conftest import raw, searched, started

pytestmark = pytest.mark.usefixtures("stores")
FORMATS = ["imagefolder", "webdataset"]


@pytest.fixture
def task(owner: str) -> Task:
    """A dataset of five images, assembled."""
    found = started(owner, exports=FORMATS)
    searched(found)
    raw(found, range(6))
    validate.validate_raw(found.dataset, "cat-00000")
    dedupe.deduplicate(found)
    assemble.assemble(found)
    return found


def write(task: Task, *formats: str) -> None:
    for one in formats:
        export.export(ExportTask(**task.model_dump(), format=one))


def listed(task: Task) -> dict[str, list[str]]:
    document = datasets.get(task.owner, task.dataset)
    return {one.format: [file.name for file in one.files] for one in export.listed(document)}


@pytest.fixture
def ready(task: Task) -> Task:
    """The same with its exports, ready."""
    write(task, *FORMATS)
    assert assemble.finish(task) == "ready"
    return task


def test_an_export_is_listed_once_it_is_complete(task: Task) -> None:
    assert listed(task) == {}
    write(task, "imagefolder")
    assert listed(task) == {"imagefolder": ["pets.zip"]}
    data = dataset_folder(task.dataset).read("exports/imagefolder/pets.zip")
    names = zipfile.ZipFile(io.BytesIO(data)).namelist()
    assert len([name for name in names if name.startswith(("train/", "val/", "test/"))]) == 5
    assert zipfile.ZipFile(io.BytesIO(data)).read("thumbnails.jpg") == dataset_folder(task.dataset).read(
        "thumbnails.jpg"
    )
    [file] = export.listed(datasets.get(task.owner, task.dataset))[0].files
    assert (file.bytes, file.sha256) == (len(data), hashlib.sha256(data).hexdigest())


def test_a_complete_export_is_not_written_again_and_a_half_one_is(task: Task) -> None:
    write(task, "imagefolder")
    folder = dataset_folder(task.dataset)
    folder.write("exports/imagefolder/pets.zip", b"as it was")
    write(task, "imagefolder")
    assert folder.read("exports/imagefolder/pets.zip") == b"as it was"
    folder.delete("exports/imagefolder.files.json")
    write(task, "imagefolder")
    assert folder.read("exports/imagefolder/pets.zip") != b"as it was"


def test_nothing_is_exported_of_a_cancelled_dataset(task: Task) -> None:
    datasets.change(task.owner, task.dataset, lambda one: one.moved("cancelled"))
    write(task, *FORMATS)
    assert listed(task) == {}


@pytest.mark.parametrize("one", ["parquet", "coco", "yolo", "csv", "jsonl", "labels"])
def test_every_format_is_written_into_storage(task: Task, one: str) -> None:
    """Streams of every form go through the SDK, and what is told of them is what lies there."""
    write(task, one)
    folder = dataset_folder(task.dataset)
    written = json.loads(folder.read(export.file_list(one)))
    assert written
    for file in written:
        data = folder.read(f"exports/{one}/{file['name']}")
        assert (file["bytes"], file["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())


def test_an_export_does_not_outlive_its_dataset(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deleted while the export is written: however long that takes, its files go too."""

    def deleted_meanwhile(folder: BlobFolder, of: Task) -> object:
        told = about(folder, of)
        datasets.change(of.owner, of.dataset, lambda one: one.moved("deleting"))
        return told

    about = assemble.about
    monkeypatch.setattr(assemble, "about", deleted_meanwhile)
    write(task, "webdataset")
    assert list(dataset_folder(task.dataset).names()) == list(raw_folder(task.dataset).names()) == []
    assert shards.documents(task.dataset) == []


def test_a_fresh_dataset_is_looked_at_again_and_an_old_one_settles(ready: Task) -> None:
    assert not settle.settle(datasets.get(ready.owner, ready.dataset))
    assert ready.dataset in {one.id for one in datasets.unsettled()}
    long_ago = now() - timedelta(minutes=5)
    datasets.change(ready.owner, ready.dataset, lambda one: one.model_copy(update={"updated": long_ago}))
    assert not settle.settle(datasets.get(ready.owner, ready.dataset))
    assert datasets.get(ready.owner, ready.dataset).state == "ready"
    assert ready.dataset not in {one.id for one in datasets.unsettled()}


@pytest.mark.parametrize(
    "lost", ["exports/imagefolder/pets.zip", "exports/webdataset.files.json", "shards/cat-00000.tar", "croissant.json"]
)
def test_a_ready_dataset_that_lost_files_is_built_again_to_the_same(ready: Task, lost: str) -> None:
    folder = dataset_folder(ready.dataset)
    before = {one.key: one for one in shards.rows(ready.dataset)}
    folder.delete(lost)
    assert settle.settle(datasets.get(ready.owner, ready.dataset))
    assert datasets.get(ready.owner, ready.dataset).state == "building"
    plan.plan(ready)
    validate.validate_raw(ready.dataset, "cat-00000")
    dedupe.deduplicate(ready)
    assemble.assemble(ready)
    write(ready, *FORMATS)
    assert assemble.finish(ready) == "ready"
    assert folder.exists(lost)
    assert {one.key: one for one in shards.rows(ready.dataset)} == before
    assert not settle.settle(datasets.get(ready.owner, ready.dataset))


def test_a_dataset_that_is_deleted_is_not_built_again(ready: Task) -> None:
    document = datasets.get(ready.owner, ready.dataset)
    datasets.change(ready.owner, ready.dataset, lambda one: one.moved("deleting"))
    dataset_folder(ready.dataset).clear()
    assert not settle.settle(document)
    found = datasets.find(ready.owner, ready.dataset)
    assert found is not None
    assert found.state == "deleting"
