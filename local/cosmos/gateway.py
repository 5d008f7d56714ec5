"""The gateway: checks the signature, finds out what a path means, calls the operation, turns errors into answers."""

from collections.abc import Callable
from urllib.parse import quote

from local.cosmos import auth, batch, feeds, items
from local.cosmos.catalog import Catalog
from local.cosmos.documents import Documents
from local.cosmos.errors import BadRequestError, CosmosError, NotSupportedError
from local.cosmos.model import Container
from local.cosmos.store import Store
from local.cosmos.values import Json, Object, dumps
from local.cosmos.wire import Answer, Request, refused, shown

_ELSEWHERE = {
    "sprocs": "stored procedures",
    "triggers": "triggers",
    "udfs": "user-defined functions",
    "conflicts": "conflict feeds",
    "users": "users and permissions",
    "offers": "throughput (offers)",
    "operations": "deletion of all documents of a partition key",
    "clientencryptionkeys": "client-side encryption keys",
}
_RID_MISMATCH = 1024
_RANGES_ETAG = '"1"'


class Gateway:
    """Answers requests for the account at `endpoint`, whose key is `key`."""

    def __init__(self, store: Store, *, key: str, endpoint: str) -> None:
        self._store = store
        self._key = key
        self._endpoint = endpoint
        self._catalog = Catalog(store)
        self._documents = Documents(store)

    def answer(self, request: Request) -> Answer:
        """The answer to one request; every CosmosError has become one."""
        try:
            auth.verify(self._key, request.method, request.segments, request.headers)
            return self._route(request)
        except CosmosError as error:
            return refused(error)
        except RecursionError:
            return refused(BadRequestError("The query or document is nested too deeply"))

    def session_token(self) -> str:
        """Always the newest state: one range, and a number that only grows."""
        return f"0:-1#{int(self._store.clock() * 1000)}"

    def _route(self, request: Request) -> Answer:
        match request.segments:
            case ():
                answer = self._account(request)
            case ("dbs",):
                answer = self._databases(request)
            case ("dbs", database):
                answer = self._database(request, database)
            case ("dbs", database, "colls"):
                answer = self._containers(request, database)
            case ("dbs", database, "colls", name):
                answer = self._container(request, database, name)
            case ("dbs", database, "colls", name, *rest):
                answer = self._inside(request, database, name, rest)
            case _:
                raise _unknown(request)
        return answer

    def _inside(self, request: Request, database: str, name: str, rest: list[str]) -> Answer:
        match rest:
            case ["pkranges"]:
                return _ranges(request, self._catalog.owner(database, name))
            case ["docs"]:
                return self._documents_of(request, self._owner(request, database, name))
            case ["docs", document]:
                return self._document(request, self._owner(request, database, name), document)
        raise _unknown(request)

    def _account(self, request: Request) -> Answer:
        _only(request, "GET")
        locations: list[Json] = [{"name": "Local", "databaseAccountEndpoint": self._endpoint}]
        return Answer(
            200,
            dumps(
                {
                    "_self": "",
                    "id": "local",
                    "_rid": "local",
                    "media": "//media/",
                    "addresses": "//addresses/",
                    "_dbs": "//dbs/",
                    "writableLocations": locations,
                    "readableLocations": locations,
                    "enableMultipleWriteLocations": False,
                    "userConsistencyPolicy": {"defaultConsistencyLevel": "Session"},
                }
            ),
        )

    def _databases(self, request: Request) -> Answer:
        if _is_feed(request):
            return feeds.bodies(request, "Databases", "", (one.body() for one in self._catalog.databases()))
        return shown(201, self._catalog.create_database(request.object()).body())

    def _database(self, request: Request, name: str) -> Answer:
        _only(request, "GET", "DELETE")
        if request.method == "DELETE":
            self._catalog.delete_database(name)
            return Answer(204)
        return shown(200, self._catalog.database(name).body())

    def _containers(self, request: Request, name: str) -> Answer:
        database = self._catalog.database(name)
        if _is_feed(request):
            found = (one.body() for one in self._catalog.containers(database))
            return feeds.bodies(request, "DocumentCollections", database.rid, found)
        return shown(201, self._catalog.create_container(database, request.object()).body())

    def _container(self, request: Request, database: str, name: str) -> Answer:
        _only(request, "GET", "PUT", "DELETE")
        container = self._catalog.container(database, name)
        if request.method == "DELETE":
            self._catalog.delete_container(container)
            return Answer(204)
        if request.method == "PUT":
            container = self._catalog.replace_container(container, request.object())
        return shown(200, container.body())

    def _owner(self, request: Request, database: str, name: str) -> Container:
        """The container of documents; a client that knew another of this name is told to look again."""
        container = self._catalog.owner(database, name)
        if request.headers.get("x-ms-cosmos-intended-collection-rid", container.rid) != container.rid:
            msg = "The container was deleted and created again since the client has read its properties"
            raise BadRequestError(msg, substatus=_RID_MISMATCH)
        return container

    def _documents_of(self, request: Request, container: Container) -> Answer:
        if request.says("x-ms-cosmos-is-batch-request"):
            at = items.target(request, container, self._documents)
            return _about(container, batch.run(request, at, self._store))
        if _is_feed(request):
            return _about(container, feeds.documents(request, container, self._documents))
        with self._store.transaction():
            return _about(container, items.create(request, items.target(request, container, self._documents)))

    def _document(self, request: Request, container: Container, name: str) -> Answer:
        at = items.target(request, container, self._documents)
        if auth.is_rid(request.segments[1]):
            name = self._documents.name_of(container, name)
        if request.method == "GET":
            return _about(container, items.read(request, at, name))
        _only(request, *_WRITES)
        with self._store.transaction():
            return _about(container, _WRITES[request.method](request, at, name))


