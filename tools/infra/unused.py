"""Declarations that nothing uses, templates that nothing deploys, and parameters and outputs that nobody described."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from tools.infra import syntax as s
from tools.infra.report import Place, Report


def nodes(part: Any) -> Iterator[Any]:
    """Yield every part of the syntax under `part`."""
    if isinstance(part, dict):
        part = tuple(part.values())
    if isinstance(part, tuple):
        for inner in part:
            yield from nodes(inner)
    elif is_dataclass(part) and not isinstance(part, Place):
        yield part
        for field in fields(part):
            yield from nodes(getattr(part, field.name))


def check_unused(template: s.Template, report: Report) -> None:
    """Report parameters, variables, types and existing resources that nothing uses, and missing descriptions."""
    parts = list(nodes(template))
    used = {part.name for part in parts if isinstance(part, s.Name)}
    used |= {part.name for part in parts if isinstance(part, s.Call)}
    used |= {str(part.value) for part in parts if isinstance(part, s.Type) and part.kind == "name"}
    declared = [
        *((parameter.at, "parameter", name) for name, parameter in template.parameters.items()),
        *((variable.at, "variable", name) for name, variable in template.variables.items()),
        *((template.at, "type", name) for name in template.types),
        *((function.at, "function", name) for name, function in template.functions.items()),
        *((entry.at, "existing resource", name) for name, entry in template.resources.items() if entry.existing),
    ]
    for at, what, name in declared:
        if name not in used:
            report.add("unused", at, f"nothing uses the {what} {name}")
    interface: list[s.Parameter | s.Output] = [*template.parameters.values(), *template.outputs.values()]
    for entry in interface:
        if not entry.described:
            report.add("description", entry.at, f"{entry.name} has no @description")


def check_reached(templates: dict[Path, s.Template], entry: Path, root: Path, report: Report) -> None:
    """Report templates that `entry` does not lead to, unless a script or a workflow names them."""
    reached, waiting = set(), [entry.resolve()]
    while waiting:
        path = waiting.pop()
        if path in templates and path not in reached:
            reached.add(path)
            waiting += [(path.parent / module.path).resolve() for module in templates[path].modules.values()]
    scripts = [*root.glob("scripts/*"), root.parent / "azure.yaml", *root.parent.glob(".github/workflows/*")]
    texts = [script.read_text() for script in scripts if script.is_file()]
    for path, template in templates.items():
        if path not in reached and not any(path.name in text for text in texts):
            report.add("unused", template.at, f"{entry.name} does not lead to {path.name}, and no script names it")
