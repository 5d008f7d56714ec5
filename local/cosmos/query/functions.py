"""The built-in functions of types, numbers, arrays and time; undefined for arguments that they do not expect.

https://learn.microsoft.com/azure/cosmos-db/nosql/query/system-functions
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from local.cosmos.values import UNDEFINED, Value, canonical, is_number, number, same

type Function = Callable[..., Value]


@dataclass(frozen=True, slots=True)
class Signature:
    """A function and how many arguments it takes."""

    call: Function
    least: int
    most: int


FUNCTIONS: dict[str, Signature] = {}
# What the service has beyond these: answered with 501 rather than "no such function".
ELSEWHERE = frozenset(
    """ACOS ASIN ATAN ATN2 CHOOSE COS COT DATETIMEADD DATETIMEBIN DATETIMEDIFF DATETIMEFROMPARTS DATETIMEPART
    DATETIMETOTICKS DATETIMETOTIMESTAMP DEGREES DOCUMENTID FULLTEXTCONTAINS FULLTEXTCONTAINSALL FULLTEXTCONTAINSANY
    FULLTEXTSCORE GETCURRENTDATETIMESTATIC GETCURRENTTICKS GETCURRENTTICKSSTATIC GETCURRENTTIMESTAMPSTATIC INTADD
    INTBITAND INTBITLEFTSHIFT INTBITNOT INTBITOR INTBITRIGHTSHIFT INTBITXOR INTDIV INTMOD INTMUL INTSUB
    LASTSUBSTRINGAFTER LASTSUBSTRINGBEFORE NUMBERBIN OBJECTTOARRAY PI RADIANS RAND RRF SIN STRINGTOARRAY
    STRINGTOOBJECT ST_AREA ST_DISTANCE ST_INTERSECTS ST_ISVALID ST_ISVALIDDETAILED ST_WITHIN SUBSTRINGAFTER
    SUBSTRINGBEFORE TAN TICKSTODATETIME TIMESTAMPTODATETIME VECTORDISTANCE""".split()  # noqa: SIM905  a list of 57 lines
)


def function(name: str, least: int, most: int | None = None) -> Callable[[Function], Function]:
    """Registers a function under its name in SQL, with the least and the most arguments that it takes."""

    def register(call: Function) -> Function:
        FUNCTIONS[name] = Signature(call, least, least if most is None else most)
        return call

    return register


def _types() -> None:
    tests: dict[str, Callable[[Value], bool]] = {
        "IS_DEFINED": lambda value: value is not UNDEFINED,
        "IS_NULL": lambda value: value is None,
        "IS_BOOL": lambda value: isinstance(value, bool),
        "IS_NUMBER": is_number,
        "IS_INTEGER": lambda value: is_number(value) and float(value).is_integer(),
        "IS_FINITE_NUMBER": lambda value: is_number(value) and math.isfinite(value),
        "IS_STRING": lambda value: isinstance(value, str),
        "IS_ARRAY": lambda value: isinstance(value, list),
        "IS_OBJECT": lambda value: isinstance(value, dict),
        "IS_PRIMITIVE": lambda value: value is not UNDEFINED and not isinstance(value, (list, dict)),
    }
    for name, test in tests.items():
        function(name, 1)(test)


def _numbers() -> None:
    """Functions of one number; undefined where it has no finite result."""
    calls: dict[str, Callable[[int | float], int | float]] = {
        "ABS": abs,
        "CEILING": math.ceil,
        "EXP": math.exp,
        "FLOOR": math.floor,
        "LOG10": math.log10,
        "SIGN": lambda value: (value > 0) - (value < 0),
        "SQRT": math.sqrt,
        "SQUARE": lambda value: value * value,
        "TRUNC": math.trunc,
    }
    for name, call in calls.items():
        function(name, 1)(lambda value, call=call: _finite(call, value))


def _finite(call: Callable[..., int | float], *values: Value) -> Value:
    if not all(is_number(value) for value in values):
        return UNDEFINED
    try:
        return number(call(*values))
    except (ValueError, OverflowError, ZeroDivisionError):
        return UNDEFINED


_types()
_numbers()


@function("POWER", 2)
def _power(base: Value, exponent: Value) -> Value:
    return _finite(math.pow, base, exponent)


@function("LOG", 1, 2)
def _log(value: Value, base: Value = math.e) -> Value:
    return _finite(math.log, value, base)


@function("ROUND", 1, 2)
def _round(value: Value, digits: Value = 0) -> Value:
    """Halves go away from zero, unlike Python's."""

    def away(value: float, digits: float) -> float:
        scale = 10.0 ** int(digits)
        return math.copysign(math.floor(abs(value) * scale + 0.5) / scale, value)

    return _finite(away, value, digits)


@function("ARRAY_LENGTH", 1)
def _array_length(items: Value) -> Value:
    return len(items) if isinstance(items, list) else UNDEFINED


@function("ARRAY_CONTAINS", 2, 3)
def _array_contains(items: Value, wanted: Value, partial: Value = False) -> Value:
    if not isinstance(items, list) or not isinstance(partial, bool):
        return UNDEFINED
    return any(_holds(item, wanted) if partial else same(item, wanted) for item in items)


def _holds(value: Value, part: Value) -> bool:
    """Whether `value` has everything that `part` has."""
    if isinstance(value, dict) and isinstance(part, dict):
        return all(name in value and _holds(value[name], item) for name, item in part.items())
    return same(value, part)


@function("ARRAY_CONTAINS_ANY", 2, 100)
def _array_contains_any(items: Value, *wanted: Value) -> Value:
    return any(_array_contains(items, one) for one in wanted) if isinstance(items, list) else UNDEFINED


@function("ARRAY_CONTAINS_ALL", 2, 100)
def _array_contains_all(items: Value, *wanted: Value) -> Value:
    return all(_array_contains(items, one) for one in wanted) if isinstance(items, list) else UNDEFINED


@function("ARRAY_CONCAT", 2, 100)
def _array_concat(*parts: Value) -> Value:
    lists = [part for part in parts if isinstance(part, list)]
    return [item for part in lists for item in part] if len(lists) == len(parts) else UNDEFINED


@function("ARRAY_SLICE", 2, 3)
def _array_slice(items: Value, start: Value, length: Value = math.inf) -> Value:
    if not isinstance(items, list) or not is_number(start) or not is_number(length):
        return UNDEFINED
    begin = int(start) if start >= 0 else max(len(items) + int(start), 0)
    return items[begin : begin + int(min(max(length, 0), len(items)))]


@function("SETINTERSECT", 2)
def _intersect(left: Value, right: Value) -> Value:
    if not isinstance(left, list) or not isinstance(right, list):
        return UNDEFINED
    kept = {canonical(item) for item in right}
    return [item for text, item in {canonical(item): item for item in left}.items() if text in kept]


@function("SETUNION", 2)
def _union(left: Value, right: Value) -> Value:
    if not isinstance(left, list) or not isinstance(right, list):
        return UNDEFINED
    return list({canonical(item): item for item in [*reversed(right), *reversed(left)]}.values())[::-1]


@function("GETCURRENTTIMESTAMP", 0)
def _timestamp() -> Value:
    return time.time_ns() // 1_000_000


@function("GETCURRENTDATETIME", 0)
def _date_time() -> Value:
    now = time.time_ns()
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now // 10**9)) + f".{now % 10**9 // 100:07d}Z"


@function("IIF", 3)
def _iif(condition: Value, yes: Value, no: Value) -> Value:
    return yes if condition is True else no
