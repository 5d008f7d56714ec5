"""What the steps of a build may ask of the stores: bounds, so that nobody adds a round trip for each shard unseen."""

from shared import shards
from shared.blobs import raw_folder
from shared.steps import assemble, dedupe, fetch, search, validate
from tests.shared.steps.conftest import raw, search_task, searched, shard_task, started
from tests.shared.telemetry.reading import Recorded, recorded

__all__ = ["recorded"]

SHARD = "cat-00000"


def _asked(counted: dict[tuple[object, ...], float]) -> tuple[float, float]:
    """Requests to storage, and request units."""
    found = {str(names[1]): value for names, value in counted.items() if names[0] == "pixcrawler.cost"}
    return sum(value for unit, value in found.items() if unit.startswith("storage_")), found.get("request_unit", 0.0)


async def test_a_shard_is_fetched_and_validated_by_few_requests(owner: str, may_fetch: str, recorded: Recorded) -> None:
    task = started(owner, [f"{may_fetch}/{number}.jpg" for number in range(30)])
    search.search(search_task(task))
    before = _asked(recorded())
    assert await fetch.fetch_shard(shard_task(task)) == "fetched"
    storage, units = _asked(recorded())
    assert storage - before[0] <= 3  # is it there, the round's candidates, write it
    assert units - before[1] <= 8  # five small ones: the shard, the dataset, the round; and a query for take-downs
    told = raw_folder(task.dataset).metadata(f"{SHARD}.tar")
    before = _asked(recorded())
    assert validate.validate_raw(task.dataset, SHARD, told) is not None
    storage, units = _asked(recorded())
    assert storage - before[0] <= 2  # read it, write what is good
    assert units - before[1] <= 34  # four small ones, and the transaction: the rows, what they add up to, the pulse


async def test_candidates_are_read_once_for_all_shards_of_a_round(
    owner: str, may_fetch: str, recorded: Recorded
) -> None:
    links = [f"{may_fetch}/{number}.jpg" for number in range(5)] + [f"{may_fetch}/no/{number}" for number in range(60)]
    task = started(owner, links)
    search.search(search_task(task))
    await fetch.fetch_shard(shard_task(task, 0))
    before = _asked(recorded())[0]
    await fetch.fetch_shard(shard_task(task, 1))
    assert _asked(recorded())[0] - before <= 2


def test_the_last_pass_leaves_nothing_for_assemble_to_write(owner: str, stores: object) -> None:
    task = started(owner)
    searched(task)
    raw(task, range(6))
    validate.validate_raw(task.dataset, SHARD)
    assert dedupe.deduplicate(task) == {}
    decided = shards.find(task.dataset, SHARD)
    assemble.assemble(task)
    after = shards.find(task.dataset, SHARD)
    assert decided is not None
    assert after is not None
    assert after.etag == decided.etag
    assert {row.split for row in after.images if row.verdict == "accepted"} <= {"train", "val", "test"}


def test_a_round_takes_what_the_one_before_it_counted(owner: str, stores: object, recorded: Recorded) -> None:
    task = started(owner, [f"http://a.example/{number}.jpg" for number in range(2_000)], images_per_label=100)
    assert search.search(search_task(task, need=100)).count
    raw(task, range(6))
    validate.validate_raw(task.dataset, SHARD)
    assert dedupe.count_kept(search_task(task, need=100)) == 6
    counted = shards.find_search(task.dataset, "search-cat-001")
    assert counted is not None
    assert (counted.tried, counted.kept) == (6, 6)
    assert dedupe.count_kept(search_task(task, need=100)) == 6
    again = shards.find_search(task.dataset, "search-cat-001")
    assert again is not None
    assert again.etag == counted.etag  # what is counted already is not written again
    before = _asked(recorded())[1]
    search.search(search_task(task, 2, need=100))
    assert _asked(recorded())[1] - before <= 32  # small documents and the new round with the pulse, no shard
