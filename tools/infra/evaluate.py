"""What the expressions of one template come to, as far as that is known without Azure."""

import json
from collections.abc import Callable
from itertools import product
from math import prod
from typing import Any

from tools.infra import syntax as s
from tools.infra import values as v
from tools.infra.functions import BUILTINS, OPERATORS, SECRET_METHODS, display, miscounted, unite
from tools.infra.report import Place, Report
from tools.infra.schema import Schema, find
from tools.infra.secrets import names_a_secret

MANY = 24  # alternatives of an expression that are still told apart

type Scope = dict[str, v.Value]
type Lookup = Callable[[str], v.Value | None]


class Evaluator:
    """Evaluates the expressions of `template`; `lookup` gives what its declarations stand for."""

    def __init__(self, template: s.Template, lookup: Lookup, report: Report) -> None:
        self.template = template
        self.lookup = lookup
        self.report = report

    def value(self, expr: s.Expr, scope: Scope) -> v.Value:  # noqa: PLR0911, PLR0912, C901 - one case for each kind
        """Return what `expr` comes to, where `scope` holds the variables of loops and lambdas."""
        match expr:
            case s.Literal():
                return v.Known(expr.at, expr.value)
            case s.Text():
                parts = [
                    v.Known(expr.at, part) if isinstance(part, str) else self.value(part, scope) for part in expr.parts
                ]
                return self.apply(expr.at, lambda *plain: "".join(map(display, plain)), v.STRING, parts)
            case s.Array():
                return v.Items(expr.at, tuple(self.value(item, scope) for item in expr.items))
            case s.Object():
                return self.record(expr, scope)
            case s.Loop():
                return self.loop(expr, scope)
            case s.If():
                return self.value(expr.body, scope)
            case s.Ternary():
                return self.ternary(expr, scope)
            case s.Binary():
                return self.binary(expr, scope)
            case s.Unary(operator=operator):
                run = (lambda plain: not plain) if operator == "!" else (lambda plain: -plain)
                return self.apply(expr.at, run, v.BOOL if operator == "!" else v.INT, [self.value(expr.value, scope)])
            case s.Call():
                return self.call(expr, scope)
            case s.Index():
                key = self.value(expr.key, scope)
                return v.each(self.value(expr.base, scope), lambda base: self.index(expr, base, key))
            case s.Child(name=name):
                base = self.value(expr.base, scope)
                if isinstance(base, v.Deployed) and name in base.children:
                    return base.children[name]
                return self.fault(expr.at, f"there is no nested resource {name}")
            case s.Name(name=name):
                if name in scope:
                    return scope[name]
                return self.lookup(name) or self.fault(expr.at, f"{name} is not declared")
            case s.Lambda():
                return v.Closure(expr.at, expr, scope)

    def fault(self, at: Place, message: str, kind: str = "reference") -> v.Value:
        """Report a fault; what comes of the expression is then not known."""
        self.report.add(kind, at, message)
        return v.Unknown(at, s.ANY)

    def record(self, expr: s.Object, scope: Scope) -> v.Value:
        """Return an object; one with a name that is not known may have any property."""
        made: dict[str, v.Value] = {}
        is_open = False
        for entry in expr.properties:
            key = self.value(entry.key, scope)
            value = self.value(entry.value, scope)
            if isinstance(key, v.Known):
                if key.data in made and isinstance(entry.key, s.Literal):
                    self.fault(entry.at, f"{key.data} is given twice")
                made[str(key.data)] = value
            else:
                is_open = True
                made[f"(a name of line {entry.at.line})"] = value
        return v.Record(expr.at, made, is_open)

    def loop(self, expr: s.Loop, scope: Scope) -> v.Value:
        """Return the array that a `for` makes."""
        return v.each(self.value(expr.over, scope), lambda over: self.iterate(expr, over, scope))

    def iterate(self, expr: s.Loop, over: v.Value, scope: Scope) -> v.Value:
        """Return the array that a `for` makes of one array."""
        counted = isinstance(over, v.Items) and over.counted
        items = over.items if isinstance(over, v.Items) else (v.Unknown(expr.at, s.ANY, v.secret(over)),)
        made = []
        for number, item in enumerate(items):
            index = v.Known(expr.at, number) if counted else v.Unknown(expr.at, v.INT)
            inner = scope | {expr.item: item} | ({expr.index: index} if expr.index else {})
            if isinstance(expr.body, s.If):
                condition = self.value(expr.body.condition, inner)
                if isinstance(condition, v.Known) and not condition.data:
                    continue
                counted = counted and isinstance(condition, v.Known)
            made.append(self.value(expr.body, inner))
        return v.Items(expr.at, tuple(made), counted)

    def ternary(self, expr: s.Ternary, scope: Scope) -> v.Value:
        """Return the side that the condition takes, or both when it is not known."""
        condition = self.value(expr.condition, scope)
        if any(v.kind(option) not in {"bool", "any"} for option in v.options(condition)):
            self.fault(expr.at, f"a condition is bool, not {v.kind(condition)}", "type")
        if isinstance(condition, v.Known):
            return self.value(expr.yes if condition.data else expr.no, scope)
        return v.choose(expr.at, [self.value(expr.yes, scope), self.value(expr.no, scope)])

    def binary(self, expr: s.Binary, scope: Scope) -> v.Value:
        """Return what an operator makes; `&&`, `||` and `??` look at their right side only when they must."""
        left = self.value(expr.left, scope)
        if expr.operator == "??":
            if isinstance(left, v.Known):
                return left if left.data is not None else self.value(expr.right, scope)
            first = [option for option in v.options(left) if not (isinstance(option, v.Known) and option.data is None)]
            return v.choose(expr.at, [*first, self.value(expr.right, scope)])
        if expr.operator in {"&&", "||"} and isinstance(left, v.Known) and bool(left.data) == (expr.operator == "||"):
            return left
        run, returns = OPERATORS[expr.operator]
        return self.apply(expr.at, run, returns, [left, self.value(expr.right, scope)])

    def index(self, expr: s.Index, base: v.Value, key: v.Value) -> v.Value:  # noqa: C901, PLR0911 - one case a kind
        """Return a property or an item of one value."""
        name = key.data if isinstance(key, v.Known) else None
        match base:
            case v.Record() if isinstance(name, str):
                if name in base.fields:
                    return base.fields[name]
                if base.open:
                    return v.Unknown(expr.at, s.ANY, v.secret(base))
                if expr.safe:
                    return v.Known(expr.at, None)
                return self.fault(expr.at, f"there is no property {name}, only {', '.join(base.fields) or 'none'}")
            case v.Record():
                return v.choose(expr.at, [*base.fields.values(), v.Unknown(expr.at, s.ANY, v.secret(base))])
            case v.Items(counted=True) if isinstance(name, int):
                return base.items[name] if name < len(base.items) else self.fault(expr.at, f"there is no item {name}")
            case v.Items():
                return v.choose(expr.at, list(base.items)) if base.items else v.Unknown(expr.at, s.ANY)
            case v.Deployed():
                return self.of_azure(expr, base, name) if isinstance(name, str) else base
            case v.Linked():
                if name == "outputs":
                    return base.outputs
                return base if not isinstance(name, str) else v.Unknown(expr.at, v.STRING)
        if v.kind(base) in {"string", "int", "bool"} and not isinstance(name, int):
            return self.fault(expr.at, f"a value of the type {v.kind(base)} has no property {name}")
        hidden = v.secret(base) or names_a_secret(str(name))
        return v.Unknown(expr.at, s.ANY, hidden and isinstance(base, v.Unknown))

    def of_azure(self, expr: s.Index, base: v.Deployed, name: str) -> v.Value:
        """Return what the schema says of a property that Azure will know once the resource is there."""
        if not base.path and name in {"name", "id", "type", "apiVersion"}:
            return base.name if name == "name" else v.Unknown(expr.at, v.STRING)
        schema = find(base.type)
        if not isinstance(schema, Schema):
            return v.Unknown(expr.at, s.ANY)
        path = (*base.path, name)
        found = schema.member(list(path))
        if found is None:
            return self.fault(expr.at, f"{schema.resource} has no property {'.'.join(path)}", "schema")
        if found.kind == "object" and not names_a_secret(name):
            return v.Deployed(expr.at, base.symbol, base.type, base.name, {}, path)
        return v.Unknown(expr.at, found, names_a_secret(name))

    def call(self, expr: s.Call, scope: Scope) -> v.Value:  # noqa: C901, PLR0911 - one case for each kind
        """Return what a function or a resource's method returns."""
        arguments = [self.value(argument, scope) for argument in expr.arguments]
        hidden = any(v.secret(argument) for argument in arguments)
        if expr.on is None and (wrong := miscounted(expr.name, len(arguments))):
            return self.fault(expr.at, wrong)
        if expr.name in SECRET_METHODS:
            return v.Unknown(expr.at, s.ANY, secret=True)
        if expr.on is not None:
            return self.fault(expr.at, f"there is no method {expr.name}")
        if expr.name in self.template.functions:
            declared = self.template.functions[expr.name]
            if len(arguments) != len(declared.parameters):
                return self.fault(expr.at, f"{expr.name} takes {len(declared.parameters)} arguments")
            inner = {name: given for (name, _), given in zip(declared.parameters, arguments, strict=False)}
            return self.value(declared.body, inner)
        if expr.name in {"loadJsonContent", "loadTextContent", "loadFileAsBase64", "loadYamlContent"}:
            return self.load(expr, arguments)
        if expr.name in {"map", "filter", "reduce", "sort", "toObject", "mapValues", "groupBy"}:
            return self.higher(expr, arguments, hidden=hidden)
        if expr.name in {"any", "coalesce"}:
            return arguments[0] if expr.name == "any" else v.choose(expr.at, arguments)
        if expr.name == "union":
            return self.union(expr.at, arguments)
        if expr.name == "guid":
            arguments = [a if isinstance(a, v.Known) else v.Known(a.at, "unknown", v.secret(a)) for a in arguments]
        builtin = BUILTINS.get(expr.name)
        if builtin is None:
            return self.fault(expr.at, f"there is no function {expr.name}")
        return self.apply(expr.at, builtin.run, builtin.returns, arguments)

    def apply(self, at: Place, run: Callable[..., Any] | None, returns: s.Type, arguments: list[v.Value]) -> v.Value:
        """Return `run` of the arguments' every combination; of those that are not known, only the type."""
        hidden = any(v.secret(argument) for argument in arguments)
        alternatives = [list(v.options(argument)) for argument in arguments]
        if run is None or prod(len(each) for each in alternatives) > MANY:
            return v.Unknown(at, returns, hidden)
        made: list[v.Value] = []
        for combination in product(*alternatives):
            try:
                value = v.of(run(*(v.plain(one) for one in combination)), at)
                made.append(v.hidden(value) if hidden else value)
            except LookupError:
                made.append(v.Unknown(at, returns, hidden))
            except (TypeError, ValueError, AttributeError) as error:
                return self.fault(at, f"this cannot be evaluated: {error}")
        return v.choose(at, made)

    def union(self, at: Place, arguments: list[v.Value]) -> v.Value:
        """Return `union`, also of objects of which only some properties are known."""
        try:
            return v.of(unite(*(v.plain(argument) for argument in arguments)), at)
        except LookupError:
            pass
        if prod(len(list(v.options(argument))) for argument in arguments) > MANY:
            return v.Unknown(at, s.ANY, any(v.secret(argument) for argument in arguments))
        made = [merge(at, list(combination)) for combination in product(*map(v.options, arguments))]
        return v.choose(at, made)

    def load(self, expr: s.Call, arguments: list[v.Value]) -> v.Value:
        """Return what a file beside the template holds."""
        first = arguments[0]
        path = (self.template.at.path.parent / str(first.data)).resolve() if isinstance(first, v.Known) else None
        if path is None or not path.is_file():
            return self.fault(expr.at, f"there is no file {first.data if isinstance(first, v.Known) else ''}", "file")
        if expr.name != "loadJsonContent":
            return v.Known(expr.at, path.read_text()) if expr.name == "loadTextContent" else v.Unknown(expr.at, s.ANY)
        try:
            data = json.loads(path.read_text())
        except ValueError as error:
            return self.fault(Place(path, getattr(error, "lineno", 1)), f"this is not JSON: {error}", "file")
        return v.of(data, expr.at)

    def higher(self, expr: s.Call, arguments: list[v.Value], *, hidden: bool) -> v.Value:
        """Return `map` and its like; of the others only the type, but their lambdas are looked through."""
        given = arguments[0]
        items = given.items if isinstance(given, v.Items) else (v.Unknown(expr.at, s.ANY, hidden),)
        results = []
        for closure in (argument for argument in arguments if isinstance(argument, v.Closure)):
            for number, item in enumerate(items):
                bound = [item, v.Known(expr.at, number) if expr.name == "map" else v.Unknown(expr.at, s.ANY, hidden)]
                inner = closure.scope | dict(zip(closure.code.parameters, bound, strict=False))
                results.append(self.value(closure.code.body, inner))
        counted = isinstance(given, v.Items) and given.counted
        if expr.name == "map":
            return v.Items(expr.at, tuple(results), counted)
        if expr.name == "filter":
            if all(isinstance(result, v.Known) for result in results):
                kept = [item for item, ok in zip(items, results, strict=True) if isinstance(ok, v.Known) and ok.data]
                return v.Items(expr.at, tuple(kept), counted)
            return v.Items(expr.at, items, counted=False)
        hidden = hidden or any(map(v.secret, results))
        if expr.name == "toObject" and counted and len(results) >= len(items):
            keys, values = results[: len(items)], results[len(items) :] or list(items)
            if all(isinstance(key, v.Known) for key in keys):
                named = {str(v.plain(key)): value for key, value in zip(keys, values, strict=True)}
                return v.Record(expr.at, named)
        kind = {"sort": v.ARRAY, "toObject": v.OBJECT, "mapValues": v.OBJECT, "groupBy": v.OBJECT}
        return v.Unknown(expr.at, kind.get(expr.name, s.ANY), hidden)


def merge(at: Place, parts: list[v.Value]) -> v.Value:
    """Return the union of objects or arrays, open or uncounted when a part is not known."""
    if all(isinstance(part, v.Items) or v.kind(part) == "array" for part in parts):
        items = [item for part in parts if isinstance(part, v.Items) for item in part.items]
        return v.Items(at, tuple(items), all(isinstance(part, v.Items) and part.counted for part in parts))
    made: dict[str, v.Value] = {}
    for part in parts:
        if isinstance(part, v.Record):
            for key, value in part.fields.items():
                both = isinstance(value, v.Record) and isinstance(made.get(key), v.Record)
                made[key] = merge(at, [made[key], value]) if both else value
    hidden = any(isinstance(part, v.Unknown) and part.secret for part in parts)
    if hidden:
        made = {key: v.hidden(value) for key, value in made.items()}
    return v.Record(at, made, not all(isinstance(part, v.Record) and not part.open for part in parts))
