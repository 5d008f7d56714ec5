"""Transactional batch: up to 100 operations on one partition, all or nothing.

https://learn.microsoft.com/azure/cosmos-db/transactional-batch
"""

from typing import cast

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from local.cosmos import charges, patching
from local.cosmos.documents import Conditions, Stored, check_size
from local.cosmos.errors import BadRequestError, CosmosError
from local.cosmos.items import Target, changing
from local.cosmos.store import Store
from local.cosmos.values import Json, Object, dumps, loads
from local.cosmos.wire import Answer, Request

_MAX_OPERATIONS = 100


class _Operation(BaseModel):
    model_config = ConfigDict(frozen=True)
    kind: str = Field(alias="operationType")
    id: str = ""
    body: Object = Field(default_factory=dict, alias="resourceBody")
    if_match: str | None = Field(default=None, alias="ifMatch")
    if_none_match: str | None = Field(default=None, alias="ifNoneMatch")


_OPERATIONS = TypeAdapter(list[_Operation])


class _FailedError(Exception):
    """Carries what was done so far out of the transaction."""


def run(request: Request, at: Target, store: Store) -> Answer:
    """200 and one result per operation; 207 when one failed, with its status, and 424 for all others."""
    check_size(len(request.body))
    try:
        operations = _OPERATIONS.validate_python(request.json())
    except ValidationError as error:
        raise BadRequestError(f"The batch is not valid: {error}") from None
    if not 0 < len(operations) <= _MAX_OPERATIONS:
        raise BadRequestError(f"A batch has 1 to {_MAX_OPERATIONS} operations, this one has {len(operations)}")
    results: list[Json] = []
    total = 0.0
    try:
        with store.transaction():
            for place, operation in enumerate(operations):
                try:
                    status, stored, charge = _run(operation, at)
                    results.append(_result(status, stored, charge))
                    total += charge
                except CosmosError as error:
                    failed = _failure(error.status) | {"subStatusCode": error.substatus, "message": error.message}
                    results = [_failure(424) for _ in operations]
                    results[place] = failed
                    raise _FailedError from None
    except _FailedError:
        return Answer(207, dumps(results))
    return Answer(200, dumps(results), charges.header(total))


def _run(operation: _Operation, at: Target) -> tuple[int, Stored | None, float]:
    """Status, what is there now, and what it cost."""
    where = (at.container, at.pk)
    seen = Conditions(operation.if_match, operation.if_none_match)
    if operation.kind == "Create":
        stored = at.documents.create(*where, operation.body)
        return 201, stored, stored.charge
    if operation.kind == "Upsert":
        stored, created = at.documents.upsert(*where, operation.body, seen)
        return (201 if created else 200), stored, stored.charge
    if operation.kind == "Read":
        stored = at.documents.read(*where, operation.id, seen)
        return 200, stored, stored.charge
    if operation.kind == "Replace":
        stored = at.documents.replace(*where, operation.id, operation.body, seen)
        return 200, stored, stored.charge
    if operation.kind == "Patch":
        wanted = patching.parse(operation.body)
        stored = at.documents.patch(*where, operation.id, changing(wanted), seen)
        return 200, stored, stored.charge + charges.patched(len(wanted.operations))
    if operation.kind == "Delete":
        return 204, None, at.documents.delete(*where, operation.id, seen)
    raise BadRequestError(f"There is no batch operation {operation.kind!r}")


def _result(status: int, stored: Stored | None, charge: float) -> Object:
    result: Object = {"statusCode": status, "requestCharge": round(charge, 2)}
    if stored is not None:
        result |= {"eTag": stored.etag, "resourceBody": cast("Object", loads(stored.body))}
    return result


def _failure(status: int) -> Object:
    return {"statusCode": status, "requestCharge": 0.0}
