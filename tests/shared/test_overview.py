import uuid
from collections.abc import Callable

import pytest

from shared import overview, shards
from shared.documents import Counts, SearchDocument, ShardDocument
from shared.overview import look
from tests.shared.conftest import row
from tests.shared.telemetry.reading import Recorded, recorded

__all__ = ["recorded"]

pytestmark = pytest.mark.usefixtures("stores")


def shard(dataset: str, number: int, count: int = 96) -> ShardDocument:
    rows = tuple(row(index) for index in range(count))
    return ShardDocument(
        id=f"cat-{number:05}", dataset=dataset, label="cat", number=number, state="validated", counts=Counts.of(rows),
        images=rows,
    )  # fmt: skip


def search(dataset: str, found: int) -> SearchDocument:
    return SearchDocument(
        id="search-cat-001", dataset=dataset, label="cat", round=1, first_shard=0, shards=1, found=found, dry=False
    )


@pytest.fixture
def dataset() -> str:
    """A dataset of 20 shards that has been looked at some while after they were written."""
    name = uuid.uuid4().hex
    for number in range(20):
        shards.put(shard(name, number))
    assert len(look(name).shards) == 20
    return name


def units(recorded: Recorded) -> float:
    return recorded().get(("pixcrawler.cost", "request_unit"), 0.0)


def whole(dataset: str) -> tuple[list[ShardDocument], list[SearchDocument]]:
    return shards.summaries(dataset), shards.searches(dataset)


def test_what_changes_is_seen_at_the_next_look(dataset: str) -> None:
    changes: tuple[Callable[[], object], ...] = (
        lambda: shards.add(shard(dataset, 20)),
        lambda: shards.put(search(dataset, 5)),
        lambda: shards.put(search(dataset, 6)),
        lambda: shards.change(dataset, "cat-00003", lambda one: one.with_images(one.images[1:])),
        lambda: shards.remove(dataset, "cat-00004"),
        lambda: shards.add(shard(dataset, 21)),
        lambda: shards.clear(dataset),
        lambda: shards.put(shard(dataset, 2)),
    )
    before = look(dataset)
    for change in changes:
        change()
        found = look(dataset)
        assert (list(found.shards), list(found.searches)) == whole(dataset)
        assert found != before
        before = found


def test_a_look_at_what_has_not_changed_is_one_small_read(dataset: str, recorded: Recorded) -> None:
    before = units(recorded)
    assert look(dataset) is look(dataset)
    assert units(recorded) - before == pytest.approx(2, abs=0.1)


def test_only_what_was_written_since_is_read(dataset: str, recorded: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overview, "_OVERLAP_SECONDS", -1)  # nothing that was written until now
    newest = overview._kept[dataset].newest
    asked: list[int] = []
    since = shards.written_since

    def seen(name: str, moment: int) -> object:
        asked.append(moment)
        return since(name, moment)

    monkeypatch.setattr(shards, "written_since", seen)
    shards.put(search(dataset, 5))
    before = units(recorded)
    assert len(look(dataset).shards) == 20
    assert asked == [newest + 1]
    assert units(recorded) - before <= 5


def test_what_is_kept_is_read_whole_again_after_a_while(dataset: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first = look(dataset)
    monkeypatch.setattr(overview, "KEPT_SECONDS", -1.0)
    again = look(dataset)
    assert again == first
    assert again is not first


def test_little_is_kept(dataset: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overview, "MAX_KEPT", 25)
    other = uuid.uuid4().hex
    for number in range(6):
        shards.put(shard(other, number))
    assert len(look(other).shards) == 6
    assert dataset not in overview._kept
    assert len(look(dataset).shards) == 20
