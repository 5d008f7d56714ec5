"""Reads that say what the caller has: cheap while nothing changed, and answered whole as soon as anything did."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response

from functions import datasets as handlers
from functions import images
from functions.operations import OPERATIONS
from functions.stages import conditional
from shared import cosmos, datasets, shards
from shared.access import Principal
from shared.documents import Counts, DatasetDocument, Retention, SearchDocument, ShardDocument, SourceFigures
from shared.settings import Settings, settings
from shared.tasks import Task
from tests.functions.asking import handler, request
from tests.shared.conftest import row, store

pytestmark = pytest.mark.usefixtures("stores")
KEY = "cat-00000"


@pytest.fixture
def task(owner: str) -> Task:
    """A dataset with a shard and a round of searching."""
    made = store(owner)
    shards.put(shard(made.dataset, 3))
    shards.put(search(made.dataset, 5))
    return made


def shard(dataset: str, count: int) -> ShardDocument:
    rows = tuple(row(number) for number in range(count))
    return ShardDocument(
        id=KEY, dataset=dataset, label="cat", number=0, state="validated", counts=Counts.of(rows), images=rows
    )


def search(dataset: str, found: int, error: str | None = None) -> SearchDocument:
    figures = SourceFigures(source="bing", found=found, dry=False, error_kind=error)
    return SearchDocument(
        id="search-cat-001", dataset=dataset, label="cat", round=1, first_shard=0, shards=1, found=found, dry=False,
        sources=(figures,),
    )  # fmt: skip


async def read(task: Task, function: Any, etag: str | None = None, query: str = "") -> Response:
    headers = {} if etag is None else {"if-none-match": etag}
    asked = request(query, headers, principal=Principal(task.owner, "key:a", "viewer"), dataset=task.dataset)
    operation = next(one for one in OPERATIONS if one.name == function._function._name)
    return await conditional.stage(operation, asked, partial(answer, function, asked))


async def answer(function: Any, asked: Request) -> Response:
    found: Response = await handler(function)(asked)
    return found


def document(**changes: object) -> Callable[[Task], object]:
    return lambda task: datasets.change(task.owner, task.dataset, lambda one: one.model_copy(update=changes))


def bigger_images(one: DatasetDocument) -> DatasetDocument:
    return one.model_copy(update={"spec": one.spec.model_copy(update={"images_per_label": 7})})


def reject(one: ShardDocument) -> ShardDocument:
    return one.with_images((row(0, verdict="rejected", reason="curated"), *one.images[1:]))


SHARDS: dict[str, Callable[[Task], object]] = {
    "a shard more": lambda task: shards.add(shard(task.dataset, 2).model_copy(update={"id": "cat-00001", "number": 1})),
    "rows of a shard": lambda task: shards.change(task.dataset, KEY, reject),
    "another shard in its place": lambda task: shards.put(shard(task.dataset, 2)),
    "a shard less": lambda task: shards.remove(task.dataset, KEY),
    "all gone": lambda task: shards.clear(task.dataset),
}
VISIBLE = SHARDS | {
    "a search": lambda task: shards.put(search(task.dataset, 9)),
    "a source's error": lambda task: shards.put(search(task.dataset, 5, "changed")),
    "state": lambda task: datasets.change(task.owner, task.dataset, lambda one: one.moved("ready")),
    "stage": document(stage="planning"),
    "error": document(error="why"),
    "name": document(name="other"),
    "retention": document(retention=Retention(days=3)),
    "budget": document(max_cost=7.0),
    "request": lambda task: datasets.change(task.owner, task.dataset, bigger_images),
}


@pytest.mark.parametrize("change", VISIBLE.values(), ids=VISIBLE)
async def test_whatever_is_seen_of_a_dataset_changes_its_tag(task: Task, change: Callable[[Task], object]) -> None:
    before = await read(task, handlers.get_dataset)
    change(task)
    after = await read(task, handlers.get_dataset, before.headers["etag"])
    assert (before.status_code, after.status_code) == (200, 200)
    assert json.loads(bytes(before.body)) != json.loads(bytes(after.body)), "the change is none that is seen"
    assert (await read(task, handlers.get_dataset, after.headers["etag"])).status_code == 304


@pytest.mark.parametrize("change", SHARDS.values(), ids=SHARDS)
async def test_whatever_is_seen_of_images_changes_their_tag(task: Task, change: Callable[[Task], object]) -> None:
    before = await read(task, images.list_images)
    change(task)
    after = await read(task, images.list_images, before.headers["etag"])
    assert (before.status_code, after.status_code) == (200, 200)
    assert bytes(before.body) != bytes(after.body)


async def test_each_page_of_images_has_a_tag_of_its_own(task: Task) -> None:
    first = await read(task, images.list_images, query="limit=1")
    assert (await read(task, images.list_images, first.headers["etag"], "limit=2")).status_code == 200
    assert (await read(task, images.list_images, first.headers["etag"], "limit=1")).status_code == 304


async def test_settings_that_answers_depend_on_change_the_tag(
    task: Task, configured: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    etag = (await read(task, handlers.get_dataset)).headers["etag"]
    try:
        for name, value in (("RETENTION_DAYS", "9"), ("PRICES", '{"gigabyte_second": 99}')):
            monkeypatch.setenv(f"PIXCRAWLER_{name}", value)
            settings.cache_clear()
            told = await read(task, handlers.get_dataset, etag)
            assert told.status_code == 200, name
            etag = told.headers["etag"]
    finally:
        monkeypatch.undo()
        settings.cache_clear()


async def test_what_nobody_sees_changes_no_tag(task: Task) -> None:
    etag = (await read(task, handlers.get_dataset)).headers["etag"]
    document(settled=True, notified=True)(task)
    assert (await read(task, handlers.get_dataset, etag)).status_code == 304


@pytest.mark.parametrize("function", [handlers.get_dataset, images.list_images])
async def test_an_unchanged_read_asks_no_query(task: Task, function: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    etag = (await read(task, function)).headers["etag"]
    reads: list[str] = []
    found = cosmos.read

    def counted(name: str, item: str, partition: str) -> dict[str, Any] | None:
        reads.append(name)
        return found(name, item, partition)

    monkeypatch.setattr(cosmos, "read", counted)
    monkeypatch.setattr(shards, "query", None)
    monkeypatch.setattr(shards, "query_page", None)
    assert (await read(task, function, etag)).status_code == 304
    assert sorted(reads) == ["datasets", "shards"]


async def test_another_tenant_s_tag_opens_nothing(task: Task, owner: str) -> None:
    etag = (await read(task, handlers.get_dataset)).headers["etag"]
    stranger = task.model_copy(update={"owner": f"{owner}-other"})
    with pytest.raises(Exception, match="dataset") as caught:
        await read(stranger, handlers.get_dataset, etag)
    assert getattr(caught.value, "status", None) == 404
