import csv
import io
import json
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyarrow.parquet
import pytest

from shared import blobs, datasets, quotas, shards, takedowns, usage, versions
from shared.blobs import BlobFolder, dataset_folder
from shared.documents import VersionDocument
from shared.problems import ProblemError
from shared.steps import freeze, lifecycle, takedown
from shared.takedowns import TakedownDocument
from shared.tasks import SweepTask, Task, VersionExportTask
from shared.versions import Change, VersionFolder, VersionRequest
from tests.shared.steps.test_curate import KEYS, act, built, rows, work

pytestmark = pytest.mark.usefixtures("stores")


def make(task: Task) -> tuple[int, bool]:
    document, new = freeze.freeze(task.owner, task.dataset, VersionRequest(name="v"), "jane")
    return document.number, new


def folder_of(task: Task, number: int) -> dict[str, bytes]:
    folder = VersionFolder(task.dataset, number)
    return {name: folder.read(name) for name in folder.names()}


def test_a_version_never_changes_and_tells_what_did(owner: str) -> None:
    task = built(owner)
    assert make(task) == (1, True)
    assert make(task) == (1, False)
    first = folder_of(task, 1)
    assert [json.loads(line)["version"] for line in first["manifest.jsonl"].splitlines()] == [1] * 9
    index = pyarrow.parquet.read_schema(io.BytesIO(first["index.parquet"]))
    assert index.metadata[b"pixcrawler.version"] == b"1"
    assert json.loads(first["croissant.json"])["version"] == "1.0.0"
    split = rows(task)[KEYS[2]].split
    act(task, action="relabel", keys=[KEYS[1]], label="lynx")
    act(task, action="reject", keys=[KEYS[0]])
    work(task)
    assert make(task) == (2, True)
    assert folder_of(task, 1) == first
    assert "Version 2." in folder_of(task, 2)["README.md"].decode()
    document = versions.get(task.dataset, 2)
    assert (document.images, document.labels) == (8, {"cat": 7, "lynx": 1})
    counts = document.diff
    assert (counts.added, counts.removed, counts.relabelled) == (2, 1, 1)
    found: list[Change] = []
    cursor = None
    while True:
        page = versions.changes(document, size=1, cursor=cursor)
        found += page.items
        cursor = page.cursor
        if cursor is None:
            break
    assert Change(key=KEYS[0], change="removed", before="cat") in found
    assert Change(key=KEYS[1], change="relabelled", before="cat", after="lynx") in found
    assert [one.key for one in found if one.change == "added"] == KEYS[7:9]
    assert counts.split_changed == len(found) - 4
    assert split == rows(task)[KEYS[2]].split
    assert [one.number for one in versions.page(task.dataset, size=5, cursor=None).items] == [2, 1]
    with pytest.raises(ProblemError, match="cursor"):
        versions.changes(document, size=1, cursor="7")


def test_exports_of_a_version_are_made_from_what_was_frozen(owner: str) -> None:
    task = built(owner)
    make(task)
    act(task, action="reject", filter={"label": "cat", "verdict": "accepted"})
    work(task)
    wanted = VersionExportTask(**task.model_dump(), version=1, format="csv")
    assert freeze.exports(task.dataset, 1) == ()
    freeze.export(wanted)
    [export] = freeze.exports(task.dataset, 1)
    data = VersionFolder(task.dataset, 1).read(f"exports/csv/{export.files[0].name}")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        told = list(csv.DictReader(archive.read("images.csv").decode().splitlines()))
        assert len(told) == 7
        assert len(archive.read(told[0]["file_name"])) == int(told[0]["size_bytes"])
    freeze.export(wanted)
    assert freeze.exports(task.dataset, 1) == (export,)


def test_of_several_at_once_one_makes_the_version(owner: str) -> None:
    task = built(owner)

    def attempt(_: int) -> tuple[int, bool] | int:
        try:
            return make(task)
        except ProblemError as problem:
            return problem.status

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(attempt, range(4)))
    assert found.count((1, True)) == 1
    assert set(found) <= {(1, True), (1, False), 409}
    assert versions.get(task.dataset, 1).images == 7


