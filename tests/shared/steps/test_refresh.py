"""A dataset is searched again: rounds go on, URLs come once, images stay."""

import pytest

from builder.urls import UrlRow
from shared import datasets, quotas, renewal, shards, usage
from shared.blobs import dataset_folder, raw_folder
from shared.problems import ProblemError
from shared.renewal import Refresh
from shared.steps import plan, search, upload, validate
from shared.tasks import SearchTask, Task
from tests.shared.steps.conftest import raw, search_task, started
from tests.shared.steps.test_curate import work

pytestmark = pytest.mark.usefixtures("stores")
LIST = "0" * 32


@pytest.fixture
def task(owner: str, monkeypatch: pytest.MonkeyPatch) -> Task:
    """A ready dataset of four images, whose list of URLs has grown since."""
    lines = [UrlRow(line=n + 1, url=f"http://a.example/cat/{n}.jpg") for n in range(4)]
    monkeypatch.setattr(upload, "read_url_list", lambda *_: iter(lines))
    task = started(owner, labels=[{"name": "cat"}], url_list=LIST, images_per_label=4, exports=[])
    assert search.search(search_task(task)).dry
    raw(task, range(4))
    validate.validate_raw(task.dataset, "cat-00000")
    assert work(task) == "ready"
    lines += [UrlRow(line=n + 1, url=f"http://a.example/cat/{n}.jpg") for n in range(4, 7)]
    return task


def test_only_new_urls_are_fetched_and_what_is_there_stays(owner: str, task: Task) -> None:
    before = {row.key: row for row in shards.rows(task.dataset)}
    renewal.refresh(owner, task.dataset, Refresh(images_per_label=6))
    for _ in range(2):  # a build that is started again goes the same way
        planned = plan.plan(task)
        assert planned is not None
        assert (planned.labels, planned.rounds) == ({"cat": 6}, {"cat": 2})
    second = SearchTask(**task.model_dump(), label="cat", need=6, round=2)
    found = search.search(second)
    assert (found.first, found.count, found.dry) == (1, 1, True)
    urls = [one.url for one in search.read_candidates(dataset_folder(task.dataset), "cat", 2)]
    assert urls == [f"http://a.example/cat/{n}.jpg" for n in range(4, 7)]
    assert search.search(search_task(task)).dry is False  # a build from the beginning goes on to the second search
    raw(task, range(3, 6), number=1, side=192)  # the first of them is a larger copy
    validate.validate_raw(task.dataset, "cat-00001")
    raw_folder(task.dataset).clear()
    assert work(task) == "ready"
    after = {row.key: row for row in shards.rows(task.dataset)}
    assert {key: after[key] for key in before} == before
    assert [after[f"cat-00001-{n:02}"].verdict for n in range(3)] == ["duplicate", "accepted", "accepted"]


def test_what_a_stopped_build_found_and_never_fetched_is_found_again(
    owner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [UrlRow(line=n + 1, url=f"http://a.example/cat/{n}.jpg") for n in range(102)]
    monkeypatch.setattr(upload, "read_url_list", lambda *_: iter(lines))
    task = started(owner, labels=[{"name": "cat"}], url_list=LIST, images_per_label=102, exports=[])
    assert search.search(search_task(task, need=102)).count == 2
    raw(task, range(96, 102), number=1)  # the second is validated, the first is not when the build is stopped
    validate.validate_raw(task.dataset, "cat-00001")
    datasets.change(owner, task.dataset, lambda one: one.moved("cancelled"))
    renewal.refresh(owner, task.dataset, Refresh())
    assert plan.plan(task) is not None
    assert search.search(SearchTask(**task.model_dump(), label="cat", need=102, round=2)).count == 1
    found = search.read_candidates(dataset_folder(task.dataset), "cat", 2)
    assert [one.url for one in found] == [one.url for one in lines[:96]]


def test_a_full_dataset_is_searched_only_for_more(owner: str, task: Task) -> None:
    with pytest.raises(ProblemError, match="images_per_label"):
        renewal.refresh(owner, task.dataset, Refresh())
    assert datasets.get(owner, task.dataset).state == "ready"
    renewal.refresh(owner, task.dataset, Refresh(images_per_label=5))
    quotas.reserve(owner, task.dataset, images=5_000, size=7_000)
    with pytest.raises(ProblemError, match="wait until"):
        renewal.refresh(owner, task.dataset, Refresh(images_per_label=9))
    standing = quotas.standing(owner)
    assert (standing.images_reserved, standing.bytes_reserved) == (5_000, 7_000)


def test_what_is_still_missing_counts_against_the_quotas(owner: str, task: Task) -> None:
    usage.measure(owner, task.dataset)
    quotas.set_limits(owner, {"images_per_month": 9})
    with pytest.raises(ProblemError) as caught:
        renewal.refresh(owner, task.dataset, Refresh(images_per_label=10))
    assert (caught.value.kind, caught.value.members["requested"]) == ("quota-exceeded", 6)
    assert datasets.get(owner, task.dataset).state == "ready"
    renewal.refresh(owner, task.dataset, Refresh(images_per_label=9))
    assert quotas.standing(owner).images_reserved == 5
