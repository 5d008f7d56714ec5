"""The operators that need both operands' values, and the patterns of LIKE."""

import functools
import math
import operator
import re
from collections.abc import Callable

from local.cosmos.values import UNDEFINED, Undefined, Value, is_number, number, same, sort_key


def _equal(left: Value, right: Value) -> bool | Undefined:
    return UNDEFINED if left is UNDEFINED or right is UNDEFINED else same(left, right)


def _unequal(left: Value, right: Value) -> Value:
    equal = _equal(left, right)
    return equal if equal is UNDEFINED else not equal


def _ordered(test: Callable[..., bool]) -> Callable[[Value, Value], Value]:
    """Only two numbers, two strings, two booleans or two nulls have an order."""

    def compare(left: Value, right: Value) -> Value:
        if isinstance(left, str) and isinstance(right, str):
            return test(left, right)
        if is_number(left) and is_number(right):
            return test(left, right)
        if type(left) is type(right) and (left is None or isinstance(left, bool)):
            return test(sort_key(left), sort_key(right))
        return UNDEFINED

    return compare


def _arithmetic(calculate: Callable[[float, float], float]) -> Callable[[Value, Value], Value]:
    def apply(left: Value, right: Value) -> Value:
        if not is_number(left) or not is_number(right):
            return UNDEFINED
        try:
            result = calculate(left, right)
        except (ZeroDivisionError, OverflowError, ValueError):
            return UNDEFINED
        return number(result) if math.isfinite(result) else UNDEFINED

    return apply


def _concatenate(left: Value, right: Value) -> Value:
    return left + right if isinstance(left, str) and isinstance(right, str) else UNDEFINED


EAGER: dict[str, Callable[[Value, Value], Value]] = {
    "=": _equal,
    "!=": _unequal,
    "<": _ordered(operator.lt),
    "<=": _ordered(operator.le),
    ">": _ordered(operator.gt),
    ">=": _ordered(operator.ge),
    "+": _arithmetic(operator.add),
    "-": _arithmetic(operator.sub),
    "*": _arithmetic(operator.mul),
    "/": _arithmetic(operator.truediv),
    "%": _arithmetic(math.fmod),
    "||": _concatenate,
}


_LIKE_PARTS = re.compile(r"\[\^?[^\]]+\]|.", re.DOTALL)


@functools.lru_cache(256)
def like_pattern(pattern: str, escape: str) -> re.Pattern[str]:
    """The regular expression for `%`, `_`, `[a-c]`, `[^a-c]` and an escape character."""
    made, quoted = [], False
    for part in _LIKE_PARTS.findall(pattern):
        if quoted or (part not in {"%", "_", escape} and len(part) == 1):
            made.append(re.escape(part))
            quoted = False
        elif part == escape:
            quoted = True
        elif len(part) > 1:
            made.append(part.replace("\\", "\\\\"))
        else:
            made.append(".*" if part == "%" else ".")
    return re.compile("".join(made), re.DOTALL)
