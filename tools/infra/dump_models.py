"""Reads resource schemas from the source of Azure management SDKs, for the types that azmcp does not know.

Their models are of two generations: annotated fields (`rest_field`), and tables (`_attribute_map`, `_validation`). Both
are read as text, because importing them needs the whole SDK.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PRIMITIVES = {
    "str": "string", "int": "int", "bool": "bool", "object": "any", "Any": "any",
    "float": "number", "iso-8601": "string", "duration": "string",
}  # fmt: skip
DOT = re.compile(r"(?<!\\)\.")


@dataclass(frozen=True)
class Sdk:
    """One package, the folder in it that holds `models`, and the model of each `type@version`."""

    requirement: str
    folder: str
    resources: dict[str, str]


SDKS = (
    Sdk(
        "azure-mgmt-durabletask==1.0.0",
        "azure/mgmt/durabletask",
        {
            "Microsoft.DurableTask/schedulers@2025-11-01": "Scheduler",
            "Microsoft.DurableTask/schedulers/taskHubs@2025-11-01": "TaskHub",
            "Microsoft.DurableTask/schedulers/retentionPolicies@2025-11-01": "RetentionPolicy",
        },
    ),
    Sdk(
        "azure-mgmt-durabletask==1.1.0",
        "azure/mgmt/durabletask",
        {
            "Microsoft.DurableTask/schedulers@2026-02-01": "Scheduler",
            "Microsoft.DurableTask/schedulers/taskHubs@2026-02-01": "TaskHub",
            "Microsoft.DurableTask/schedulers/retentionPolicies@2026-02-01": "RetentionPolicy",
        },
    ),
    Sdk(
        "azure-mgmt-resource-locks==1.0.0",
        "azure/mgmt/resource/locks",
        {"Microsoft.Authorization/locks@2020-05-01": "ManagementLockObject"},
    ),
    Sdk(
        "azure-mgmt-monitor==6.0.2",
        "azure/mgmt/monitor/v2021_05_01_preview",
        {"Microsoft.Insights/diagnosticSettings@2021-05-01-preview": "DiagnosticSettingsResource"},
    ),
    Sdk(
        "azure-mgmt-monitor==7.0.0",
        "azure/mgmt/monitor",
        {
            "Microsoft.Insights/actionGroups@2023-01-01": "ActionGroupResource",
            "Microsoft.Insights/activityLogAlerts@2020-10-01": "ActivityLogAlertResource",
            "Microsoft.Insights/metricAlerts@2018-03-01": "MetricAlertResource",
            "Microsoft.Insights/scheduledQueryRules@2023-12-01": "ScheduledQueryRuleResource",
        },
    ),
    Sdk(
        "azure-mgmt-privatedns==2.0.0",
        "azure/mgmt/privatedns",
        {
            "Microsoft.Network/privateDnsZones@2024-06-01": "PrivateZone",
            "Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01": "VirtualNetworkLink",
        },
    ),
    Sdk(
        "azure-mgmt-frontdoor==2.0.0",
        "azure/mgmt/frontdoor",
        {"Microsoft.Network/frontDoorWebApplicationFirewallPolicies@2025-10-01": "WebApplicationFirewallPolicy"},
    ),
)


def read(sdk: Sdk, package: Path) -> Iterator[dict[str, Any]]:
    """Yield the schemas of `sdk`, unpacked at `package`, in the form of `dump.compact`."""
    for resource, model in sdk.resources.items():
        name, version = resource.split("@")
        models = Models.parse(package / sdk.folder / "models")
        body = models.properties(model)
        # Every resource is named; the SDKs show its name as what the service answers.
        body["name"] = {"type": "string", "required": True}
        head = {"resource": name, "version": version, "source": sdk.requirement, "scope": "ResourceGroup"}
        yield head | {"body": {"properties": body}, "types": dict(sorted(models.types.items()))}


@dataclass
class Models:
    """The classes of a `models` folder, and the object types that were met while reading them."""

    classes: dict[str, ast.ClassDef]
    enums: dict[str, list[str]]
    types: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def parse(cls, folder: Path) -> "Models":
        """Read the modules of `folder`."""
        path = next(path for name in ("_models_py3.py", "_models.py") if (path := folder / name).exists())
        classes = {node.name: node for node in ast.parse(path.read_text()).body if isinstance(node, ast.ClassDef)}
        enums = next(path for path in folder.glob("_*enums.py"))
        found = {
            node.name: literals(node) for node in ast.parse(enums.read_text()).body if isinstance(node, ast.ClassDef)
        }
        return cls(classes, found)

    def properties(self, model: str) -> dict[str, Any]:
        """Return the properties of `model` and of the classes that it derives from."""
        node = self.classes[model]
        made: dict[str, Any] = {}
        for base in node.bases:
            if isinstance(base, ast.Name) and base.id in self.classes:
                made |= self.properties(base.id)
        tables = {ast.unparse(entry.targets[0]): entry.value for entry in node.body if isinstance(entry, ast.Assign)}
        if "_attribute_map" in tables:
            return made | self.mapped(node, tables)
        for entry in node.body:
            if isinstance(entry, ast.AnnAssign) and isinstance(entry.value, ast.Call):
                given = {keyword.arg: ast.literal_eval(keyword.value) for keyword in entry.value.keywords}
                name = given.get("name") or ast.unparse(entry.target)
                made[name] = {"type": self.annotated(entry.annotation)}
                if given.get("visibility") == ["read"]:
                    made[name]["readOnly"] = True
                elif not ast.unparse(entry.annotation).startswith("Optional["):
                    made[name]["required"] = True
        return made

    def mapped(self, node: ast.ClassDef, tables: dict[str, ast.expr]) -> dict[str, Any]:
        """Return the properties that an `_attribute_map` lists; `properties.x` is a field of an object `properties`."""
        rules = ast.literal_eval(tables["_validation"]) if "_validation" in tables else {}
        made: dict[str, Any] = {}
        enums = constructor_enums(node)
        for attribute, entry in ast.literal_eval(tables["_attribute_map"]).items():
            if not entry["key"]:
                continue  # any other property, which Bicep knows nothing of
            text = entry["type"]
            values = self.enums.get(enums.get(attribute, ""))
            described: dict[str, Any] = {"type": " | ".join([*values, "string"]) if values else self.named(text)}
            rule = rules.get(attribute, {})
            described |= {"readOnly": True} if rule.get("readonly") else {}
            described |= {"required": True} if rule.get("required") else {}
            *outer, inner = [part.replace("\\.", ".") for part in DOT.split(entry["key"])]
            if outer:
                name = f"{node.name}Properties"
                self.types.setdefault(name, {"properties": {}})["properties"][inner] = described
                made.setdefault(outer[0], {"type": name})
                made[outer[0]] |= {"required": True} if rule.get("required") else {}
            else:
                made[inner] = described
        return made

    def annotated(self, node: ast.expr) -> str:  # noqa: PLR0911 - one case for each kind of annotation
        """Return the type that an annotation names, and remember the models inside it."""
        match node:
            case ast.Constant(value=str(text)):
                return self.annotated(ast.parse(text, mode="eval").body)
            case ast.Attribute(value=ast.Name(id="datetime")):
                return "string"
            case ast.Attribute(attr=name) if name in self.enums:
                return " | ".join([*self.enums[name], "string"])
            case ast.Attribute(attr=name) | ast.Name(id=name):
                return self.named(name)
            case ast.Subscript(value=ast.Name(id="Optional"), slice=inner):
                return self.annotated(inner)
            case ast.Subscript(value=ast.Name(id="Union"), slice=ast.Tuple(elts=[_, inner])):
                return self.annotated(inner)
            case ast.Subscript(value=ast.Name(id="list"), slice=inner):
                return f"{self.annotated(inner)}[]"
            case ast.Subscript(value=ast.Name(id="dict"), slice=ast.Tuple(elts=[_, inner])):
                return self.dictionary(self.annotated(inner))
        raise ValueError(f"the models have a type that is not understood: {ast.unparse(node)}")

    def named(self, text: str) -> str:
        """Return the type that a model's name stands for, or `[X]` and `{X}` of an `_attribute_map`."""
        if text.startswith("["):
            return f"{self.named(text[1:-1])}[]"
        if text.startswith("{"):
            return self.dictionary(self.named(text[1:-1]))
        if text in PRIMITIVES:
            return PRIMITIVES[text]
        if text not in self.types:
            self.types[text] = {}
            self.types[text] = {"properties": self.properties(text)} | self.elements(text)
        return text

    def elements(self, model: str) -> dict[str, Any]:
        """Return the discriminator of `model` and the object type of each of its values; nothing if it has none."""
        assigned = [entry for entry in self.classes[model].body if isinstance(entry, ast.Assign)]
        tables = {ast.unparse(entry.targets[0]): entry.value for entry in assigned}
        if "_subtype_map" not in tables:
            return {}
        [(attribute, classes)] = ast.literal_eval(tables["_subtype_map"]).items()
        field = ast.literal_eval(tables["_attribute_map"])[attribute]["key"].replace("\\.", ".")
        literal = {value: {field: {"type": value, "required": True}} for value in classes}
        elements = {value: {"properties": self.properties(name) | literal[value]} for value, name in classes.items()}
        return {"discriminator": field, "elements": elements}

    def dictionary(self, value: str) -> str:
        """Return the name of the object type whose every property is a `value`."""
        self.types[f"{value}Map"] = {"properties": {}, "additional": value}
        return f"{value}Map"


def constructor_enums(node: ast.ClassDef) -> dict[str, str]:
    """Return the enum of each argument of a model's constructor: to an `_attribute_map` an enum is text."""
    made: dict[str, str] = {}
    for method in node.body:
        if isinstance(method, ast.FunctionDef) and method.name == "__init__":
            for argument in method.args.kwonlyargs:
                names = [inner.value for inner in ast.walk(argument) if isinstance(inner, ast.Constant)]
                for name in names:
                    if isinstance(name, str):
                        made[argument.arg] = name.removeprefix("_models.")
    return made


def literals(node: ast.ClassDef) -> list[str]:
    """Return the values of an enum class."""
    assigned = [entry.value for entry in node.body if isinstance(entry, ast.Assign)]
    return [str(value.value) for value in assigned if isinstance(value, ast.Constant)]