def test_what_a_worker_left_half_done_is_taken_over_and_no_version_meanwhile(
    owner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = built(owner)
    claimed = freeze._claim(task.dataset, "0" * 64, VersionRequest(), "jane")
    with pytest.raises(ProblemError, match="Another version"):
        make(task)
    with pytest.raises(ProblemError, match="no version"):
        versions.get(task.dataset, claimed.number)
    monkeypatch.setattr(freeze, "_LEASE", freeze._LEASE * 0)
    assert make(task) == (1, True)


def test_a_dataset_on_its_way_is_not_frozen_and_deleting_takes_the_versions_too(owner: str) -> None:
    task = built(owner)
    make(task)
    lifecycle.reopen(owner, task.dataset, "recompute")
    with pytest.raises(ProblemError, match="building"):
        make(task)
    datasets.change(owner, task.dataset, lambda one: one.moved("deleting"))
    lifecycle.erase(task)
    assert list(dataset_folder(task.dataset).names()) == []
    assert versions.newest(task.dataset) is None
    assert shards.documents(task.dataset) == []


@pytest.mark.parametrize("moment", ["before the version is there", "when it is there"])
def test_what_is_taken_down_meanwhile_is_in_no_version(
    owner: str, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = built(owner, images=7)
    gone = rows(task)[KEYS[0]]
    entry = f"sha256:{gone.sha256}"
    document = TakedownDocument(
        id=takedowns.takedown_id(owner, entry), owner=owner, entry=entry, reason="asked for", by="jane"
    )
    stored = takedowns.put(document)

    def sweep() -> None:
        takedown.sweep(SweepTask(**task.model_dump(), takedown=stored.id, created=stored.created))

    write, put = freeze._write, versions.put

    def late_write(*given: Any) -> Any:
        sweep()
        return write(*given)

    def late_put(version: VersionDocument) -> VersionDocument | None:
        sweep()
        return put(version)

    with monkeypatch.context() as patch:
        if moment == "before the version is there":
            patch.setattr(freeze, "_write", late_write)
        else:
            patch.setattr(versions, "put", late_put)
        with pytest.raises(ProblemError) as caught:
            make(task)
    assert caught.value.status == 409
    assert versions.find(task.dataset, 1) is None
    assert make(task) == (1, True)
    assert versions.get(task.dataset, 1).images == 6


def test_a_manifest_that_is_written_while_it_is_read_is_no_version(owner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    task = built(owner)
    folder = dataset_folder(task.dataset)
    whole = folder.read("manifest.jsonl")
    config = blobs.service()._config
    monkeypatch.setattr(config, "max_single_get_size", 64)
    monkeypatch.setattr(config, "max_chunk_get_size", 64)
    real = BlobFolder.chunks

    def meanwhile(self: BlobFolder, name: str) -> Iterator[bytes]:
        for piece in real(self, name):
            yield piece
            if name == "manifest.jsonl" and self.root == folder.root:
                folder.write(name, whole)

    with monkeypatch.context() as patch:
        patch.setattr(BlobFolder, "chunks", meanwhile)
        with pytest.raises(ProblemError, match="changed while") as caught:
            make(task)
    assert (caught.value.status, caught.value.headers) == (409, {"retry-after": "5"})
    assert versions.newest(task.dataset) is None
    assert make(task) == (1, True)


def test_a_version_and_its_exports_count_as_stored_bytes(owner: str) -> None:
    task = built(owner)
    before = usage.bytes_of(owner, [task.dataset])
    quotas.set_limits(owner, {"stored_bytes": before})
    with pytest.raises(ProblemError) as caught:
        make(task)
    assert (caught.value.status, caught.value.members["quota"]) == (403, "stored_bytes")
    assert versions.newest(task.dataset) is None, "its number is free"
    quotas.set_limits(owner, {"stored_bytes": None})
    make(task)
    frozen = usage.bytes_of(owner, [task.dataset])
    freeze.export(VersionExportTask(**task.model_dump(), version=1, format="csv"))
    exported = usage.bytes_of(owner, [task.dataset])
    assert before < frozen < exported == sum(dataset_folder(task.dataset).sizes().values())
