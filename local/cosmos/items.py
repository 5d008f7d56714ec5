"""Point operations on documents: create, upsert, read, replace, patch, delete."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from local.cosmos import charges, partition, patching
from local.cosmos.documents import Conditions, Documents, Stored, check_size
from local.cosmos.errors import BadRequestError, PreconditionFailedError
from local.cosmos.model import Container
from local.cosmos.partition import PartitionKey
from local.cosmos.patching import Patch
from local.cosmos.query.compile import Row
from local.cosmos.query.parse import parse
from local.cosmos.query.plan import ROOT, plan
from local.cosmos.values import Object, dumps, loads
from local.cosmos.wire import PARTITION_KEY, Answer, Request


@dataclass(frozen=True, slots=True)
class Target:
    """What a request's operations go to."""

    documents: Documents
    container: Container
    pk: PartitionKey


def target(request: Request, container: Container, documents: Documents) -> Target:
    """The partition that the request names; BadRequestError when it names none."""
    header = request.headers.get(PARTITION_KEY)
    if header is None:
        raise BadRequestError("PartitionKey value must be supplied for this operation.")
    return Target(documents, container, partition.from_header(header, len(container.partition_paths)))


def conditions(request: Request) -> Conditions:
    """If-Match and If-None-Match of the request."""
    return Conditions(request.headers.get("if-match"), request.headers.get("if-none-match"))


def create(request: Request, at: Target) -> Answer:
    """POST to a container's documents, as create or, when a header says so, as upsert."""
    check_size(len(request.body))
    if request.says("x-ms-documentdb-is-upsert"):
        stored, created = at.documents.upsert(at.container, at.pk, request.object(), conditions(request))
        return _written(request, 201 if created else 200, stored)
    return _written(request, 201, at.documents.create(at.container, at.pk, request.object()))


def read(request: Request, at: Target, name: str) -> Answer:
    """GET of a document."""
    stored = at.documents.read(at.container, at.pk, name, conditions(request))
    return Answer(200, stored.body, {"etag": stored.etag} | charges.header(stored.charge))


def update(request: Request, at: Target, name: str) -> Answer:
    """PUT of a document."""
    check_size(len(request.body))
    stored = at.documents.replace(at.container, at.pk, name, request.object(), conditions(request))
    return _written(request, 200, stored)


def patch(request: Request, at: Target, name: str) -> Answer:
    """PATCH of a document."""
    wanted = patching.parse(request.json())
    stored = at.documents.patch(at.container, at.pk, name, changing(wanted), conditions(request))
    return _written(request, 200, stored, charges.patched(len(wanted.operations)))


def delete(request: Request, at: Target, name: str) -> Answer:
    """DELETE of a document."""
    charge = at.documents.delete(at.container, at.pk, name, conditions(request))
    return Answer(204, headers=charges.header(charge))


def changing(wanted: Patch) -> Callable[[str], Object]:
    """What the patch makes of a document's JSON; raises when its condition does not hold or it does not fit."""

    def change(text: str) -> Object:
        document = cast("Object", loads(text))  # stored documents are objects
        if wanted.condition is not None and not _holds(wanted.condition, document):
            msg = "Operation cannot be performed because one of the specified precondition is not met."
            raise PreconditionFailedError(msg)
        patching.apply(document, wanted)
        check_size(len(dumps(document)))
        return document

    return change


def _holds(condition: str, document: Object) -> bool:
    query = parse(f"SELECT * {condition}")
    if query.where is None or query.order or query.top or query.limit:
        raise BadRequestError("A patch's condition has the form `FROM c WHERE ...`")
    return any(plan(query, {}).bind(Row({ROOT: document})))


def _written(request: Request, status: int, stored: Stored, more: float = 0.0) -> Answer:
    minimal = request.headers.get("prefer") == "return=minimal"
    return Answer(status, "" if minimal else stored.body, {"etag": stored.etag} | charges.header(stored.charge + more))
