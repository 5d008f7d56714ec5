"""States of a dataset: begun, at which stage, ended how; and its removal."""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import wraps
from typing import Literal

from shared import datasets, quotas, shards, usage
from shared.blobs import dataset_folder, raw_folder
from shared.documents import FINAL, RUNNING, DatasetDocument, Stage, State, Work, now
from shared.problems import conflict, not_found
from shared.tasks import FailTask, Task
from shared.telemetry import export, metrics

log = logging.getLogger(__name__)

_EXPORT_SECONDS, _SEND_SECONDS = 10.0, 5.0

RESTARTS = tuple(timedelta(minutes=minutes) for minutes in (0, 10, 20, 40, 80))
"""How long after its orchestration failed a build is started again: the first time, the second... Then it has failed:
what breaks each time costs money each time, and by then somebody could have rolled back what broke it."""


def is_running(task: Task) -> bool:
    """Whether the dataset is still to be built: not cancelled, not being deleted, not gone."""
    return running(task.owner, task.dataset) is not None


def running(owner: str, dataset: str) -> DatasetDocument | None:
    """The dataset, if it is still to be built."""
    document = datasets.find(owner, dataset)
    return document if document is not None and document.state in RUNNING else None


def enter(task: Task, stage: Stage) -> bool:
    """Say that the build has come to this stage; False if it is not to go on."""

    def edit(document: DatasetDocument) -> DatasetDocument | None:
        if document.state not in RUNNING or (document.state == "building" and document.stage == stage):
            return None
        return document.moved("building", stage=stage)

    document = datasets.change(task.owner, task.dataset, edit)
    return document is not None and document.state == "building"


def end(task: Task, state: State, error: str | None = None, *, revision: int | None = None) -> State | None:
    """End the build in a final state, unless it ended already; returns the state it is in, None if it is gone.

    With `revision` it does not end when people have changed rows since that one.
    """

    ended = False

    def edit(document: DatasetDocument) -> DatasetDocument | None:
        nonlocal ended
        ended = document.state in RUNNING and revision in (None, document.revision)
        return document.moved(state, error=error) if ended else None

    usage.measure(task.owner, task.dataset)  # before the build gives up what it reserved
    document = datasets.change(task.owner, task.dataset, edit)
    if document is not None:
        log.info("dataset %s is %s", task.dataset, document.state)
        if ended:
            count(state)
    return None if document is None else document.state


def count(state: State | Literal["lost"], builds: int = 1) -> None:
    """Count builds that came to such an end, and send that: somebody is told of those that fail or are lost."""
    export.wait(_EXPORT_SECONDS)  # none may go uncounted
    metrics.BUILDS_ENDED.record(builds, {"state": state})
    export.flush(_SEND_SECONDS)


def may_restart(task: Task, failed: datetime) -> bool:
    """Whether a build whose orchestration failed at that time is to be started again now; counts it if so.

    False while its pause (`RESTARTS`) lasts, and when there were enough of them, which ends the build.
    """
    document = running(task.owner, task.dataset)
    if document is None:
        return False
    if document.restarts >= len(RESTARTS):
        message = (
            f"The build broke off {document.restarts + 1} times. That is a fault of the service, not of the request: "
            "tell its operators, and build the dataset again once it is mended."
        )
        end(task, "failed", message)
        return False
    if now() < failed + RESTARTS[document.restarts]:
        return False

    def edit(current: DatasetDocument) -> DatasetDocument | None:
        return current.model_copy(update={"restarts": current.restarts + 1}) if current.state in RUNNING else None

    after = datasets.change(task.owner, task.dataset, edit)
    return after is not None and after.state in RUNNING


def reopen(
    owner: str, dataset: str, work: Work, change: Callable[[DatasetDocument], Mapping[str, object]] = lambda _: {}
) -> DatasetDocument:
    """Say that a dataset that has ended is being built again, with what `change` gives; `ProblemError` 404, 409."""

    def edit(document: DatasetDocument) -> DatasetDocument:
        if document.state == "deleting":
            raise not_found("dataset")
        check_ended(document)
        return document.reopened(work).model_copy(update=dict(change(document)))

    document = datasets.change(owner, dataset, edit)
    if document is None:
        raise not_found("dataset")
    return document


def check_ended(document: DatasetDocument) -> None:
    """`ProblemError` 409 while a dataset is being built."""
    if document.state not in FINAL:
        raise conflict(f"The dataset is {document.state}: wait until it has ended, or cancel it.")


def fail(task: FailTask) -> None:
    """End a build that cannot go on."""
    end(task, "failed", task.message)


def mark_deleting(owner: str, dataset: str) -> DatasetDocument | None:
    """Take the dataset out of sight; its parts are removed afterwards. None if there is no such dataset."""
    return datasets.change(owner, dataset, deleting)


def deleting(document: DatasetDocument) -> DatasetDocument | None:
    """The edit that takes a dataset out of sight, None when it is already."""
    return None if document.state == "deleting" else document.moved("deleting")


def tidied[T: Task, R](step: Callable[[T], R]) -> Callable[[T], R]:
    """Wrap a step, so that what it writes while its dataset is deleted does not outlive the dataset."""

    @wraps(step)
    def run(task: T) -> R:
        try:
            return step(task)
        finally:
            tidy(task)

    return run


def tidy(task: Task) -> None:
    """Remove what was written after the dataset was marked for deletion: its removal may be over already.

    Nothing slips through: either this look comes after the mark, or the write came before the removal.
    """
    document = datasets.find(task.owner, task.dataset)
    if document is None or document.state == "deleting":
        erase_parts(task)


def erase_parts(task: Task) -> None:
    """Remove blobs and shard documents. Runs twice: what storage forgets of the first time is done by the second."""
    raw_folder(task.dataset).clear()
    dataset_folder(task.dataset).clear()
    shards.clear(task.dataset)


def erase(task: Task) -> None:
    """Remove all that is left, the dataset document last, so that a lost deletion is found again."""
    erase_parts(task)
    usage.forget(task.owner, task.dataset)
    datasets.remove(task.owner, task.dataset)
    quotas.release(task.owner, task.dataset)
