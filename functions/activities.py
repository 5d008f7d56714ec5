"""The activities: each takes a task from shared.tasks, runs one step, and returns JSON.

Steps are imported where they run: a cold start pays for the step it was started for, not for all of them.
"""

from typing import Any

import azure.durable_functions as df

from functions.durable import forget_dataset
from functions.http import in_thread
from functions.notify import notify_end
from functions.seen import seen
from shared.settings import settings
from shared.tasks import (
    CopyTask,
    ExportTask,
    FailTask,
    FetchTask,
    LateTask,
    PageTask,
    SearchTask,
    SendTask,
    Task,
    VersionExportTask,
)

bp = df.Blueprint()


class Json(dict[str, Any]):
    """A JSON object. It has a name of its own because the worker refuses parametrised annotations."""


@bp.activity_trigger(input_name="request")
@seen
def plan_build(request: Json) -> dict[str, Any] | None:
    """Fix the plan. Input `Task`; output `Outline`, or None when the dataset is not to be built."""
    from shared.steps import plan, wanted

    task = Task.model_validate(request)
    planned = plan.plan(task)
    return wanted.begin(task, planned).model_dump() if planned else None


@bp.activity_trigger(input_name="request")
@seen
def wanted_page(request: Json) -> dict[str, Any]:
    """List labels to collect. Input `PageTask`; output `WantedPage`."""
    from shared.steps import wanted

    return wanted.page(PageTask.model_validate(request)).model_dump()


@bp.activity_trigger(input_name="request")
@seen
def search(request: Json) -> dict[str, Any]:
    """Search one round. Input `SearchTask`; output `Searched`."""
    from shared.steps import search as searching

    return searching.search(SearchTask.model_validate(request)).model_dump()


@bp.activity_trigger(input_name="request")
@seen
async def fetch_shards(request: Json) -> list[Any]:
    """Fetch shards of candidates, one after the other. Input `FetchTask`; output: a `FetchOutcome` for each."""
    from shared.steps import fetch

    return [await fetch.fetch_shard(shard) for shard in FetchTask.model_validate(request).shards()]


@bp.activity_trigger(input_name="request")
@seen
def validate_late_shards(request: Json) -> None:
    """Validate shards that the blob trigger did not see in time. Input `LateTask`."""
    from shared.steps import validate

    for shard in LateTask.model_validate(request).shards():
        validate.validate_or_give_up(shard)


@bp.activity_trigger(input_name="request")
@seen
def count_kept(request: Json) -> int:
    """How many distinct images the label has. Input `SearchTask`."""
    from shared.steps import dedupe

    return dedupe.count_kept(SearchTask.model_validate(request))


@bp.activity_trigger(input_name="request")
@seen
def gather_images(request: Json) -> dict[str, Any]:
    """List what is to be copied out of other datasets. Input `Task`; output `Gathered`."""
    from shared.steps import merge

    return merge.gather(Task.model_validate(request)).model_dump()


@bp.activity_trigger(input_name="request")
@seen
def copy_images(request: Json) -> None:
    """Copy some shards' images out of other datasets. Input `CopyTask`."""
    from shared.steps import merge

    merge.copy(CopyTask.model_validate(request))


@bp.activity_trigger(input_name="request")
@seen
def write_version_export(request: Json) -> None:
    """Write an export of a frozen version. Input `VersionExportTask`."""
    from shared.steps import freeze

    freeze.export(VersionExportTask.model_validate(request))


@bp.activity_trigger(input_name="request")
@seen
def deduplicate(request: Json) -> list[Any]:
    """Deduplicate the whole dataset. Input `Task`; output: the pages of labels to collect more for."""
    from shared.steps import dedupe, wanted

    task = Task.model_validate(request)
    return list(wanted.more(task, dedupe.deduplicate(task)))


@bp.activity_trigger(input_name="request")
@seen
def assemble(request: Json) -> None:
    """Split the dataset and write its index, manifest, card and report. Input `Task`."""
    from shared.steps import assemble as assembling

    assembling.assemble(Task.model_validate(request))


@bp.activity_trigger(input_name="request")
@seen
def export(request: Json) -> None:
    """Write one export. Input `ExportTask`."""
    from shared.steps import export as exporting

    exporting.export(ExportTask.model_validate(request))


@bp.activity_trigger(input_name="request")
@seen
def finish_build(request: Json) -> str | None:
    """Say how the build ended. Input `Task`; output: the state."""
    from shared.steps import assemble as assembling

    return assembling.finish(Task.model_validate(request))


@bp.activity_trigger(input_name="request")
@seen
def fail_build(request: Json) -> None:
    """Say that the build cannot go on. Input `FailTask`."""
    from shared.steps import lifecycle

    lifecycle.fail(FailTask.model_validate(request))


@bp.durable_client_input(client_name="client")
@bp.activity_trigger(input_name="request")
@seen
async def notify(request: Json, client: df.DurableFunctionsClient) -> None:
    """Tell webhooks how a build ended, or that its dataset is being deleted. Input `Task`."""
    task = Task.model_validate(request)
    await notify_end(client, task.owner, task.dataset)


@bp.activity_trigger(input_name="request")
@seen
def send_webhook(request: Json) -> str:
    """Try once to hand an event to a webhook. Input `SendTask`; output `SendOutcome`."""
    from shared.steps import notify as notifying

    return notifying.send(SendTask.model_validate(request))


@bp.activity_trigger(input_name="request")
@seen
def erase_parts(request: Json) -> None:
    """Remove a dataset's blobs and shard documents. Input `Task`."""
    from shared.steps import lifecycle

    lifecycle.erase_parts(Task.model_validate(request))


@bp.activity_trigger(input_name="request")
@seen
def settle_seconds(request: Json) -> float:
    """How long after its end a build's last steps may still write."""
    return settings().fetch_timeout_seconds


@bp.durable_client_input(client_name="client")
@bp.activity_trigger(input_name="request")
@seen
async def erase_dataset(request: Json, client: df.DurableFunctionsClient) -> None:
    """Remove whatever is left of a dataset, its orchestration's history too. Input `Task`."""
    from shared.steps import lifecycle

    task = Task.model_validate(request)
    await forget_dataset(client, task.dataset, but=f"{task.dataset}-delete")
    await in_thread(lifecycle.erase, task)
