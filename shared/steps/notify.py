"""Telling webhooks: what is to be sent to whom, and one attempt to send it (standardwebhooks.com)."""

import hashlib
import json
import logging
import time
from datetime import UTC, datetime
from typing import Any

from builder.errors import OutboundError
from shared import datasets, webhooks
from shared.documents import DatasetDocument, VersionDocument
from shared.sealing import SealedError
from shared.settings import settings
from shared.tasks import DeliverTask, SendOutcome, SendTask
from shared.versions import view
from shared.views import line
from shared.webhooks import DeliveryDocument, Event, Sent, WebhookDocument

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 10.0
_GONE = 410

_EVENTS: dict[str, Event] = {
    "ready": "dataset.ready",
    "incomplete": "dataset.incomplete",
    "failed": "dataset.failed",
    "cancelled": "dataset.cancelled",
    "deleting": "dataset.deleted",
}
"""What there is to tell of a dataset in this state; of others there is nothing."""


def ended(owner: str, dataset: str) -> DatasetDocument | None:
    """The dataset, if its build has ended, or it is being deleted, and that was not told."""
    document = datasets.find(owner, dataset)
    return document if document is not None and document.state in _EVENTS and not document.notified else None


def of_dataset(document: DatasetDocument, api: str) -> list[DeliverTask]:
    """What became of a dataset, for each webhook that wants to know."""
    at = document.ended or document.updated
    shown = line(document, api).model_dump(mode="json")
    return deliveries(document.owner, _EVENTS[document.state], f"{document.id} {at.isoformat()}", shown, at)


def of_version(document: VersionDocument, owner: str, api: str) -> list[DeliverTask]:
    """That a version was frozen, for each webhook that wants to know."""
    shown = view(document, api).model_dump(mode="json")
    occasion = f"{document.dataset} {document.number}"
    return deliveries(owner, "version.created", occasion, shown, document.created)


def deliveries(owner: str, event: Event, occasion: str, data: dict[str, Any], at: datetime) -> list[DeliverTask]:
    """An event for each webhook of the tenant that wants to know of it.

    `occasion` says which it is among the events of its kind: what is told twice has the same id, and is sent once.
    """
    wanting = [one for one in webhooks.of_owner(owner) if event in one.events and not one.disabled]
    message = "msg_" + hashlib.sha256(f"{owner} {event} {occasion}".encode()).hexdigest()[:32]
    body = _body(event, data, at)
    pauses = settings().webhook_pauses
    return [
        DeliverTask(owner=owner, webhook=one.id, message=message, event=event, body=body, pauses=pauses)
        for one in wanting
    ]


def mark(document: DatasetDocument) -> None:
    """Say that this end has been told."""

    def edit(current: DatasetDocument) -> DatasetDocument | None:
        same = (current.state, current.ended) == (document.state, document.ended)
        return current.model_copy(update={"notified": True}) if same else None

    datasets.change(document.owner, document.id, edit)


def send(task: SendTask) -> SendOutcome:
    """One attempt, unless it was made; a receiver that says 410 is sent nothing more."""
    hook = webhooks.find(task.owner, task.webhook)
    if hook is None or hook.disabled:
        return "stopped"
    before = webhooks.find_delivery(task.owner, task.webhook, task.message, task.attempt)
    delivery = before or _attempt(hook, task)
    if delivery.status == _GONE:
        _disable(hook)
        return "stopped"
    return "delivered" if delivery.accepted else "failed"


def _disable(hook: WebhookDocument) -> None:
    reason = "the receiver answered 410 Gone"
    webhooks.change(hook.owner, hook.id, lambda one: one.model_copy(update={"disabled": reason}))


def send_test(hook: WebhookDocument, message: str, at: datetime) -> DeliveryDocument:
    """Send an event `webhook.test` now, whether the webhook is disabled or not; if it is accepted, it is enabled."""
    event: Sent = "webhook.test"
    body = _body(event, {"webhook": hook.id}, at)
    delivery = _attempt(hook, SendTask(owner=hook.owner, webhook=hook.id, message=message, event=event, body=body))
    if hook.disabled and delivery.accepted:
        webhooks.change(hook.owner, hook.id, lambda one: one.model_copy(update={"disabled": None}))
    elif delivery.status == _GONE:
        _disable(hook)
    return delivery


def _attempt(hook: WebhookDocument, task: SendTask) -> DeliveryDocument:
    """Sign, send, and write down how it went."""
    from standardwebhooks import Webhook

    from builder.outbound import post

    begun, at = time.monotonic(), datetime.now(UTC)
    status, error = None, None
    try:
        signed = Webhook(hook.signing_secret.get_secret_value()).sign(task.message, at, task.body)
        headers = {
            "content-type": "application/json",
            "user-agent": f"PixCrawler-Webhooks (+{settings().contact})",
            "webhook-id": task.message,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": signed,
        }
        status = post(hook.url, task.body.encode(), headers, guard=webhooks.guard(), seconds=TIMEOUT_SECONDS)
    except OutboundError as failure:
        error = str(failure)
    except SealedError as failure:
        log.error("webhook %s is sent nothing: %s", hook.id, failure)  # noqa: TRY400 (its trace tells nothing more)
        error = "it cannot be signed: its secret cannot be read"
    delivery = DeliveryDocument(
        id=webhooks.delivery_id(hook.id, task.message, task.attempt),
        owner=hook.owner,
        webhook=hook.id,
        message=task.message,
        event=task.event,
        attempt=task.attempt,
        status=status,
        error=error,
        seconds=round(time.monotonic() - begun, 3),
    )
    webhooks.log_delivery(delivery)
    log.info("webhook %s: %s, attempt %d: %s", hook.id, task.event, task.attempt, status or error)
    return delivery


def _body(event: Sent, data: dict[str, Any], at: datetime) -> str:
    return json.dumps({"type": event, "timestamp": at.isoformat(), "data": data})
