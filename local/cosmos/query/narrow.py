"""What WHERE says about id and partition key, so that SQLite looks there alone; it never changes the answer."""

from collections.abc import Mapping
from dataclasses import replace

from local.cosmos import partition
from local.cosmos.documents import Scope
from local.cosmos.model import Container
from local.cosmos.query.syntax import Binary, Expression, Identifier, Literal, Membership, Parameter, Query, path
from local.cosmos.values import UNDEFINED, Value


def narrow(query: Query, parameters: Mapping[str, Value], container: Container, scope: Scope) -> Scope:
    """`scope`, cut down to the ids and the partition key that the query's conditions leave."""
    if not query.sources or not isinstance(query.sources[0].of, Identifier) or query.sources[0].iterate:
        return scope
    alias = query.sources[0].alias
    allowed: dict[tuple[str | int, ...], list[Value]] = {}
    for condition in _conjuncts(query.where):
        found = _equalities(condition, alias, parameters)
        if found is not None:
            allowed.setdefault(*found)
    ids = allowed.get(("id",))
    if ids is not None:
        scope = replace(scope, ids=tuple(value for value in ids if isinstance(value, str)))
    keys = [allowed.get(place, []) for place in container.partition_paths]
    if scope.pk is None and all(len(values) == 1 for values in keys):
        key = [values[0] for values in keys]
        if not any(isinstance(value, (list, dict)) or value is UNDEFINED for value in key):
            scope = replace(scope, pk=partition.of(key))
    return scope


def _conjuncts(condition: Expression | None) -> list[Expression]:
    if isinstance(condition, Binary) and condition.operator == "AND":
        return _conjuncts(condition.left) + _conjuncts(condition.right)
    return [] if condition is None else [condition]


def _equalities(
    condition: Expression, alias: str, parameters: Mapping[str, Value]
) -> tuple[tuple[str | int, ...], list[Value]] | None:
    """The path that is compared and the values that it may have."""
    if isinstance(condition, Membership):
        pairs = [(condition.operand, item) for item in condition.items]
    elif isinstance(condition, Binary) and condition.operator == "=":
        pairs = [(condition.left, condition.right)]
        if isinstance(condition.left, (Literal, Parameter)):
            pairs = [(condition.right, condition.left)]
    else:
        return None
    place = path(pairs[0][0])
    constants = [item for _, item in pairs if isinstance(item, (Literal, Parameter))]
    if place is None or place[0] != alias or len(constants) < len(pairs):
        return None
    return place[1], [
        item.value if isinstance(item, Literal) else parameters.get(item.name, UNDEFINED) for item in constants
    ]
