from concurrent.futures import ThreadPoolExecutor

import pytest

from shared import datasets
from shared.documents import DatasetHead
from shared.problems import ProblemError
from tests.shared.conftest import store

pytestmark = pytest.mark.usefixtures("stores")


def test_a_dataset_is_found_by_its_owner_only(owner: str) -> None:
    task = store(owner)
    assert datasets.get(owner, task.dataset).spec.labels[0].name == "Red panda"
    with pytest.raises(ProblemError) as caught:
        datasets.get("somebody else", task.dataset)
    assert caught.value.status == 404


def test_what_is_being_deleted_is_out_of_sight(owner: str) -> None:
    task = store(owner)
    datasets.change(owner, task.dataset, lambda document: document.moved("deleting"))
    with pytest.raises(ProblemError):
        datasets.get(owner, task.dataset)
    assert datasets.page(owner, state=None, size=10, cursor=None).items == ()
    found = datasets.find(owner, task.dataset)
    assert found is not None
    assert found.state == "deleting"


def test_pages_are_newest_first_and_complete(owner: str) -> None:
    made = [store(owner).dataset for _ in range(7)]
    seen: list[DatasetHead] = []
    cursor = None
    while True:
        page = datasets.page(owner, state=None, size=3, cursor=cursor)
        assert len(page.items) <= 3
        seen += page.items
        cursor = page.cursor
        if cursor is None:
            break
    assert sorted(one.id for one in seen) == sorted(made)
    assert [one.created for one in seen] == sorted((one.created for one in seen), reverse=True)


def test_pages_are_filtered_by_state(owner: str) -> None:
    ready = store(owner)
    store(owner)
    datasets.change(owner, ready.dataset, lambda document: document.moved("ready"))
    assert [one.id for one in datasets.page(owner, state="ready", size=10, cursor=None).items] == [ready.dataset]


@pytest.mark.parametrize("cursor", ["", "%", "abc", "bm90IG91cnM", "é", "VFfQoQ", "IHg", "YQ1i"])
def test_a_cursor_that_is_none_of_ours_is_a_problem(owner: str, cursor: str) -> None:
    store(owner)
    with pytest.raises(ProblemError) as caught:
        datasets.page(owner, state=None, size=3, cursor=cursor)
    assert caught.value.status == 400


def test_changes_at_the_same_moment_are_all_kept(owner: str) -> None:
    task = store(owner)

    def append(letter: str) -> None:
        datasets.change(owner, task.dataset, lambda one: one.model_copy(update={"name": one.name + letter}))

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(append, "abcde"))
    assert sorted(datasets.get(owner, task.dataset).name.removeprefix("pets")) == list("abcde")


def test_a_change_may_be_declined_or_come_too_late(owner: str) -> None:
    task = store(owner)
    before = datasets.get(owner, task.dataset)
    assert datasets.change(owner, task.dataset, lambda _: None) == before
    datasets.remove(owner, task.dataset)
    datasets.remove(owner, task.dataset)
    assert datasets.change(owner, task.dataset, lambda document: document.moved("ready")) is None


def test_housekeeping_sees_every_owner(owner: str) -> None:
    tasks = [store(owner), store(owner + "2")]
    found = {document.id for document in datasets.in_states(("queued", "building"))}
    assert {task.dataset for task in tasks} <= found


def test_the_same_request_finds_what_it_made_before(owner: str) -> None:
    task = store(owner)
    made = datasets.get(owner, task.dataset)
    datasets.change(owner, task.dataset, lambda document: document.moved("building"))
    assert datasets.create(made).state == "building"
