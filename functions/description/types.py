"""JSON schemas in a few words of HTML: what type something has, and within what limits."""

import json
from html import escape
from typing import Any

type Schema = dict[str, Any]

_LIMITS = {
    "minimum": "at least {}", "exclusiveMinimum": "over {}", "maximum": "at most {}", "exclusiveMaximum": "under {}",
    "minLength": "at least {} characters", "maxLength": "at most {} characters",
    "minItems": "at least {} items", "maxItems": "at most {} items",
    "pattern": "matches <code>{}</code>", "default": "default <code>{}</code>",
}  # fmt: skip
_SHOWN_CHARACTERS = 60
_TOLD_FORMATS = {"date-time", "date", "uuid", "binary"}


def type_of(schema: Schema) -> str:
    """The type, HTML: references are links to the schema on the page."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#schema-{name}">{name}</a>'
    if choices := next((schema[key] for key in ("anyOf", "oneOf", "allOf") if key in schema), None):
        return " or ".join(dict.fromkeys(type_of(one) for one in choices))
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    if values:
        return " <wbr>".join(f"<code>{escape(str(one))}</code>" for one in values)
    return _plain_type(schema)


def _plain_type(schema: Schema) -> str:
    match schema.get("type"):
        case "array":
            items = schema.get("prefixItems", [schema.get("items", {})])
            return f"list of {', '.join(type_of(one) for one in items)}"
        case "object" if isinstance(schema.get("additionalProperties"), dict):
            return f"object of {type_of(schema['additionalProperties'])}"
        case "string" if schema.get("format") in _TOLD_FORMATS:
            return escape(schema["format"])
        case str(kind):
            return escape(kind)
    return "anything"


def constraints(schema: Schema) -> str:
    """Limits and default, HTML; empty without any."""
    found = dict(schema)
    for choice in schema.get("anyOf", ()):
        if choice.get("type") != "null":
            found = {**choice, **found}
    words = []
    if found.get("minLength") == 1:
        del found["minLength"]
        words.append("not empty")
    for key, words_for in _LIMITS.items():
        if found.get(key) is not None:
            value = found[key] if isinstance(found[key], str) else _number(found[key])
            if len(value) <= _SHOWN_CHARACTERS:
                words.append(words_for.format(escape(value)))
    return ", ".join(words)


def _number(value: object) -> str:
    return f"{value:,}" if isinstance(value, int | float) and not isinstance(value, bool) else json.dumps(value)
