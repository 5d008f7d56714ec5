"""What resources and modules hang on: parents and scopes are resources, and nothing needs itself."""

from collections.abc import Iterator

from tools.infra import syntax as s
from tools.infra.report import Place, Report
from tools.infra.unused import nodes

SCOPES = {"managementGroup", "resourceGroup", "subscription", "tenant"}


def check_references(template: s.Template, report: Report) -> None:
    """Report parents and scopes that are no resources, and declarations that need themselves."""
    for key, value in placed(template):
        function = value.name if isinstance(value, s.Call) and value.on is None else None
        root = value
        while isinstance(root, s.Index | s.Child):
            root = root.base
        named = isinstance(root, s.Name) and (root.name in template.resources or undeclared(root.name, template))
        if not named and not (key == "scope" and function in SCOPES):
            report.add("reference", value.at, f"the {key} is no resource")
    for at, name in cycles(template):
        report.add("reference", at, f"{name} needs itself")


def placed(template: s.Template) -> Iterator[tuple[str, s.Expr]]:
    """Yield what is given as parent or scope of a resource, or as scope of a module."""
    bodies: list[s.Resource | s.Module] = [*template.resources.values(), *template.modules.values()]
    while bodies:
        body: s.Expr = bodies.pop().body
        while isinstance(body, s.If | s.Loop):
            body = body.body
        if isinstance(body, s.Object):
            bodies += body.children
            for entry in body.properties:
                if isinstance(entry.key, s.Literal) and entry.key.value in {"parent", "scope"}:
                    yield str(entry.key.value), entry.value


def undeclared(name: str, template: s.Template) -> bool:
    """Return whether a name is none of the template's: of a resource inside another one, or told of elsewhere."""
    return not any(name in some for some in (template.parameters, template.variables, template.modules))


def cycles(template: s.Template) -> Iterator[tuple[Place, str]]:
    """Yield the declarations that lead back to themselves."""
    declared: dict[str, s.Variable | s.Resource | s.Module] = {}
    declared |= template.variables | template.resources | template.modules  # type: ignore[operator]
    needs = {
        name: {part.name for part in nodes(one) if isinstance(part, s.Name)} & declared.keys()
        for name, one in declared.items()
    }
    for name, one in declared.items():
        reached: set[str] = set()
        waiting = set(needs[name])
        while waiting - reached:
            reached |= waiting
            waiting = set().union(*(needs[each] for each in waiting))
        if name in reached:
            yield one.at, name
