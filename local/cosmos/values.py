"""JSON values and `undefined`, which is what a property that is not there evaluates to; equality and order of both."""

import json
from enum import Enum
from typing import Final, Literal, TypeGuard

type Json = bool | int | float | str | list[Json] | dict[str, Json] | None
type Object = dict[str, Json]


class _Undefined(Enum):
    UNDEFINED = "undefined"


type Undefined = Literal[_Undefined.UNDEFINED]
type Value = Json | Undefined
UNDEFINED: Final = _Undefined.UNDEFINED

_RANKS = {bool: 2, int: 4, float: 4, str: 5, list: 6, dict: 7}


def is_number(value: Value) -> TypeGuard[int | float]:
    """Whether `value` is a JSON number; True and False are not, although Python says so."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def number(value: float) -> int | float:
    """`value` as JSON shows it: 2 for 2.0."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def sort_key(value: Value) -> tuple[int, float | str]:
    """A key that sorts values as the service does: undefined, null, false, true, numbers, strings, arrays, objects.

    Arrays and objects have a stable order that means nothing, there as here.
    https://learn.microsoft.com/azure/cosmos-db/nosql/query/order-by
    """
    if value is UNDEFINED:
        return (0, 0)
    if value is None:
        return (1, 0)
    rank = _RANKS[type(value)]
    if isinstance(value, (list, dict)):
        return (rank, canonical(value))
    return (rank + int(value), 0) if isinstance(value, bool) else (rank, value)


def same(left: Value, right: Value) -> bool:
    """Deep equality without Python's True == 1; undefined equals only itself."""
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(item, right[name]) for name, item in left.items())
    return isinstance(left, bool) == isinstance(right, bool) and left == right


def canonical(value: Value) -> str:
    """A text that is equal for equal values and only for them: sorted names, 2 for 2.0."""
    return "" if value is UNDEFINED else json.dumps(_plain(value), sort_keys=True, separators=(",", ":"))


def _plain(value: Json) -> Json:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return number(value) if isinstance(value, float) else value


def dumps(value: Json) -> str:
    """JSON as it is stored and sent: compact, ASCII only, so that even a lone surrogate survives."""
    return json.dumps(value, separators=(",", ":"))


def loads(text: str | bytes) -> Json:
    """Strict JSON; ValueError also for NaN and Infinity, which Python would let through."""

    def refuse(constant: str) -> Json:
        msg = f"{constant} is not JSON"
        raise ValueError(msg)

    value: Json = json.loads(text, parse_constant=refuse)
    return value
