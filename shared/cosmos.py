"""The Cosmos DB database: one client a process, its containers, and pages of query results."""

from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, Self

from shared.cosmos_headers import keep_apart
from shared.once import once
from shared.problems import bad_parameter
from shared.settings import settings
from shared.telemetry import metering

if TYPE_CHECKING:
    from azure.cosmos import ContainerProxy, DatabaseProxy

CONTAINERS: Mapping[str, str] = {
    "datasets": "/owner",
    "shards": "/dataset",  # shards and their rows, rounds of searching, the pulse that versions both; versions
    "principals": "/id",  # keys by the part that is no secret, tenants with their quotas
    "usage": "/owner",
    "requests": "/owner",  # answers to be given again, by Idempotency-Key; they expire
    "webhooks": "/owner",  # targets, and deliveries, which expire
    "uploads": "/owner",
    "audit": "/owner",
    "takedowns": "/owner",
    "rights": "/owner",  # a tenant's exports, which expire, and its erasure
}
"""Container -> partition key path. Documents expire where they say so (`ttl`, seconds)."""

MAX_CONFLICTS = 20
"""How often a change is tried while others are faster."""

EXPIRING = frozenset({"requests", "webhooks", "audit", "rights"})

INDEXED: Mapping[str, tuple[str, ...]] = {
    "datasets": ("owner", "state", "created", "settled", "notified"),
    "shards": ("dataset", "kind", "label", "number", "state"),
    "principals": ("owner", "kind"),
    "usage": ("owner", "kind", "dataset", "month", "updated"),
    "requests": ("owner",),
    "webhooks": ("owner", "kind", "webhook", "created", "at"),
    "uploads": ("owner", "state", "created"),
    "audit": ("owner", "action", "subject", "dataset", "outcome", "request"),
    "takedowns": ("owner", "state", "created"),
    "rights": ("owner", "kind", "state"),
}
"""Container -> the properties that queries compare or sort by. `id` and `_ts` are always indexed. Nothing else is: a
shard's document has a row for each of its images, and each value of these would cost with every write."""


def indexing_policy(name: str) -> dict[str, Any]:
    """The indexing policy of a container, as Cosmos DB takes it; the infrastructure has the same."""
    return {
        "indexingMode": "consistent",
        "automatic": True,
        "includedPaths": [{"path": f"/{path}/?"} for path in INDEXED[name]],
        "excludedPaths": [{"path": "/*"}],
    }


@once
def database() -> "DatabaseProxy":
    """The database; makes it and its containers where the settings say so."""
    from azure.cosmos import CosmosClient, PartitionKey

    keep_apart()
    config = settings()
    if config.cosmos_key is not None:
        key = config.cosmos_key.get_secret_value()
        client = CosmosClient(config.cosmos_endpoint, credential=key, raw_response_hook=metering.database_answered)
    else:
        from azure.identity import DefaultAzureCredential

        credential = DefaultAzureCredential(managed_identity_client_id=config.storage_client_id)
        client = CosmosClient(
            config.cosmos_endpoint, credential=credential, raw_response_hook=metering.database_answered
        )
    if not config.create_resources:
        return client.get_database_client(config.cosmos_database)
    found = client.create_database_if_not_exists(config.cosmos_database)
    for name, path in CONTAINERS.items():
        ttl = -1 if name in EXPIRING else None
        found.create_container_if_not_exists(
            name, PartitionKey(path), indexing_policy=indexing_policy(name), default_ttl=ttl
        )
    return found


def container(name: str) -> "ContainerProxy":
    """A container of the database."""
    return database().get_container_client(name)


@dataclass(frozen=True)
class Page:
    """One page of query results; `cursor` asks for the next, None at the end."""

    items: tuple[Any, ...]
    cursor: str | None


def query(name: str, sql: str, parameters: Mapping[str, object], partition: str | None) -> list[dict[str, Any]]:
    """All results of a query, over one partition or (None) over all of them."""
    return list(container(name).query_items(sql, parameters=_named(parameters), **_scope(partition)))


