"""What happens by itself: raw shards are validated, poisoned ones given up, lost builds started again."""

import json
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import azure.durable_functions as df
import azure.functions as func

from functions.blob_reference import BlobReference
from functions.build import shard_event
from functions.durable import failed_at, is_alive, restart
from functions.http import in_thread
from functions.notify import notify_soon
from functions.rights import look_after
from functions.seen import seen, told_at_once
from shared import datasets
from shared.documents import DatasetHead
from shared.settings import settings
from shared.tasks import Task
from shared.telemetry import export
from shared.telemetry.fields import bind
from shared.telemetry.trace import span

if TYPE_CHECKING:
    from shared.steps.validate import Done

log = logging.getLogger(__name__)
bp = df.Blueprint()

_EXPORT_SECONDS = 10.0


@bp.blob_trigger(
    arg_name="blob",
    path="raw/{dataset}/{shard}.tar",
    connection="AzureWebJobsStorage",
    source=settings().blob_trigger_source,  # type: ignore[arg-type]  # Event Grid on Azure, polling against Azurite
)
@bp.durable_client_input(client_name="client")
@seen
async def validate_raw_shard(blob: BlobReference, client: df.DurableFunctionsClient) -> None:
    """Validate a raw shard as soon as it is there, and tell the orchestration that waits for it."""
    from shared.steps import validate

    dataset, shard = _parts(blob.name)
    bind(dataset=dataset)
    await _tell(client, await in_thread(validate.validate_raw, dataset, shard, blob.metadata))


@bp.blob_trigger(
    arg_name="blob",
    path="uploads/{tenant}/incoming/{upload}",
    connection="AzureWebJobsStorage",
    source=settings().blob_trigger_source,  # type: ignore[arg-type]  # as above
)
@seen
async def check_upload(blob: BlobReference) -> None:
    """Check what somebody has uploaded as soon as it is there, and turn it into shards or a list."""
    from shared.steps import ingest

    whose = _uploaded(blob.name)
    bind(tenant=whose[0])
    await in_thread(ingest.ingest, *whose)


@bp.queue_trigger(arg_name="message", queue_name="webjobs-blobtrigger-poison", connection="AzureWebJobsStorage")
@bp.durable_client_input(client_name="client")
@told_at_once
@seen
async def give_up_shard(message: func.QueueMessage, client: df.DurableFunctionsClient) -> None:
    """A raw shard, or an upload, failed five times: mark it failed, so that the build goes on without it."""
    await in_thread(export.wait, _EXPORT_SECONDS)  # somebody is told of each message: none may go uncounted
    told: dict[str, Any] = json.loads(message.get_body())
    if told.get("ContainerName") == "uploads":
        from shared import upload_files
        from shared.steps import ingest

        whose = _uploaded(told["BlobName"])
        bind(tenant=whose[0])
        with span("give_up", await in_thread(upload_files.trace_of, *whose)):
            log.error("upload %s is given up: its check failed five times; see the log", whose[1])
            await in_thread(ingest.give_up, *whose)
        return
    if told.get("ContainerName") != "raw":
        log.error(
            "poison message for another container left alone: %s/%s", told.get("ContainerName"), told.get("BlobName")
        )
        return
    from shared.steps import validate

    dataset, shard = _parts(told["BlobName"])
    bind(dataset=dataset)
    with span("give_up", await in_thread(validate.trace_of, dataset, shard)):
        reason = "validation failed five times; see the log"
        log.error("shard %s/%s is given up: %s", dataset, shard, reason)
        await _tell(client, await in_thread(validate.give_up, dataset, shard, reason))


@bp.timer_trigger(arg_name="timer", schedule="0 */5 * * * *", run_on_startup=True)
@bp.durable_client_input(client_name="client")
@seen
async def reconcile(timer: func.TimerRequest, client: df.DurableFunctionsClient) -> None:
    """Start again what says it is being built (or deleted) and has no live orchestration, or has lost its files."""
    from shared.steps import settle

    for document in await in_thread(datasets.unsettled):
        try:
            await in_thread(settle.settle, document)
        except Exception:
            log.exception("dataset %s cannot be looked at; the next round tries once more", document.id)
    for head in await in_thread(datasets.unnotified):
        await notify_soon(client, head.owner, head.id)
    await revive_all(client, await in_thread(datasets.in_states, ("queued", "building", "deleting")))
    try:
        await look_after(client)
    except Exception:
        log.exception("take-downs, exports and erasures cannot be looked after; the next round tries once more")


async def revive_all(client: df.DurableFunctionsClient, heads: Sequence[DatasetHead]) -> None:
    """Start again what has no live orchestration, and count the builds among it that had begun."""
    from shared.steps import lifecycle

    lost = 0
    for head in heads:
        try:
            lost += await _revive(client, head)
        except Exception:  # the others must not wait for it
            log.exception("dataset %s cannot be started again; the next round tries once more", head.id)
    if lost:
        await in_thread(lifecycle.count, "lost", lost)


async def _revive(client: df.DurableFunctionsClient, document: DatasetHead) -> bool:
    """Whether it was a build that had begun and was lost, and goes on now."""
    from shared.steps import lifecycle

    deleting = document.state == "deleting"
    instance = f"{document.id}-delete" if deleting else document.id
    if await is_alive(client, instance):
        return False
    task = Task(owner=document.owner, dataset=document.id)
    if not deleting and not await in_thread(lifecycle.is_running, task):
        return False  # it came to its end since the documents were listed
    failed = await failed_at(client, instance)
    if failed and not deleting and not await in_thread(lifecycle.may_restart, task, failed):
        log.error("dataset %s is not started again now: its orchestration has failed repeatedly", document.id)
        return False
    await restart(client, "delete_dataset" if deleting else "build_dataset", task, instance)
    log.warning("dataset %s said %s without a live orchestration: started again", document.id, document.state)
    return document.state == "building" or (failed is not None and not deleting)


def _parts(name: str) -> tuple[str, str]:
    """`{dataset}/{shard}.tar` as dataset and shard; a name of another form gives a shard that nothing knows."""
    dataset, file = name.split("/", 1)
    return dataset, file.removesuffix(".tar")


def _uploaded(name: str) -> tuple[str, str]:
    """`{tenant}/incoming/{upload}` as tenant and upload; another name gives an upload that nobody announced."""
    tenant, _, upload = name.split("/", 2)
    return tenant, upload


async def _tell(client: df.DurableFunctionsClient, done: "Done | None") -> None:
    """Raise the shard's event; nobody may be waiting any more, and that is fine: the shard is at rest."""
    from grpc import RpcError

    if done is None or done.instance is None:
        return
    event = shard_event(done.label, done.number)
    try:
        await client.raise_orchestration_event(done.instance, event)
    except RpcError as error:
        log.info("nobody waits for %s of %s: %s", event, done.instance, error)
