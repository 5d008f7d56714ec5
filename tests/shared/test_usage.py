import uuid
from datetime import UTC, datetime

import pytest

from shared import datasets, shards, usage
from shared.blobs import dataset_folder
from shared.documents import Counts, ShardDocument
from shared.steps import lifecycle
from shared.tasks import Task
from tests.shared.conftest import store

pytestmark = pytest.mark.usefixtures("stores")


def at(monkeypatch: pytest.MonkeyPatch, year: int, month: int) -> None:
    monkeypatch.setattr(usage, "now", lambda: datetime(year, month, 15, 12, tzinfo=UTC))


def shard(task: Task, number: int = 0, label: str = "cat", **counts: int) -> None:
    total = Counts(candidates=sum(counts.values()), **counts)
    shards.put(
        ShardDocument(
            id=f"{label}-{number:05}", dataset=task.dataset, label=label, number=number, state="validated", counts=total
        )
    )


def measured(task: Task) -> None:
    usage.measure(task.owner, task.dataset)


def test_measuring_twice_counts_once(owner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    at(monkeypatch, 2026, 11)
    task = store(owner)
    shard(task, accepted=5, rejected=3)
    dataset_folder(task.dataset).write("shards/cat-00000.tar", b"x" * 500)
    dataset_folder(task.dataset).write("exports/csv/all.csv", b"x" * 20)
    measured(task)
    measured(task)
    assert usage.used(owner, "2026-11") == (5, 520)
    [figures] = usage.past_figures(owner)
    assert figures == {"cat": usage.LabelFigures(candidates=8, good=5, images=5, bytes=500)}


def test_a_month_counts_what_is_new_in_it(owner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    task = store(owner)
    at(monkeypatch, 2026, 11)
    shard(task, accepted=5)
    measured(task)
    at(monkeypatch, 2026, 12)
    measured(task)
    shard(task, 1, accepted=4)
    measured(task)
    at(monkeypatch, 2027, 1)
    measured(task)
    assert usage.images_by_month(owner) == {"2026-12": 4, "2026-11": 5}


def test_images_that_were_rejected_later_stay_counted(owner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    at(monkeypatch, 2026, 11)
    task = store(owner)
    shard(task, accepted=5)
    measured(task)
    shard(task, accepted=2, rejected=3)
    measured(task)
    assert usage.used(owner, "2026-11")[0] == 5


def test_a_deleted_dataset_takes_up_nothing_and_its_images_stay_counted(
    owner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, 2026, 11)
    task = store(owner)
    shard(task, accepted=5)
    dataset_folder(task.dataset).write("README.md", b"x" * 20)
    measured(task)
    lifecycle.mark_deleting(owner, task.dataset)
    lifecycle.erase(task)
    measured(task)
    assert (usage.used(owner, "2026-11"), usage.past_figures(owner)) == ((5, 0), [])


def test_a_dataset_of_somebody_else_is_not_counted(owner: str) -> None:
    task = store(uuid.uuid4().hex)
    shard(task, accepted=5)
    usage.measure(owner, task.dataset)
    assert usage.images_by_month(owner) == {}


def test_the_end_of_a_build_is_measured(owner: str) -> None:
    task = store(owner)
    shard(task, accepted=5)
    assert lifecycle.end(task, "incomplete", "short") == "incomplete"
    assert sum(usage.images_by_month(owner).values()) == 5


def test_a_dataset_deleted_meanwhile_leaves_no_size_behind(owner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    task = store(owner)
    shard(task, accepted=5)
    summaries = shards.summaries

    def deleted_then(dataset: str) -> list[ShardDocument]:
        found = summaries(dataset)
        datasets.remove(owner, dataset)
        return found

    monkeypatch.setattr(shards, "summaries", deleted_then)
    measured(task)
    assert usage.past_figures(owner) == []


@pytest.mark.parametrize(("year", "month", "following"), [(2026, 11, "2026-12"), (2026, 12, "2027-01")])
def test_months_follow_each_other(year: int, month: int, following: str) -> None:
    time = datetime(year, month, 28, 23, 59, tzinfo=UTC)
    assert usage.month_of(usage.next_month(time)) == following
    assert usage.next_month(time).day == 1
