"""Bicep text -> `syntax`, by way of tree-sitter-bicep. What cannot be parsed is a finding of the kind `syntax`."""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import tree_sitter_bicep
from tree_sitter import Language, Node, Parser

from tools.infra import syntax as s
from tools.infra.decorators import check_decorators
from tools.infra.parse_types import decorated, type_of
from tools.infra.report import Place, Report

PARSER = Parser(Language(tree_sitter_bicep.language()))
ESCAPES = {"\\n": "\n", "\\r": "\r", "\\t": "\t", "\\'": "'", "\\\\": "\\", "\\$": "$"}
LEFT = {s.Index: "base", s.Binary: "left", s.Ternary: "condition", s.Call: "on", s.Child: "base"}


class Unparsed(Exception):  # noqa: N818 - a signal between the two functions of this module, never seen outside
    """A node that this checker does not read."""

    def __init__(self, node: Node) -> None:
        super().__init__(node.type)
        self.node = node


def parse(path: Path, report: Report) -> s.Template:
    """Return the declarations of the Bicep file at `path`."""
    template = s.Template(Place(path, 1))
    root = PARSER.parse(path.read_bytes()).root_node
    for node in broken(root):
        what = node.text.decode()[:40].split("\n")[0] if node.text else ""
        report.add("syntax", Place(path, node.start_point.row + 1), f"tree-sitter-bicep does not parse `{what}`")
    reader = Reader(path)
    decorators: list[s.Call] = []
    for node in root.named_children:
        try:
            if node.type == "decorators":
                decorators = [reader.call(child.named_children[0]) for child in node.named_children]
                check_decorators(decorators, report)
                continue
            reader.declare(template, node, decorators)
        except Unparsed as error:
            place = Place(path, error.node.start_point.row + 1)
            report.add("syntax", place, f"this checker does not read a Bicep {error.node.type.replace('_', ' ')} here")
        except (
            IndexError,
            TypeError,
            ValueError,
        ):  # a node lacks parts, or has too many: the grammar went on after an error
            place = Place(path, node.start_point.row + 1)
            report.add("syntax", place, f"this is no whole Bicep {node.type.replace('_', ' ')}")
        decorators = []
    return template


def broken(node: Node) -> Iterator[Node]:
    """Yield what the grammar could not place, and neighbours on one line that no comma parts."""
    if node.type == "ERROR" or node.is_missing:
        yield node
        return
    if node.type in {"object", "array"}:
        for left, right in pairwise(child for child in node.children if child.type != "comment"):
            apart = left.end_byte < right.start_byte and left.end_point.row == right.start_point.row
            if left.is_named and right.is_named and apart:
                yield right
    for child in node.children:
        yield from broken(child)


