"""Webhooks: addresses of a tenant that are told what happens, with the secrets that sign it, and the log of attempts.

A secret is shown once, by the request that makes the webhook, and kept sealed (`shared.sealing`), for signing needs
it. Nothing else shows or logs it, and whatever lists documents has to leave `secret` out.
"""

import logging
import secrets
from base64 import b64encode
from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

from pydantic import Field, HttpUrl, SecretStr

from builder.errors import AddressRefusedError
from builder.guard import AddressGuard, parse_exceptions
from shared import cosmos, sealing
from shared.cosmos import Page, container, query, query_page
from shared.documents import Document, now
from shared.problems import ProblemError, conflict, invalid_body, not_found
from shared.settings import settings

log = logging.getLogger(__name__)

NAME = "webhooks"
MAX_WEBHOOKS = 20
LOG_SECONDS = 30 * 24 * 3600

Event = Literal[
    "dataset.ready",
    "dataset.incomplete",
    "dataset.failed",
    "dataset.cancelled",
    "dataset.deleted",
    "version.created",
]
"""What a webhook can ask for."""

Sent = Event | Literal["webhook.test"]
"""What it can get."""


class WebhookDocument(Document):
    """One webhook. Partition key: `owner`. `secret` is as it was stored, sealed or not; a new one is not yet sealed."""

    kind: Literal["webhook"] = "webhook"
    owner: str
    url: str
    events: tuple[Event, ...]
    description: str = ""
    secret: SecretStr = Field(default_factory=lambda: SecretStr(new_secret()))
    created: datetime = Field(default_factory=now)
    disabled: str | None = None  # why nothing is sent there any more
    etag: str | None = Field(default=None, alias="_etag", exclude=True)

    def item(self) -> dict[str, Any]:
        """See `Document.item`; the one place where the secret leaves its wrapping for the database, sealed."""
        return {**super().item(), "secret": sealing.seal(self.secret).get_secret_value()}

    @property
    def signing_secret(self) -> SecretStr:
        """What signs its messages; `SealedError` when no key of the settings opens it."""
        return sealing.unseal(self.secret)


class DeliveryDocument(Document):
    """One attempt, finished. Partition key: `owner`. Id: webhook, message and number of the attempt."""

    kind: Literal["delivery"] = "delivery"
    owner: str
    webhook: str
    message: str
    event: Sent
    attempt: int
    status: int | None = None  # none: no answer
    error: str | None = None
    seconds: float
    at: datetime = Field(default_factory=now)
    ttl: int = LOG_SECONDS

    @property
    def accepted(self) -> bool:
        """Whether the receiver said 2xx."""
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004


def new_secret() -> str:
    """256 random bits in the form of Standard Webhooks."""
    return "whsec_" + b64encode(secrets.token_bytes(32)).decode()


def guard() -> AddressGuard:
    """The address guard of what users name, with the exceptions of the settings."""
    return AddressGuard(parse_exceptions(settings().fetch_allow))


def check_url(url: HttpUrl) -> str:
    """The address as it is kept; `ProblemError` 422 when nothing may be sent there, whatever it resolves to.

    What a name resolves to is checked at every connection.
    """
    host, port = (url.host or "").strip("[]"), url.port or 443
    if url.username or url.password or url.fragment:
        raise invalid_body([(("url",), "leave out user, password and fragment: messages are signed instead")])
    if url.scheme != "https" and (host, port) not in {(str(address), open_) for address, open_ in guard().exceptions}:
        raise invalid_body([(("url",), "use https")])
    try:
        guard().check_host(host, port)
    except AddressRefusedError:
        raise invalid_body([(("url",), "nothing is sent to that address")]) from None
    return str(url)


def create(document: WebhookDocument) -> WebhookDocument:
    """Store a webhook; `ProblemError` 409 when the tenant has `MAX_WEBHOOKS`. What is returned has the secret as it is
    stored: the one to show is in `document`.

    One of the same id was made by a request that was never answered: nobody knows its secret, and it is replaced.
    """
    _check_room(document)
    stored = WebhookDocument.model_validate(container(NAME).upsert_item(document.item()))
    try:
        _check_room(document)  # of many that were made at once, the last sees all that stay
    except ProblemError:
        remove(stored)
        raise
    if not sealing.is_on():
        log.warning("webhook %s: its secret is kept unsealed, as PIXCRAWLER_SEALING_KEYS is empty", stored.id)
    return stored


def _check_room(document: WebhookDocument) -> None:
    if sum(one.id != document.id for one in of_owner(document.owner)) >= MAX_WEBHOOKS:
        raise conflict(f"There are {MAX_WEBHOOKS} webhooks: delete one first.")


def find(owner: str, webhook: str) -> WebhookDocument | None:
    """The webhook, None if this owner has none of that id."""
    item = cosmos.read(NAME, webhook, owner)
    return None if item is None or item.get("kind") != "webhook" else WebhookDocument.model_validate(item)


def get(owner: str, webhook: str) -> WebhookDocument:
    """The webhook; `ProblemError` 404 if this owner has none of that id."""
    found = find(owner, webhook)
    if found is None:
        raise not_found("webhook")
    return found


def of_owner(owner: str) -> list[WebhookDocument]:
    """All webhooks of a tenant, oldest first."""
    items = query(NAME, "SELECT * FROM c WHERE c.kind = 'webhook' ORDER BY c.created", {}, owner)
    return [WebhookDocument.model_validate(item) for item in items]


def everybodys() -> list[WebhookDocument]:
    """All webhooks of all tenants: for housekeeping only."""
    items = query(NAME, "SELECT * FROM c WHERE c.kind = 'webhook'", {}, None)
    return [WebhookDocument.model_validate(item) for item in items]


def seal_again(owner: str, webhook: str) -> None:
    """Seal a secret with the newest key, unless it is; one that no key opens is left as it is."""

    def edit(document: WebhookDocument) -> WebhookDocument | None:
        if sealing.seal_of(document.secret) in {"newest", "unknown"}:
            return None
        return document.model_copy(update={"secret": document.signing_secret})

    change(owner, webhook, edit)


def change(
    owner: str, webhook: str, edit: Callable[[WebhookDocument], WebhookDocument | None]
) -> WebhookDocument | None:
    """Apply `edit` to the current document and store it, as `shared.datasets.change` does."""
    return cosmos.change(NAME, lambda: find(owner, webhook), edit)


def remove(document: WebhookDocument) -> bool:
    """Remove it; False when it has changed since it was read. Its log expires by itself."""
    return cosmos.delete(NAME, document.id, document.owner, document.etag)


def delivery_id(webhook: str, message: str, attempt: int) -> str:
    """The id of an attempt's line in the log."""
    return f"{webhook}-{message}-{attempt:02}"


def find_delivery(owner: str, webhook: str, message: str, attempt: int) -> DeliveryDocument | None:
    """An attempt that was finished, None if it was not."""
    item = cosmos.read(NAME, delivery_id(webhook, message, attempt), owner)
    return None if item is None else DeliveryDocument.model_validate(item)


def log_delivery(document: DeliveryDocument) -> None:
    """Keep an attempt's line."""
    container(NAME).upsert_item(document.item())


def deliveries(owner: str, webhook: str, *, size: int, cursor: str | None) -> Page:
    """A page of a webhook's log, newest first."""
    sql = "SELECT * FROM c WHERE c.kind = 'delivery' AND c.webhook = @webhook ORDER BY c.at DESC"
    found = query_page(NAME, sql, {"webhook": webhook}, owner, size=size, cursor=cursor)
    return Page(tuple(DeliveryDocument.model_validate(item) for item in found.items), found.cursor)
