"""Rows go into the database smaller than they are, and come back as they were."""

import json
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.rows import ImageRow
from shared import cosmos, shards
from shared.documents import Counts, ShardDocument
from shared.packed import PLAIN, pack, unpack
from shared.settings import Settings
from tests.shared.conftest import row
from tests.shared.telemetry.reading import Recorded, recorded

__all__ = ["recorded"]

JSON = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()


@given(st.lists(st.dictionaries(st.sampled_from(sorted(PLAIN)) | st.sampled_from(sorted(ImageRow.model_fields)), JSON)))
def test_what_is_packed_comes_back(rows: list[dict[str, object]]) -> None:
    plain, packed = pack(rows)
    assert all(set(one) <= PLAIN for one in plain)
    assert unpack(json.loads(json.dumps(plain)), packed) == rows


def test_parts_of_different_rows_are_refused() -> None:
    plain, packed = pack([{"key": "a"}, {"key": "b"}])
    with pytest.raises(ValueError, match="longer"):
        unpack(plain[:1], packed)


def searched(number: int) -> ImageRow:
    """As a search engine gives them."""
    return row(
        number,
        url=f"https://images.example.org/2024/07/a-photograph-with-a-name-as-long-as-they-have-it-{number}.jpg",
        page_url=f"https://photographs.example.org/articles/what-the-page-is-called-{number:05}",
        title=f"What a search engine says of this photograph: {number:05}",
    )


def document(dataset: str) -> ShardDocument:
    images = tuple(searched(number) for number in range(96))
    return ShardDocument(
        id="cat-00000", dataset=dataset, label="cat", number=0, state="validated", counts=Counts.of(images),
        images=images,
    )  # fmt: skip


def test_a_shard_is_kept_in_less_than_half(stores: Settings) -> None:
    kept = document(uuid.uuid4().hex)
    shards.add(kept)
    item = cosmos.read(shards.NAME, "cat-00000.rows", kept.dataset)
    assert item is not None
    assert len(json.dumps(item)) < len(json.dumps(kept.item())) / 2
    found = shards.find(kept.dataset, "cat-00000")
    assert found is not None
    assert (found.images, found.counts) == (kept.images, kept.counts)


def test_rows_of_earlier_releases_are_read(stores: Settings) -> None:
    kept = document(uuid.uuid4().hex)
    cosmos.container(shards.NAME).create_item({**kept.item(), "id": "cat-00000.rows", "kind": "rows"})
    assert shards.documents(kept.dataset)[0].images == kept.images
    page = shards.image_page(kept.dataset, label="cat", verdict="accepted", reason=None, size=5, cursor=None)
    assert page.items == kept.images[:5]


def test_a_page_of_rows_from_many_shards_is_read_at_once(stores: Settings, recorded: Recorded) -> None:
    dataset = uuid.uuid4().hex
    for number in range(20):
        images = (searched(number * 64), row(number * 64 + 1, verdict="rejected", reason="damaged"))
        shards.add(
            ShardDocument(
                id=f"cat-{number:05}", dataset=dataset, label="cat", number=number, state="validated",
                counts=Counts.of(images), images=images,
            )
        )  # fmt: skip
    before = recorded()
    page = shards.image_page(dataset, label=None, verdict="rejected", reason="damaged", size=50, cursor=None)
    assert [one.key for one in page.items] == [f"cat-{number:05}-01" for number in range(20)]
    units = ("pixcrawler.cost", "request_unit")
    assert recorded()[units] - before[units] < 2 * (2 + 20 * 3), "two queries that load each shard"