class Reader:
    """Turns the nodes of one file into `syntax`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def at(self, node: Node) -> Place:
        """Return where `node` begins."""
        return Place(self.path, node.start_point.row + 1)

    def declare(self, template: s.Template, node: Node, decorators: list[s.Call]) -> None:
        """Put one declaration into `template`. Raises Unparsed."""
        at, parts = self.at(node), meaningful(node)
        described = any(call.name == "description" for call in decorators)
        match node.type:
            case "target_scope_assignment":
                template.scope = str(self.literal(parts[0]))
            case "parameter_declaration":
                name, kind, *default = parts
                made = decorated(type_of(kind), decorators)
                value = self.expr(default[0]) if default else None
                template.parameters[text(name)] = s.Parameter(at, text(name), made, value, described)
            case "variable_declaration":
                template.variables[text(parts[0])] = s.Variable(at, text(parts[0]), self.expr(parts[1]))
            case "resource_declaration":
                made_resource = self.resource(node)
                template.resources[made_resource.name] = made_resource
            case "module_declaration":
                name, path, body = parts
                template.modules[text(name)] = s.Module(at, text(name), str(self.literal(path)), self.expr(body))
            case "output_declaration":
                name, kind, value_node = parts
                made = decorated(type_of(kind), decorators)
                template.outputs[text(name)] = s.Output(at, text(name), made, self.expr(value_node), described)
            case "type_declaration":
                template.types[text(parts[0])] = decorated(type_of(parts[1]), decorators)
            case "user_defined_function":
                template.functions[text(parts[0])] = self.function(node)
            case "comment" | "diagnostic_comment" | "metadata_declaration" | "ERROR":
                pass
            case _:
                raise Unparsed(node)

    def resource(self, node: Node) -> s.Resource:
        """Return a resource declaration, at the top of a file or inside another resource."""
        name, kind, body = meaningful(node)
        existing = any(child.type == "existing" for child in node.children)
        end = node.end_point.row + 1
        return s.Resource(self.at(node), text(name), str(self.literal(kind)), existing, self.expr(body), end)

    def function(self, node: Node) -> s.Function:
        """Return a function declaration."""
        name, parameters, returns, body = meaningful(node)
        made = tuple(
            (text(parameter.named_children[0]), type_of(parameter.named_children[1]))
            for parameter in parameters.named_children
        )
        return s.Function(self.at(node), text(name), made, type_of(returns), self.expr(body))

    def literal(self, node: Node) -> s.Scalar:
        """Return the value of a string without interpolation."""
        made = self.expr(node)
        if not isinstance(made, s.Literal):
            raise Unparsed(node)
        return made.value

    def expr(self, node: Node) -> s.Expr:  # noqa: C901, PLR0911, PLR0912 - one case for each kind of node
        """Return the expression at `node`. Raises Unparsed."""
        at, parts = self.at(node), meaningful(node)
        match node.type:
            case "string":
                return self.string(node)
            case "number":
                return s.Literal(at, int(text(node)))
            case "boolean":
                return s.Literal(at, text(node) == "true")
            case "null":
                return s.Literal(at, None)
            case "identifier" | "property_identifier":
                return s.Name(at, text(node))
            case "parenthesized_expression":
                return self.expr(parts[0])
            case "array":
                return s.Array(at, tuple(self.expr(part) for part in items(node)))
            case "object":
                return self.object(node)
            case "for_statement":
                return self.loop(node)
            case "if_statement":
                return s.If(at, self.expr(parts[0]), self.expr(parts[1]))
            case "ternary_expression":
                return s.Ternary(at, *(self.expr(part) for part in parts))
            case "binary_expression":
                operator = node.child_by_field_name("operator")
                return s.Binary(at, text(operator), self.expr(parts[0]), self.expr(parts[-1]))
            case "unary_expression":
                return s.Unary(at, text(node.child_by_field_name("operator")), self.expr(parts[-1]))
            case "call_expression":
                return self.call(node)
            case "member_expression":
                safe = any(child.type == ".?" for child in node.children)
                return s.Index(at, self.expr(parts[0]), s.Literal(at, text(parts[-1])), safe)
            case "subscript_expression":
                safe = any(child.type == "?" for child in node.children)
                return s.Index(at, self.expr(parts[0]), self.expr(parts[-1]), safe)
            case "resource_expression":
                return s.Child(at, self.expr(parts[0]), text(parts[-1]))
            case "lambda_expression":
                return self.lambda_(node)
            case _ if len(parts) == 1:  # a postfix `!`
                return self.expr(parts[0])
            case _:
                raise Unparsed(node)

    def string(self, node: Node) -> s.Literal | s.Text:
        """Return a string; interpolations become expressions."""
        parts: list[str | s.Expr] = []
        for child in node.named_children:
            if child.type == "interpolation":
                parts.append(self.expr(child.named_children[0]))
            else:
                piece = text(child)
                parts.append(ESCAPES.get(piece, piece) if child.type == "escape_sequence" else piece)
        if all(isinstance(part, str) for part in parts):
            whole = "".join(str(part) for part in parts)
            multi_line = (node.text or b"").startswith(b"'''")
            return s.Literal(self.at(node), re.sub(r"\A\r?\n", "", whole) if multi_line else whole)
        return s.Text(self.at(node), tuple(parts))

    def object(self, node: Node) -> s.Object:
        """Return an object and the resources declared in it."""
        properties, children = [], []
        for child in meaningful(node):
            inner = meaningful(child)
            if child.type != "object_property":
                if child.type in {"decorators", "ERROR"}:
                    continue
                raise Unparsed(child)
            if inner[0].type == "resource_declaration":
                children.append(self.resource(inner[0]))
                continue
            at = self.at(child)
            key = self.string(inner[0]) if inner[0].type == "string" else s.Literal(at, text(inner[0]))
            properties.append(s.Property(at, key, self.expr(inner[1])))
        return s.Object(self.at(node), tuple(properties), tuple(children))

    def loop(self, node: Node) -> s.Loop:
        """Return a `for`."""
        variables, over, body = meaningful(node)
        names = [text(child) for child in variables.named_children] or [text(variables)]
        index = names[1] if len(names) > 1 else None
        return s.Loop(self.at(node), names[0], index, self.expr(over), self.expr(body))

    def call(self, node: Node) -> s.Call:
        """Return a call of a function, a function of a namespace, or a method of a resource."""
        function, arguments = meaningful(node)
        given = tuple(lift(self.expr(argument)) for argument in meaningful(arguments))
        made = self.expr(function)
        if isinstance(made, s.Name):
            return s.Call(self.at(node), made.name, given)
        if isinstance(made, s.Index) and isinstance(made.key, s.Literal):
            namespace = isinstance(made.base, s.Name) and made.base.name in {"az", "sys"}
            return s.Call(self.at(node), str(made.key.value), given, None if namespace else made.base)
        raise Unparsed(node)

    def lambda_(self, node: Node) -> s.Lambda:
        """Return a lambda."""
        parameters, body = meaningful(node)
        names = [text(child) for child in parameters.named_children] or [text(parameters)]
        return s.Lambda(self.at(node), tuple(names), self.expr(body))


def lift(expr: s.Expr) -> s.Expr:
    """Return `x => (x.y > 3)` where the grammar reads `((x => x).y) > 3`: a lambda's body is all that follows."""
    side = LEFT.get(type(expr))
    if side is None or getattr(expr, side) is None:
        return expr
    inner = lift(getattr(expr, side))
    if not isinstance(inner, s.Lambda):
        return expr
    return s.Lambda(inner.at, inner.parameters, replace(expr, **{side: inner.body}))  # type: ignore[arg-type]  # by name


def items(node: Node) -> list[Node]:
    """Return the items of an array. The grammar reads `f(x).y` on its own line as `f` and `(x).y`: parse again."""
    parts = meaningful(node)
    if not any(left.end_byte == right.start_byte for left, right in pairwise(parts)):
        return parts
    lines: dict[int, list[Node]] = {}
    row = -1
    for left, right in zip([None, *parts], parts, strict=False):
        row = row if left is not None and left.end_byte == right.start_byte else right.start_point.row
        lines.setdefault(row, []).append(right)
    made = []
    for row, joined in lines.items():
        whole = (node.text or b"")[joined[0].start_byte - node.start_byte : joined[-1].end_byte - node.start_byte]
        [declaration] = PARSER.parse(b"\n" * row + b"var item = " + whole).root_node.named_children
        made.append(meaningful(declaration)[1])
    return made


def meaningful(node: Node) -> list[Node]:
    """Return the named children of `node` that are no comments."""
    return [child for child in node.named_children if child.type not in {"comment", "diagnostic_comment"}]


def text(node: Node | None) -> str:
    """Return the text of `node`."""
    return node.text.decode() if node and node.text else ""
