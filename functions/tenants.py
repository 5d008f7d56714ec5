"""A tenant's export and erasure as orchestrations."""

from collections.abc import Generator
from datetime import timedelta
from itertools import batched
from typing import Any

import azure.durable_functions as df
from durabletask.task import OrchestrationContext, when_all

from functions.activities import Json
from functions.build import RETRY
from functions.durable import forget, forget_dataset, stop
from functions.http import in_thread
from functions.seen import seen
from shared.tasks import ErasureTask, ExportPartTask, Task, TenantExportTask

bp = df.Blueprint()

AT_ONCE = 8


@bp.orchestration_trigger(context_name="context")
def export_tenant_data(context: OrchestrationContext, request: dict[str, Any]) -> Generator[Any, Any, Any]:
    """Collect what is kept of some datasets, then of more as a new execution, then the rest and all of it as one file.

    Input: a `TenantExportTask`.
    """
    task = TenantExportTask.model_validate(request)
    names = yield context.call_activity("export_page", input=task.model_dump(), retry_policy=RETRY)
    parts = [ExportPartTask(**task.model_dump(), dataset=name).model_dump() for name in names]
    for some in batched(parts, AT_ONCE, strict=False):
        yield when_all([context.call_activity("collect_dataset", input=one, retry_policy=RETRY) for one in some])
    if parts:
        context.continue_as_new(task.model_copy(update={"after": names[-1]}).model_dump())
        return
    yield context.call_activity("collect_tenant", input=request, retry_policy=RETRY)


@bp.orchestration_trigger(context_name="context")
def erase_tenant_data(context: OrchestrationContext, request: dict[str, Any]) -> Generator[Any, Any, Any]:
    """Some datasets, then more as a new execution; then the rest, and keys; then once more what came meanwhile.

    Input: an `ErasureTask`. Every dataset is emptied twice: steps that were under way may have written in between.
    """
    task = ErasureTask.model_validate(request)
    names = yield context.call_activity("erasure_page", input=request, retry_policy=RETRY)
    parts = [Task(owner=task.owner, dataset=name).model_dump() for name in names]
    settle = yield context.call_activity("settle_seconds", input=request, retry_policy=RETRY)
    if parts:
        for some in batched(parts, AT_ONCE, strict=False):
            yield when_all([context.call_activity("erase_parts", input=one, retry_policy=RETRY) for one in some])
        yield context.create_timer(timedelta(seconds=settle))
        for some in batched(parts, AT_ONCE, strict=False):
            yield when_all([context.call_activity("erase_all_parts", input=one, retry_policy=RETRY) for one in some])
        context.continue_as_new(request)
        return
    if task.access:
        yield context.call_activity("end_erasure", input=request, retry_policy=RETRY)
        return
    yield context.call_activity("erase_documents", input=request, retry_policy=RETRY)
    yield context.call_activity("erase_access", input=request, retry_policy=RETRY)
    yield context.create_timer(timedelta(seconds=settle))
    context.continue_as_new(task.model_copy(update={"access": True}).model_dump(mode="json"))


@bp.activity_trigger(input_name="request")
@seen
def export_page(request: Json) -> list[str]:
    """Some of the tenant's datasets, in order. Input `TenantExportTask`; output: ids, none after the last."""
    from shared.steps import tenant_export

    return list(tenant_export.page(TenantExportTask.model_validate(request)))


@bp.activity_trigger(input_name="request")
@seen
def collect_dataset(request: Json) -> None:
    """Write what the export tells of one dataset. Input `ExportPartTask`."""
    from shared.steps import tenant_export

    tenant_export.collect_dataset(ExportPartTask.model_validate(request))


@bp.activity_trigger(input_name="request")
@seen
def collect_tenant(request: Json) -> None:
    """Write the export's file. Input `TenantExportTask`."""
    from shared.steps import tenant_export

    tenant_export.collect(TenantExportTask.model_validate(request))


@bp.durable_client_input(client_name="client")
@bp.activity_trigger(input_name="request")
@seen
async def erasure_page(request: Json, client: df.DurableFunctionsClient) -> list[str]:
    """Some of the tenant's datasets, their builds stopped. Input `ErasureTask`; output: ids."""
    from shared.steps import erase

    found = await in_thread(erase.page, ErasureTask.model_validate(request))
    for dataset in found:
        await stop(client, dataset, "erased")
    return list(found)


@bp.durable_client_input(client_name="client")
@bp.activity_trigger(input_name="request")
@seen
async def erase_all_parts(request: Json, client: df.DurableFunctionsClient) -> None:
    """Remove all of a dataset, histories too. Input `Task`."""
    from shared.steps import erase

    task = Task.model_validate(request)
    await forget_dataset(client, task.dataset)
    await in_thread(erase.dataset, task)


@bp.durable_client_input(client_name="client")
@bp.activity_trigger(input_name="request")
@seen
async def erase_documents(request: Json, client: df.DurableFunctionsClient) -> None:
    """Remove the rest of a tenant, histories of orchestrations first. Input `ErasureTask`."""
    from shared.steps import erase

    task = ErasureTask.model_validate(request)
    for instance in await in_thread(erase.instances, task):
        await forget(client, instance)
    await in_thread(erase.documents, task)


@bp.activity_trigger(input_name="request")
@seen
def erase_access(request: Json) -> None:
    """Remove a tenant's keys. Input `ErasureTask`."""
    from shared.steps import erase

    erase.access(ErasureTask.model_validate(request))


@bp.activity_trigger(input_name="request")
@seen
def end_erasure(request: Json) -> None:
    """Remove what came meanwhile and leave the line that says that it was done. Input `ErasureTask`."""
    from shared.steps import erase

    erase.end(ErasureTask.model_validate(request))
