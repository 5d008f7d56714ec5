"""Example requests, one for each operation of an OpenAPI document, and each as a command for curl."""

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

type Schema = dict[str, Any]

METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "trace")


@dataclass(frozen=True, slots=True)
class Call:
    """A request as the document shows it. `path` holds parameters in braces; `parameters` are those of path and query,
    with references followed; `body` is None or (media type, text)."""

    operation: Schema
    method: str
    path: str
    parameters: tuple[Schema, ...]
    body: tuple[str, str] | None

    @property
    def name(self) -> str:
        """The operationId."""
        return str(self.operation["operationId"])

    @property
    def role(self) -> str | None:
        """The least role, None when no credentials are needed."""
        role: str | None = self.operation.get("x-required-role")
        return role

    @property
    def streams(self) -> bool:
        """Whether the answer comes bit by bit."""
        return any("text/event-stream" in one.get("content", {}) for one in self.operation["responses"].values())


def calls(document: Schema) -> Iterator[Call]:
    """A call of every operation, in the document's order."""
    for path, methods in document["paths"].items():
        for method in METHODS:
            if method in methods:
                yield _call(document, method.upper(), path, methods[method])


def _call(document: Schema, method: str, path: str, operation: Schema) -> Call:
    given = tuple(_followed(document, one) for one in operation["parameters"])
    return Call(operation, method, path, given, _body(operation))


def _followed(document: Schema, told: Schema) -> Schema:
    if "$ref" not in told:
        return told
    found: Any = document
    for part in told["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return dict(found)


def _body(operation: Schema) -> tuple[str, str] | None:
    if "requestBody" not in operation:
        return None
    media_type, told = next(iter(operation["requestBody"]["content"].items()))
    value = next(iter(told["examples"].values()))["value"]
    return media_type, value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)


def variable(name: str) -> str:
    """The shell variable that stands for a path parameter."""
    return name.upper()


def curl(call: Call) -> str:
    """A command: `$PIXCRAWLER` is where the API is (`http://127.0.0.1:7071`), `$API_KEY` an API key, and a
    path parameter is a variable of its name in capitals."""
    path = call.path
    for one in call.parameters:
        if one["in"] == "path":
            path = path.replace(f"{{{one['name']}}}", f"${variable(one['name'])}")
    needed = "&".join(f"{one['name']}=..." for one in call.parameters if one["in"] == "query" and one.get("required"))
    method = "" if call.method == "GET" else f"-X {call.method} "
    lines = [f'curl -sS {"-N " if call.streams else ""}{method}"$PIXCRAWLER{path}{"?" if needed else ""}{needed}"']
    if call.role:
        lines.append('-H "Authorization: Bearer $API_KEY"')
    if call.body is not None:
        media_type, text = call.body
        lines += [f"-H {shlex.quote(f'Content-Type: {media_type}')}", f"--data-binary {shlex.quote(text)}"]
    elif call.method in {"POST", "PUT", "PATCH"}:
        lines.append("-H 'Content-Length: 0'")
    return " \\\n  ".join(lines)


def by_tag(document: Schema) -> Mapping[str, list[Call]]:
    """The calls in the groups of the document, in its order."""
    found: dict[str, list[Call]] = {one["name"]: [] for one in document["tags"]}
    for call in calls(document):
        found[call.operation["tags"][0]].append(call)
    return found
