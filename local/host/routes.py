"""Route templates as in ASP.NET Core: `a/{id:int}/{rest?}`, `{*path}`, `{name}.{ext}`; literal beats parameter."""

import re
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import unquote

from local.host.constraints import Constraint, constraint

# An encoded slash stays encoded, as in ASP.NET Core, so that a parameter never holds a slash that was none in the path.
_ENCODED_SLASH = re.compile("(%2f)", re.IGNORECASE)
_LITERAL, _CONSTRAINED, _FREE, _CATCH_ALL_CONSTRAINED, _CATCH_ALL = 1, 2, 3, 4, 5


class RouteError(ValueError):
    """A route template that cannot be understood."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """`{name:constraint?}` or `{name=default}` in a template; a catch-all takes the rest of the path."""

    name: str
    constraints: tuple[Constraint, ...] = ()
    optional: bool = False
    default: str | None = None
    catch_all: bool = False

    def accepts(self, text: str) -> bool:
        """Whether `text` satisfies every constraint."""
        return all(test(text) for test in self.constraints)


type Segment = tuple[str | Parameter, ...]


@dataclass(frozen=True)
class Route:
    """A parsed template: matches paths and knows how it ranks among routes."""

    template: str
    segments: tuple[Segment, ...]

    @cached_property
    def rank(self) -> tuple[int, ...]:
        """Sort key: literal segments first, then constrained parameters, free ones, catch-alls."""
        return tuple(_rank(segment) for segment in self.segments)

    def match(self, raw_path: str) -> dict[str, str] | None:
        """The parameters in `raw_path` (percent-encoded, without the leading slash); None if it does not match."""
        parts = raw_path.strip("/").split("/") if raw_path.strip("/") else []
        values: dict[str, str] = {}
        for index, segment in enumerate(self.segments):
            first = segment[0]
            if isinstance(first, Parameter) and first.catch_all:
                return values if _take(first, _decode("/".join(parts[index:])), values) else None
            if index < len(parts) and not parts[index]:  # two slashes in a row are no absent parameter
                return None
            if not _match_segment(segment, _decode(parts[index]) if index < len(parts) else "", values):
                return None
        return values if len(parts) <= len(self.segments) else None


def parse_route(template: str) -> Route:
    """Parse a template; RouteError says what is wrong with it."""
    segments = tuple(_parse_segment(text, template) for text in _split(template.strip("/")))
    names = [part.name.lower() for segment in segments for part in segment if isinstance(part, Parameter)]
    if len(names) != len(set(names)):
        msg = f"the route {template!r} names a parameter twice"
        raise RouteError(msg)
    catch_alls = [i for i, s in enumerate(segments) if any(isinstance(p, Parameter) and p.catch_all for p in s)]
    if catch_alls and (catch_alls != [len(segments) - 1] or len(segments[-1]) > 1):
        msg = f"the route {template!r} has a catch-all that is not its whole last segment"
        raise RouteError(msg)
    return Route(template, segments)


def _split(template: str) -> list[str]:
    """Cut at the slashes that are not inside braces."""
    parts, depth = [""], 0
    for character in template:
        depth += (character == "{") - (character == "}")
        if character == "/" and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    if depth:
        msg = f"the braces of the route {template!r} do not match"
        raise RouteError(msg)
    return [part for part in parts if part]


def _parse_segment(text: str, template: str) -> Segment:
    """Literals and parameters of one segment; doubled braces are literal ones."""
    parts: list[str | Parameter] = []
    position = 0
    while position < len(text):
        if text[position : position + 2] in {"{{", "}}"}:
            literal, position = text[position], position + 2
        elif text[position] == "{":
            end = _closing(text, position)
            parts.append(_parse_parameter(text[position + 1 : end], template))
            position = end + 1
            continue
        else:
            literal, position = text[position], position + 1
        if parts and isinstance(parts[-1], str):
            parts[-1] += literal
        else:
            parts.append(literal)
    return tuple(parts)


def _closing(text: str, start: int) -> int:
    """Where the brace that opens at `start` closes; doubled braces inside a constraint do not count."""
    position = start + 1
    while position < len(text):
        if text[position : position + 2] in {"{{", "}}"}:
            position += 2
        elif text[position] == "}":
            return position
        else:
            position += 1
    msg = f"a brace of {text!r} is not closed"
    raise RouteError(msg)


def _parse_parameter(text: str, template: str) -> Parameter:
    head = re.match(r"(?P<stars>\*{0,2})(?P<name>[A-Za-z_][A-Za-z0-9_-]*)", text)
    if head is None:
        msg = f"the route {template!r} has a parameter {{{text}}} without a name"
        raise RouteError(msg)
    rest = text[head.end() :].replace("{{", "{").replace("}}", "}")
    constraints: list[Constraint] = []
    while found := re.match(r":(?P<name>[A-Za-z]+)", rest):
        rest = rest[found.end() :]
        argument = None
        if rest.startswith("("):
            argument, rest = _argument(rest, template)
        try:
            constraints.append(constraint(found["name"], argument))
        except (ValueError, re.error) as error:
            msg = f"the route {template!r} cannot be used: {error}"
            raise RouteError(msg) from error
    optional, default = rest == "?", rest[1:] if rest.startswith("=") else None
    if rest and not optional and default is None:
        msg = f"the route {template!r} has {rest!r} after the parameter {head['name']}"
        raise RouteError(msg)
    return Parameter(head["name"], tuple(constraints), optional, default, bool(head["stars"]))


def _argument(text: str, template: str) -> tuple[str, str]:
    """Take the parenthesised argument off `text`; parentheses inside it must match."""
    depth = 0
    for index, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return text[1:index], text[index + 1 :]
    msg = f"the route {template!r} has a parenthesis that is not closed"
    raise RouteError(msg)


def _rank(segment: Segment) -> int:
    parameters = [part for part in segment if isinstance(part, Parameter)]
    if not parameters:
        return _LITERAL
    constrained = len(segment) > 1 or any(parameter.constraints for parameter in parameters)
    if parameters[0].catch_all:
        return _CATCH_ALL_CONSTRAINED if constrained else _CATCH_ALL
    return _CONSTRAINED if constrained else _FREE


def _decode(part: str) -> str:
    return "".join(text if _ENCODED_SLASH.fullmatch(text) else unquote(text) for text in _ENCODED_SLASH.split(part))


def _take(parameter: Parameter, text: str, values: dict[str, str]) -> bool:
    """Put `text` under the parameter's name; absent text is its default, or nothing if it may be absent."""
    if not text:
        if parameter.default is not None:
            values[parameter.name] = parameter.default
        return parameter.optional or parameter.catch_all or parameter.default is not None
    if not parameter.accepts(text):
        return False
    values[parameter.name] = text
    return True


def _match_segment(segment: Segment, text: str, values: dict[str, str]) -> bool:
    if len(segment) == 1 and isinstance(segment[0], Parameter):
        return _take(segment[0], text, values)
    pattern = "".join(re.escape(p) if isinstance(p, str) else f"(?P<{p.name.replace('-', '_')}>.+)" for p in segment)
    match = re.fullmatch(pattern, text, re.IGNORECASE)
    if match is None:
        return False
    return all(_take(p, match[p.name.replace("-", "_")], values) for p in segment if isinstance(p, Parameter))
