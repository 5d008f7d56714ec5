"""All templates of a folder, and one pass over one of them: every resource, module and output held to its rules.

A pass without arguments knows parameters by their types alone, and sees every branch. A pass with arguments follows
modules into their files with what they are given: names, and values that come from environments/, show there.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tools.infra import syntax as s
from tools.infra import values as v
from tools.infra.evaluate import Evaluator, Scope
from tools.infra.fits import misfits
from tools.infra.names import check_name
from tools.infra.parse import parse
from tools.infra.report import Report
from tools.infra.roles import check_role
from tools.infra.schema import Schema, find

MODULE = {"name", "scope", "params", "dependsOn", "identity"}


@dataclass(frozen=True)
class Deployment:
    """One resource of a pass with arguments, as it would be sent to Azure."""

    declared: s.Resource
    type: str
    body: v.Record


@dataclass
class Program:
    """The templates of a folder by their resolved paths, what was found in them, and what they would deploy."""

    templates: dict[Path, s.Template]
    report: Report = field(default_factory=Report)
    deployments: list[Deployment] = field(default_factory=list)

    @classmethod
    def load(cls, root: Path) -> "Program":
        """Parse every Bicep file under `root`."""
        program = cls({})
        for path in sorted(root.rglob("*.bicep")):
            program.templates[path.resolve()] = parse(path, program.report)
        return program


class Pass:
    """One evaluation of a template, with `arguments` for its parameters or (None) with their types alone."""

    def __init__(self, program: Program, template: s.Template, arguments: Scope | None = None) -> None:
        self.program, self.template, self.arguments = program, template, arguments
        self.report = program.report
        self.evaluator = Evaluator(template, self.lookup, program.report)
        self.known: dict[str, v.Value] = {}
        self.pending: set[str] = set()

    def run(self) -> v.Record:
        """Check everything that the template declares, and return its outputs."""
        for parameter in self.template.parameters.values():
            if parameter.default is not None:
                self.fit(
                    self.evaluator.value(parameter.default, {}), parameter.type, f"the default of {parameter.name}"
                )
        for variable in self.template.variables.values():
            self.lookup(variable.name)
        for resource in self.template.resources.values():
            self.deploy(resource, {}, None)
        for module in self.template.modules.values():
            self.lookup(module.name)
        made = {}
        for output in self.template.outputs.values():
            value = made[output.name] = self.evaluator.value(output.value, {})
            self.fit(value, output.type, f"output {output.name}")
            if v.secret(value) or output.type.secure:
                self.report.add("secret", output.at, f"output {output.name} has a secret: outputs can be read by many")
        return v.Record(self.template.at, made)

    def fit(self, value: v.Value, wanted: s.Type, name: str) -> None:
        """Report what of `value` does not fit `wanted`."""
        for at, message in misfits(value, wanted, self.template.types, name):
            self.report.add("type", at, message)

    def lookup(self, name: str) -> v.Value | None:
        """Return what a declaration stands for; None when there is none."""
        if name not in self.known:
            if name in self.pending:
                return v.Unknown(self.template.at, s.ANY)
            self.pending.add(name)
            found = self.declared(name)
            self.pending.discard(name)
            if found is None:
                return None
            self.known[name] = found
        return self.known[name]

    def declared(self, name: str) -> v.Value | None:  # noqa: PLR0911 - one case for each kind
        """Evaluate one declaration."""
        template = self.template
        if parameter := template.parameters.get(name):
            if self.arguments is None:
                return v.unknown(parameter.type, parameter.at, template.types)
            if name in self.arguments:
                given = self.arguments[name]
                return v.hidden(given) if parameter.type.secure else given
            return self.evaluator.value(parameter.default, {}) if parameter.default else v.Known(parameter.at, None)
        if variable := template.variables.get(name):
            return self.evaluator.value(variable.value, {})
        if resource := template.resources.get(name):
            return self.deployed(resource, {}, None)
        if module := template.modules.get(name):
            return self.link(module)
        return None

    def bodies(self, expr: s.Expr, scope: Scope) -> Iterator[tuple[s.Object, Scope]]:
        """Yield the objects of a body with `if` and `for`, as often as they are deployed as far as that is known."""
        match expr:
            case s.If():
                for condition in v.options(self.evaluator.value(expr.condition, scope)):
                    if not isinstance(condition, v.Known) or condition.data:
                        yield from self.bodies(expr.body, scope)
                        return
            case s.Loop():
                for over in v.options(self.evaluator.value(expr.over, scope)):
                    items = over.items if isinstance(over, v.Items) else (v.Unknown(expr.at, s.ANY),)
                    for number, item in enumerate(items):
                        index = {expr.index: v.Known(expr.at, number)} if expr.index else {}
                        yield from self.bodies(expr.body, scope | {expr.item: item} | index)
            case s.Object():
                yield expr, scope
            case _:
                self.report.add("syntax", expr.at, "a resource's or module's body is an object, a condition or a loop")

    def deployed(self, resource: s.Resource, scope: Scope, parent: v.Deployed | None) -> v.Deployed:
        """Return what the name of a resource stands for."""
        names: list[v.Value] = []
        children: dict[str, v.Deployed] = {}
        full = nested(resource.type, parent)
        made = v.Deployed(resource.at, resource.name, full, v.Unknown(resource.at, v.STRING), children)
        for body, inner in self.bodies(resource.body, scope):
            found = [entry for entry in body.properties if entry.key == s.Literal(entry.key.at, "name")]
            names += [self.evaluator.value(entry.value, inner) for entry in found]
            for child in body.children:
                children.setdefault(child.name, self.deployed(child, inner, made))
        single = names and not isinstance(resource.body, s.Loop)
        name = v.choose(resource.at, names) if single else v.Unknown(resource.at, v.STRING)
        return v.Deployed(resource.at, resource.name, full, name, children)

    def deploy(self, resource: s.Resource, scope: Scope, parent: v.Deployed | None) -> None:
        """Check each instance of a resource, and the resources inside it."""
        symbol = self.deployed(resource, scope, parent)
        schema = find(symbol.type)
        if isinstance(schema, str):
            self.report.add("schema", resource.at, schema)
        for body, inner in self.bodies(resource.body, scope):
            value = self.evaluator.record(body, inner)
            if isinstance(value, v.Record):
                if isinstance(schema, Schema):
                    for at, message in schema.faults(value, existing=resource.existing):
                        self.report.add("schema", at, message)
                    self.placed(resource, value, schema, parent)
                if not resource.existing:
                    self.ruled(symbol, value)
                    if self.arguments is not None:
                        self.program.deployments.append(Deployment(resource, symbol.type, value))
            for child in body.children:
                self.deploy(child, inner, symbol)

    def ruled(self, symbol: v.Deployed, value: v.Record) -> None:
        """Hold a resource's name and role to the rules for them."""
        kind = symbol.type.partition("@")[0]
        if self.arguments is not None and "name" in value.fields:
            check_name(kind, value.fields["name"], self.report)
        if kind == "Microsoft.Authorization/roleAssignments":
            check_role(value, self.report)

    def placed(self, resource: s.Resource, value: v.Record, schema: Schema, parent: v.Deployed | None) -> None:
        """Report a resource whose parent, name or scope is not one that its type has."""
        given = value.fields.get("parent")
        for option in v.options(given) if given else []:
            if isinstance(option, v.Deployed):
                expected = schema.resource.rpartition("/")[0]
                if option.type.partition("@")[0] != expected:
                    self.report.add("schema", resource.at, f"{schema.resource} has a parent of type {expected}")
        inside = given is not None or parent is not None
        segments = 1 if inside else schema.resource.count("/")
        for name in v.options(value.fields["name"]) if "name" in value.fields else []:
            if isinstance(name, v.Known) and str(name.data).count("/") != segments - 1:
                self.report.add("schema", name.at, f"{schema.resource} has {segments} segment(s) in its name here")
        outside = self.template.scope == "subscription" and "scope" not in value.fields and not inside
        if outside and schema.scope.partition(",")[0] == "ResourceGroup":
            self.report.add("schema", resource.at, f"{schema.resource} is not deployed to a subscription")

    def link(self, module: s.Module) -> v.Linked:
        """Check what a module is given, and return what the name of it stands for."""
        path = (self.template.at.path.parent / module.path).resolve()
        template = self.program.templates.get(path)
        if template is None:
            self.report.add("module", module.at, f"there is no template {module.path}")
            return v.Linked(module.at, module.name, v.Record(module.at, {}, open=True))
        found: v.Record | None = None
        for body, scope in self.bodies(module.body, {}):
            value = self.evaluator.record(body, scope)
            given = self.given(module, template, value)
            if self.arguments is not None and found is None and given is not None:
                found = Pass(self.program, template, given).run()
        if found is None:
            outputs = {
                output.name: v.unknown(output.type, module.at, template.types) for output in template.outputs.values()
            }
            found = v.Record(module.at, outputs)
        return v.Linked(module.at, module.name, found)

    def given(self, module: s.Module, template: s.Template, value: v.Value) -> Scope | None:
        """Check a module's body, and return the values that its parameters are given."""
        if not isinstance(value, v.Record):
            return None
        for key, inner in value.fields.items():
            if key not in MODULE:
                self.report.add("module", inner.at, f"a module has no property {key}")
        if template.scope != self.template.scope and "scope" not in value.fields:
            self.report.add(
                "module", module.at, f"{module.path} is deployed to a {template.scope}: its scope is missing"
            )
        params = value.fields.get("params", v.Record(module.at, {}))
        if not isinstance(params, v.Record):
            self.report.add("module", module.at, "params is no object")
            return None
        self.fill(module, template, params)
        return dict(params.fields)

    def fill(self, module: s.Module, template: s.Template, params: v.Record) -> None:
        """Report parameters that are not there, do not fit or are missing."""
        for key, inner in params.fields.items():
            if key not in template.parameters:
                self.report.add("module", inner.at, f"{module.path} has no parameter {key}")
                continue
            for at, message in misfits(inner, template.parameters[key].type, template.types, f"parameter {key}"):
                self.report.add("type", at, message)
        for parameter in template.parameters.values():
            if parameter.name not in params.fields and required(parameter) and not params.open:
                self.report.add("module", module.at, f"{module.path} needs the parameter {parameter.name}")


def required(parameter: s.Parameter) -> bool:
    """Return whether a parameter must be given."""
    nullable = parameter.type.kind == "union" and s.Type("null") in parameter.type.options
    return parameter.default is None and not nullable


def nested(type_: str, parent: v.Deployed | None) -> str:
    """Return `type@version` of a resource; one inside another says its last segment, and has the version of that."""
    if parent is None:
        return type_
    outer, _, version = parent.type.partition("@")
    segment, _, own = type_.partition("@")
    return f"{outer}/{segment}@{own or version}"
