import pytest

from builder.spec import DatasetSpec
from shared import datasets, shards
from shared.blobs import dataset_folder, raw_folder
from shared.steps import validate
from shared.tasks import Task
from tests.shared.steps.conftest import picture, raw, shard_task, started
from tests.shared.telemetry.reading import Recorded, recorded, without_cost

__all__ = ["recorded"]

pytestmark = pytest.mark.usefixtures("stores")
SHARD = "cat-00000"


@pytest.fixture
def task(owner: str) -> Task:
    return started(owner)


def poison(task: Task, shard: str = SHARD) -> None:
    raw_folder(task.dataset).write(f"{shard}.tar", b"garbage", {"instance": "someone"})


def test_a_raw_shard_becomes_a_tar_and_a_document(task: Task) -> None:
    raw(task, range(3))
    assert validate.validate_raw(task.dataset, SHARD) == validate.Done("cat", 0, "someone")
    document = shards.find(task.dataset, SHARD)
    assert document is not None
    assert (document.state, document.counts.accepted) == ("validated", 3)
    row = document.images[1]
    assert row.shard is not None
    assert row.offset is not None
    assert dataset_folder(task.dataset).read_range(row.shard, row.offset, row.size_bytes or 0) == picture(1)


def test_images_and_rejections_are_counted_once(task: Task, recorded: Recorded) -> None:
    raw(task, range(3))
    raw(task, range(2), number=1, side=20)
    for shard in (SHARD, SHARD, "cat-00001"):
        validate.validate_raw(task.dataset, shard)
    assert without_cost(recorded()) == {
        ("pixcrawler.shards", "validated"): 2,
        ("pixcrawler.images", "validated"): 5,
        ("pixcrawler.images", "accepted"): 3,
        ("pixcrawler.rejections", "too_small"): 1,
        ("pixcrawler.rejections", "too_few_bytes"): 1,
    }


def test_a_raw_shard_tells_its_trace(task: Task) -> None:
    raw_folder(task.dataset).write(f"{SHARD}.tar", b"x", {"traceparent": "00-a"})
    assert validate.trace_of(task.dataset, SHARD) == "00-a"
    assert validate.trace_of(task.dataset, "cat-00001") is None


def test_a_shard_is_done_only_with_both_of_its_halves(task: Task) -> None:
    assert not validate.is_done(task.dataset, SHARD)
    raw(task, range(3))
    validate.validate_raw(task.dataset, SHARD)
    assert validate.is_done(task.dataset, SHARD)
    dataset_folder(task.dataset).delete(f"shards/{SHARD}.tar")
    assert not validate.is_done(task.dataset, SHARD)
    validate.validate_raw(task.dataset, SHARD)
    assert validate.is_done(task.dataset, SHARD)


def test_a_shard_without_an_image_is_done_without_a_tar(task: Task) -> None:
    raw(task, range(2), side=20)
    validate.validate_raw(task.dataset, SHARD)
    assert validate.is_done(task.dataset, SHARD)
    assert list(dataset_folder(task.dataset).names("shards/")) == []


def test_validating_twice_changes_nothing(task: Task) -> None:
    raw(task, range(3))
    validate.validate_raw(task.dataset, SHARD)
    before = shards.find(task.dataset, SHARD)
    validate.validate_raw(task.dataset, SHARD)
    assert shards.find(task.dataset, SHARD) == before


