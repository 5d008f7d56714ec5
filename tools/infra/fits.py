"""Whether a value fits a Bicep type: what a compiler checks of parameters, defaults and outputs."""

import re
from collections.abc import Iterator

from tools.infra import syntax as s
from tools.infra.report import Place
from tools.infra.values import Choice, Items, Known, Record, Unknown, Value, kind, options


def misfits(  # noqa: C901 - one case for each kind of type
    value: Value, wanted: s.Type, types: dict[str, s.Type], name: str
) -> Iterator[tuple[Place, str]]:
    """Yield what of `value` does not fit `wanted`; `name` says what is being set."""
    if isinstance(value, Choice):
        for option in options(value):
            yield from misfits(option, wanted, types, name)
        return
    match wanted.kind:
        case "any":
            return
        case "name":
            if str(wanted.value) in types:
                yield from misfits(value, types[str(wanted.value)], types, name)
            else:
                yield value.at, f"{name} is of a type that is not declared: {wanted.value}"
        case "union" | "literal" | "null":
            if not admitted(value, wanted, types, name):
                yield value.at, f"{name} is {shown(value)}, not {spelled(wanted)}"
        case _ if kind(value) not in {wanted.kind, "any"}:
            yield value.at, f"{name} is {shown(value)}, not {wanted.kind}"
        case "object":
            yield from fields(value, wanted, types, name)
        case "array" if isinstance(value, Items) and wanted.item:
            for item in value.items:
                yield from misfits(item, wanted.item, types, f"an item of {name}")
    yield from limited(value, wanted, name)


def admitted(value: Value, wanted: s.Type, types: dict[str, s.Type], name: str) -> bool:
    """Return whether `value` can be one of the literals or types of `wanted`."""
    if wanted.kind == "union":
        return any(not list(misfits(value, option, types, name)) for option in wanted.options)
    if isinstance(value, Unknown):
        expected = "null" if wanted.kind == "null" else kind(Known(value.at, wanted.value))
        return value.type.kind in {"any", expected}
    return isinstance(value, Known) and value.data == wanted.value and isinstance(value.data, type(wanted.value))


def fields(value: Value, wanted: s.Type, types: dict[str, s.Type], name: str) -> Iterator[tuple[Place, str]]:
    """Yield what of an object does not fit the fields of its type."""
    if not isinstance(value, Record) or wanted.fields is None:
        return
    declared = dict(wanted.fields)
    for key, inner in value.fields.items():
        if key in declared:
            yield from misfits(inner, declared[key], types, f"{name}.{key}")
        elif wanted.extra:
            yield from misfits(inner, wanted.extra, types, f"{name}.{key}")
        else:
            yield inner.at, f"{name} has no {key}"
    for key, inner_type in declared.items():
        nullable = inner_type.kind == "union" and s.Type("null") in inner_type.options
        if key not in value.fields and not nullable and not value.open:
            yield value.at, f"{name} lacks {key}"


def limited(value: Value, wanted: s.Type, name: str) -> Iterator[tuple[Place, str]]:
    """Yield the limits of `wanted` that a known value, or an array of known length, breaks."""
    if isinstance(value, Known) and isinstance(value.data, int):
        measure, unit = value.data, "Value"
    elif isinstance(value, Known) and isinstance(value.data, str):
        measure, unit = len(value.data), "Length"
    elif isinstance(value, Items) and value.counted:
        measure, unit = len(value.items), "Length"
    else:
        return
    for limit, bound in wanted.limits:
        if (limit == f"min{unit}" and measure < bound) or (limit == f"max{unit}" and measure > bound):
            yield value.at, f"{name} is {shown(value)}, and its {limit} is {bound}"


def shown(value: Value) -> str:
    """Return a value as a message shows it."""
    if isinstance(value, Known) and not value.secret:
        return repr(value.data) if value.data is not None else "null"
    return re.sub("^name$", "any", kind(value))


def spelled(wanted: s.Type) -> str:
    """Return a type as Bicep spells it."""
    if wanted.kind == "union":
        return " | ".join(spelled(option) for option in wanted.options)
    return repr(wanted.value) if wanted.kind == "literal" else wanted.kind
