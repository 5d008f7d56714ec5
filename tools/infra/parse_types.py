"""The types of Bicep's parameters, outputs and type declarations, with what their decorators add."""

from tree_sitter import Node

from tools.infra import syntax as s

PRIMITIVES = {"string", "int", "bool", "object", "array", "any"}
LIMITS = {"minLength", "maxLength", "minValue", "maxValue"}


def type_of(node: Node) -> s.Type:  # noqa: C901, PLR0911 - one case for each kind of node
    """Return the type that `node` spells."""
    parts = [child for child in node.named_children if child.type not in {"comment", "decorators"}]
    text = node.text.decode() if node.text else ""
    match node.type:
        case "primitive_type" | "identifier":
            return s.Type(text) if text in PRIMITIVES else s.Type("name", value=text)
        case "nullable_type":
            return s.Type("union", options=(type_of(parts[0]), s.Type("null")))
        case "array_type":
            return s.Type("array", item=type_of(parts[0]))
        case "union_type":
            return s.Type("union", options=tuple(type_of(part) for part in parts))
        case "string":
            return s.Type("literal", value=text.strip("'"))
        case "number":
            return s.Type("literal", value=int(text))
        case "boolean":
            return s.Type("literal", value=text == "true")
        case "null":
            return s.Type("null")
        case "object":
            return object_type(parts)
        case _ if len(parts) == 1:  # a parenthesis, or the node that holds any type
            return type_of(parts[0])
        case _:
            return s.ANY


def object_type(parts: list[Node]) -> s.Type:
    """Return the type of an object from its properties; `*` gives the type of all others."""
    fields, extra = [], None
    for part in parts:
        if part.type == "object_property":
            *key, kind = part.named_children
            if key:
                fields.append(((key[0].text or b"").decode().strip("'"), type_of(kind)))
            else:
                extra = type_of(kind)
    return s.Type("object", fields=tuple(fields), extra=extra)


def of_kind(value: s.Scalar, kind: str) -> bool:
    """Return whether a literal is of the primitive type `kind`."""
    return {bool: "bool", int: "int", str: "string"}.get(type(value), kind) == kind


def decorated(made: s.Type, decorators: list[s.Call]) -> s.Type:
    """Return `made` with what `@allowed`, `@secure` and the limits say."""
    limits, options, secure = [], made.options, made.secure
    kind = made.kind
    for call in decorators:
        match call:
            case s.Call(name="secure"):
                secure = True
            case s.Call(name="allowed", arguments=(s.Array(items=items),)):
                values = [item.value for item in items if isinstance(item, s.Literal)]
                # What is not of the declared type is left out: nothing, then, can be given.
                kind, options = (
                    "union",
                    tuple(s.Type("literal", value=one) for one in values if of_kind(one, made.kind)),
                )
            case s.Call(name=name, arguments=(s.Literal(value=int(value)),)) if name in LIMITS:
                limits.append((name, value))
    return s.Type(kind, made.value, options, made.item, made.fields, made.extra, tuple(limits), secure)
