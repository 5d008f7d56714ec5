"""Telling webhooks what happened: one orchestration for each event and webhook does it, however often it is started."""

import logging
from collections.abc import Sequence

import azure.durable_functions as df

from functions.durable import HISTORY, start_once
from functions.http import API, in_thread
from shared.documents import VersionDocument, now
from shared.tasks import DeliverTask

log = logging.getLogger(__name__)


async def deliver(client: df.DurableFunctionsClient, tasks: Sequence[DeliverTask]) -> None:
    """Start the deliveries that `shared.steps.notify.deliveries` made; those that were ever started are left alone."""
    for task in tasks:
        await start_once(client, "deliver_webhook", task, task.instance)


async def notify_end(client: df.DurableFunctionsClient, owner: str, dataset: str) -> None:
    """Tell how a build ended, or that its dataset goes, unless that was told; the dataset says so from then on."""
    from shared.steps import notify

    ended = await in_thread(notify.ended, owner, dataset)
    if ended is not None:
        await deliver(client, await in_thread(notify.of_dataset, ended, API))
        await in_thread(notify.mark, ended)


async def notify_version(client: df.DurableFunctionsClient, owner: str, document: VersionDocument) -> None:
    """Tell that a version was frozen; who asks for the same version again has it told if that failed.

    Not for ever: what was started is remembered for so long, and then it would be told twice.
    """
    from shared.steps import notify

    if now() - document.created > HISTORY / 2:
        return
    try:
        await deliver(client, await in_thread(notify.of_version, document, owner, API))
    except Exception:
        log.exception("webhooks cannot be told of version %s of %s now", document.number, document.dataset)


async def notify_soon(client: df.DurableFunctionsClient, owner: str, dataset: str) -> None:
    """Tell it now, or leave it to `reconcile`."""
    try:
        await notify_end(client, owner, dataset)
    except Exception:
        log.exception("webhooks cannot be told of dataset %s now; reconcile will do it", dataset)
