import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from builder.rounds import SHARD_SIZE
from builder.spec import DatasetSpec
from shared import datasets, shards
from shared.documents import Counts, SearchDocument, ShardDocument, search_id
from shared.estimate import least_cost
from shared.spending import let_in, spent
from tests.shared.conftest import spec

pytestmark = pytest.mark.usefixtures("stores")
LABELS = ["cat", "dog", "fox", "owl"]
WANTED = spec(labels=LABELS, sources=["sample"])


def searched(dataset: str, label: str, round_number: int, granted: int) -> None:
    shards.put(
        SearchDocument(
            id=search_id(label, round_number), dataset=dataset, label=label, round=round_number, first_shard=0,
            shards=granted, found=granted * SHARD_SIZE, dry=not granted, over_cost=not granted,
        )
    )  # fmt: skip


def collect(dataset: str, label: str, max_cost: float, wanted: int = 3) -> list[int]:
    """Rounds of one label until no more is let in; how many shards each had."""
    granted = []
    for number in range(1, 30):
        count = let_in(dataset, WANTED, max_cost, label=label, round_number=number, wanted=wanted)
        searched(dataset, label, number, count)
        granted.append(count)
        if not count:
            break
    return granted


def total(dataset: str, wanted: DatasetSpec = WANTED) -> float:
    """What the finished build has cost, had every candidate been kept."""
    searches = shards.searches(dataset)
    counts = [Counts(candidates=one.found, accepted=one.found) for one in searches]
    summaries = [
        ShardDocument(id=one.id, dataset=dataset, label=one.label, number=0, state="validated", counts=each)
        for one, each in zip(searches, counts, strict=True)
    ]
    return spent(wanted, summaries, searches, "incomplete").total


@pytest.mark.parametrize("times", [1, 1.7, 5])
def test_labels_side_by_side_stay_within_the_cost_together(times: float) -> None:
    dataset, max_cost = uuid.uuid4().hex, least_cost(WANTED) * times
    with ThreadPoolExecutor(4) as pool:
        granted = list(pool.map(lambda label: collect(dataset, label, max_cost), LABELS))
    assert all(one[0] >= 1 and one[-1] == 0 for one in granted), granted
    assert max_cost * 0.6 < total(dataset) <= max_cost


def test_less_than_the_least_lets_nothing_in() -> None:
    assert collect(uuid.uuid4().hex, "cat", least_cost(WANTED) * 0.9) == [0]


def test_the_same_round_is_told_the_same() -> None:
    dataset, max_cost = uuid.uuid4().hex, least_cost(WANTED) * 2
    first = let_in(dataset, WANTED, max_cost, label="cat", round_number=1, wanted=50)
    assert 1 < first < 50
    assert let_in(dataset, WANTED, max_cost, label="cat", round_number=1, wanted=7) == first


def test_a_round_that_found_more_may_have_more_if_there_is_room() -> None:
    dataset, rich, poor = uuid.uuid4().hex, least_cost(WANTED) * 9, least_cost(WANTED)
    assert let_in(dataset, WANTED, rich, label="cat", round_number=1, wanted=2) == 2
    assert let_in(dataset, WANTED, rich, label="cat", round_number=1, wanted=3, found=True) == 3
    assert let_in(dataset, WANTED, poor, label="cat", round_number=1, wanted=4, found=True) == 3


def test_what_a_round_did_not_find_is_free_for_others() -> None:
    dataset, max_cost = uuid.uuid4().hex, least_cost(WANTED) * 2
    first = let_in(dataset, WANTED, max_cost, label="cat", round_number=1, wanted=50)
    assert let_in(dataset, WANTED, max_cost, label="dog", round_number=1, wanted=50) == 1
    searched(dataset, "cat", 1, 1)
    assert let_in(dataset, WANTED, max_cost, label="fox", round_number=1, wanted=50) >= first - 1


def test_a_deleted_dataset_leaves_no_budget() -> None:
    dataset = uuid.uuid4().hex
    let_in(dataset, WANTED, 1.0, label="cat", round_number=1, wanted=1)
    assert shards.searches(dataset) == []
    assert shards.summaries(dataset) == []
    shards.clear(dataset)
    assert let_in(dataset, WANTED, 0.000001, label="cat", round_number=1, wanted=1) == 0
    assert datasets.find("nobody", dataset) is None
