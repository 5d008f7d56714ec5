import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import datasets, quotas, renewal, shards, usage
from shared.documents import now
from shared.pictures import stored_bytes
from shared.problems import ProblemError
from shared.renewal import MergeRequest, Refresh
from shared.steps import lifecycle, merge, plan, validate
from shared.tasks import Gathered, Task
from tests.shared.steps.conftest import raw, searched, started
from tests.shared.steps.test_curate import work

pytestmark = pytest.mark.usefixtures("stores")


def parent(owner: str, label: str, numbers: range) -> Task:
    task = started(
        owner, labels=[{"name": label, "urls": ["http://a.example/1.jpg"]}], images_per_label=len(numbers), exports=[]
    )
    searched(task, label)
    raw(task, numbers, label=label)
    validate.validate_raw(task.dataset, f"{label}-00000")
    assert work(task) == "ready"
    return task


def asked(owner: str, *parents: Task, **changes: object) -> Task:
    request = MergeRequest.model_validate(
        {"name": "both", "datasets": [one.dataset for one in parents], "exports": [], **changes}
    )
    return Task(owner=owner, dataset=renewal.merge(owner, uuid.uuid4().hex, request).id)


def run(task: Task) -> None:
    planned = plan.plan(task)
    assert planned is not None
    assert (planned.merge, planned.labels) == (True, {})
    for one in merge.gather(task).tasks(task):
        merge.copy(one)


def test_datasets_become_one_that_outlives_them(owner: str) -> None:
    first, second = parent(owner, "cat", range(5)), parent(owner, "kitten", range(3, 8))
    task = asked(owner, first, second, labels={"kitten": "Cat"})
    run(task)
    run(task)  # nothing is copied twice
    assert work(task) == "ready"
    rows = list(shards.rows(task.dataset))
    accepted = [row for row in rows if row.verdict == "accepted"]
    assert (len(rows), len(accepted)) == (10, 8)
    assert {row.label for row in rows} == {"Cat"}
    assert rows[0].origin == f"{first.dataset}/cat-00000-00"
    assert rows[0].url == "http://a.example/cat/0.jpg"
    original = {row.sha256 for one in (first, second) for row in shards.rows(one.dataset)}
    bytes_before = {row.key: stored_bytes(task.dataset, row) for row in rows}
    for one in (first, second):
        datasets.change(owner, one.dataset, lambda document: document.moved("deleting"))
        lifecycle.erase(one)
    assert {row.sha256 for row in rows} == original
    assert {row.key: stored_bytes(task.dataset, row) for row in rows} == bytes_before
    assert all(len(bytes_before[row.key]) == row.size_bytes for row in rows)


def test_only_datasets_of_the_same_tenant_that_have_images_are_merged(owner: str) -> None:
    mine, others = parent(owner, "cat", range(2)), parent(uuid.uuid4().hex, "cat", range(2))
    with pytest.raises(ProblemError) as foreign:
        asked(owner, mine, others)
    assert foreign.value.status == 404
    with pytest.raises(ProblemError) as unfinished:
        asked(owner, mine, started(owner))
    assert unfinished.value.status == 409
    with pytest.raises(ProblemError, match="none of the datasets"):
        asked(owner, mine, parent(owner, "dog", range(1)), labels={"owl": "cat"})
    with pytest.raises(ProblemError, match="twice"):
        asked(owner, mine, mine)


def test_what_is_to_be_copied_counts_against_the_quotas(owner: str) -> None:
    parents = [parent(owner, "cat", range(2)), parent(owner, "dog", range(2, 4))]
    for one in parents:
        usage.measure(owner, one.dataset)
    stored = usage.used(owner, "")[1]
    quotas.set_limits(owner, {"stored_bytes": 2 * stored - 1})
    with pytest.raises(ProblemError) as caught:
        asked(owner, *parents)
    assert (caught.value.kind, caught.value.members["requested"]) == ("quota-exceeded", stored)
    quotas.set_limits(owner, {"stored_bytes": 2 * stored})
    asked(owner, *parents)
    assert quotas.standing(owner).bytes_reserved == stored


@given(number=st.integers(0, 100_000))
def test_a_merge_of_whatever_size_is_a_short_message_and_few_activities(number: int) -> None:
    together = max(-(-number // merge.MAX_COPIES), 1)
    gathered = Gathered(shards=number, together=together)
    found = gathered.tasks(Task(owner="o" * 64, dataset="d" * 32))
    assert len(found) <= merge.MAX_COPIES
    assert [at for one in found for at in range(one.first, one.first + one.count)] == list(range(number))
    assert len(gathered.model_dump_json()) < 100


def test_shards_of_many_labels_are_copied_some_at_a_time(owner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merge, "MAX_COPIES", 2)
    task = asked(owner, *(parent(owner, label, range(at, at + 1)) for at, label in enumerate(("cat", "dog", "eel"))))
    assert merge.gather(task) == Gathered(shards=3, together=2)
    run(task)
    assert sorted(row.label for row in shards.rows(task.dataset)) == ["cat", "dog", "eel"]
    datasets.change(owner, task.dataset, lambda document: document.moved("cancelled"))
    assert merge.gather(task).tasks(task) == []


def test_what_was_copied_is_not_counted_again_in_the_month(owner: str) -> None:
    parents = [parent(owner, "cat", range(2)), parent(owner, "dog", range(2, 4))]
    month = usage.month_of(now())
    assert usage.used(owner, month)[0] == 4
    task = asked(owner, *parents)
    run(task)
    assert work(task) == "ready"
    assert usage.bytes_of(owner, [task.dataset]) > 0
    assert usage.used(owner, month)[0] == 4


def test_a_merged_dataset_is_told_that_it_searches_for_nothing(owner: str) -> None:
    task = asked(owner, parent(owner, "cat", range(1)), parent(owner, "dog", range(1, 2)))
    run(task)
    assert work(task) == "ready"
    for wanted in (Refresh(), Refresh(images_per_label=50)):
        with pytest.raises(ProblemError, match="merge them again") as caught:
            renewal.refresh(owner, task.dataset, wanted)
        assert caught.value.status == 409
        assert "images_per_label" not in str(caught.value)
