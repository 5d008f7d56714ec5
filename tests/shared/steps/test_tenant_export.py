import io
import json
import uuid
import zipfile

import pytest

from builder.rows import ImageRow
from shared import cosmos, rights, shards
from shared.cosmos import CONTAINERS
from shared.documents import Counts, ShardDocument
from shared.rights import ExportDocument
from shared.steps import tenant_export
from shared.tasks import ExportPartTask, TenantExportTask
from tests.shared.conftest import row, store
from tests.shared.seeding import SECRET, seed

pytestmark = pytest.mark.usefixtures("stores")


def made(owner: str) -> TenantExportTask:
    """What the orchestration does."""
    document = rights.create_export(ExportDocument(id=uuid.uuid4().hex, owner=owner))
    whole = task = TenantExportTask(owner=owner, export=document.id)
    while found := tenant_export.page(task):
        for dataset in found:
            tenant_export.collect_dataset(ExportPartTask(**task.model_dump(), dataset=dataset))
        task = task.model_copy(update={"after": found[-1]})
    tenant_export.collect(whole)
    return whole


def test_everything_of_one_tenant_is_in_it_and_no_secret(owner: str) -> None:
    mine, other = seed(owner), seed(uuid.uuid4().hex)
    task = made(owner)
    ready = rights.get_export(owner, task.export)
    folder, name = rights.export_file(owner, task.export)
    assert list(rights.export_parts(owner, task.export).names()) == [], "they are in the file"
    data = folder.read(name)
    assert (ready.state, ready.size_bytes) == ("ready", len(data))
    assert ready.expires is not None
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        texts = {one: archive.read(one).decode() for one in archive.namelist()}
    ends = {name: f"/{mine.task.dataset}" if path == "/dataset" else "" for name, path in CONTAINERS.items()}
    documents = {name: f"documents/{name}{end}.jsonl" for name, end in ends.items()}
    files_of = ["blobs.jsonl", f"blobs/{mine.task.dataset}.jsonl"]
    assert set(texts) == {"README.txt", *files_of, *documents.values()}
    whole = "".join(texts.values())
    assert SECRET not in whole
    assert other.owner not in whole
    assert other.task.dataset not in whole
    assert f"tenant:{owner}" in texts["documents/principals.jsonl"], "its quotas"
    for one in CONTAINERS:
        lines = [json.loads(line) for line in texts[documents[one]].splitlines()]
        assert lines, one
        assert not any(key.startswith("_") for line in lines for key in line)
    files = [json.loads(line) for one in files_of for line in texts[one].splitlines()]
    assert {one["container"] for one in files} == {"raw", "datasets", "uploads"}
    assert all(one["bytes"] >= 0 and one["name"].split("/")[0] in {owner, mine.task.dataset} for one in files)
    folder.delete(name)
    tenant_export.collect(task)
    assert not folder.exists(name), "it was done"


def test_rows_that_are_kept_packed_can_be_read(owner: str) -> None:
    task = store(owner)
    images = tuple(row(number, title=f"Eine Katze, schlafend: {number} 🐈") for number in range(3))
    shards.add(
        ShardDocument(
            id="cat-00000", dataset=task.dataset, label="cat", number=0, state="validated", counts=Counts.of(images),
            images=images,
        )
    )  # fmt: skip
    folder, name = rights.export_file(owner, made(owner).export)
    with zipfile.ZipFile(io.BytesIO(folder.read(name))) as archive:
        text = archive.read(f"documents/shards/{task.dataset}.jsonl").decode()
    found = {one["id"]: one for one in map(json.loads, text.splitlines())}
    assert [ImageRow.model_validate(one) for one in found["cat-00000.rows"]["images"]] == list(images)
    assert "packed" not in found["cat-00000.rows"]
    assert found["cat-00000"]["counts"]["accepted"] == 3


def test_a_key_of_another_tenant_that_is_called_as_this_one_is_not_in_it(owner: str) -> None:
    cosmos.container("principals").upsert_item({"id": owner, "owner": "somebody-else", "kind": "key"})
    folder, name = rights.export_file(owner, made(owner).export)
    with zipfile.ZipFile(io.BytesIO(folder.read(name))) as archive:
        assert archive.read("documents/principals.jsonl") == b""


def test_an_export_of_nobody_is_not_made(owner: str) -> None:
    task = ExportPartTask(owner=owner, export="0" * 32, dataset=seed(owner).task.dataset)
    assert tenant_export.page(task) == ()
    tenant_export.collect_dataset(task)
    tenant_export.collect(task)
    assert list(rights.export_parts(owner, task.export).names()) == []
    assert rights.unfinished()[1] == [] or all(one.owner != owner for one in rights.unfinished()[1])


def test_datasets_come_some_at_a_time_and_each_once(owner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tenant_export, "PAGE", 2)
    ids = sorted(store(owner).dataset for _ in range(3))
    folder, name = rights.export_file(owner, made(owner).export)
    with zipfile.ZipFile(io.BytesIO(folder.read(name))) as archive:
        assert sorted(one for one in archive.namelist() if one.startswith("blobs/")) == [
            f"blobs/{one}.jsonl" for one in ids
        ]
