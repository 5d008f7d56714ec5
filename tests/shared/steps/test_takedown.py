"""Take-downs in real stores: afterwards nothing holds the picture, compressed or not."""

import hashlib
import io
import uuid
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pyarrow.parquet
import pytest
from azure.core.exceptions import HttpResponseError

from builder.raw import write_raw
from builder.rows import Candidate, Fetched, ImageRow
from shared import audit, blobs, cosmos, datasets, shards, takedowns
from shared.blobs import dataset_folder, raw_folder, tenant_uploads
from shared.steps import assemble, dedupe, export, fetch, takedown, validate
from shared.takedowns import TakedownDocument, takedown_id
from shared.tasks import ExportTask, SweepTask, Swept, TakedownTask, Task
from tests.shared.steps.conftest import picture, raw, search_task, searched, shard_task, started

pytestmark = pytest.mark.usefixtures("stores")


def build(
    owner: str, numbers: range = range(6), *, finish: bool = True, formats: tuple[str, ...] = ("imagefolder",)
) -> Task:
    """A dataset of these pictures, with exports; a raw shard is left."""
    task = started(owner, exports=list(formats), images_per_label=len(numbers))
    searched(task)
    raw(task, numbers)
    validate.validate_raw(task.dataset, "cat-00000")
    dedupe.deduplicate(task)
    assemble.assemble(task)
    for name in formats:
        export.export(ExportTask(**task.model_dump(), format=name))
    if finish:
        assert assemble.finish(task) == "ready"
    return task


def asked(owner: str, line: str) -> TakedownTask:
    document = TakedownDocument(id=takedown_id(owner, line), owner=owner, entry=line, reason="r", by="key:a")
    stored = takedowns.put(document)
    return TakedownTask(owner=owner, takedown=stored.id, created=stored.created)


def swept(task: TakedownTask, *found: Task) -> TakedownDocument:
    """What the orchestration does with these datasets."""
    several = [SweepTask(**task.model_dump(), dataset=one.dataset) for one in found]
    for one in several:
        takedown.learn(one)
    for one in several:
        takedown.sweep(one)
    takedown.sweep_uploads(task)
    return takedowns.get(task.owner, task.takedown)


def row_of(task: Task, number: int) -> ImageRow:
    return next(row for row in shards.rows(task.dataset) if row.url.endswith(f"/{number}.jpg"))


def everything(*names: str) -> Iterator[tuple[str, bytes]]:
    """Every blob of these datasets or tenants, and what is packed into it."""
    for container in blobs.CONTAINERS:
        client = blobs.service().get_container_client(container)
        for prefix in names:
            for name in client.list_blob_names(name_starts_with=f"{prefix}/"):
                data = client.download_blob(name).readall()
                yield name, data
                if name.endswith(".zip"):
                    with zipfile.ZipFile(io.BytesIO(data)) as archive:
                        yield from ((f"{name}/{one}", archive.read(one)) for one in archive.namelist())
                if name.endswith(".parquet"):
                    yield name, repr(pyarrow.parquet.read_table(io.BytesIO(data)).to_pylist()).encode()


def holding(row: ImageRow, data: bytes, *names: str) -> set[str]:
    """Blobs and documents with the picture's bytes, hashes or perceptual hash."""
    sought = [data[-300:-50], *(str(one).encode() for one in (row.sha256, row.source_sha256, row.phash))]
    found = {name for name, content in everything(*names) if any(one in content for one in sought)}
    for name in names:
        documents = repr(list(map(shards.readable, cosmos.query("shards", "SELECT * FROM c", {}, name)))).encode()
        found |= {f"documents of {name}" for one in sought if one in documents}
    return found


