"""The inline route constraints of ASP.NET Core, which the Functions host uses: `{id:int}`, `{x:length(2,4)}`, ...

https://learn.microsoft.com/aspnet/core/fundamentals/routing#route-constraints
"""

import re
import uuid
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation

type Constraint = Callable[[str], bool]

_INT_BITS, _LONG_BITS = 32, 64


def constraint(name: str, argument: str | None) -> Constraint:
    """The test that `name` or `name(argument)` stands for; ValueError when there is no such constraint."""
    key = name.lower()
    if argument is None and key in _PLAIN:
        return _PLAIN[key]
    if argument is not None and key in _WITH_ARGUMENT:
        return _WITH_ARGUMENT[key](argument)
    msg = f"there is no route constraint {name if argument is None else f'{name}({argument})'}"
    raise ValueError(msg)


def _parses(parse: Callable[[str], object], text: str) -> bool:
    try:
        parse(text)
    except (ValueError, InvalidOperation):
        return False
    return True


def _integer(bits: int) -> Constraint:
    def test(text: str) -> bool:
        limit = 1 << (bits - 1)
        return re.fullmatch(r"[+-]?[0-9]+", text) is not None and -limit <= int(text) < limit

    return test


def _number(text: str) -> bool:
    return re.fullmatch(r"[+-]?([0-9,]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", text) is not None


def _decimal(text: str) -> bool:
    return "e" not in text.lower() and _number(text) and _parses(Decimal, text.replace(",", ""))


def _bounded(measure: Callable[[str], int | None], low: int | None, high: int | None) -> Constraint:
    """The test that what `measure` gives is there and lies within the bounds, where they are."""

    def test(text: str) -> bool:
        value = measure(text)
        return value is not None and (low is None or value >= low) and (high is None or value <= high)

    return test


def _long_value(text: str) -> int | None:
    return int(text) if _long(text) else None


def _length(argument: str) -> Constraint:
    bounds = [int(part) for part in argument.split(",", 1)]
    return _bounded(len, bounds[0], bounds[-1])


def _range(argument: str) -> Constraint:
    low, high = (int(part) for part in argument.split(","))
    return _bounded(_long_value, low, high)


def _regex(argument: str) -> Constraint:
    pattern = re.compile(argument, re.IGNORECASE)
    return lambda text: pattern.search(text) is not None


def _is_file(text: str) -> bool:
    return "." in text.rsplit("/", 1)[-1].rstrip(".")


_long = _integer(_LONG_BITS)
_PLAIN: dict[str, Constraint] = {
    "int": _integer(_INT_BITS),
    "long": _long,
    "bool": lambda text: text.lower() in {"true", "false"},
    "alpha": lambda text: re.fullmatch(r"[A-Za-z]*", text) is not None,
    "guid": lambda text: _parses(uuid.UUID, text) and not text.lower().startswith("urn:"),
    "datetime": lambda text: _parses(datetime.fromisoformat, text),
    "decimal": _decimal,
    "double": _number,
    "float": _number,
    "required": bool,
    "file": _is_file,
    "nonfile": lambda text: not _is_file(text),
}
_WITH_ARGUMENT: dict[str, Callable[[str], Constraint]] = {
    "length": _length,
    "minlength": lambda argument: _bounded(len, int(argument), None),
    "maxlength": lambda argument: _bounded(len, None, int(argument)),
    "min": lambda argument: _bounded(_long_value, int(argument), None),
    "max": lambda argument: _bounded(_long_value, None, int(argument)),
    "range": _range,
    "regex": _regex,
}
