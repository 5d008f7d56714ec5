from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from builder.errors import TakeDownListError
from builder.raw import read_raw
from builder.rounds import SHARD_SIZE
from shared import datasets, shards
from shared.blobs import raw_folder
from shared.documents import Counts, ShardDocument
from shared.settings import settings
from shared.steps import fetch, lifecycle, search
from tests.shared.steps.conftest import picture, search_task, shard_task, started


@pytest.fixture(autouse=True)
async def _closed() -> AsyncIterator[None]:
    """The fetcher of a test's event loop ends with it."""
    yield
    await fetch.close()


async def test_a_slice_becomes_a_raw_shard_failures_too(owner: str, may_fetch: str) -> None:
    links = [f"{may_fetch}/0.jpg", f"{may_fetch}/gone.jpg", "http://10.0.0.1/x.jpg"]
    task = started(owner, links)
    search.search(search_task(task))
    assert await fetch.fetch_shard(shard_task(task)) == "fetched"
    rows = list(read_raw(raw_folder(task.dataset).read("cat-00000.tar")))
    assert [row.reason for _, row, _ in rows] == [None, "http_4xx", "address_refused"]
    assert [body for _, _, body in rows] == [picture(0), None, None]
    told = {"instance": "someone", "round": "1", "owner": owner}
    assert raw_folder(task.dataset).metadata("cat-00000.tar") == told


async def test_all_shards_share_one_fetcher(owner: str, may_fetch: str) -> None:
    task = started(owner, [f"{may_fetch}/{number}.jpg" for number in range(70)])
    search.search(search_task(task))
    await fetch.fetch_shard(shard_task(task))
    first = await fetch._fetcher()
    await fetch.fetch_shard(shard_task(task, 1))
    assert await fetch._fetcher() is first


async def test_what_is_taken_down_is_not_fetched(
    owner: str, may_fetch: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = started(owner, [f"{may_fetch}/0.jpg", f"{may_fetch}/1.jpg"])
    search.search(search_task(task))
    listed = tmp_path / "list.txt"
    listed.write_text("not a URL\n")
    monkeypatch.setenv("PIXCRAWLER_TAKE_DOWN_LIST", str(listed))
    settings.cache_clear()
    with pytest.raises(TakeDownListError, match="line 1"):
        await fetch.fetch_shard(shard_task(task))
    listed.write_text(f"{may_fetch}/0.jpg\n")  # mended: the next try takes it
    assert await fetch.fetch_shard(shard_task(task)) == "fetched"
    rows = list(read_raw(raw_folder(task.dataset).read("cat-00000.tar")))
    assert [row.reason for _, row, _ in rows] == ["taken_down", None]


async def test_a_shard_is_cut_out_of_its_round(owner: str, may_fetch: str) -> None:
    task = started(owner, [f"{may_fetch}/none-{number}.jpg" for number in range(SHARD_SIZE + 6)])
    search.search(search_task(task))
    await fetch.fetch_shard(shard_task(task, 1))
    rows = list(read_raw(raw_folder(task.dataset).read("cat-00001.tar")))
    rest = range(SHARD_SIZE, SHARD_SIZE + 6)
    assert [row.candidate.url for _, row, _ in rows] == [f"{may_fetch}/none-{number}.jpg" for number in rest]


async def test_what_was_fetched_is_not_fetched_again(owner: str, may_fetch: str) -> None:
    task = started(owner, [f"{may_fetch}/0.jpg"])
    search.search(search_task(task))
    raw_folder(task.dataset).write("cat-00000.tar", b"as it was", {"instance": "someone"})
    assert await fetch.fetch_shard(shard_task(task)) == "found"
    assert raw_folder(task.dataset).read("cat-00000.tar") == b"as it was"


@pytest.mark.usefixtures("may_fetch")
async def test_a_shard_that_was_given_up_needs_no_fetching(owner: str) -> None:
    task = started(owner)
    search.search(search_task(task))
    shards.add(
        ShardDocument(id="cat-00000", dataset=task.dataset, label="cat", number=0, state="failed", counts=Counts())
    )
    assert await fetch.fetch_shard(shard_task(task)) == "done"
    assert list(raw_folder(task.dataset).names()) == []


async def test_a_cancelled_dataset_is_not_fetched_for(owner: str, may_fetch: str) -> None:
    task = started(owner, [f"{may_fetch}/0.jpg"])
    search.search(search_task(task))
    datasets.change(owner, task.dataset, lambda one: one.moved("cancelled"))
    assert await fetch.fetch_shard(shard_task(task)) == "done"
    assert list(raw_folder(task.dataset).names()) == []


async def test_a_raw_shard_does_not_outlive_its_dataset(
    owner: str, may_fetch: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dataset is deleted between the last look and the write."""
    task = started(owner, [f"{may_fetch}/0.jpg"])
    search.search(search_task(task))

    looks = []

    def is_running(_: object) -> bool:
        looks.append(1)
        datasets.change(owner, task.dataset, lambda one: one.moved("deleting"))
        return True

    monkeypatch.setattr(lifecycle, "is_running", is_running)
    await fetch.fetch_shard(shard_task(task))
    assert len(looks) == 1
    assert list(raw_folder(task.dataset).names()) == []


async def test_a_shard_of_a_round_that_nobody_searched_is_an_error(owner: str, may_fetch: str) -> None:
    task = started(owner, [f"{may_fetch}/0.jpg"])
    with pytest.raises(RuntimeError, match="no search document"):
        await fetch.fetch_shard(shard_task(task, round_number=4))


def test_large_images_are_fetched_fewer_at_once() -> None:
    assert fetch._bodies(8_000_000) == settings().fetch_concurrency
    assert fetch._bodies(64_000_000) < settings().fetch_concurrency


@pytest.mark.parametrize("max_bytes", [1_000, 20_000_000, 50_000_000, 100_000_000, 10**9])
def test_bodies_under_way_fit_into_memory(max_bytes: int) -> None:
    bodies = fetch._bodies(max_bytes)
    assert 1 <= bodies <= settings().fetch_concurrency
    assert bodies == 1 or bodies * max_bytes <= 640_000_000
