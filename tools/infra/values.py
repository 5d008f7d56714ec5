"""What an expression is known to be without Azure: a value, one of several, or only its type."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from tools.infra import syntax as s
from tools.infra.report import Place


@dataclass(frozen=True)
class Known:
    """A scalar."""

    at: Place
    data: s.Scalar
    secret: bool = False


@dataclass(frozen=True)
class Record:
    """An object; an open one may have properties that are not known, or other values in those that are."""

    at: Place
    fields: "dict[str, Value]"
    open: bool = False


@dataclass(frozen=True)
class Items:
    """An array: its items, or (when how many is not known) what each of them may be."""

    at: Place
    items: "tuple[Value, ...]"
    counted: bool = True


@dataclass(frozen=True)
class Choice:
    """One of several, by a condition that is not known."""

    at: Place
    options: "tuple[Value, ...]"


@dataclass(frozen=True)
class Unknown:
    """Only the type is known."""

    at: Place
    type: s.Type
    secret: bool = False


@dataclass(frozen=True)
class Closure:
    """A lambda with what its names stand for."""

    at: Place
    code: s.Lambda
    scope: Any


@dataclass(frozen=True)
class Deployed:
    """A resource by its type with version, or (with a path) an object inside what Azure says of it."""

    at: Place
    symbol: str
    type: str
    name: "Value"
    children: "dict[str, Deployed]"
    path: tuple[str, ...] = ()


@dataclass(frozen=True)
class Linked:
    """A module, by what its outputs are."""

    at: Place
    symbol: str
    outputs: "Record"


type Value = Known | Record | Items | Choice | Unknown | Closure | Deployed | Linked

STRING, INT, BOOL = s.Type("string"), s.Type("int"), s.Type("bool")
OBJECT, ARRAY = s.Type("object"), s.Type("array")


def of(data: Any, at: Place) -> Value:
    """Return the value of what JSON or Python holds."""
    if isinstance(data, dict):
        return Record(at, {str(key): of(value, at) for key, value in data.items()})
    if isinstance(data, list | tuple):
        return Items(at, tuple(of(value, at) for value in data))
    return Known(at, data)


def plain(value: Value) -> Any:
    """Return a wholly known value as Python holds it. Raises LookupError for any other."""
    match value:
        case Known():
            return value.data
        case Record(open=False):
            return {key: plain(inner) for key, inner in value.fields.items()}
        case Items(counted=True):
            return [plain(inner) for inner in value.items]
    raise LookupError(type(value).__name__)


def options(value: Value) -> Iterator[Value]:
    """Yield what `value` may be, one at a time."""
    if isinstance(value, Choice):
        for option in value.options:
            yield from options(option)
    else:
        yield value


def choose(at: Place, values: list[Value]) -> Value:
    """Return the one value, or the choice among several."""
    flat = [option for value in values for option in options(value)]
    unique = [value for index, value in enumerate(flat) if value not in flat[:index]]
    return unique[0] if len(unique) == 1 else Choice(at, tuple(unique))


def each(value: Value, change: "Callable[[Value], Value]") -> Value:
    """Return `change` of each thing that `value` may be."""
    return choose(value.at, [change(option) for option in options(value)])


def unknown(  # noqa: PLR0911 - one case for each kind
    type_: s.Type, at: Place, types: dict[str, s.Type], *, secret: bool = False
) -> Value:
    """Return what is known of a value of `type_`: literals are choices, an object's fields are unknown in turn."""
    secret = secret or type_.secure
    match type_.kind:
        case "literal":
            return Known(at, type_.value, secret)
        case "null":
            return Known(at, None)
        case "union":
            return choose(at, [unknown(option, at, types, secret=secret) for option in type_.options])
        case "name" if str(type_.value) in types:
            return unknown(types[str(type_.value)], at, types, secret=secret)
        case "object" if type_.fields:
            made = {name: unknown(inner, at, types, secret=secret) for name, inner in type_.fields}
            return Record(at, made, open=type_.extra is not None)
        case "array" if type_.item:
            return Items(at, (unknown(type_.item, at, types, secret=secret),), counted=False)
    return Unknown(at, type_, secret)


def secret(value: Value) -> bool:
    """Return whether a secret is anywhere in `value`."""
    match value:
        case Known() | Unknown():
            return value.secret
        case Record():
            return any(secret(inner) for inner in value.fields.values())
        case Items():
            return any(secret(inner) for inner in value.items)
        case Choice():
            return any(secret(inner) for inner in value.options)
    return False


def hidden(value: Value) -> Value:
    """Return `value`, known to be made from a secret."""
    match value:
        case Known() | Unknown():
            return replace(value, secret=True)
        case Record():
            return replace(value, fields={key: hidden(inner) for key, inner in value.fields.items()})
        case Items():
            return replace(value, items=tuple(hidden(inner) for inner in value.items))
        case Choice():
            return replace(value, options=tuple(hidden(inner) for inner in value.options))
    return value


def kind(value: Value) -> str:  # noqa: PLR0911 - one case for each kind
    """Return the name of a value's type, as Bicep spells it."""
    match value:
        case Known(data=bool()):
            return "bool"
        case Known(data=int()):
            return "int"
        case Known(data=None):
            return "null"
        case Known():
            return "string"
        case Items():
            return "array"
        case Unknown():
            return value.type.kind
        case Record() | Deployed() | Linked():
            return "object"
    return "any"
