"""The OpenAPI document as a Postman collection (format 2.1), which Bruno, Insomnia and Hoppscotch import too."""

from typing import Any

from functions.description.calls import Call, by_tag

type Item = dict[str, Any]

_SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
_ADDRESS, _KEY = "address", "key"


def collection(document: dict[str, Any]) -> Item:
    """A folder for each tag; set the variables `address` and `key`, and those that name things, before you send."""
    folders = by_tag(document)
    things = sorted({one["name"] for group in folders.values() for call in group for one in _of(call, "path")})
    return {
        "info": {
            "name": document["info"]["title"],
            "description": document["info"]["description"],
            "schema": _SCHEMA,
        },
        "auth": {"type": "bearer", "bearer": [{"key": "token", "value": f"{{{{{_KEY}}}}}", "type": "string"}]},
        "variable": [
            {"key": _ADDRESS, "value": "http://127.0.0.1:7071", "type": "string"},
            {"key": _KEY, "value": "", "type": "string"},
            *({"key": name, "value": "", "type": "string"} for name in things),
        ],
        "item": [{"name": tag, "item": [_item(call) for call in group]} for tag, group in folders.items()],
    }


def _of(call: Call, place: str) -> list[dict[str, Any]]:
    return [one for one in call.parameters if one["in"] == place]


def _item(call: Call) -> Item:
    segments = call.path.strip("/").split("/")
    query = [
        {
            "key": one["name"],
            "value": str(one["schema"].get("default", "")),
            "description": one.get("description", ""),
            "disabled": not one["required"],
        }
        for one in _of(call, "query")
    ]
    named = [f":{one[1:-1]}" if one.startswith("{") else one for one in segments]
    url: Item = {
        "raw": f"{{{{{_ADDRESS}}}}}/{'/'.join(named)}",
        "host": [f"{{{{{_ADDRESS}}}}}"],
        "path": named,
        "query": query,
        "variable": [
            {"key": one["name"], "value": f"{{{{{one['name']}}}}}", "description": one["description"]}
            for one in _of(call, "path")
        ],
    }
    request: Item = {
        "method": call.method,
        "url": url,
        "description": call.operation.get("description", ""),
        "header": [
            {"key": one["name"], "value": "", "description": one["description"], "disabled": True}
            for one in _of(call, "header")
        ],
    }
    if call.role is None:
        request["auth"] = {"type": "noauth"}
    if call.body is not None:
        media_type, text = call.body
        request["header"].insert(0, {"key": "Content-Type", "value": media_type})
        language = "json" if media_type == "application/json" else "text"
        request["body"] = {"mode": "raw", "raw": text, "options": {"raw": {"language": language}}}
    return {"name": call.operation["summary"], "request": request, "response": []}
