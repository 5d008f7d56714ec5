"""Partial update of a document: add, set, replace, remove, incr, move.

https://learn.microsoft.com/azure/cosmos-db/partial-document-update
"""

from collections.abc import Callable

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from local.cosmos.errors import BadRequestError
from local.cosmos.values import Json, Object, is_number

_MAX_OPERATIONS = 10


class Operation(BaseModel):
    """One operation as the SDK sends it."""

    model_config = ConfigDict(frozen=True)
    op: str
    path: str = Field(pattern="(?s)^/.+")  # a name may hold a line break
    value: Json = None
    source: str = Field(default="", alias="from")


class Patch(BaseModel):
    """The body of a PATCH: operations, and the condition under which they apply (`from c where ...`)."""

    model_config = ConfigDict(frozen=True)
    operations: tuple[Operation, ...] = Field(min_length=1, max_length=_MAX_OPERATIONS)
    condition: str | None = None


def parse(body: Json) -> Patch:
    """The patch in a request's body; BadRequestError when it is none."""
    try:
        return Patch.model_validate(body)
    except ValidationError as error:
        raise BadRequestError(f"The patch is not valid: {error}") from None


def apply(document: Object, patch: Patch) -> None:
    """Change `document` in place; BadRequestError names the operation that does not fit it."""
    for operation in patch.operations:
        try:
            _OPERATIONS[operation.op](document, operation)
        except (KeyError, IndexError, ValueError, TypeError) as error:
            msg = f"For Operation {operation.op!r} with path {operation.path!r}: {error}"
            raise BadRequestError(msg) from None


def _parent(document: Json, path: str) -> tuple[Object | list[Json], str]:
    *names, last = (name.replace("~1", "/").replace("~0", "~") for name in path[1:].split("/"))
    for name in names:
        document = document[int(name)] if isinstance(document, list) else _object(document)[name]
    return (document, last) if isinstance(document, list) else (_object(document), last)


def _object(value: Json) -> Object:
    if not isinstance(value, dict):
        msg = "the path leads through a value that is neither object nor array"
        raise TypeError(msg)
    return value


def _index(items: list[Json], name: str, *, end: int) -> int:
    """`name` as a place in the list; `-` is the end. IndexError beyond `end`."""
    place = len(items) if name == "-" else int(name)
    if not 0 <= place <= end:
        msg = f"index {name} is out of bounds"
        raise IndexError(msg)
    return place


def _add(document: Object, operation: Operation) -> None:
    _insert(document, operation.path, operation.value)


def _insert(document: Object, path: str, value: Json) -> None:
    parent, name = _parent(document, path)
    if isinstance(parent, list):
        parent.insert(_index(parent, name, end=len(parent)), value)
    else:
        parent[name] = value


def _set(document: Object, operation: Operation) -> None:
    parent, name = _parent(document, operation.path)
    if isinstance(parent, dict):
        parent[name] = operation.value
    elif name == "-":
        parent.append(operation.value)
    else:
        parent[_index(parent, name, end=len(parent) - 1)] = operation.value


def _replace(document: Object, operation: Operation) -> None:
    _take(document, operation.path, remove=False)
    _set(document, operation)


def _remove(document: Object, operation: Operation) -> None:
    _take(document, operation.path, remove=True)


def _take(document: Object, path: str, *, remove: bool) -> Json:
    parent, name = _parent(document, path)
    if isinstance(parent, list):
        place = _index(parent, name, end=len(parent) - 1)
        return parent.pop(place) if remove else parent[place]
    if name not in parent:
        msg = f"there is no property {name!r}"
        raise KeyError(msg)
    return parent.pop(name) if remove else parent[name]


def _incr(document: Object, operation: Operation) -> None:
    if not is_number(operation.value):
        msg = "the value to add is not a number"
        raise TypeError(msg)
    parent, name = _parent(document, operation.path)
    if isinstance(parent, dict) and name not in parent:
        parent[name] = operation.value
        return
    current = _take(document, operation.path, remove=False)
    if not is_number(current):
        msg = "the value there is not a number"
        raise TypeError(msg)
    _set(document, operation.model_copy(update={"value": current + operation.value}))


def _move(document: Object, operation: Operation) -> None:
    if operation.path.startswith(operation.source + "/"):
        msg = "a value cannot move into itself"
        raise ValueError(msg)
    _insert(document, operation.path, _take(document, operation.source, remove=True))


_OPERATIONS: dict[str, Callable[[Object, Operation], None]] = {
    "add": _add,
    "set": _set,
    "replace": _replace,
    "remove": _remove,
    "incr": _incr,
    "move": _move,
}
