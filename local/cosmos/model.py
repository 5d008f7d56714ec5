"""Databases and containers as values, and the JSON that the service shows for them."""

import base64
import struct
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from local.cosmos.indexing import Indexed
from local.cosmos.partition import Path
from local.cosmos.values import Json, Object

_FORBIDDEN = set("/\\?#\t\r\n")
MAX_ID_LENGTH = 255


def valid_id(value: Json) -> bool:
    """Whether the service takes `value` as the id of a database, container or document."""
    return (
        isinstance(value, str)
        and 0 < len(value) <= MAX_ID_LENGTH
        and not _FORBIDDEN.intersection(value)
        and value == value.encode(errors="ignore").decode()
    )


def path_of(text: str) -> Path:
    """`/a/"b c"/d` as names: how partition keys, unique keys and indexes write a property's place."""
    return tuple(part.strip('"') for part in text.strip("/").split("/"))


def rid(database: int, container: int | None = None, document: int | None = None) -> str:
    """A resource id as the service forms it: base64 of 4, 8 or 16 bytes, `-` for `/`."""
    data = struct.pack(">I", database)
    if container is not None:
        data += struct.pack(">I", container | 1 << 31)
    if document is not None:
        data += struct.pack(">Q", document)
    return base64.b64encode(data).decode().replace("/", "-")


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow")


class PartitionKeyDefinition(_Settings):
    """`partitionKey` of a container."""

    paths: tuple[str, ...] = Field(min_length=1, max_length=3)
    kind: str = "Hash"
    version: int = 2


class UniqueKey(_Settings):
    """Paths whose values together may occur once per partition key."""

    paths: tuple[str, ...] = Field(min_length=1)


class UniqueKeyPolicy(_Settings):
    """`uniqueKeyPolicy` of a container."""

    uniqueKeys: tuple[UniqueKey, ...] = ()  # noqa: N815  the service's own name


class CompositePath(_Settings):
    """One path of a composite index."""

    path: str
    order: str = "ascending"


class IndexingPolicy(_Settings):
    """`indexingPolicy` of a container: what ORDER BY may name, and what writes and queries cost."""

    indexingMode: str = "consistent"  # noqa: N815  the service's own name
    automatic: bool = True
    includedPaths: tuple[Object, ...] = ({"path": "/*"},)  # noqa: N815
    excludedPaths: tuple[Object, ...] = ({"path": '/"_etag"/?'},)  # noqa: N815
    compositeIndexes: tuple[tuple[CompositePath, ...], ...] = ()  # noqa: N815


class ContainerSettings(_Settings):
    """What a caller sets about a container, in the service's names; unknown settings are kept and shown."""

    id: str
    partitionKey: PartitionKeyDefinition  # noqa: N815
    indexingPolicy: IndexingPolicy = IndexingPolicy()  # noqa: N815
    defaultTtl: int | None = None  # noqa: N815
    uniqueKeyPolicy: UniqueKeyPolicy | None = None  # noqa: N815


@dataclass(frozen=True, slots=True)
class Database:
    """A database as stored."""

    number: int
    id: str
    ts: int
    etag: str

    @property
    def rid(self) -> str:
        """Its resource id."""
        return rid(self.number)

    def body(self) -> Object:
        """The JSON that the service answers."""
        return {
            "id": self.id,
            "_rid": self.rid,
            "_self": f"dbs/{self.rid}/",
            "_etag": self.etag,
            "_colls": "colls/",
            "_users": "users/",
            "_ts": self.ts,
        }


@dataclass(frozen=True, slots=True)
class Container:
    """A container as stored, with its settings read once."""

    number: int
    database: Database
    ts: int
    etag: str
    settings: ContainerSettings
    partition_paths: tuple[Path, ...]
    unique_paths: tuple[tuple[Path, ...], ...]
    indexed: Indexed

    @property
    def rid(self) -> str:
        """Its resource id."""
        return rid(self.database.number, self.number)

    @property
    def link(self) -> str:
        """Where it is, by resource ids."""
        return f"dbs/{self.database.rid}/colls/{self.rid}/"

    def body(self) -> Object:
        """The JSON that the service answers."""
        shown: Mapping[str, Json] = self.settings.model_dump(exclude_none=True, mode="json")
        return dict(shown) | {
            "_rid": self.rid,
            "_self": self.link,
            "_etag": self.etag,
            "_docs": "docs/",
            "_sprocs": "sprocs/",
            "_triggers": "triggers/",
            "_udfs": "udfs/",
            "_conflicts": "conflicts/",
            "_ts": self.ts,
        }