def query_page(  # a page for an API: the continuation token travels to the client and back, base64url
    name: str, sql: str, parameters: Mapping[str, object], partition: str, *, size: int, cursor: str | None
) -> Page:
    """At most `size` results after `cursor`; `ProblemError` 400 when the cursor is none of ours."""
    from azure.cosmos.exceptions import CosmosHttpResponseError

    token = _decode(cursor)
    pages = (
        container(name)
        .query_items(sql, parameters=_named(parameters), max_item_count=size, **_scope(partition))
        .by_page(token)
    )
    try:
        items = tuple(next(pages, ()))
    except CosmosHttpResponseError as error:
        if cursor is not None and error.status_code == 400:  # noqa: PLR2004
            raise bad_parameter("cursor", "use the cursor of the page before, as it was given") from None
        raise
    following = getattr(pages, "continuation_token", None)
    return Page(items, _encode(following) if following else None)


def _named(parameters: Mapping[str, object]) -> list[dict[str, Any]]:
    return [{"name": f"@{name}", "value": value} for name, value in parameters.items()]


def _scope(partition: str | None) -> dict[str, Any]:
    return {"enable_cross_partition_query": True} if partition is None else {"partition_key": partition}


def _encode(token: str) -> str:
    return urlsafe_b64encode(token.encode()).decode().rstrip("=")


def _decode(cursor: str | None) -> str | None:
    if cursor is None:
        return None
    try:
        token = b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except ValueError:
        token = ""
    # It goes to the database in a header, where nothing else may stand.
    if not token or not token.isascii() or not token.isprintable() or token != token.strip():
        raise bad_parameter("cursor", "use the cursor of the page before, as it was given")
    return token


def etag_condition(etag: str | None) -> dict[str, Any]:
    """Arguments that make a write fail (412) when the document changed since it was read."""
    from azure.core import MatchConditions

    return {"etag": etag, "match_condition": MatchConditions.IfNotModified} if etag else {}


def read(name: str, item: str, partition: str) -> dict[str, Any] | None:
    """An item as it is stored, None if there is none."""
    from azure.cosmos.exceptions import CosmosResourceNotFoundError

    try:
        return dict(container(name).read_item(item, partition))
    except CosmosResourceNotFoundError:
        return None


def delete(name: str, item: str, partition: str, etag: str | None = None) -> bool:
    """Remove an item; nothing happens if there is none. With an `etag`: False when it has another one by now."""
    from azure.cosmos.exceptions import CosmosAccessConditionFailedError, CosmosResourceNotFoundError

    try:
        container(name).delete_item(item, partition, **etag_condition(etag))
    except CosmosAccessConditionFailedError:
        return False
    except CosmosResourceNotFoundError:
        return True
    return True


class Versioned(Protocol):
    """A document that knows the etag it was read with."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def etag(self) -> str | None:
        """As it was read."""

    def item(self) -> dict[str, Any]:
        """The JSON object to store."""

    @classmethod
    def model_validate(cls, stored: Any, /) -> Self:
        """Of a JSON object that was stored."""


def change[D: Versioned](
    name: str, find: Callable[[], D | None], edit: Callable[[D], D | None], tries: int = MAX_CONFLICTS
) -> D | None:
    """Apply `edit` to the document that `find` reads and store it; again if somebody else was faster.

    `edit` may return None (leave it) or raise. Returns the document as it is now, None if there is none. RuntimeError
    when it changed `tries` times meanwhile.
    """
    from azure.cosmos.exceptions import CosmosAccessConditionFailedError, CosmosResourceNotFoundError

    current = None
    for _ in range(tries):
        current = find()
        if current is None or (edited := edit(current)) is None:
            return current
        try:
            stored = container(name).replace_item(current.id, edited.item(), **etag_condition(current.etag))
        except CosmosAccessConditionFailedError:
            continue
        except CosmosResourceNotFoundError:
            return None
        return type(current).model_validate(stored)
    what = current.id if current else "a document"
    msg = f"{what} of {name} changed {tries} times while it was being changed"
    raise RuntimeError(msg)