def test_a_late_validation_does_not_undo_what_came_after_an_early_one(
    task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The trigger and the orchestration may both validate; by the end of the later, verdicts may have changed."""
    raw(task, range(3))
    real = validate._validate

    def slow(dataset: str, shard: validate.Done, spec: DatasetSpec) -> object:
        result = real(dataset, shard, spec)
        surplus = tuple(row.model_copy(update={"verdict": "surplus", "reason": "over_target"}) for row in result.images)
        shards.put(result.with_images(surplus))  # somebody else was faster, and the dataset was deduplicated
        return result

    monkeypatch.setattr(validate, "_validate", slow)
    validate.validate_raw(task.dataset, SHARD)
    document = shards.find(task.dataset, SHARD)
    assert document is not None
    assert document.counts.surplus == 3


@pytest.mark.parametrize("state", ["cancelled", "deleting"])
def test_shards_of_datasets_that_are_not_built_are_left_alone(task: Task, state: str) -> None:
    raw(task, range(3))
    datasets.change(task.owner, task.dataset, lambda one: one.moved(state))  # type: ignore[arg-type]
    assert validate.validate_raw(task.dataset, SHARD) is None
    assert validate.give_up(task.dataset, SHARD, "x") is None
    assert shards.documents(task.dataset) == []


@pytest.mark.parametrize("shard", ["dog-00000", "nonsense", "a/cat-00000", "cat-1", "-00000", "Cat-00000"])
def test_shards_that_no_build_asked_for_are_left_alone(task: Task, shard: str) -> None:
    poison(task, shard)
    assert validate.validate_raw(task.dataset, shard) is None
    assert validate.give_up(task.dataset, shard, "x") is None
    assert shards.documents(task.dataset) == []


def test_a_shard_of_an_unknown_dataset_is_left_alone() -> None:
    nobody = Task(owner="x", dataset="0" * 32)
    poison(nobody)
    assert validate.validate_raw(nobody.dataset, SHARD) is None
    assert validate.give_up(nobody.dataset, SHARD, "x") is None
    assert shards.documents(nobody.dataset) == []
    raw_folder(nobody.dataset).clear()


def test_a_poisoned_shard_raises_until_it_is_given_up(task: Task) -> None:
    poison(task)
    with pytest.raises(ValueError, match="no tar that can be read"):
        validate.validate_raw(task.dataset, SHARD)
    assert shards.find(task.dataset, SHARD) is None
    assert validate.give_up(task.dataset, SHARD, "five times") == validate.Done("cat", 0, "someone")
    document = shards.find(task.dataset, SHARD)
    assert document is not None
    assert (document.state, document.error, document.counts.candidates) == ("failed", "five times", 0)
    assert validate.is_done(task.dataset, SHARD)


def test_the_orchestration_gives_up_at_once(task: Task) -> None:
    poison(task)
    validate.validate_or_give_up(shard_task(task))
    document = shards.find(task.dataset, SHARD)
    assert document is not None
    assert document.state == "failed"
    assert (document.error or "").startswith("DamagedShardError")


def test_a_raw_shard_without_metadata_is_validated_with_nobody_told(task: Task) -> None:
    raw(task, range(2))
    folder = raw_folder(task.dataset)
    folder.write(f"{SHARD}.tar", folder.read(f"{SHARD}.tar"))
    assert validate.validate_raw(task.dataset, SHARD) == validate.Done("cat", 0, None)
    assert validate.is_done(task.dataset, SHARD)


def test_what_was_validated_is_not_given_up(task: Task) -> None:
    raw(task, range(2))
    validate.validate_raw(task.dataset, SHARD)
    assert validate.give_up(task.dataset, SHARD, "late") is not None
    document = shards.find(task.dataset, SHARD)
    assert document is not None
    assert document.state == "validated"


def test_a_validated_shard_does_not_outlive_its_dataset(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    raw(task, range(2))
    real = validate._validate

    def deleted_meanwhile(dataset: str, shard: validate.Done, spec: DatasetSpec) -> object:
        datasets.change(task.owner, dataset, lambda one: one.moved("deleting"))
        return real(dataset, shard, spec)

    monkeypatch.setattr(validate, "_validate", deleted_meanwhile)
    validate.validate_raw(task.dataset, SHARD)
    assert shards.documents(task.dataset) == []
    assert list(dataset_folder(task.dataset).names()) == list(raw_folder(task.dataset).names()) == []
