import random
import uuid

import pytest

from builder.rows import Curation, ImageRow
from shared import shards
from shared.documents import Counts, SearchDocument, ShardDocument
from tests.shared.conftest import row

pytestmark = pytest.mark.usefixtures("stores")

LETTERS = [chr(code) for code in range(0x4E00, 0x9FFF)]
"""Six bytes each in JSON as the SDK sends it, three in UTF-8."""
LONGEST = {"label": 200, "query": 200, "title": 500, "detail": 300}


@pytest.fixture
def dataset() -> str:
    """Two labels: 100 images of cats in two shards, 30 dogs in one, every tenth rejected; and a round of searching."""
    name = uuid.uuid4().hex
    for label, count in (("cat", 100), ("dog", 30)):
        rows = [
            row(number, label, **({"verdict": "rejected", "reason": "damaged"} if number % 10 == 0 else {}))
            for number in range(count)
        ]
        for number in range(0, count, 64):
            images = tuple(rows[number : number + 64])
            shards.put(
                ShardDocument(
                    id=f"{label}-{number // 64:05}", dataset=name, label=label, number=number // 64, state="validated",
                    counts=Counts.of(images), images=images,
                )
            )  # fmt: skip
    shards.put(
        SearchDocument(
            id="search-cat-001", dataset=name, label="cat", round=1, first_shard=0, shards=2, found=100, dry=True
        )
    )
    return name


def pages(dataset: str, size: int, **filters: str) -> list[list[str]]:
    wanted = {"label": None, "verdict": None, "reason": None, **filters}
    found, cursor = [], None
    while True:
        page = shards.image_page(dataset, **wanted, size=size, cursor=cursor)  # type: ignore[arg-type]
        found.append([one.key for one in page.items])
        cursor = page.cursor
        if cursor is None:
            return found


@pytest.mark.parametrize(("filters", "count"), [
    ({}, 130), ({"label": "cat"}, 100), ({"verdict": "rejected"}, 13), ({"label": "dog", "verdict": "accepted"}, 27),
    ({"reason": "damaged", "label": "cat"}, 10), ({"reason": "timeout"}, 0),
])  # fmt: skip
def test_pages_of_images_are_filtered_complete_and_without_repeats(
    dataset: str, filters: dict[str, str], count: int
) -> None:
    found = pages(dataset, 17, **filters)
    keys = [key for page in found for key in page]
    assert len(keys) == len(set(keys)) == count
    assert max(map(len, found)) <= 17


def test_rows_come_in_order(dataset: str) -> None:
    keys = [one.key for one in shards.rows(dataset)]
    assert keys == sorted(keys)
    assert len(keys) == 130


def test_summaries_have_counts_and_no_rows(dataset: str) -> None:
    found = shards.summaries(dataset)
    assert sum(one.counts.accepted for one in found) == 117
    assert [one.images for one in found] == [(), (), ()]


def test_a_label_is_read_alone(dataset: str) -> None:
    assert [one.id for one in shards.documents(dataset, "cat")] == ["cat-00000", "cat-00001"]


def test_shards_and_searches_are_told_apart(dataset: str) -> None:
    assert [one.id for one in shards.searches(dataset)] == ["search-cat-001"]
    assert shards.find_search(dataset, "search-cat-002") is None
    assert shards.find(dataset, "cat-00007") is None
    found = shards.find(dataset, "dog-00000")
    assert found is not None
    assert len(found.images) == 30


def relabelled(shard: ShardDocument) -> ShardDocument:
    by_hand = Curation(decision="accepted", relabelled_from="cat", by="jane")
    moved = shard.images[0].model_copy(update={"label": "dog", "curated": by_hand})
    return shard.with_images((moved, *shard.images[1:]))


def told(dataset: str) -> dict[str, dict[str, Counts]]:
    return {one.id: one.by_label() for one in shards.summaries(dataset)}


def test_summaries_tell_what_the_rows_do(dataset: str) -> None:
    [first, *_] = shards.documents(dataset, "cat")
    changed = relabelled(first)
    shards.replace(changed)
    assert told(dataset) == {one.id: one.by_label() for one in shards.documents(dataset)}
    assert told(dataset)["cat-00000"]["dog"].candidates == 1
    shards.remove(dataset, "cat-00000")
    assert sorted(told(dataset)) == ["cat-00001", "dog-00000"]
    shards.add(changed)
    assert told(dataset) == {one.id: one.by_label() for one in shards.documents(dataset)}
    shards.add(first)
    assert told(dataset)["cat-00000"] == changed.by_label(), "the first that came stays"


def test_a_label_is_summed_up_alone(dataset: str) -> None:
    assert [one.id for one in shards.summaries(dataset, "cat")] == ["cat-00000", "cat-00001"]


def test_of_shards_that_are_changed_together_all_are_or_none(dataset: str) -> None:
    first, second = shards.documents(dataset, "cat")
    shards.change(dataset, second.id, relabelled)
    before = shards.documents(dataset)
    with pytest.raises(shards.ConflictError):
        shards.replace(relabelled(first), relabelled(second))
    assert shards.documents(dataset) == before
    assert told(dataset)[first.id] == first.by_label()


def changed_together(dataset: str, rows: tuple[ImageRow, ...], count: int) -> list[int]:
    """How many rows shards with these have, once so many of them were changed together to lack the first."""
    for number in range(count):
        usual = {"dataset": dataset, "label": "ant", "state": "validated", "counts": Counts.of(rows), "images": rows}
        shards.put(ShardDocument(id=f"ant-{number:05}", number=number, **usual))
    found = shards.documents(dataset, "ant")
    shards.replace(*(one.with_images(one.images[1:]) for one in found))
    return [len(one.images) for one in shards.documents(dataset, "ant")]


def test_more_shards_than_go_into_one_transaction_are_changed(dataset: str) -> None:
    rows = tuple(row(number, url=f"http://a.example/{'x' * 1_900}/{number}") for number in range(96))
    assert changed_together(dataset, rows, 14) == [95] * 14


def test_what_grows_when_it_is_sent_is_parted_by_what_it_becomes(dataset: str) -> None:
    letters = random.Random(1)  # noqa: S311 (what does not compress, the same each time)
    rows = tuple(
        row(number, **{name: "".join(letters.choices(LETTERS, k=count)) for name, count in LONGEST.items()})
        for number in range(96)
    )
    assert changed_together(dataset, rows, 10) == [95] * 10


def test_a_shard_that_was_removed_cannot_be_replaced(dataset: str) -> None:
    [found] = shards.documents(dataset, "dog")
    shards.remove(dataset, found.id)
    with pytest.raises(shards.ConflictError):
        shards.replace(found)
    assert "dog-00000" not in told(dataset)


def test_another_dataset_has_none_of_it(dataset: str) -> None:
    assert shards.documents(dataset[::-1]) == []
    shards.clear(dataset)
    assert shards.documents(dataset) == []
    assert shards.searches(dataset) == []
