"""Queries and lists: of documents, of containers, of databases."""

from collections.abc import Iterable
from dataclasses import replace

from pydantic import BaseModel, ConfigDict, ValidationError

from local.cosmos import charges, partition
from local.cosmos.documents import Documents, Scope
from local.cosmos.errors import BadRequestError, NotSupportedError
from local.cosmos.model import Container, path_of
from local.cosmos.query.loaded import Loaded, served_by_index
from local.cosmos.query.narrow import narrow
from local.cosmos.query.paging import Scan, fingerprint, page, start
from local.cosmos.query.parse import parse
from local.cosmos.query.plan import Plan, plan
from local.cosmos.query.syntax import Query, path
from local.cosmos.values import Json, Object, dumps
from local.cosmos.wire import CONTINUATION, PARTITION_KEY, Answer, Request

_DEFAULT_PAGE = 100
_LARGEST_PAGE = 1000
_EVERYTHING = "SELECT * FROM c"
_NEEDS_SCOPE = (
    "Cross partition query is required but disabled. Please set x-ms-documentdb-query-enablecrosspartition to true, "
    "specify x-ms-documentdb-partitionkey, or revise your query to avoid this exception."
)


class _Parameter(BaseModel):
    model_config = ConfigDict(frozen=True)
    name: str
    value: Json = None


class _QuerySpec(BaseModel):
    """The body of a query."""

    model_config = ConfigDict(frozen=True)
    query: str
    parameters: tuple[_Parameter, ...] | None = ()

    @property
    def values(self) -> dict[str, Json]:
        """Parameters by name, with the `@`."""
        return {parameter.name: parameter.value for parameter in self.parameters or ()}


def documents(request: Request, container: Container, store: Documents) -> Answer:
    """The documents of a container, or what a query over them gives, page by page."""
    if "a-im" in request.headers:
        raise NotSupportedError("the change feed")
    if request.says("x-ms-cosmos-is-query-plan-request"):
        raise NotSupportedError("query plans")
    spec = _spec(request)
    query = parse(spec.query)
    scope = narrow(query, spec.values, container, _scope(request, container))
    whole = scope.pk is None and "x-ms-documentdb-partitionkeyrangeid" not in request.headers
    if whole and request.method == "POST" and not request.says("x-ms-documentdb-query-enablecrosspartition"):
        raise BadRequestError(_NEEDS_SCOPE)
    _check_order(query, container)
    where = request.headers.get(PARTITION_KEY, "") + scope.start + scope.end
    loaded = Loaded(every=not served_by_index(query, container.indexed))
    scan = loaded.scanned(lambda after: store.scan(container, scope, after))
    answer = _answer(request, spec, loaded.planned(plan(query, spec.values)), scan, (container.rid, "Documents", where))
    return replace(answer, headers=dict(answer.headers) | charges.header(loaded.charge))


def bodies(request: Request, name: str, rid: str, all_bodies: Iterable[Object]) -> Answer:
    """Databases or containers (`name` is the service's word for the list), or what a query over them gives."""
    spec = _spec(request)
    texts = list(enumerate(map(dumps, all_bodies), start=1))
    return _answer(
        request,
        spec,
        plan(parse(spec.query), spec.values),
        lambda after: (one for one in texts if one[0] > after),
        (rid, name, ""),
    )


def _spec(request: Request) -> _QuerySpec:
    if request.method == "GET":
        return _QuerySpec(query=_EVERYTHING)
    try:
        return _QuerySpec.model_validate(request.object())
    except ValidationError as error:
        raise BadRequestError(f"The body is not a query: {error}") from None


def _answer(request: Request, spec: _QuerySpec, planned: Plan, scan: Scan, about: tuple[str, str, str]) -> Answer:
    rid, name, where = about
    token = request.headers.get(CONTINUATION)
    position = start(token, fingerprint(rid, spec.query, dumps(spec.values), where))
    found = page(planned, scan, position, _page_size(request))
    body = f'{{"_rid":"{rid}","{name}":[{",".join(found.rows)}],"_count":{len(found.rows)}}}'
    headers = {"x-ms-item-count": str(len(found.rows))}
    return Answer(200, body, headers | ({CONTINUATION: found.continuation} if found.continuation else {}))


def _page_size(request: Request) -> int:
    text = request.headers.get("x-ms-max-item-count", str(_DEFAULT_PAGE))
    try:
        size = int(text)
    except ValueError:
        size = 0
    if size == -1:
        return _LARGEST_PAGE
    if size < 1:
        raise BadRequestError(f"x-ms-max-item-count {text!r} is neither -1 nor a positive number")
    return min(size, _LARGEST_PAGE)


def _scope(request: Request, container: Container) -> Scope:
    key = request.headers.get(PARTITION_KEY)
    if key is not None:
        return Scope(pk=partition.from_header(key, len(container.partition_paths)))
    headers = request.headers
    return Scope(start=headers.get("x-ms-start-epk", ""), end=headers.get("x-ms-end-epk", "FF"))


def _check_order(query: Query, container: Container) -> None:
    """BadRequestError, as from the service, for ORDER BY of a path that is not indexed, or of several keys that no
    composite index has in this order."""
    for key in query.order:
        place = path(key.expression)
        if place and place[1] and not container.indexed.has(tuple(map(str, place[1]))):
            msg = "The order-by item is excluded from the index, so that the query cannot be served from it."
            raise BadRequestError(msg)
    if len(query.order) <= 1:
        return
    wanted = [(path(key.expression) or ("", ()), key.descending) for key in query.order]
    for index in container.settings.indexingPolicy.compositeIndexes:
        has = [(path_of(item.path), item.order.lower() == "descending") for item in index]
        turned = {down == wish for (_, down), (_, wish) in zip(has, wanted, strict=False)}
        if [names for names, _ in has] == [names for (_, names), _ in wanted] and len(turned) == 1:
            return
    msg = "The order by query does not have a corresponding composite index that it can be served from."
    raise BadRequestError(msg)
