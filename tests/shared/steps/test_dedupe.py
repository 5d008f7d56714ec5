import pytest

from shared import datasets, shards
from shared.blobs import dataset_folder
from shared.steps import dedupe, validate
from shared.steps.dedupe import Conflicts
from shared.steps.plan import PlanFile
from shared.tasks import Task
from tests.shared.steps.conftest import raw, search_task, searched, started
from tests.shared.telemetry.reading import Recorded, recorded

__all__ = ["recorded"]

pytestmark = pytest.mark.usefixtures("stores")


def validated(task: Task, numbers: range, number: int = 0, label: str = "cat", side: int = 96) -> None:
    raw(task, numbers, number, label, side)
    assert validate.validate_raw(task.dataset, f"{label}-{number:05}") is not None


def two_labels(owner: str, images: int) -> Task:
    labels = [{"name": name, "urls": [f"http://a.example/{name}.jpg"]} for name in ("cat", "dog")]
    return started(owner, labels=labels, images_per_label=images)


def verdicts(task: Task) -> dict[str, list[str]]:
    return {
        label: [row.verdict for shard in shards.documents(task.dataset, label) for row in shard.images]
        for label in ("cat", "dog")
    }


def test_a_label_counts_its_distinct_images_up_to_the_round(owner: str) -> None:
    task = started(owner)
    searched(task, round_number=1, first=0)
    searched(task, round_number=2, first=1)
    validated(task, range(4), 0)
    validated(task, range(2, 10), 1)
    assert dedupe.count_kept(search_task(task, 1)) == 4
    assert dedupe.count_kept(search_task(task, 2)) == 10
    assert dedupe.count_kept(search_task(task, 3)) == 0


def test_a_large_label_is_estimated_until_there_may_be_enough(owner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dedupe, "FEW_SHARDS", 1)
    task = started(owner)
    for number in range(3):
        searched(task, round_number=number + 1, first=number)
    validated(task, range(4), 0)
    assert dedupe.count_kept(search_task(task, 1, need=100)) == 4
    validated(task, range(2, 10), 1)
    found = dedupe.count_kept(search_task(task, 2, need=100))
    assert found == 12, "by what summaries tell: of the first four none was a copy"
    assert dedupe.count_kept(search_task(task, 2, need=12)) == 10, "there may be enough: now it is looked at"
    validated(task, range(10, 16), 2)
    assert dedupe.count_kept(search_task(task, 3, need=100)) == 18 * 10 // 12


def test_after_people_changed_rows_a_large_label_is_counted(owner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dedupe, "FEW_SHARDS", 0)
    task = started(owner)
    searched(task)
    validated(task, range(4), 0)
    validated(task, range(2), 1)
    monkeypatch.setattr(PlanFile, "starts", lambda *_: {2})
    searched(task, round_number=2, first=1)
    assert dedupe.count_kept(search_task(task, 1, need=100)) == 4
    assert dedupe.count_kept(search_task(task, 2, need=100)) == 4


def test_a_picture_under_two_labels_stays_under_one(owner: str) -> None:
    task = two_labels(owner, 5)
    searched(task)
    searched(task, "dog")
    validated(task, range(5))
    validated(task, range(3, 8), label="dog", side=192)  # larger: `dog` has what both claim
    short = dedupe.deduplicate(task)
    assert verdicts(task)["cat"] == ["accepted"] * 3 + ["duplicate"] * 2
    assert verdicts(task)["dog"] == ["accepted"] * 5
    assert short == {"cat": 7}  # 5 of its own, and 2 more for the 2 that it lost
    conflicts = Conflicts.model_validate_json(dataset_folder(task.dataset).read(dedupe.CONFLICTS)).conflicts
    assert [(one.label, one.others) for one in conflicts] == [("dog", {"cat": 1})] * 2


def test_duplicates_are_counted_once(owner: str, recorded: Recorded) -> None:
    task = two_labels(owner, 5)
    searched(task)
    searched(task, "dog")
    validated(task, range(5))
    validated(task, range(3, 8), label="dog", side=192)
    for _ in range(2):
        dedupe.deduplicate(task)
    assert recorded()["pixcrawler.duplicates", "near_duplicate"] == 2


def test_what_is_over_the_target_is_surplus(owner: str) -> None:
    task = started(owner, images_per_label=3)
    validated(task, range(5))
    assert dedupe.deduplicate(task) == {}
    assert verdicts(task)["cat"] == ["accepted"] * 3 + ["surplus"] * 2


def test_deduplicating_twice_gives_the_same(owner: str) -> None:
    task = two_labels(owner, 4)
    validated(task, range(5))
    validated(task, range(3, 8), label="dog")
    first = dedupe.deduplicate(task)
    before = shards.documents(task.dataset)
    assert dedupe.deduplicate(task) == first
    assert shards.documents(task.dataset) == before


def test_a_dry_label_is_not_asked_for_more(owner: str) -> None:
    task = started(owner)
    searched(task)
    document = shards.searches(task.dataset)[0]
    shards.put(document.model_copy(update={"dry": True}))
    validated(task, range(2))
    assert dedupe.deduplicate(task) == {}


def test_a_label_without_any_candidate_is_short(owner: str) -> None:
    assert dedupe.deduplicate(started(owner)) == {"cat": 5}


def test_a_cancelled_dataset_is_left_as_it_is(owner: str) -> None:
    task = started(owner, images_per_label=1)
    validated(task, range(3))
    datasets.change(owner, task.dataset, lambda one: one.moved("cancelled"))
    assert dedupe.deduplicate(task) == {}
    assert verdicts(task)["cat"] == ["accepted"] * 3