@pytest.mark.parametrize("by", ["url", "stored"])
def test_nothing_holds_the_picture_any_more(owner: str, by: str) -> None:
    one, other = build(owner, formats=("imagefolder", "parquet")), build(owner, range(2, 8))
    row = row_of(other, 3)
    data = picture(3)
    upload = tenant_uploads(owner)
    candidate = Candidate(url="upload://u/3.jpg", label="cat", engine="uploads", query="cat")
    upload.write("images/u/00000.tar", write_raw([(0, Fetched(candidate=candidate, size_bytes=len(data)), data)]))
    names = (one.dataset, other.dataset, owner)
    assert len(holding(row, data, *names)) > 10, "the test can see it"
    lines = {"url": "http://a.example/cat/3.jpg", "stored": f"sha256:{row.sha256}"}
    before = dataset_folder(one.dataset).read("shards/cat-00000.tar")
    neighbour = row_of(one, 2)

    document = swept(asked(owner, lines[by]), one, other)

    assert holding(row, data, *names) == set()
    assert document.found == {one.dataset: 1, other.dataset: 1}
    assert document.uploaded == 1
    assert hashlib.sha256(data).hexdigest() in document.hashes
    gone = row_of(one, 3)
    assert (gone.verdict, gone.reason, gone.split) == ("failed", "taken_down", None)
    after = dataset_folder(one.dataset).read("shards/cat-00000.tar")
    assert len(after) == len(before)
    stored = dataset_folder(one.dataset).read_range(
        str(neighbour.shard), neighbour.offset or 0, neighbour.size_bytes or 0
    )
    assert hashlib.sha256(stored).hexdigest() == neighbour.sha256
    for task in (one, other):
        found = datasets.get(owner, task.dataset)
        assert found.state == "ready"
        assert len(export.listed(found)) == len(found.spec.exports)
        assert assemble.read_report(dataset_folder(task.dataset)).totals.accepted == 5


def test_a_host_goes_with_all_it_serves_and_other_tenants_stay(owner: str) -> None:
    mine, yours = build(owner), build(uuid.uuid4().hex)
    document = swept(asked(owner, "host:example"), mine)
    assert document.found == {mine.dataset: 6}
    assert document.hashes == (), "what other hosts serve is not this host's"
    assert not dataset_folder(mine.dataset).exists("thumbnails.jpg")
    assert [name for name in dataset_folder(mine.dataset).names("exports/") if "files.json" in name] == []
    assert {row.verdict for row in shards.rows(yours.dataset)} == {"accepted"}
    foreign = asked(owner, "host:a.example")
    takedown.sweep(SweepTask(**foreign.model_dump(), dataset=yours.dataset))
    assert {row.verdict for row in shards.rows(yours.dataset)} == {"accepted"}


@pytest.mark.parametrize("at", ["describe", "put", "write"])
def test_who_dies_in_between_does_it_again(owner: str, monkeypatch: pytest.MonkeyPatch, at: str) -> None:
    task = build(owner)
    row, data = row_of(task, 3), picture(3)
    wanted = asked(owner, "https://a.example/cat/3.jpg")

    def die(*_: object, **__: object) -> None:
        raise OSError("the machine is gone")

    place = {
        "describe": "builder.describe.describe",
        "put": "shared.shards.change",
        "write": "shared.steps.takedown.write",
    }
    with monkeypatch.context() as patch:
        patch.setattr(place[at], die)
        with pytest.raises(OSError, match="gone"):
            swept(wanted, task)
    assert swept(wanted, task).found == {task.dataset: 1}
    assert holding(row, data, task.dataset) == set()
    assert len(export.listed(datasets.get(owner, task.dataset))) == 1


def test_a_build_that_goes_on_is_looked_at_again(owner: str) -> None:
    task = build(owner, finish=False)
    row, data = row_of(task, 3), picture(3)
    wanted = asked(owner, "https://a.example/cat/3.jpg")
    old = shards.documents(task.dataset)
    sweep = SweepTask(**wanted.model_dump(), dataset=task.dataset)
    assert takedown.sweep(sweep).running
    assert row_of(task, 3).verdict == "failed"
    for stale in old:  # as a step of the build does that had read before
        shards.put(stale)
    assert assemble.finish(task) == "ready"
    page = takedown.page(wanted.model_copy(update={"again": True}))
    assert page is not None
    assert page.datasets == (task.dataset,)
    assert not takedown.sweep(sweep).running
    assert holding(row, data, task.dataset) == set()


