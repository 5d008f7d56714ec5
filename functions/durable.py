"""Starting an orchestration whose instance id is the thing it works on, so that two starts are one."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import azure.durable_functions as df
from durabletask.client import OrchestrationQuery, OrchestrationStatus
from pydantic import BaseModel

from shared.tasks import Task
from shared.telemetry.trace import traceparent

log = logging.getLogger(__name__)

_ENDING_LOOKS, _ENDING_SECONDS = 50, 0.1
"""A dataset says how its build ended a moment before the orchestration has."""

HISTORY = timedelta(days=30)
"""How long what has ended is remembered: attempts at a delivery go on for days, and are listed for a month."""

_FIRST = datetime(2020, 1, 1, tzinfo=UTC)
"""Before anything was started; some backends want to be told."""

_ENDED = (OrchestrationStatus.COMPLETED, OrchestrationStatus.FAILED, OrchestrationStatus.TERMINATED)
_LIVE = {OrchestrationStatus.PENDING, OrchestrationStatus.RUNNING, OrchestrationStatus.SUSPENDED}


async def start(client: df.DurableFunctionsClient, orchestrator: str, task: BaseModel, instance: str) -> None:
    """Start it in the trace of the work under way, unless the task names one.

    Nothing happens if an orchestration of that id is alive (somebody else started it).
    """
    payload: dict[str, Any] = task.model_dump(mode="json")
    if "traceparent" in type(task).model_fields and (trace := traceparent()):
        payload.setdefault("traceparent", trace)
    try:
        await client.schedule_new_orchestration(orchestrator, input=payload, instance_id=instance)
    except Exception:
        if not await is_alive(client, instance):
            raise


async def start_once(client: df.DurableFunctionsClient, orchestrator: str, task: BaseModel, instance: str) -> None:
    """Start it unless one of that id has ever been started, even if it has ended."""
    if await client.get_orchestration_state(instance, fetch_payloads=False) is None:
        await start(client, orchestrator, task, instance)


async def revive(client: df.DurableFunctionsClient, orchestrator: str, task: BaseModel, instance: str) -> None:
    """Start what ought to be alive and is not; what ended under that id is forgotten."""
    if not await is_alive(client, instance):
        await client.purge_orchestration(instance, recursive=True)
        await start(client, orchestrator, task, instance)
        log.info("%s %s was not alive: started", orchestrator, instance)


async def start_soon(client: df.DurableFunctionsClient, orchestrator: str, task: Task, instance: str) -> None:
    """Start it now, or leave it to `reconcile`: the dataset's state says already that it is to be done."""
    try:
        await start(client, orchestrator, task, instance)
    except Exception:
        log.exception("%s of dataset %s cannot be started now; reconcile will do it", orchestrator, task.dataset)


async def start_again(client: df.DurableFunctionsClient, orchestrator: str, task: Task, instance: str) -> None:
    """Start under an id that an orchestration had which has ended, or is just about to; or leave it to `reconcile`."""
    try:
        for _ in range(_ENDING_LOOKS):
            if not await is_alive(client, instance):
                break
            await asyncio.sleep(_ENDING_SECONDS)
        else:
            log.warning("orchestration %s has not ended yet; reconcile will start it again", instance)
            return
        await restart(client, orchestrator, task, instance)
    except Exception:
        log.exception("%s of dataset %s cannot be started now; reconcile will do it", orchestrator, task.dataset)


async def restart(client: df.DurableFunctionsClient, orchestrator: str, task: Task, instance: str) -> None:
    """Start under an id that an orchestration had which has ended: what ended keeps its id until it is purged."""
    await client.purge_orchestration(instance, recursive=True)
    await start(client, orchestrator, task, instance)


async def forget_ended(client: df.DurableFunctionsClient, before: datetime) -> None:
    """Remove the histories of orchestrations that were started before that moment and have ended: inputs, outputs and
    steps of builds, deliveries and exports, which nothing else removes."""
    await client.purge_orchestrations_by(_FIRST, before, list(_ENDED))


async def forget_dataset(client: df.DurableFunctionsClient, dataset: str, *, but: str | None = None) -> None:
    """Remove the histories of everything that was ever done with a dataset, except for `but`; what goes on is ended.

    Their ids begin with the dataset's: the build and its parts, exports of versions, the move to the cool tier.
    """
    for found in await client.get_all_orchestration_states(OrchestrationQuery(instance_id_prefix=dataset)):
        if found.instance_id != but:
            await forget(client, found.instance_id)


async def forget(client: df.DurableFunctionsClient, instance: str) -> None:
    """Remove the history of an orchestration; one that goes on is ended first: only what has ended can be purged."""
    if await is_alive(client, instance):
        await stop(client, instance, "erased")
        for _ in range(_ENDING_LOOKS):
            if not await is_alive(client, instance):
                break
            await asyncio.sleep(_ENDING_SECONDS)
    await client.purge_orchestration(instance, recursive=True)


async def stop(client: df.DurableFunctionsClient, instance: str, output: str) -> None:
    """End an orchestration and its parts. If that fails it ends by itself: no step goes on when the state forbids."""
    try:
        await client.terminate_orchestration(instance, output=output, recursive=True)
    except Exception:
        log.exception("orchestration %s cannot be terminated; its next step will end it", instance)


async def is_alive(client: df.DurableFunctionsClient, instance: str) -> bool:
    """Whether an orchestration of that id is waiting, running or suspended."""
    found = await client.get_orchestration_state(instance, fetch_payloads=False)
    return found is not None and found.runtime_status in _LIVE


async def failed_at(client: df.DurableFunctionsClient, instance: str) -> datetime | None:
    """When an orchestration of that id ended by an error; None if it did not."""
    found = await client.get_orchestration_state(instance, fetch_payloads=False)
    if found is None or found.runtime_status != OrchestrationStatus.FAILED:
        return None
    return found.last_updated_at.replace(tzinfo=UTC)  # the SDK gives UTC without saying so
