"""Bodies that show what an operation takes, and that a local stack answers well."""

from collections.abc import Callable
from typing import Any

from functions.operations import Operation

type Schema = dict[str, Any]

EXAMPLES: dict[str, dict[str, Any]] = {
    "create_dataset": {
        "gallery": {
            "name": "pets",
            "labels": ["cat", {"name": "plant", "queries": ["plant in a pot"]}],
            "images_per_label": 10,
            "sources": ["sample"],
            "exports": ["imagefolder", "csv"],
        },
        "web": {
            "name": "pets",
            "labels": ["cat", "plant"],
            "images_per_label": 200,
            "sources": ["duckduckgo", "bing"],
            "image": {"format": "jpeg", "size": 512},
            "exports": ["imagefolder", "webdataset"],
        },
    },
    "curate_images": {
        "reject": {"action": "reject", "filter": {"label": "cat", "verdict": "duplicate"}, "note": "copies"},
        "relabel": {"action": "relabel", "keys": ["cat-00000-03"], "label": "plant"},
    },
    "create_takedown": {"host": {"host": "photos.example.com", "reason": "asked for by the owner"}},
    "create_key": {"key": {"name": "continuous integration", "role": "viewer", "expires_days": 90}},
    "create_webhook": {"webhook": {"url": "https://93.184.215.14/hooks/pixcrawler", "events": ["dataset.ready"]}},
    "create_upload": {
        "images": {"kind": "images", "filename": "cats.zip"},
        "urls": {"kind": "urls", "filename": "cats.csv"},
    },
    "create_url_list": {"list": "https://example.com/cat.jpg\nhttps://example.com/dog.jpg\n"},
    "put_upload_content": {"list": "https://example.com/cat.jpg\n"},
}
"""By operation and by the example's own name; the first is the one that is shown with curl."""

_DEPTH = 8  # of a schema that refers to itself


def examples(operation: Operation, schema: Schema, components: Schema) -> dict[str, Any]:
    """Bodies by name: those above, those of the model, or else the least that the schema asks for."""
    if operation.name in EXAMPLES:
        return EXAMPLES[operation.name]
    resolved = _resolved(schema, components)
    own = resolved.get("examples")
    if own:
        return {f"example{number}" if number > 1 else "example": one for number, one in enumerate(own, 1)}
    return {"least": least(schema, components)}


def least(schema: Schema, components: Schema, depth: int = 0) -> Any:
    """The shortest value that a schema shows: required members alone, the first of several choices."""
    schema = _resolved(schema, components)
    shown = [*(schema[key] for key in ("const", "default") if key in schema), *_first(schema, "examples", "enum")]
    if shown:
        return shown[0]
    if choices := _first(schema, "anyOf", "oneOf", "allOf"):
        return least(choices[0], components, depth + 1)
    match schema.get("type"):
        case "object":
            wanted = schema.get("required", []) if depth < _DEPTH else []
            return {name: least(schema["properties"][name], components, depth + 1) for name in wanted}
        case "array":
            return [least(schema.get("items", {}), components, depth + 1)] * schema.get("minItems", 0)
    return _SCALARS.get(schema.get("type", ""), _text)(schema)


def _first(schema: Schema, *keys: str) -> list[Any]:
    return [schema[key][0] for key in keys if schema.get(key)]


def _text(schema: Schema) -> str:
    return "0" * 32 if "[0-9a-f]{32}" in schema.get("pattern", "") else "text"


_SCALARS: dict[str, Callable[[Schema], Any]] = {
    "integer": lambda schema: schema.get("minimum", 1),
    "number": lambda schema: schema.get("minimum", 1),
    "boolean": lambda _: True,
    "null": lambda _: None,
}


def _resolved(schema: Schema, components: Schema) -> Schema:
    while "$ref" in schema:
        schema = components[schema["$ref"].rpartition("/")[2]]
    return schema
