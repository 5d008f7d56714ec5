import asyncio

import pytest

from shared import datasets, feed, shards
from shared.documents import DatasetDocument
from shared.live import Snapshot
from tests.shared.conftest import store
from tests.shared.test_progress import shard

LISTENERS = 100


@pytest.mark.usefixtures("stores")
def test_a_hundred_listeners_cost_one_look_per_interval(owner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    task = store(owner)
    looks: list[Snapshot] = []
    look = feed.look

    def counted(*who: str) -> Snapshot:
        looks.append(look(*who))
        return looks[-1]

    monkeypatch.setattr(feed, "look", counted)

    async def listen(told: asyncio.Event) -> int:
        """Listen to the end; how many snapshots were seen."""
        number = seen = 0
        async with feed.listening(owner, task.dataset) as open_feed:
            while (shown := await open_feed.after(number)) is not None:
                number, snapshot = shown
                seen += 1
                told.set()
                if snapshot.over:
                    break
        return seen

    async def run() -> list[int]:
        told = [asyncio.Event() for _ in range(LISTENERS)]
        listeners = [asyncio.create_task(listen(one)) for one in told]
        await asyncio.gather(*(one.wait() for one in told))
        shards.put(shard("cat", 0, accepted=1).model_copy(update={"dataset": task.dataset}))
        datasets.change(owner, task.dataset, lambda document: document.moved("cancelled"))
        return await asyncio.gather(*listeners)

    seen = asyncio.run(run())
    assert min(seen) >= 2
    assert len(looks) <= 5
    assert len(looks[-1].shards) == 1
    assert not feed._feeds


@pytest.mark.usefixtures("stores")
def test_the_poller_ends_with_its_last_listener(owner: str) -> None:
    task = store(owner)

    async def run() -> None:
        async with feed.listening(owner, task.dataset) as first:
            assert await first.after(0)
            async with feed.listening(owner, task.dataset) as second:
                assert second is first
            assert not first.task.done()
        await asyncio.wait({first.task}, timeout=10)
        assert first.task.cancelled()

    asyncio.run(run())


@pytest.mark.usefixtures("stores")
def test_a_dataset_that_is_gone_ends_the_feed(owner: str) -> None:
    async def run() -> None:
        async with feed.listening(owner, "0" * 32) as gone:
            assert await gone.after(0) == (1, Snapshot(None))
            assert await gone.after(1) is None

    asyncio.run(run())


@pytest.mark.usefixtures("stores")
def test_an_overview_is_what_the_single_queries_tell(owner: str) -> None:
    task = store(owner)
    shards.put(shard("cat", 0, accepted=1).model_copy(update={"dataset": task.dataset}))
    found = feed.look(owner, task.dataset)
    assert isinstance(found.document, DatasetDocument)
    assert (list(found.shards), list(found.searches)) == (shards.summaries(task.dataset), shards.searches(task.dataset))
