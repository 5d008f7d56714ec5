"""Documents of a container: create, read, replace, upsert, delete, patch, and the scan that queries start from."""

import base64
import binascii
import sqlite3
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import cast

from local.cosmos import charges, partition
from local.cosmos.catalog import new_etag
from local.cosmos.errors import (
    BadRequestError,
    ConflictError,
    NotFoundError,
    NotModifiedError,
    PreconditionFailedError,
    TooLargeError,
)
from local.cosmos.indexing import Term
from local.cosmos.model import Container, rid, valid_id
from local.cosmos.partition import PartitionKey
from local.cosmos.store import Store
from local.cosmos.values import Json, Object, canonical, dumps, loads

MAX_BYTES = 2 * 1024 * 1024
_SWEEP_SECONDS = 30.0
# A document lives by the container's default unless it names its own time; no default, nothing expires.
_ALIVE = "(:default IS NULL OR COALESCE(ttl, :default) = -1 OR ts + COALESCE(ttl, :default) > :now)"


@dataclass(frozen=True, slots=True)
class Stored:
    """A document as it is stored: `body` is its JSON with the system properties, `charge` what came to it cost."""

    seq: int
    etag: str
    body: str
    charge: float = 0.0


@dataclass(frozen=True, slots=True)
class Conditions:
    """The request's If-Match and If-None-Match."""

    if_match: str | None = None
    if_none_match: str | None = None

    def check_write(self, current: Stored) -> None:
        """PreconditionFailedError when the document is not the one that the caller has seen."""
        if self.if_match not in {None, "*", current.etag}:
            msg = "Operation cannot be performed because one of the specified precondition is not met."
            raise PreconditionFailedError(msg)

    def check_read(self, current: Stored) -> None:
        """NotModifiedError when the caller has this very document."""
        if self.if_none_match == current.etag:
            raise NotModifiedError("")


@dataclass(frozen=True, slots=True)
class Scope:
    """The part of a container that a query may see: one partition key, or a range of hashes, or all; and which ids."""

    pk: PartitionKey | None = None
    start: str = ""
    end: str = "FF"
    ids: tuple[str, ...] | None = None


