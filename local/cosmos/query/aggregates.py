"""The functions over all rows of a group. Undefined values do not count.

https://learn.microsoft.com/azure/cosmos-db/nosql/query/aggregate-functions
"""

import math
from collections.abc import Callable, Iterable

from local.cosmos.values import UNDEFINED, Value, is_number, number, sort_key


def _count(values: list[Value]) -> Value:
    return len(values)


def _count_if(values: list[Value]) -> Value:
    return sum(value is True for value in values)


def _sum(values: list[Value]) -> Value:
    numbers = [value for value in values if is_number(value)]
    if len(numbers) < len(values):
        return UNDEFINED
    exact = all(isinstance(value, int) for value in numbers)
    return sum(numbers) if exact else number(math.fsum(numbers))


def _average(values: list[Value]) -> Value:
    total = _sum(values)
    return number(total / len(values)) if values and is_number(total) else UNDEFINED


def _least(values: list[Value]) -> Value:
    return min(values, key=sort_key, default=UNDEFINED)


def _greatest(values: list[Value]) -> Value:
    return max(values, key=sort_key, default=UNDEFINED)


AGGREGATES: dict[str, Callable[[list[Value]], Value]] = {
    "COUNT": _count,
    "COUNTIF": _count_if,
    "SUM": _sum,
    "AVG": _average,
    "MIN": _least,
    "MAX": _greatest,
}


def aggregate(name: str, values: Iterable[Value]) -> Value:
    """The aggregate of the defined ones among `values`; undefined for SUM and AVG when one is not a number."""
    return AGGREGATES[name]([value for value in values if value is not UNDEFINED])
