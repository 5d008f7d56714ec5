import pytest

from shared import datasets, shards
from shared.blobs import dataset_folder
from shared.steps import plan, validate
from tests.shared.conftest import store
from tests.shared.steps.conftest import raw, started

pytestmark = pytest.mark.usefixtures("stores")


def test_a_plan_has_every_label_with_its_target(owner: str) -> None:
    task = store(owner, labels=[{"name": "Red panda"}, {"name": "cat", "images": 7}], images_per_label=3)
    found = plan.plan(task)
    assert found is not None
    assert found.labels == {"red-panda": 3, "cat": 7}
    assert found.exports == ("imagefolder",)
    assert datasets.get(owner, task.dataset).stage == "planning"
    written = plan.read_plan(dataset_folder(task.dataset))
    assert written.owner == owner
    assert set(written.queries) == {"red-panda", "cat"}
    assert all(written.queries.values())


def test_a_plan_that_is_there_stays(owner: str) -> None:
    task = started(owner)
    before = dataset_folder(task.dataset).read(plan.PLAN)
    datasets.change(
        owner, task.dataset, lambda one: one.model_copy(update={"spec": one.spec.model_copy(update={"name": "y"})})
    )
    assert plan.plan(task) is not None
    assert dataset_folder(task.dataset).read(plan.PLAN) == before


@pytest.mark.parametrize("state", ["cancelled", "deleting", "ready"])
def test_what_is_not_to_be_built_has_no_plan(owner: str, state: str) -> None:
    task = store(owner)
    datasets.change(owner, task.dataset, lambda one: one.moved(state))  # type: ignore[arg-type]
    assert plan.plan(task) is None
    assert list(dataset_folder(task.dataset).names()) == []


def test_a_build_that_starts_again_forgets_the_shards_that_storage_lost(owner: str) -> None:
    task = started(owner)
    for number in (0, 1):
        raw(task, range(number * 10, number * 10 + 10), number)
        validate.validate_raw(task.dataset, f"cat-0000{number}")
    dataset_folder(task.dataset).delete("shards/cat-00001.tar")
    plan.plan(task)
    assert [one.id for one in shards.documents(task.dataset)] == ["cat-00000"]
