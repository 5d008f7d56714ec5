import pytest

from builder.rounds import SHARD_SIZE
from shared import datasets, shards
from shared.blobs import dataset_folder, url_lists
from shared.settings import Settings
from shared.steps import search, validate
from tests.shared.steps.conftest import raw, search_task, started
from tests.shared.telemetry.reading import Recorded, recorded, without_cost

__all__ = ["recorded"]

pytestmark = pytest.mark.usefixtures("stores")


def links(count: int) -> list[str]:
    return [f"http://a.example/{number}.jpg" for number in range(count)]


def test_a_round_becomes_shards(owner: str, recorded: Recorded) -> None:
    task = started(owner, links(2 * SHARD_SIZE + 22))
    found = search.search(search_task(task))
    assert (found.first, found.count, found.dry, found.stopped) == (0, 3, True, False)
    candidates = search.read_candidates(dataset_folder(task.dataset), "cat", 1)
    assert [one.url for one in candidates] == links(2 * SHARD_SIZE + 22)
    [document] = shards.searches(task.dataset)
    assert document.sources[0].source == "urls"
    assert (document.found, document.sources[0].found, document.sources[0].dry) == (214, 214, True)
    assert without_cost(recorded()) == {("pixcrawler.engine.candidates", "urls"): 214}


def test_a_round_that_was_searched_is_not_searched_again(owner: str) -> None:
    task = started(owner, links(10))
    first = search.search(search_task(task))
    assert search.search(search_task(task, need=5_000)) == first
    assert len(shards.searches(task.dataset)) == 1


def test_a_second_round_has_what_the_first_had_not(owner: str) -> None:
    task = started(owner, links(2_500), images_per_label=5_000)
    one = search.search(search_task(task, 1, need=5))
    two = search.search(search_task(task, 2, need=5_000))
    assert two.first == one.count
    folder = dataset_folder(task.dataset)
    keys = [{one.url for one in search.read_candidates(folder, "cat", number)} for number in (1, 2)]
    assert not keys[0] & keys[1]
    assert len(keys[0] | keys[1]) == 2_500
    assert two.dry


def test_a_round_that_storage_lost_is_searched_for_as_many_as_before(owner: str) -> None:
    """Its shards may be there already, and must not make it smaller: the next round's numbers begin where it ends."""
    task = started(owner, links(2_500))
    before = search.search(search_task(task, need=100))
    raw(task, range(40))
    validate.validate_raw(task.dataset, "cat-00000")
    dataset_folder(task.dataset).delete("candidates/cat-001.json")
    assert search.search(search_task(task, need=100)) == before
    assert len(search.read_candidates(dataset_folder(task.dataset), "cat", 1)) > SHARD_SIZE


def test_a_cancelled_dataset_is_not_searched_for(owner: str) -> None:
    task = started(owner)
    datasets.change(owner, task.dataset, lambda one: one.moved("cancelled"))
    assert search.search(search_task(task)).stopped
    assert shards.searches(task.dataset) == []


def test_an_uploaded_list_gives_each_label_its_own(owner: str) -> None:
    list_id = "0" * 32
    url_lists(owner).write(f"{list_id}.csv", b"url,label\nhttp://a.example/1.jpg,cat\nhttp://a.example/2.jpg,dog\n")
    task = started(owner, labels=[{"name": "cat"}, {"name": "dog"}], url_list=list_id)
    for label, number in (("cat", 1), ("dog", 2)):
        search.search(search_task(task, label=label))
        candidates = search.read_candidates(dataset_folder(task.dataset), label, 1)
        assert [one.url for one in candidates] == [f"http://a.example/{number}.jpg"]


def test_a_source_that_fails_is_told_and_ends_in_a_dry_label(
    owner: str, configured: Settings, monkeypatch: pytest.MonkeyPatch, recorded: Recorded
) -> None:
    from local.processes import free_port

    gone = configured.model_copy(update={"sample_url": f"http://127.0.0.1:{free_port()}"})
    monkeypatch.setattr(search, "settings", lambda: gone)
    task = started(owner, labels=[{"name": "cat"}], sources=["sample"])
    rounds = [search.search(search_task(task, number)) for number in (1, 2, 3)]
    assert [one.dry for one in rounds] == [False, False, True]
    assert [one.count for one in rounds] == [0, 0, 0]
    told = shards.searches(task.dataset)[-1].sources[0]
    assert (told.source, told.error_kind, told.dry) == ("sample", "unreachable", True)
    assert without_cost(recorded()) == {("pixcrawler.engine.errors", "sample", "unreachable"): 3}


def test_what_nobody_set_up_is_no_failure_of_an_engine(
    owner: str, configured: Settings, monkeypatch: pytest.MonkeyPatch, recorded: Recorded
) -> None:
    """Somebody is woken for engines that fail."""
    monkeypatch.setattr(search, "settings", lambda: configured.model_copy(update={"sample_url": None}))
    task = started(owner, labels=[{"name": "cat"}], sources=["sample"])
    search.search(search_task(task))
    told = shards.searches(task.dataset)[-1].sources[0]
    assert (told.source, told.error_kind) == ("sample", "not_configured")
    assert without_cost(recorded()) == {}
