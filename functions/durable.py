"""Starting an orchestration whose instance id is the thing it works on, so that two starts are one."""

from typing import Any

import azure.durable_functions as df
from durabletask.client import OrchestrationStatus

from shared.tasks import Task

_LIVE = {OrchestrationStatus.PENDING, OrchestrationStatus.RUNNING, OrchestrationStatus.SUSPENDED}


async def start(client: df.DurableFunctionsClient, orchestrator: str, task: Task, instance: str) -> None:
    """Start it; nothing happens if an orchestration of that id is alive (somebody else started it)."""
    payload: dict[str, Any] = task.model_dump()
    try:
        await client.schedule_new_orchestration(orchestrator, input=payload, instance_id=instance)
    except Exception:
        if not await is_alive(client, instance):
            raise


async def is_alive(client: df.DurableFunctionsClient, instance: str) -> bool:
    """Whether an orchestration of that id is waiting, running or suspended."""
    found = await client.get_orchestration_state(instance, fetch_payloads=False)
    return found is not None and found.runtime_status in _LIVE