def test_files_that_a_build_wrote_of_old_rows_are_made_anew(owner: str) -> None:
    task = build(owner, finish=False)
    row, data = row_of(task, 3), picture(3)
    sweep = SweepTask(**asked(owner, "https://a.example/cat/3.jpg").model_dump(), dataset=task.dataset)
    takedown.sweep(sweep)
    assert assemble.finish(task) == "ready"
    assert holding(row, data, task.dataset) != set()
    takedown.sweep(sweep)
    assert holding(row, data, task.dataset) == set()


def retried(task: SweepTask) -> Swept:
    """As the orchestration does: of two that write one file at a time, storage refuses one."""
    for _ in range(3):
        try:
            return takedown.sweep(task)
        except HttpResponseError:
            continue
    return takedown.sweep(task)


def test_two_at_once_do_not_undo_each_other(owner: str) -> None:
    task = build(owner)
    rows, wanted = {}, []
    for number in (1, 3):
        rows[number] = row_of(task, number)
        wanted.append(asked(owner, f"https://a.example/cat/{number}.jpg"))
    sweeps = [SweepTask(**one.model_dump(), dataset=task.dataset) for one in wanted]
    with ThreadPoolExecutor(2) as threads:
        assert [one.running for one in threads.map(retried, sweeps)] == [False, False]
    assert [holding(row, picture(number), task.dataset) for number, row in rows.items()] == [set(), set()]
    assert [takedowns.get(owner, one.takedown).found for one in wanted] == [{task.dataset: 1}] * 2
    assert len(export.listed(datasets.get(owner, task.dataset))) == 1


def test_a_version_is_amended(owner: str) -> None:
    task = build(owner)
    row, data = row_of(task, 3), picture(3)
    folder = dataset_folder(task.dataset)
    for name in [one for one in folder.names() if not one.startswith(("shards/", "candidates/"))]:
        folder.write(f"versions/0001/{name}", folder.read(name))
    version = {"id": "version-0001", "dataset": task.dataset, "kind": "version", "number": 1, "state": "frozen"}
    cosmos.container("shards").upsert_item(version)
    swept(asked(owner, "https://a.example/cat/3.jpg"), task)
    assert holding(row, data, task.dataset) == set()
    assert folder.read("versions/0001/manifest.jsonl").count(b"\n") == 6
    assert cosmos.container("shards").read_item("version-0001", task.dataset)["amended"]


def test_a_lifted_entry_does_nothing_more(owner: str) -> None:
    task = build(owner)
    wanted = asked(owner, "https://a.example/cat/3.jpg")
    takedowns.remove(takedowns.get(owner, wanted.takedown))
    assert takedown.page(wanted) is None
    assert not takedown.sweep(SweepTask(**wanted.model_dump(), dataset=task.dataset)).running
    assert row_of(task, 3).verdict == "accepted"


def test_the_end_is_in_the_audit_trail_once(owner: str) -> None:
    wanted = asked(owner, "host:a.example")
    for _ in range(2):
        takedown.say(wanted, "done")
    found = audit.page(
        owner, action="takedown.finish", subject="system", dataset=None, since=None, until=None, size=9, cursor=None
    )
    assert [one.facts["takedown"] for one in found.items] == [wanted.takedown]


async def test_what_was_taken_down_is_not_fetched(owner: str, may_fetch: str) -> None:
    links = [f"{may_fetch}/{number}.jpg" for number in range(4)]
    asked(owner, links[1])
    asked(owner, f"sha256:{hashlib.sha256(picture(2)).hexdigest()}")
    task = started(owner, links)
    from shared.steps import search

    search.search(search_task(task))
    try:
        assert await fetch.fetch_shard(shard_task(task)) == "fetched"
    finally:
        await fetch.close()
    validate.validate_raw(task.dataset, "cat-00000")
    assert [row.reason for row in shards.rows(task.dataset)] == [None, "taken_down", "taken_down", None]
    assert raw_folder(task.dataset).exists("cat-00000.tar")
