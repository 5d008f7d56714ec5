"""Writes infra/schemas/: the schema of every resource type that infra/ may use. `python -m tools.infra.dump`.

Azure's own type definitions are inside the `azmcp` binary of PyPI's msmcp-azure; it knows one API version of each type.
The few types that it refuses come from the models of Azure's management SDKs. Nothing else needs any of these packages.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools.infra.dump_models import SDKS, read

SERVER = "msmcp-azure==3.0.0"
SCHEMAS = Path("infra/schemas")
TYPES = Path(__file__).parent / "resource_types.txt"
LIMITS = {"minLength", "maxLength", "minValue", "maxValue"}
WORD = re.compile(r"[^|\[\]\s][^|\[\]]*")


def main() -> None:
    """Fetch the packages into temporary directories and write one file a resource type."""
    with tempfile.TemporaryDirectory() as directory:
        for number, sdk in enumerate(SDKS):
            package = fetch(sdk.requirement, Path(directory) / str(number))
            for schema in read(sdk, package):
                write(schema)
        binary = fetch(SERVER, Path(directory)) / "msmcp_azure/bin/azmcp"
        for resource in TYPES.read_text().split():
            write(compact(resource, ask(binary, resource), SERVER))


def fetch(requirement: str, directory: Path) -> Path:
    """Unpack a package into `directory`, and return that."""
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([uv, "pip", "install", "-q", "--no-deps", "--target", directory, requirement], check=True)  # noqa: S603
    return directory


def ask(binary: Path, resource: str) -> list[dict[str, Any]]:
    """Return what `azmcp bicepschema get` says of `resource` and of the types in it. Raises RuntimeError if unknown."""
    quiet = {"AZURE_MCP_COLLECT_TELEMETRY": "false", "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"}
    command: list[str | Path] = [binary, "bicepschema", "get", "--resource-type", resource]
    environment = os.environ | quiet
    run = subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL, env=environment)  # noqa: S603
    try:
        answer: list[dict[str, Any]] = json.loads(run.stdout)["results"]["BicepSchemaResult"]
    except (ValueError, KeyError, TypeError) as error:
        raise RuntimeError(f"{SERVER} does not know {resource}: take it out of {TYPES.name}") from error
    return answer


def compact(resource: str, answer: list[dict[str, Any]], source: str) -> dict[str, Any]:
    """Return the schema in this project's form: no descriptions, no functions, only types that the body leads to.

    `{"resource", "version", "source", "scope", "body", "types": {name: object type}}`, where an object type has
    `properties` (name -> {"type", "required", "readOnly", limits}), `additional` (type of other properties), or
    `discriminator` with `elements` (value -> object type).
    """
    [found] = [entry for entry in answer if entry["$type"] == "Resource"]
    named = {entry["name"]: entry for entry in answer if entry["$type"] in {"Object", "DiscriminatedObject"}}
    body = shape(found["bodyType"])
    kept: dict[str, Any] = {}
    waiting = [body]
    while waiting:
        for name in mentioned(waiting.pop()):
            if name in named and name not in kept:
                kept[name] = shape(named[name])
                waiting.append(kept[name])
    return {
        "resource": resource,
        "version": found["name"].rsplit("@", 1)[1],
        "source": source,
        "scope": found["writableScopes"],
        "body": body,
        "types": dict(sorted(kept.items())),
    }


def shape(entry: dict[str, Any]) -> dict[str, Any]:
    """Return one object type in the compact form."""
    if entry["$type"] == "DiscriminatedObject":
        field = entry["discriminator"]
        elements = [shape(element) for element in entry["elements"]]
        return {
            "properties": dict(fields(entry["baseProperties"])),
            "discriminator": field,
            "elements": {element["properties"][field]["type"]: element for element in elements},
        }
    made: dict[str, Any] = {"properties": dict(fields(entry["properties"]))}
    if "additionalPropertiesType" in entry:
        made["additional"] = entry["additionalPropertiesType"]
    return made


def fields(properties: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each property's name and compact description."""
    for entry in properties:
        made: dict[str, Any] = {"type": entry["type"]}
        flags = entry.get("flags", "").split(", ")
        made |= {"required": True} if "Required" in flags else {}
        made |= {"readOnly": True} if "ReadOnly" in flags else {}
        # A pattern may hold commas and colons of its own: it comes last, and reaches to the end.
        limits, _, pattern = entry.get("modifiers", "").partition("pattern: ")
        for name, _, value in (limit.partition(": ") for limit in limits.split(", ") if limit):
            if name in LIMITS:
                made[name] = int(value)
        made |= {"pattern": pattern} if pattern else {}
        yield entry["name"], made


def mentioned(entry: dict[str, Any]) -> Iterator[str]:
    """Yield every word in the types of an object type: names of other types, primitive types and literals alike."""
    types = [field["type"] for field in entry["properties"].values()]
    for text in [*types, entry.get("additional", "")]:
        yield from (word.strip() for word in WORD.findall(text))
    for element in entry.get("elements", {}).values():
        yield from mentioned(element)


def write(schema: dict[str, Any]) -> None:
    """Write one schema, a type a line, so that a newer dump can be read as a difference."""
    SCHEMAS.mkdir(parents=True, exist_ok=True)
    name = schema["resource"].replace("/", ".")
    types = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in schema["types"].items())
    head = json.dumps({key: value for key, value in schema.items() if key != "types"})
    (SCHEMAS / f"{name}@{schema['version']}.json").write_text(f'{head[:-1]},\n"types": {{\n{types}\n}}}}\n')


if __name__ == "__main__":
    main()