class Documents:
    """The documents of a store. Nothing here opens a transaction: that is the caller's."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._swept: dict[int, float] = {}

    def create(self, container: Container, pk: PartitionKey, body: Object) -> Stored:
        """Store a new document; ConflictError when its id, or a unique key's value, is taken in its partition."""
        name = _checked(container, pk, body)
        if self._find(container, pk, name):
            raise ConflictError("Entity with the specified id already exists in the system.")
        self._sweep(container)
        self._store.sql.execute(
            "DELETE FROM documents WHERE container = ? AND pk = ? AND id = ?", (container.number, pk.text, name)
        )
        cursor = self._store.sql.execute(
            "INSERT INTO documents (container, pk, epk, id, etag, ts, ttl, body) VALUES (?, ?, ?, ?, '', 0, NULL, '')",
            (container.number, pk.text, pk.hash, name),
        )
        return self._write(container, pk, cursor.lastrowid or 0, body)

    def read(self, container: Container, pk: PartitionKey, name: str, conditions: Conditions) -> Stored:
        """The document; NotFoundError, or NotModifiedError when the caller has it already."""
        current = self._get(container, pk, name)
        conditions.check_read(current)
        return replace(current, charge=charges.read(len(current.body)))

    def replace(
        self, container: Container, pk: PartitionKey, name: str, body: Object, conditions: Conditions
    ) -> Stored:
        """Put another document in this one's place; NotFoundError, PreconditionFailedError."""
        current = self._get(container, pk, name)
        conditions.check_write(current)
        if _checked(container, pk, body) != name:
            raise BadRequestError("The id of a document cannot be changed")
        return self._write(container, pk, current.seq, body, current)

    def upsert(
        self, container: Container, pk: PartitionKey, body: Object, conditions: Conditions
    ) -> tuple[Stored, bool]:
        """Replace the document or create it, and whether it was created."""
        name = _checked(container, pk, body)
        current = self._find(container, pk, name)
        if current is None:
            return self.create(container, pk, body), True
        conditions.check_write(current)
        return self._write(container, pk, current.seq, body, current), False

    def patch(
        self,
        container: Container,
        pk: PartitionKey,
        name: str,
        change: Callable[[str], Object],
        conditions: Conditions,
    ) -> Stored:
        """Store what `change` makes of the document's JSON; it may raise."""
        current = self._get(container, pk, name)
        conditions.check_write(current)
        body = change(current.body)
        if body.get("id") != name or partition.from_document(body, container.partition_paths) != pk:
            raise BadRequestError("A patch cannot change the id or the partition key of a document")
        return self._write(container, pk, current.seq, body, current)

    def delete(self, container: Container, pk: PartitionKey, name: str, conditions: Conditions) -> float:
        """Delete the document; what that costs. NotFoundError, PreconditionFailedError."""
        current = self._get(container, pk, name)
        conditions.check_write(current)
        self._store.sql.execute("DELETE FROM documents WHERE seq = ?", (current.seq,))
        return charges.create(len(current.body), len(_terms(container, current)))

    def scan(self, container: Container, scope: Scope, after: int = 0) -> Iterator[tuple[int, str]]:
        """Sequence number and JSON of what lives in `scope`, in the order of creation, from after `after`."""
        conditions = ["container = :container", "seq > :after", _ALIVE]
        values: dict[str, str | int | float | None] = {"after": after, **self._life(container)}
        if scope.pk is not None:
            conditions += ["epk = :epk", "pk = :pk"]
            values |= {"epk": scope.pk.hash, "pk": scope.pk.text}
        elif (scope.start, scope.end) != ("", "FF"):
            conditions += ["epk >= :start", "epk < :end"]
            values |= {"start": scope.start, "end": scope.end}
        if scope.ids is not None:
            conditions.append("id IN (SELECT value FROM json_each(:ids))")
            values["ids"] = dumps(list(scope.ids))
        query = f"SELECT seq, body FROM documents WHERE {' AND '.join(conditions)} ORDER BY seq"  # noqa: S608  constants
        yield from self._store.sql.execute(query, values)

    def name_of(self, container: Container, document_rid: str) -> str:
        """The id of the document with this resource id (the SDK replaces by `_self`), or the text as it is."""
        try:
            *_, seq = struct.unpack(">IIQ", base64.b64decode(document_rid.replace("-", "/"), validate=True))
        except (binascii.Error, struct.error, ValueError):
            return document_rid
        row = self._store.sql.execute(
            "SELECT id FROM documents WHERE container = ? AND seq = ?", (container.number, seq)
        ).fetchone()
        return str(row[0]) if row else document_rid

    def _life(self, container: Container) -> dict[str, str | int | float | None]:
        ttl = container.settings.defaultTtl
        return {"container": container.number, "default": ttl, "now": self._store.clock()}

    def _find(self, container: Container, pk: PartitionKey, name: str) -> Stored | None:
        row = self._store.sql.execute(
            f"SELECT seq, etag, body FROM documents "  # noqa: S608  a constant
            f"WHERE container = :container AND pk = :pk AND id = :id AND {_ALIVE}",
            self._life(container) | {"pk": pk.text, "id": name},
        ).fetchone()
        return Stored(*row) if row else None

    def _get(self, container: Container, pk: PartitionKey, name: str) -> Stored:
        found = self._find(container, pk, name)
        if found is None:
            raise NotFoundError("Entity with the specified id does not exist in the system.")
        return found

    def _write(
        self, container: Container, pk: PartitionKey, seq: int, body: Object, before: Stored | None = None
    ) -> Stored:
        etag, now, ttl = new_etag(), self._store.now(), body.get("ttl")
        document = rid(container.database.number, container.number, seq)
        text = dumps(
            body
            | {
                "_rid": document,
                "_self": f"{container.link}docs/{document}/",
                "_etag": etag,
                "_attachments": "attachments/",
                "_ts": now,
            }
        )
        self._store.sql.execute(
            "UPDATE documents SET etag = ?, ts = ?, ttl = ?, body = ? WHERE seq = ?", (etag, now, ttl, text, seq)
        )
        if container.unique_paths:
            self._write_unique_values(container, pk, seq, body)
        stored = Stored(seq, etag, text)
        return replace(stored, charge=_charge(container, before, stored))

    def _write_unique_values(self, container: Container, pk: PartitionKey, seq: int, body: Object) -> None:
        self._store.sql.execute("DELETE FROM unique_values WHERE seq = ?", (seq,))
        for slot, paths in enumerate(container.unique_paths):
            # A missing value counts as one value: https://learn.microsoft.com/azure/cosmos-db/unique-keys
            value = "\x1f".join(canonical(partition.walk(body, path)) for path in paths)
            try:
                self._store.sql.execute(
                    "INSERT INTO unique_values VALUES (?, ?, ?, ?, ?)", (container.number, pk.text, slot, value, seq)
                )
            except sqlite3.IntegrityError:
                raise ConflictError("Unique index constraint violation.") from None

    def _sweep(self, container: Container) -> None:
        """Delete what has expired, at most every half minute, or at once where it may hold a unique key's value."""
        now = self._store.clock()
        due = self._swept.get(container.number, 0.0) + _SWEEP_SECONDS < now or container.unique_paths
        if container.settings.defaultTtl is not None and due:
            self._swept[container.number] = now
            self._store.sql.execute(
                f"DELETE FROM documents WHERE container = :container AND NOT {_ALIVE}",  # noqa: S608  a constant
                self._life(container),
            )


def _terms(container: Container, stored: Stored) -> set[Term]:
    return container.indexed.terms(cast("Object", loads(stored.body)))  # stored documents are objects


def _charge(container: Container, before: Stored | None, after: Stored) -> float:
    terms = _terms(container, after)
    if before is None:
        return charges.create(len(after.body), len(terms))
    return charges.replace(len(before.body), len(after.body), _terms(container, before), terms)


def check_size(size: int) -> None:
    """TooLargeError above the service's limit for one document or batch, in bytes of JSON."""
    if size > MAX_BYTES:
        raise TooLargeError(f"Request size is too large: {size} bytes, the limit is {MAX_BYTES}")


def _checked(container: Container, pk: PartitionKey, body: Object) -> str:
    """The document's id; BadRequestError when it or its TTL is invalid or `pk` is not its partition key."""
    if "id" not in body:
        msg = "The input content is invalid because the required properties - 'id; ' - are missing"
        raise BadRequestError(msg)
    name = body["id"]
    if not valid_id(name):
        raise BadRequestError(f"The id {name!r} is not valid: 1 to 255 characters without / \\ ? #")
    _check_ttl(body.get("ttl"))
    if partition.from_document(body, container.partition_paths) != pk:
        msg = "PartitionKey extracted from document doesn't match the one specified in the header"
        raise BadRequestError(msg, substatus=1001)
    return str(name)


def _check_ttl(ttl: Json) -> None:
    if ttl is None:
        return
    if not isinstance(ttl, int) or isinstance(ttl, bool) or ttl == 0 or ttl < -1:
        raise BadRequestError(f"The input ttl {ttl!r} is invalid: -1 or a positive number of seconds")
