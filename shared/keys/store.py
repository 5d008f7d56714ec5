"""Key documents: made, read, listed, revoked. The key itself is nowhere in them."""

from datetime import datetime, timedelta
from typing import Any, Literal, Self

from pydantic import Field

from builder.spec import Text
from shared.access import Principal, Role, Tenant
from shared.cosmos import Page, container, query
from shared.documents import Document, now
from shared.keys.text import Key, is_prefix, new_key
from shared.problems import bad_parameter, not_found, too_many_keys
from shared.settings import settings

NAME = "principals"
_TRIES = 3
_OF_OWNER = "SELECT * FROM c WHERE c.kind = 'key' AND c.owner = @owner"


class KeyDocument(Document):
    """One key. Partition key: `id`, which is the key's prefix."""

    kind: Literal["key"] = "key"
    owner: Tenant
    name: Text
    role: Role
    digest: str = Field(repr=False)
    created: datetime = Field(default_factory=now)
    created_by: str
    expires: datetime | None = None
    used: datetime | None = None
    revoked: datetime | None = None

    @property
    def principal(self) -> Principal:
        """Who asks with this key."""
        return Principal(tenant=self.owner, subject=f"key:{self.id}", role=self.role)

    def ended(self, at: datetime) -> str | None:
        """Why the key does not count at that time, None if it does."""
        if self.revoked is not None:
            return "revoked"
        return "expired" if self.expires is not None and self.expires <= at else None

    @classmethod
    def of(cls, key: Key, **fields: Any) -> Self:
        """The document of a new key."""
        return cls(id=key.prefix, digest=key.digest, **fields)


def create(owner: str, *, name: str, role: Role, by: str, expires_days: int | None = None) -> tuple[Key, KeyDocument]:
    """Make a key and store its document; the key is returned here and never again."""
    from azure.cosmos.exceptions import CosmosResourceExistsError

    expires = None if expires_days is None else now() + timedelta(days=expires_days)
    for _ in range(_TRIES):
        key = new_key()
        document = KeyDocument.of(key, owner=owner, name=name, role=role, created_by=by, expires=expires)
        try:
            container(NAME).create_item(document.item())
        except CosmosResourceExistsError:  # one prefix in 10^15: somebody has it
            continue
        return key, document
    msg = f"{_TRIES} new prefixes in a row were taken"
    raise RuntimeError(msg)


def check_room(owner: str) -> None:
    """`ProblemError` 409 when the owner has as many keys that count as the settings allow."""
    limit, at = settings().api_keys, now()
    found = map(KeyDocument.model_validate, query(NAME, _OF_OWNER, {"owner": owner}, None))
    used = sum(one.ended(at) is None for one in found)
    if used >= limit:
        raise too_many_keys(used, limit)


def find(prefix: str) -> KeyDocument | None:
    """The key's document, whoever's; None if there is none."""
    from azure.cosmos.exceptions import CosmosResourceNotFoundError

    try:
        item = container(NAME).read_item(prefix, prefix)
    except CosmosResourceNotFoundError:
        return None
    return KeyDocument.model_validate(item) if item.get("kind") == "key" else None


def page(owner: str, *, size: int, cursor: str | None) -> Page:
    """An owner's keys as `KeyDocument`s, in the order of their prefixes.

    `cursor` is the last prefix of the page before; `ProblemError` 400 when it can be none. Keys lie in a partition
    each, and across partitions the SDK has no continuation tokens for an order.
    """
    if cursor is not None and not is_prefix(cursor):
        raise bad_parameter("cursor", "use the cursor of the page before, as it was given")
    sql = (
        "SELECT * FROM c WHERE c.kind = 'key' AND c.owner = @owner AND c.id > @after "  # noqa: S608 (a number of ours)
        f"ORDER BY c.id OFFSET 0 LIMIT {size + 1}"
    )
    items = query(NAME, sql, {"owner": owner, "after": cursor or ""}, None)
    found = tuple(KeyDocument.model_validate(item) for item in items)
    return Page(found[:size], found[size - 1].id if len(found) > size else None)


def revoke(owner: str, prefix: str) -> KeyDocument:
    """End a key for good; nothing changes for one that is revoked. `ProblemError` 404 if the owner has no such key."""
    document = find(prefix) if is_prefix(prefix) else None
    if document is None or document.owner != owner:
        raise not_found("key")
    if document.revoked is not None:
        return document
    return KeyDocument.model_validate(_set(prefix, "revoked", now()))


def note_use(prefix: str, at: datetime) -> None:
    """Keep when the key was used last."""
    _set(prefix, "used", at)


def _set(prefix: str, field: str, at: datetime) -> dict[str, Any]:
    """Write one field and leave the rest to who else writes now: a use must never undo a revocation."""
    change = {"op": "set", "path": f"/{field}", "value": at.isoformat()}
    return container(NAME).patch_item(prefix, prefix, [change])
