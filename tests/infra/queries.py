"""Which properties of documents the code's queries compare or sort by, read from the source."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from tests.infra.reading import ROOT

_CALLS = {"query", "query_page", "query_items"}
_COMPARED = re.compile(r"\bc\.(\w+)[\w.]*\s*(?:=|!=|<|>)|ARRAY_CONTAINS\([^)]*?\bc\.(\w+)|ORDER BY c\.(\w+)")


@dataclass(frozen=True)
class Source:
    """A module of shared/."""

    path: Path

    @cached_property
    def tree(self) -> ast.Module:
        """Its syntax tree."""
        return ast.parse(self.path.read_text())

    @cached_property
    def constants(self) -> dict[str, list[ast.expr]]:
        """What is assigned to its names."""
        return _assigned(self.tree.body)

    @cached_property
    def container(self) -> str | None:
        """The value of its NAME, its own or another module's."""
        for value in self.constants.get("NAME", ()):
            if isinstance(value, ast.Constant):
                return str(value.value)
        for node in self.tree.body:
            if isinstance(node, ast.ImportFrom) and any(alias.name == "NAME" for alias in node.names):
                return Source(ROOT / f"{(node.module or '').replace('.', '/')}.py").container
        return None


@cache
def compared() -> dict[str, set[str]]:
    """Container -> properties, of all queries whose container and text can be told from the source."""
    sources = [Source(path) for path in sorted((ROOT / "shared").rglob("*.py"))]
    names = {source.path.stem: source.container for source in sources}
    found: dict[str, set[str]] = {}
    for source in sources:
        for function in (node for node in ast.walk(source.tree) if isinstance(node, ast.FunctionDef)):
            known = source.constants | _assigned([node for node in ast.walk(function) if isinstance(node, ast.stmt)])
            for call in (node for node in ast.walk(function) if isinstance(node, ast.Call) and node.args):
                container = _container(call, source.container, names)
                if container is not None:
                    texts = " ".join(_texts(call, known, set()))
                    properties = {name for groups in _COMPARED.findall(texts) for name in groups if name}
                    found.setdefault(container, set()).update(properties)
    return found


def _assigned(body: list[ast.stmt]) -> dict[str, list[ast.expr]]:
    found: dict[str, list[ast.expr]] = {}
    for node in body:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    found.setdefault(target.id, []).append(node.value)
    return found


def _container(call: ast.Call, own: str | None, names: dict[str, str | None]) -> str | None:
    called = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if called not in _CALLS:
        return None
    match call.args[0]:
        case ast.Constant(value=str(name)) if " " not in name:
            return name
        case ast.Attribute(value=ast.Name(id=module), attr="NAME"):
            return names[module]
    return own


def _texts(node: ast.AST, known: dict[str, list[ast.expr]], seen: set[str]) -> Iterator[str]:
    """String constants in a node, and in what was assigned to the names in it."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
            yield inner.value
        elif isinstance(inner, ast.Name) and inner.id not in seen:
            for value in known.get(inner.id, ()):
                yield from _texts(value, known, seen | {inner.id})