_WRITES: dict[str, Callable[[Request, items.Target, str], Answer]] = {
    "PUT": items.update,
    "PATCH": items.patch,
    "DELETE": items.delete,
}


def _unknown(request: Request) -> CosmosError:
    for segment in (*request.segments[::2], *request.segments[-2:]):
        if segment in _ELSEWHERE:
            return NotSupportedError(_ELSEWHERE[segment])
    return BadRequestError(f"The path /{'/'.join(request.segments)} means nothing")


def _is_feed(request: Request) -> bool:
    """A list (GET) or a query (POST with the query's header or content type), not a creation."""
    _only(request, "GET", "POST")
    query = request.says("x-ms-documentdb-isquery") or request.says("x-ms-cosmos-is-query-plan-request")
    return request.method == "GET" or query or "query+json" in request.headers.get("content-type", "")


def _only(request: Request, *methods: str) -> None:
    if request.method not in methods:
        raise NotSupportedError(f"{request.method} of /{'/'.join(request.segments)}")


def _about(container: Container, answer: Answer) -> Answer:
    """With the headers by which the SDK keeps its session tokens."""
    path = f"dbs/{quote(container.database.id)}/colls/{quote(container.settings.id)}"
    about = {
        "x-ms-alt-content-path": path,
        "x-ms-content-path": container.rid,
        "x-ms-documentdb-partitionkeyrangeid": "0",
    }
    return Answer(answer.status, answer.body, about | dict(answer.headers))


def _ranges(request: Request, container: Container) -> Answer:
    """The physical partitions: one, for ever, so that the SDK never has to merge."""
    _only(request, "GET")
    headers = {"etag": _RANGES_ETAG}
    if request.headers.get("if-none-match") == _RANGES_ETAG:
        return Answer(304, "", headers)
    everything: Object = {
        "id": "0",
        "_rid": container.rid,
        "minInclusive": "",
        "maxExclusive": "FF",
        "ridPrefix": 0,
        "throughputFraction": 1,
        "status": "online",
        "parents": [],
        "_self": f"{container.link}pkranges/0/",
        "_etag": _RANGES_ETAG,
        "_ts": container.ts,
    }
    return Answer(200, dumps({"_rid": container.rid, "PartitionKeyRanges": [everything], "_count": 1}), headers)
