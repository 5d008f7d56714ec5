from datetime import timedelta

import pytest

from shared import datasets, shards
from shared.blobs import dataset_folder, raw_folder
from shared.documents import now
from shared.steps import lifecycle, validate
from shared.tasks import FailTask, Task
from tests.shared.conftest import store
from tests.shared.steps.conftest import raw, searched, started
from tests.shared.telemetry.reading import Recorded, recorded, without_cost

__all__ = ["recorded"]

pytestmark = pytest.mark.usefixtures("stores")


def whole(owner: str) -> Task:
    task = started(owner)
    searched(task)
    raw(task, range(2))
    validate.validate_raw(task.dataset, "cat-00000")
    return task


def left(task: Task) -> list[object]:
    names = [*dataset_folder(task.dataset).names(), *raw_folder(task.dataset).names()]
    return [*names, *shards.documents(task.dataset), *shards.searches(task.dataset)]


def test_a_build_goes_through_its_stages(owner: str) -> None:
    task = store(owner)
    assert lifecycle.enter(task, "planning")
    assert lifecycle.enter(task, "collecting")
    found = datasets.get(owner, task.dataset)
    assert (found.state, found.stage) == ("building", "collecting")
    assert lifecycle.enter(task, "collecting")
    assert datasets.get(owner, task.dataset).updated == found.updated


@pytest.mark.parametrize("state", ["ready", "incomplete", "failed", "cancelled"])
def test_what_has_ended_stays_as_it_is(owner: str, state: str, recorded: Recorded) -> None:
    task = store(owner)
    assert lifecycle.end(task, state, "why") == state  # type: ignore[arg-type]
    assert not lifecycle.enter(task, "exporting")
    assert not lifecycle.is_running(task)
    lifecycle.fail(FailTask(**task.model_dump(), message="too late"))
    found = datasets.get(owner, task.dataset)
    assert (found.state, found.error) == (state, "why")
    assert without_cost(recorded()) == {("pixcrawler.builds.ended", state): 1}


def test_an_end_is_counted_once_that_can_be_exported(
    owner: str, recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first work of a process comes before its exporters are there."""
    before, sent = [], []
    monkeypatch.setattr("shared.telemetry.export.wait", lambda _: before.append(without_cost(recorded())))
    monkeypatch.setattr("shared.telemetry.export.flush", lambda _: sent.append(without_cost(recorded())))
    lifecycle.end(store(owner), "failed")
    assert before == [{}]
    assert sent == [{("pixcrawler.builds.ended", "failed"): 1}], "the instance may be gone before the next export"
    assert without_cost(recorded()) == {("pixcrawler.builds.ended", "failed"): 1}


def test_a_failure_has_its_message(owner: str) -> None:
    task = store(owner)
    lifecycle.fail(FailTask(**task.model_dump(), message="disk full"))
    assert datasets.get(owner, task.dataset).error == "disk full"


def test_a_build_that_breaks_off_is_started_again_after_longer_and_longer_pauses(owner: str) -> None:
    task = store(owner)
    lifecycle.enter(task, "collecting")
    for number, pause in enumerate(lifecycle.RESTARTS, start=1):
        assert not lifecycle.may_restart(task, now() - pause + timedelta(minutes=1))
        assert lifecycle.may_restart(task, now() - pause)
        found = datasets.get(owner, task.dataset)
        assert (found.state, found.stage, found.restarts) == ("building", "collecting", number)
    assert timedelta(hours=2) < sum(lifecycle.RESTARTS, timedelta()) < timedelta(hours=3), "time for a rollback"
    assert not lifecycle.may_restart(task, now())
    found = datasets.get(owner, task.dataset)
    assert (found.state, found.stage) == ("failed", None)
    assert found.error is not None
    assert found.error.startswith("The build broke off 6 times.")
    assert lifecycle.reopen(owner, task.dataset, "refresh").restarts == 0, "another build, another count"


def test_what_has_ended_is_not_started_again(owner: str) -> None:
    task = store(owner)
    lifecycle.end(task, "cancelled")
    assert not lifecycle.may_restart(task, now())
    assert datasets.get(owner, task.dataset).restarts == 0


def test_what_is_gone_is_not_brought_back(owner: str, recorded: Recorded) -> None:
    task = store(owner)
    datasets.remove(owner, task.dataset)
    assert not lifecycle.enter(task, "planning")
    assert lifecycle.end(task, "ready") is None
    assert without_cost(recorded()) == {}
    assert lifecycle.mark_deleting(owner, task.dataset) is None
    assert datasets.find(owner, task.dataset) is None


def test_erasing_leaves_nothing_and_may_run_twice(owner: str) -> None:
    task, other = whole(owner), whole(owner)
    kept = left(other)
    lifecycle.mark_deleting(owner, task.dataset)
    lifecycle.erase_parts(task)
    assert left(task) == []
    assert datasets.find(owner, task.dataset) is not None
    lifecycle.erase(task)
    lifecycle.erase(task)
    assert datasets.find(owner, task.dataset) is None
    assert left(other) == kept


def test_tidying_touches_only_what_is_deleted(owner: str) -> None:
    task = whole(owner)
    for state in ("cancelled", "ready", "failed"):
        datasets.change(owner, task.dataset, lambda one, state=state: one.moved(state))  # type: ignore[misc]
        lifecycle.tidy(task)
        assert left(task)
    lifecycle.mark_deleting(owner, task.dataset)
    lifecycle.tidy(task)
    assert left(task) == []


def test_a_step_that_fails_on_a_deleted_dataset_is_tidied_too(owner: str) -> None:
    task = whole(owner)
    lifecycle.mark_deleting(owner, task.dataset)

    @lifecycle.tidied
    def step(one: Task) -> None:
        dataset_folder(one.dataset).write("late", b"x")
        raise OSError("no")

    with pytest.raises(OSError, match="no"):
        step(task)
    assert left(task) == []
