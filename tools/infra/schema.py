"""Whether a resource fits the schema of its type and API version, as infra/schemas/ has it."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tools.infra import syntax as s
from tools.infra.fits import shown
from tools.infra.report import Place
from tools.infra.values import Items, Known, Record, Value, kind, options

FOLDER = Path(__file__).parents[2] / "infra/schemas"
PRIMITIVES = {"string": "string", "int": "int", "bool": "bool", "any": "any", "null": "null", "number": "int"}
OF_BICEP = {"parent", "scope", "dependsOn"}

type Fault = tuple[Place, str]


@cache
def index(folder: Path = FOLDER) -> dict[str, dict[str, Path]]:
    """Return the files of the dump: lower-case type -> API version -> path."""
    made: dict[str, dict[str, Path]] = {}
    for path in folder.glob("*.json"):
        name, version = path.name.removesuffix(".json").rsplit("@", 1)
        made.setdefault(name.lower(), {})[version] = path
    return made


@dataclass(frozen=True)
class Schema:
    """One resource type at one API version."""

    resource: str
    version: str
    scope: str
    body: dict[str, Any]
    types: dict[str, Any]

    def faults(self, body: Value, *, existing: bool) -> Iterator[Fault]:
        """Yield what of a resource's body does not fit."""
        for option in options(body):
            if not isinstance(option, Record):
                continue
            own = {key: value for key, value in option.fields.items() if key not in OF_BICEP}
            if existing:
                yield from (
                    (value.at, f"an existing resource sets {key}") for key, value in own.items() if key != "name"
                )
                if "name" in own and "name" in self.body["properties"]:
                    yield from self.value(own["name"], self.body["properties"]["name"], f"{self.resource}.name")
            else:
                yield from self.object(Record(option.at, own, option.open), self.body, self.resource)
                # Schemas leave it optional, and Azure refuses what is made in a place without saying where.
                place = self.body["properties"].get("location", {"readOnly": True})
                if self.resource.count("/") == 1 and not place.get("readOnly") and "location" not in own:
                    yield option.at, f"{self.resource} lacks location"

    def object(  # noqa: C901 - one case for each fault
        self, value: Record, shape: dict[str, Any], where: str
    ) -> Iterator[Fault]:
        """Yield what of an object does not fit `shape`."""
        if "discriminator" in shape:
            field = shape["discriminator"]
            chosen = value.fields.get(field)
            if isinstance(chosen, Known) and chosen.data in shape["elements"]:
                element = shape["elements"][chosen.data]
                shape = shape | element | {"properties": shape["properties"] | element["properties"]}
            elif isinstance(chosen, Known):
                values = ", ".join(sorted(shape["elements"]))
                yield chosen.at, f"{where}.{field} is {shown(chosen)}, none of {values}"
                return
            elif chosen is not None or value.open:
                return
        properties = shape["properties"]
        for key, inner in value.fields.items():
            known = properties.get(key)
            if known is None and shape.get("additional"):
                yield from self.value(inner, {"type": shape["additional"]}, f"{where}.{key}")
            elif known is None:
                close = next((name for name in properties if name.lower() == key.lower()), None)
                yield inner.at, f"{where} has no property {key}{f': it is spelled {close}' if close else ''}"
            elif known.get("readOnly"):
                yield inner.at, f"{where}.{key} is read-only"
            else:
                yield from self.value(inner, known, f"{where}.{key}")
        for key, rule in properties.items():
            if rule.get("required") and not rule.get("readOnly") and key not in value.fields and not value.open:
                yield value.at, f"{where} lacks {key}"

    def value(self, value: Value, rule: dict[str, Any], where: str) -> Iterator[Fault]:
        """Yield what of a property's value does not fit its type and limits."""
        for option in options(value):
            if isinstance(option, Known) and option.data is None:
                if rule.get("required"):
                    yield option.at, f"{where} is required, and null"
                continue
            yield from self.typed(option, rule["type"], where)
            yield from limits(option, rule, where)

    def typed(self, value: Value, text: str, where: str) -> Iterator[Fault]:
        """Yield what of a value does not fit the type that `text` spells: `A | B | string`, `X[]`, `X`."""
        if text.endswith("[]"):
            if isinstance(value, Items):
                for item in value.items:
                    yield from self.value(item, {"type": text[:-2]}, where)
            elif kind(value) not in {"array", "any"}:
                yield value.at, f"{where} is {shown(value)}, not an array"
            return
        names = text.split(" | ")
        # In a list of literals a word is one of them, even if an object type is called so too.
        objects = names if len(names) == 1 and text in self.types else []
        primitives = {PRIMITIVES[name] for name in names if name in PRIMITIVES}
        literals = {name for name in names if name not in PRIMITIVES and name not in objects}
        if "any" in primitives or kind(value) == "any":
            return
        if isinstance(value, Record) and len(objects) == 1:
            yield from self.object(value, self.types[objects[0]], where)
        elif isinstance(value, Known) and literals:
            if str(value.data) not in literals:
                yield value.at, f"{where} is {shown(value)}, none of {', '.join(sorted(literals))}"
        elif kind(value) not in primitives | ({"object"} if objects else set()) | ({"string"} if literals else set()):
            yield value.at, f"{where} is {shown(value)}, not {'an object' if objects else text}"

    def member(self, path: list[str]) -> s.Type | None:
        """Return the type of a property of the deployed resource; None when there is no such property."""
        shape = self.body
        for position, name in enumerate(path):
            known = shape["properties"].get(name)
            for element in shape.get("elements", {}).values():
                known = known or element["properties"].get(name)
            text = known["type"] if known else shape.get("additional")
            if text is None:
                return None
            if text not in self.types:
                return primitive(text) if position == len(path) - 1 else s.ANY
            shape = self.types[text]
        return s.Type("object")


def primitive(text: str) -> s.Type:
    """Return the Bicep type of a property whose type is no object."""
    if text.endswith("[]"):
        return s.Type("array")
    if "any" in text.split(" | "):
        return s.ANY
    return s.Type(PRIMITIVES.get(text, "string"))


def limits(value: Value, rule: dict[str, Any], where: str) -> Iterator[Fault]:
    """Yield the limits that a known value breaks."""
    if not isinstance(value, Known):
        return
    if isinstance(value.data, str):
        measure, unit = len(value.data), "Length"
        if "pattern" in rule and not re.search(rule["pattern"], value.data):
            yield value.at, f"{where} is {shown(value)}, and its pattern is {rule['pattern']}"
    elif isinstance(value.data, int):
        measure, unit = value.data, "Value"
    else:
        return
    if measure < rule.get(f"min{unit}", measure) or measure > rule.get(f"max{unit}", measure):
        bounds = f"{rule.get(f'min{unit}', '')}..{rule.get(f'max{unit}', '')}"
        yield value.at, f"{where} is {shown(value)}, and its {unit.lower()} is {bounds}"


@cache
def find(resource: str) -> "Schema | str":
    """Return the schema of `type@version`, or what is wrong with that name."""
    name, _, version = resource.partition("@")
    versions = index().get(name.replace("/", ".").lower())
    if versions is None:
        return (
            f"resource type {name} is not in the dump: add it to tools/infra/resource_types.txt, run tools.infra.dump"
        )
    if version not in versions:
        return f"{name} has no API version {version or '(none given)'} in the dump, only {', '.join(sorted(versions))}"
    data = json.loads(versions[version].read_text())
    if data["resource"] != name:
        return f"resource type {name} is spelled {data['resource']}"
    return Schema(name, version, data["scope"], data["body"], data["types"])
