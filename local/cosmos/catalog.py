"""Databases and containers: create, find, list, replace, delete."""

import sqlite3
import uuid

from pydantic import ValidationError

from local.cosmos.errors import BadRequestError, ConflictError, NotFoundError, NotSupportedError
from local.cosmos.indexing import Indexed
from local.cosmos.model import Container, ContainerSettings, Database, path_of, rid, valid_id
from local.cosmos.store import Store
from local.cosmos.values import Object

_OWNER_NOT_FOUND = 1003
_UNCHANGEABLE = ("id", "partitionKey", "uniqueKeyPolicy")
_ELSEWHERE = {
    "computedProperties": "computed properties",
    "vectorEmbeddingPolicy": "vector search",
    "fullTextPolicy": "full text search",
    "analyticalStorageTtl": "the analytical store",
    "changeFeedPolicy": "the change feed",
}


class Catalog:
    """The databases and containers of a store. What was read is kept until something changes."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._found: dict[tuple[str, str], Container] = {}

    def create_database(self, body: Object) -> Database:
        """A new database; BadRequestError for a bad id, ConflictError when it is taken."""
        name = _checked_id(body)
        try:
            self._store.sql.execute(
                "INSERT INTO databases (id, ts, etag) VALUES (?, ?, ?)", (name, self._store.now(), new_etag())
            )
        except sqlite3.IntegrityError:
            raise ConflictError(_taken("database", name)) from None
        return self.database(name)

    def databases(self) -> list[Database]:
        """All databases, oldest first."""
        return [Database(*row) for row in self._store.sql.execute("SELECT rid, id, ts, etag FROM databases")]

    def database(self, name: str) -> Database:
        """The database of that name or resource id; NotFoundError otherwise."""
        for database in self.databases():
            if name in {database.id, database.rid}:
                return database
        raise NotFoundError(f"There is no database {name!r}")

    def delete_database(self, name: str) -> None:
        """Delete a database with all that is in it; NotFoundError when it does not exist."""
        number = self.database(name).number
        self._found.clear()
        self._store.sql.execute("DELETE FROM databases WHERE rid = ?", (number,))

    def create_container(self, database: Database, body: Object) -> Container:
        """A new container; BadRequestError for bad settings, ConflictError when the id is taken."""
        settings = _checked_settings(body)
        try:
            self._store.sql.execute(
                "INSERT INTO containers (id, ts, etag, database, settings) VALUES (?, ?, ?, ?, ?)",
                (settings.id, self._store.now(), new_etag(), database.number, settings.model_dump_json()),
            )
        except sqlite3.IntegrityError:
            raise ConflictError(_taken("container", settings.id)) from None
        return self.container(database.id, settings.id)

    def containers(self, database: Database) -> list[Container]:
        """All containers of a database, oldest first."""
        rows = self._store.sql.execute(
            "SELECT rid, ts, etag, settings FROM containers WHERE database = ? ORDER BY rid", (database.number,)
        )
        return [_container(database, *row) for row in rows]

    def container(self, database: str, name: str, *, substatus: int = 0) -> Container:
        """The container of these names or resource ids; NotFoundError (with `substatus`) otherwise."""
        if (database, name) not in self._found:
            for container in self.containers(self.database(database)):
                if name in {container.settings.id, rid(container.database.number, container.number)}:
                    self._found[database, name] = container
                    break
            else:
                raise NotFoundError(f"There is no container {name!r} in database {database!r}", substatus=substatus)
        return self._found[database, name]

    def owner(self, database: str, name: str) -> Container:
        """The container that a request for documents goes to; NotFoundError that says that it is what is missing."""
        try:
            return self.container(database, name, substatus=_OWNER_NOT_FOUND)
        except NotFoundError as error:
            raise NotFoundError(error.message, substatus=_OWNER_NOT_FOUND) from None

    def replace_container(self, container: Container, body: Object) -> Container:
        """Change TTL and indexing policy; BadRequestError for a change of what the service does not let change."""
        settings = _checked_settings(body)
        for name in _UNCHANGEABLE:
            if getattr(settings, name) != getattr(container.settings, name):
                raise BadRequestError(f"{name} of container {container.settings.id!r} cannot be changed")
        self._found.clear()
        self._store.sql.execute(
            "UPDATE containers SET settings = ?, ts = ?, etag = ? WHERE rid = ?",
            (settings.model_dump_json(), self._store.now(), new_etag(), container.number),
        )
        return self.container(container.database.id, settings.id)

    def delete_container(self, container: Container) -> None:
        """Delete a container with its documents."""
        self._found.clear()
        self._store.sql.execute("DELETE FROM containers WHERE rid = ?", (container.number,))


def new_etag() -> str:
    """An ETag that never was, quotes included."""
    return f'"{uuid.uuid4()}"'


def _container(database: Database, number: int, ts: int, etag: str, text: str) -> Container:
    settings = ContainerSettings.model_validate_json(text)
    policy = settings.indexingPolicy
    included, excluded = (
        [path_of(str(one["path"])) for one in paths] for paths in (policy.includedPaths, policy.excludedPaths)
    )
    unique = settings.uniqueKeyPolicy.uniqueKeys if settings.uniqueKeyPolicy else ()
    return Container(
        number,
        database,
        ts,
        etag,
        settings,
        partition_paths=tuple(path_of(path) for path in settings.partitionKey.paths),
        unique_paths=tuple(tuple(path_of(path) for path in key.paths) for key in unique),
        indexed=Indexed.of(included, excluded, on=policy.indexingMode.lower() != "none"),
    )


def _checked_id(body: Object) -> str:
    name = body.get("id")
    if not valid_id(name):
        raise BadRequestError(f"The id {name!r} is not valid: 1 to 255 characters without / \\ ? #")
    return str(name)


def _checked_settings(body: Object) -> ContainerSettings:
    _checked_id(body)
    for name, what in _ELSEWHERE.items():
        if body.get(name):
            raise NotSupportedError(what)
    try:
        settings = ContainerSettings.model_validate(
            {name: value for name, value in body.items() if not name.startswith("_") and value is not None}
        )
    except ValidationError as error:
        raise BadRequestError(f"The container's settings are not valid: {error}") from None
    key = settings.partitionKey
    if key.version == 1:
        raise NotSupportedError("partition key version 1 (hash V1)")
    if key.kind not in {"Hash", "MultiHash"} or (key.kind == "Hash" and len(key.paths) != 1):
        raise BadRequestError(f"Partition key kind {key.kind!r} with {len(key.paths)} paths is not valid")
    if settings.defaultTtl is not None and (settings.defaultTtl == 0 or settings.defaultTtl < -1):
        raise BadRequestError("defaultTtl must be -1 or a positive number of seconds")
    return settings


def _taken(kind: str, name: str) -> str:
    return f"Entity with the specified id already exists in the system: {kind} {name!r}"
